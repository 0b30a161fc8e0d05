import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { hiddenText, isHiddenText } from './encryption.js'
import { type Keyring, keyringOf } from './keyring.js'
import type { DataReading } from './stored-data.js'

/** DynamoDB's limit for the partition key of an index: "Constraints in Amazon DynamoDB", 2048 bytes. */
export const LONGEST_VALUE = 2048

/** Name of the global index that finds sessions by their value of this key. */
export function indexName(key: string): string {
  return `${key}-index`
}

/**
 * The attributes by which a session is found (`index_keys`), as its stored data requires. An attribute is undefined,
 * and must be absent, if the data has no value that an index accepts.
 *
 * @param data as JSON.parse gives it
 * @param keyring hides the values with its first key
 */
export function indexAttributes(
  data: unknown,
  keys: readonly string[],
  keyring?: Keyring,
): Record<string, AttributeValue | undefined> {
  return Object.fromEntries(
    keys.map((key) => {
      const text = indexText(valueAt(data, key), keyring !== undefined)
      if (text === undefined) return [key, undefined]
      return [key, { S: keyring ? hiddenText(text, key, keyring.first) : text }]
    }),
  )
}

/**
 * The texts that a value may have in its attribute: with `accept_plain_data` the value itself, then one for each
 * encryption key. New writes use the last one. So a search finds a session that another request writes between two
 * queries. A text in the form of an HMAC never stands for itself: it would find the encrypted sessions of another user.
 */
export function storedTexts(text: string, attribute: string, reading: DataReading): readonly string[] {
  const keyring = keyringOf(reading)
  if (!keyring) return [text]
  const hidden = keyring.all.map((key) => hiddenText(text, attribute, key)).reverse()
  return reading.acceptPlainData && !isHiddenText(text) ? [text, ...hidden] : hidden
}

/**
 * The text of a value in its attribute. Undefined for objects and lists, for empty and too long texts, and for whole
 * numbers beyond 2^53, because JavaScript reads several of them as the same number. If values are stored as they are, it is
 * undefined also for a text in the form of an HMAC, which would find the encrypted sessions of another user.
 *
 * @param isHidden whether the attribute holds an HMAC of the value
 */
export function indexText(value: unknown, isHidden: boolean): string | undefined {
  if (typeof value === 'number' && !isExact(value)) return undefined
  if (!['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return undefined
  const bytes = Buffer.from(String(value)) // lone surrogates become U+FFFD, as in the data
  if (bytes.length === 0 || bytes.length > LONGEST_VALUE) return undefined
  const text = bytes.toString()
  return !isHidden && isHiddenText(text) ? undefined : text
}

/**
 * The value at a path, of own properties only. `user.id` is `data['user.id']` if there is such a key, else
 * `data.user.id`. A step may also be the index of an array.
 */
export function valueAt(data: unknown, path: string): unknown {
  if (typeof data !== 'object' || data === null) return undefined
  if (isOwn(data, path)) return data[path]
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const first = path.slice(0, dot)
    const found = isOwn(data, first) ? valueAt(data[first], path.slice(dot + 1)) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** Excludes the `length` of an array too. */
function isOwn(data: object, key: string): data is Record<string, unknown> {
  return Object.prototype.propertyIsEnumerable.call(data, key)
}

function isExact(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
}
