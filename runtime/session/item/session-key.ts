import type { Configuration } from '../../configuration/resolve.js'
import { InvalidSessionIdError } from '../../errors.js'

/** The options that keys depend on. */
export type KeyMaking = Partial<Pick<Configuration, 'keyPrefix'>>

/** DynamoDB's limit for a partition key in bytes: "Constraints in Amazon DynamoDB". */
export const LONGEST_KEY = 2048

/**
 * The partition key under which a session is stored: `key_prefix` and the id. No other function makes keys.
 *
 * @throws {InvalidSessionIdError} when no item can have this key
 */
export function keyOf(id: string, { keyPrefix = '' }: KeyMaking): string {
  const problem = keyProblemOf(id, keyPrefix)
  if (problem !== undefined) throw new InvalidSessionIdError(problem)
  return keyPrefix + id
}

/** Whether a session can be stored under the id. */
export function isPossibleKey(id: unknown, { keyPrefix = '' }: KeyMaking): id is string {
  return keyProblemOf(id, keyPrefix) === undefined
}

/** The id of the session with this partition key; undefined for the keys of other applications. */
export function idOf(key: string, { keyPrefix = '' }: KeyMaking): string | undefined {
  return key.startsWith(keyPrefix) && key.length > keyPrefix.length ? key.slice(keyPrefix.length) : undefined
}

function keyProblemOf(id: unknown, keyPrefix: string): string | undefined {
  if (typeof id !== 'string') return `A session id must be text, not ${id === null ? 'null' : typeof id}.`
  if (id === '') return 'A session id must not be empty.'
  // A character takes at most three bytes for each of its UTF-16 units.
  if ((keyPrefix.length + id.length) * 3 <= LONGEST_KEY) return undefined
  const bytes = Buffer.byteLength(keyPrefix) + Buffer.byteLength(id)
  if (bytes <= LONGEST_KEY) return undefined
  const what = keyPrefix === '' ? 'A session id' : 'A session id and its key_prefix'
  return `${what} of ${bytes} bytes can't be a key of DynamoDB: use a shorter id, of at most ${LONGEST_KEY} bytes in all.`
}
