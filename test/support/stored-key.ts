import { envName } from '../../runtime/configuration/option-table.js'
import type { Options } from '../../runtime/configuration/options.js'
import { keyOf } from '../../runtime/session/item/session-key.js'

/** The options on which keys depend. */
export type KeyOptions = Pick<Options, 'keyPrefix' | 'hashSessionIds' | 'sessionIdDigest'>

/**
 * The key in the table of a session with this id. A stored key is returned unchanged.
 *
 * @param options those of the store; default: no prefix, and the form that the vitest project stores
 */
export function storedKey(id: string, options: KeyOptions = {}): string {
  const { keyPrefix, sessionIdDigest, hashSessionIds } = options
  const isHashed = hashSessionIds ?? (sessionIdDigest !== 'md5' && hashesByDefault())
  return keyOf(id, { keyPrefix: keyPrefix ?? undefined, hashSessionIds: isHashed })
}

/** Whether stores of this vitest project hash ids by default. */
export function hashesByDefault(): boolean {
  return process.env[envName('hashSessionIds')] !== 'false'
}

/** The keys of these sessions, sorted. Without `key_prefix`, they are also what `all()` and `keysBy` give. */
export function storedKeys(ids: readonly string[]): string[] {
  return ids.map((id) => storedKey(id)).toSorted()
}
