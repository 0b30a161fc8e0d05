import { createHash } from 'node:crypto'

/** Separates handles from every other SHA-256 of a key, such as the one in a hashed key. */
const DOMAIN = 'dynamo-session-store handle\n'

/**
 * The name of a session for its user: a SHA-256 in base64url, with `_` for `-`. A handle with `--` would look like a
 * signed id, which output redacts. On a command line, a handle that begins with `-` would look like an option.
 *
 * A handle is useless as a cookie, and nobody can compute the id or the key from it. A session that gets another id
 * gets another handle.
 *
 * @param storedKey the partition key of the session's item
 */
export function handleOf(storedKey: string): string {
  return createHash('sha256')
    .update(DOMAIN + storedKey)
    .digest('base64url')
    .replaceAll('-', '_')
}
