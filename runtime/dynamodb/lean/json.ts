import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Members } from '../answer-check.js'

/**
 * The body of a request, byte for byte what the SDK's serializer makes of it, in a fraction of its time; undefined where
 * something has to be encoded (binary attributes, documents), which is left to the SDK.
 *
 * @param members names of those that the SDK knows, in its order
 */
export function requestJson(input: object, members: readonly string[]): string | undefined {
  const given = input as Readonly<Record<string, unknown>>
  let json = ''
  for (const name of members) {
    const value = given[name]
    if (value === undefined || value === null) continue
    if (typeof value === 'object' && !isPlain(name, value)) return undefined
    json += `${json === '' ? '' : ','}"${name}":${JSON.stringify(value)}`
  }
  return `{${json}}`
}

/**
 * The members of an answer, as the SDK's deserializer gives them; undefined where something has to be decoded.
 *
 * @param text that `members` were parsed from
 * @param names of those that the SDK knows
 */
export function answerOf(
  text: string,
  members: Members,
  names: readonly string[],
): Record<string, unknown> | undefined {
  // Within a string the quotes have a backslash before them.
  if (/"BS?"\s*:/.test(text)) return undefined
  const answer: Record<string, unknown> = {}
  for (const name of names) {
    const value = members[name]
    if (value !== undefined) answer[name] = value
  }
  return answer
}

/** Members of requests that hold attributes, by name. */
const ATTRIBUTES = ['Key', 'ExpressionAttributeValues', 'Item', 'ExclusiveStartKey']

function isPlain(name: string, value: object): boolean {
  if (name === 'ExpressionAttributeNames') return true
  if (name === 'Statements') return (value as Statement[]).every(isPlainStatement)
  if (name === 'RequestItems') return Object.values(value as Tables).every(({ Keys }) => Keys?.every(areTexts) ?? true)
  return ATTRIBUTES.includes(name) && areTexts(value)
}

function areTexts(attributes: object): boolean {
  return Object.values(attributes).every(isText)
}

/** Of a BatchGetItem. */
type Tables = Readonly<Record<string, { readonly Keys?: readonly object[] }>>

interface Statement {
  readonly Parameters?: readonly AttributeValue[]
}

function isPlainStatement(statement: Statement): boolean {
  return statement.Parameters?.every(isText) ?? true
}

/** A string or a number: their JSON is what is sent. */
function isText(value: AttributeValue | undefined): boolean {
  return typeof value?.S === 'string' || typeof value?.N === 'string'
}
