import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../../configuration/resolve.js'
import { packData, type Unpacked, unpackBytes, unpackData } from './compression.js'
import { isSealed, open, seal } from './encryption.js'
import { type KeySource, keyringOf, loadKeys } from './keyring.js'

/** The options that decide how data is read. */
export type DataReading = KeySource & Partial<Pick<Configuration, 'serializer' | 'acceptPlainData'>>

/**
 * The attribute `data`. The data is compressed first, because encrypted bytes don't get smaller.
 *
 * @param key gives the stored key of the item; called only if the data is encrypted
 * @throws {SessionDataError} when the data has more levels than a read accepts
 * @throws {EncryptionKeyError}
 */
export async function storedData(
  key: () => string,
  json: string,
  configuration: Configuration,
): Promise<AttributeValue> {
  const packed = await packData(json, configuration)
  const keyring = keyringOf(configuration)
  if (!keyring) return packed
  await loadKeys(configuration)
  return { B: seal(packed.B ?? packed.S ?? '', { key: key(), attribute: 'data' }, keyring) }
}

/**
 * The text of the data, or the attribute's problem as the rest of a sentence. `isOutdated`: the first key did not encrypt
 * the data.
 */
export type ReadData = { readonly text: string; readonly isOutdated: boolean } | { readonly problem: string }

/**
 * Reads the attribute `data`. With encryption keys, plain data is refused unless `accept_plain_data` is set. Encrypted data is
 * never read as plain data.
 *
 * @param key gives the stored key of the item; called only if the data is encrypted
 * @throws {EncryptionKeyError} when the key of the data is unknown
 */
export function readData(data: AttributeValue, key: () => string, reading: DataReading): ReadData {
  const keyring = keyringOf(reading)
  if (isSealed(data.B)) {
    const opened = open(data.B, { key: key(), attribute: 'data' }, keyring)
    if ('problem' in opened) return opened
    return read(unpackBytes(opened.text) ?? { text: opened.text.toString() }, !opened.isCurrent)
  }
  if (keyring && !reading.acceptPlainData) return { problem: PLAIN }
  return read(unpackData(data, reading.serializer), keyring !== undefined)
}

/** The problem of data that is plain or missing, although all data must be encrypted. */
export const PLAIN = 'is not encrypted (accept_plain_data reads it while a table moves to encryption)'

function read(unpacked: Unpacked, isOutdated: boolean): ReadData {
  return 'problem' in unpacked ? unpacked : { text: unpacked.text, isOutdated }
}
