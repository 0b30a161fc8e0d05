import type { Configuration } from '../configuration/resolve.js'
import { ConfigurationError } from '../errors.js'
import { keyringOf } from '../session/item/keyring.js'
import type { SharedOptions } from './command.js'
import type { TimeoutOptions } from './timeout.js'

/** Options of both `list` and `destroy`, as typed. */
export interface ByOptions extends SharedOptions, TimeoutOptions {
  /** `user_id=42` */
  readonly by: string
  readonly scan?: boolean
  readonly json?: boolean
}

/**
 * Splits `user_id=42` into key and value.
 *
 * @throws {ConfigurationError}
 */
export function keyAndValue(by: string): { key: string; value: string } {
  const equals = by.indexOf('=')
  const value = by.slice(equals + 1)
  if (equals < 1 || value === '') {
    throw new ConfigurationError([{ place: '--by', text: 'must look like user_id=42: a key and its value' }])
  }
  return { key: by.slice(0, equals), value }
}

/**
 * What follows the number of sessions. The index has no value of an encrypted session, so a search without all keys can
 * miss sessions. A search with `--scan` fails in that case.
 */
export function hintOfKeys(
  count: number,
  { scan = false }: Pick<ByOptions, 'scan'>,
  configuration: Configuration,
): string {
  if (count > 0 || scan) return ''
  const ids = keyringOf(configuration)?.all.map(({ id }) => id)
  return ids ? `, searched with the keys ${ids.join(', ')}` : ', searched without encryption_keys'
}

/** `1 session`, `2 sessions` */
export function sessions(count: number): string {
  return `${count.toLocaleString('en-US')} session${count === 1 ? '' : 's'}`
}
