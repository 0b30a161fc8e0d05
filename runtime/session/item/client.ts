import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { ClientDescription } from '../../configuration/options.js'
import { ConfigurationError, EncryptionKeyError } from '../../errors.js'
import { isSealed, open, seal } from './encryption.js'
import { type KeySource, keyringOf } from './keyring.js'
import type { DataReading } from './stored-data.js'

/** The longest text, in characters. Longer texts are cut, because the client chooses them. */
const LONGEST_TEXT = 512

/** The longest JSON of a description, in bytes. Each write of the item costs a write unit for each KB of the item. */
const LONGEST_JSON = 4096

/**
 * Gives the JSON of a description. Cuts long texts.
 *
 * @param description what the application's `describe` returned
 * @returns undefined when the description is empty
 * @throws {ConfigurationError} when `describe` returned no description, or too long a description
 */
export function clientJson(description: unknown): string | undefined {
  if (description === undefined || description === null) return undefined
  if (typeof description !== 'object' || Array.isArray(description)) {
    throw wrong(`must return an object, such as { userAgent, address }, not ${kindOf(description)}`)
  }
  const members: [string, unknown][] = []
  for (const [name, value] of Object.entries(description)) {
    if (value === undefined) continue
    if (!isPlain(value)) {
      throw wrong(`must return an object of texts, numbers and booleans, but "${name}" is ${kindOf(value)}`)
    }
    members.push([name, typeof value === 'string' ? cut(value) : value])
  }
  if (members.length === 0) return undefined
  const json = JSON.stringify(Object.fromEntries(members))
  const bytes = Buffer.byteLength(json)
  if (bytes <= LONGEST_JSON) return json
  throw wrong(`returned ${bytes} bytes of JSON, but at most ${LONGEST_JSON} are stored; return less`)
}

/**
 * The attribute `client` of an item. It is encrypted if the data is.
 *
 * @param key gives the stored key of the item; called only if there is something to encrypt
 */
export function packClient(json: string, key: () => string, keys: KeySource): AttributeValue {
  const keyring = keyringOf(keys)
  return keyring ? { B: seal(json, { key: key(), attribute: 'client' }, keyring) } : { S: json }
}

/**
 * The JSON in the attribute `client`. Undefined if the attribute is missing or can't be read. An unknown key is no error
 * here, because a description must not make a list of sessions fail.
 */
export function unpackClient(
  attribute: AttributeValue | undefined,
  key: () => string,
  reading: DataReading,
): string | undefined {
  const keyring = keyringOf(reading)
  if (!isSealed(attribute?.B)) return keyring && !reading.acceptPlainData ? undefined : attribute?.S
  try {
    const opened = open(attribute.B, { key: key(), attribute: 'client' }, keyring)
    return 'problem' in opened ? undefined : opened.text.toString()
  } catch (error) {
    if (error instanceof EncryptionKeyError) return undefined
    throw error
  }
}

/** The attribute `client`, encrypted with the first key. Undefined if there is nothing to encrypt. */
export function sealClientAnew(
  attribute: AttributeValue | undefined,
  key: () => string,
  reading: DataReading,
): AttributeValue | undefined {
  const json = unpackClient(attribute, key, reading)
  return json === undefined ? undefined : packClient(json, key, reading)
}

/** Parses a description. Empty if the JSON is not an object. Leaves out members that are objects or lists. */
export function clientIn(json: string | undefined): ClientDescription {
  try {
    const client: unknown = JSON.parse(json ?? '{}')
    const members = typeof client === 'object' && client !== null && !Array.isArray(client) ? client : {}
    return Object.fromEntries(Object.entries(members).filter(([, value]) => isPlain(value)))
  } catch {
    return {}
  }
}

/** Never leaves half a character at the end, which other JSON parsers refuse. */
function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : text.slice(0, LONGEST_TEXT).replace(/[\ud800-\udbff]$/, '')
}

function wrong(text: string): ConfigurationError {
  return new ConfigurationError([{ place: 'option describe', text }])
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`
}
