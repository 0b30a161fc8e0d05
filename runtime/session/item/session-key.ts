import { hash } from 'node:crypto'
import type { Configuration } from '../../configuration/resolve.js'
import { InvalidSessionIdError } from '../../errors.js'

/** The options that keys depend on. */
export type KeyMaking = Pick<Configuration, 'hashSessionIds'> & KeyPrefix

export type KeyPrefix = Partial<Pick<Configuration, 'keyPrefix'>>

/** DynamoDB's limit for a partition key in bytes: "Constraints in Amazon DynamoDB". Longer ids are refused unhashed. */
export const LONGEST_KEY = 2048

/** The mark of a hashed id, then the length of the mark and a SHA-256 in base64url. */
const MARK = 'sha256:'
const HASHED_LENGTH = MARK.length + 43

/** A hashed id at the end of a text, behind any `key_prefix`. */
const HASHED = /(?:^|:)sha256:([A-Za-z0-9_-]{43})$/

/**
 * The stored key: the partition key under which a session is stored. It is `key_prefix` and the id, or with
 * `hash_session_ids` the id's SHA-256. No other function makes keys.
 *
 * @param id with `hash_session_ids` also a stored key, which the function returns unchanged
 * @throws {InvalidSessionIdError} when the id is empty, too long or no text
 */
export function keyOf(id: string, making: KeyMaking): string {
  const { keyPrefix = '', hashSessionIds } = making
  const problem = keyProblemOf(id, keyPrefix)
  if (problem !== undefined) throw new InvalidSessionIdError(problem)
  if (!hashSessionIds) return keyPrefix + id
  return isStoredKey(id, making) ? id : keyPrefix + MARK + hash('sha256', id, 'base64url')
}

/** The size of a stored key in bytes. */
export function keySizeOf(id: string, { keyPrefix = '', hashSessionIds }: KeyMaking): number {
  return Buffer.byteLength(keyPrefix) + (hashSessionIds ? HASHED_LENGTH : Buffer.byteLength(id))
}

/** Whether the text is the key of a session that this application stored with `hash_session_ids`. */
export function isStoredKey(text: string, { keyPrefix = '', hashSessionIds }: KeyMaking): boolean {
  return hashSessionIds && text.startsWith(keyPrefix) && hashIn(text) !== undefined
}

/** The SHA-256 in a key that some application stored with `hash_session_ids`, in base64url. */
export function hashIn(text: string): string | undefined {
  // This check is much faster than the expression, which most texts do not match.
  return text.startsWith(MARK, text.length - HASHED_LENGTH) ? HASHED.exec(text)?.[1] : undefined
}

/**
 * Whether a session can be stored under the id. A stored key is never an id, even without `hash_session_ids`. Otherwise,
 * whoever can read the table could open its sessions.
 */
export function isPossibleKey(id: unknown, { keyPrefix = '' }: KeyPrefix): id is string {
  return keyProblemOf(id, keyPrefix) === undefined && hashIn(id as string) === undefined
}

/** @throws {InvalidSessionIdError} when no session can be stored under the id */
export function assertPossibleKey(id: string, { keyPrefix = '' }: KeyPrefix): void {
  if (isPossibleKey(id, { keyPrefix })) return
  throw new InvalidSessionIdError(
    keyProblemOf(id, keyPrefix) ??
      'A stored key is no session id: no request can load a session by it. Only destroy accepts stored keys. Save the ' +
        'session under its id, or under a new random id.',
  )
}

/**
 * The session that a partition key belongs to, for {@link keyOf}: the id, or with `hash_session_ids` the stored key.
 *
 * @returns undefined for the keys of other applications, and for keys of the other form, which no request can load
 */
export function idOf(key: string, making: KeyMaking): string | undefined {
  if (making.hashSessionIds) return isStoredKey(key, making) ? key : undefined
  return isOwnKey(key, making) && hashIn(key) === undefined ? key.slice(making.keyPrefix?.length ?? 0) : undefined
}

/** Whether the key has this application's `key_prefix`, in either form. */
export function isOwnKey(key: string, { keyPrefix = '' }: KeyPrefix): boolean {
  return key.startsWith(keyPrefix) && key.length > keyPrefix.length
}

function keyProblemOf(id: unknown, keyPrefix: string): string | undefined {
  if (typeof id !== 'string') return `A session id must be text, not ${id === null ? 'null' : typeof id}.`
  if (id === '') return 'A session id must not be empty.'
  // A character takes at most three bytes for each of its UTF-16 units.
  if ((keyPrefix.length + id.length) * 3 <= LONGEST_KEY) return undefined
  const bytes = Buffer.byteLength(keyPrefix) + Buffer.byteLength(id)
  if (bytes <= LONGEST_KEY) return undefined
  const prefix = keyPrefix === '' ? '' : ' (with key_prefix)'
  return `A session id of ${bytes} bytes${prefix} is too long: use a shorter id, of at most ${LONGEST_KEY} bytes.`
}
