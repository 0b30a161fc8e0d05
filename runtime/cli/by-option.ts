import { DENIED, isAwsError } from '../dynamodb/error-facts.js'
import { ConfigurationError } from '../errors.js'
import { isSealed } from '../session/item/encryption.js'
import { keyringOf } from '../session/item/keyring.js'
import type { SharedOptions } from './command.js'
import type { Connected, TimeoutOptions } from './timeout.js'

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
export async function hintOfKeys(
  count: number,
  { scan = false }: Pick<ByOptions, 'scan'>,
  connected: Pick<Connected, 'configuration' | 'transport'>,
): Promise<string> {
  if (count > 0 || scan) return ''
  const ids = keyringOf(connected.configuration)?.all.map(({ id }) => id)
  if (ids) return `, searched with the keys ${ids.join(', ')}`
  return (await hasOnlyPlainData(connected)) ? '' : ', searched without encryption_keys'
}

/** How many items are looked at. */
const SAMPLE = 100

/** Whether a sample of the table shows that nothing is encrypted. False if these credentials may not read a sample. */
async function hasOnlyPlainData({
  configuration,
  transport,
}: Pick<Connected, 'configuration' | 'transport'>): Promise<boolean> {
  const { tableName: TableName } = configuration
  const names = { '#data': 'data' }
  const request = { TableName, Limit: SAMPLE, ProjectionExpression: '#data', ExpressionAttributeNames: names }
  try {
    const { Items = [] } = await transport.send('Scan', request)
    return !Items.some(({ data }) => isSealed(data?.B))
  } catch (error) {
    if (isAwsError(error, ...DENIED)) return false
    throw error
  }
}

/** `1 session`, `2 sessions` */
export function sessions(count: number): string {
  return `${count.toLocaleString('en-US')} session${count === 1 ? '' : 's'}`
}
