import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Input, Operation, Operations } from '../operations.js'
import type { Members } from '../response-check.js'

/** The body of a request: JSON with binary values in Base64. */
export function requestJson(input: Input): string {
  return JSON.stringify(holdsBinary(input) ? encoded(input) : input)
}

/**
 * The output of an operation, as the SDK's deserializer returns it: without unknown members, and with binary values as
 * `Uint8Array`.
 *
 * @param members the result of parsing `text`; binary values are decoded in place
 * @throws {SyntaxError} for a binary value that is not Base64
 */
export function outputOf<O extends Operation>(
  text: string,
  members: Members,
): Omit<Operations[O]['output'], '$metadata'> {
  const decodes = mayHoldBinary(text)
  const output: Record<string, unknown> = {}
  for (const name in members) {
    const decode = DECODERS.get(name)
    const value = members[name]
    if (decode === undefined || value === null) continue
    if (decodes) decode(value as never)
    output[name] = value
  }
  return output as Omit<Operations[O]['output'], '$metadata'>
}

/** Whether a response may hold binary attributes: their types are `"B"` and `"BS"`. */
function mayHoldBinary(text: string): boolean {
  return /"BS?"/.test(text)
}

type Attributes = Readonly<Record<string, AttributeValue>>

/**
 * Decodes the binary values of an item, in place.
 *
 * @throws {SyntaxError} for a value that is not Base64
 */
export function decodeItem(item: Attributes | undefined): void {
  if (item) for (const attribute of Object.values(item)) decodeAttribute(attribute)
}

/** Any view of an `ArrayBuffer` is binary. `instanceof` would fail for views of another realm, such as Jest's. */
function holdsBinary(value: object): boolean {
  if (ArrayBuffer.isView(value)) return true
  for (const name in value) {
    const member = (value as Members)[name]
    if (typeof member === 'object' && member !== null && holdsBinary(member)) return true
  }
  return false
}

function encoded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (Array.isArray(value)) return value.map(encoded)
  // `fromEntries` keeps a member named `__proto__` as an own member.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encoded(member)]))
}

interface Statement {
  readonly Item?: Attributes
  readonly Error?: { readonly Item?: Attributes }
}

/** All members of outputs, and the functions that decode their attributes. */
const DECODERS = new Map<string, (value: never) => void>([
  ['Attributes', decodeItem],
  ['Item', decodeItem],
  ['LastEvaluatedKey', decodeItem],
  ['Items', decodeItems],
  ['ItemCollectionMetrics', (metrics: { ItemCollectionKey?: Attributes }) => decodeItem(metrics.ItemCollectionKey)],
  ['Responses', decodeResponses],
  ['UnprocessedKeys', (tables: Record<string, { Keys?: Attributes[] }>) => decodeItems(keysOf(tables))],
  ['ConsumedCapacity', () => {}],
  ['Count', () => {}],
  ['ScannedCount', () => {}],
])

function decodeItems(items: readonly Attributes[]): void {
  for (const item of items) decodeItem(item)
}

/** A BatchGetItem has lists by table, statements have one list. */
function decodeResponses(responses: Statement[] | Record<string, Attributes[]>): void {
  if (Array.isArray(responses)) responses.forEach(decodeStatement)
  else decodeItems(Object.values(responses).flat())
}

function decodeStatement({ Item, Error: failure }: Statement): void {
  decodeItem(Item)
  decodeItem(failure?.Item)
}

function keysOf(tables: Readonly<Record<string, { readonly Keys?: readonly Attributes[] }>>): Attributes[] {
  return Object.values(tables).flatMap(({ Keys = [] }) => Keys)
}

interface Encoded {
  B?: unknown
  BS?: unknown
  readonly L?: readonly AttributeValue[]
  readonly M?: Attributes
}

function decodeAttribute(attribute: AttributeValue): void {
  const value = attribute as Encoded
  if (typeof value.B === 'string') value.B = bytesOf(value.B)
  if (Array.isArray(value.BS)) value.BS = value.BS.map(bytesOf)
  if (Array.isArray(value.L)) value.L.forEach(decodeAttribute)
  if (value.M) decodeItem(value.M)
}

function bytesOf(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new SyntaxError('Invalid Base64')
  const { buffer, byteOffset, byteLength } = Buffer.from(text, 'base64')
  return new Uint8Array(buffer, byteOffset, byteLength)
}
