import type { AttributeValue, QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { Input, Operation, Operations } from './transport.js'

type Item = Readonly<Record<string, AttributeValue | undefined>>

const ANOTHER = 'it is about an item that was not asked for'

/**
 * Finds items of an answer that nobody asked for. Where there is no raw answer (a mock of the client), nothing else can
 * be checked.
 *
 * @param answer members of an answer, or an error for a failed condition
 */
export function itemProblem(answer: object, operation: Operation, input: Input): string | undefined {
  switch (operation) {
    case 'GetItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return keyProblem(answer as Answer, input as Operations['GetItem' | 'UpdateItem' | 'DeleteItem']['input'])
    case 'BatchGetItem':
      return batchProblem(answer as Answer, input as Operations['BatchGetItem']['input'])
    case 'Query':
      return queryProblem(answer as Answer, input as QueryCommandInput)
    default:
      return undefined
  }
}

interface Answer {
  readonly Item?: Item
  readonly Attributes?: Item
  readonly Items?: readonly Item[]
  readonly Responses?: Readonly<Record<string, readonly Item[]>>
  readonly UnprocessedKeys?: Readonly<Record<string, { readonly Keys?: readonly Item[] }>>
}

interface KeyInput {
  readonly Key: Item | undefined
  readonly ProjectionExpression?: string
  readonly ReturnValues?: string
}

function keyProblem({ Item, Attributes }: Answer, input: KeyInput): string | undefined {
  const { Key = {} } = input
  if (Item && input.ProjectionExpression === undefined && !has(Item, Key)) return ANOTHER
  return Attributes && input.ReturnValues?.startsWith('ALL_') && !has(Attributes, Key) ? ANOTHER : undefined
}

/** The keys that DynamoDB leaves may stand under the table's name or its ARN. */
function batchProblem(
  { Responses = {}, UnprocessedKeys = {} }: Answer,
  { RequestItems = {} }: Operations['BatchGetItem']['input'],
): string | undefined {
  const asked = Object.values(RequestItems).flatMap(({ Keys = [] }) => Keys)
  const names = Object.keys(asked[0] ?? {})
  const texts = new Set(asked.map((key) => textOf(key, names)))
  const isAsked = (item: Item) => texts.has(textOf(item, names))
  const left = Object.values(UnprocessedKeys).map(({ Keys = [] }) => Keys)
  const textsLeft = new Set(left.flat().map((key) => textOf(key, names)))
  const areAllLeft = (table: string) => RequestItems[table]?.Keys?.every((key) => textsLeft.has(textOf(key, names)))
  for (const table in RequestItems) {
    if (!Array.isArray(Responses[table]) && !areAllLeft(table)) return 'it lacks a table that was asked for'
  }
  return [...Object.values(Responses), ...left].every((items) => items.every(isAsked)) ? undefined : ANOTHER
}

/** The queries of this package ask for the keys of items with one value, and project nothing but keys. */
function queryProblem({ Items = [] }: Answer, input: QueryCommandInput): string | undefined {
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = input
  const [, name = '', value = ''] = /^(#\w+) = (:\w+)$/.exec(input.KeyConditionExpression ?? '') ?? []
  const asked = { [names[name] ?? '']: values[value] }
  const projected = (input.ProjectionExpression?.split(', ') ?? []).map((placeholder) => names[placeholder] ?? '')
  const isAnswer = (item: Item) => has(item, asked) && projected.every((attribute) => item[attribute] !== undefined)
  return Items.every(isAnswer) ? undefined : ANOTHER
}

/** Keys are texts, or numbers. */
function has(item: Item, key: Item): boolean {
  for (const name in key) {
    if (item[name]?.S !== key[name]?.S || item[name]?.N !== key[name]?.N) return false
  }
  return true
}

function textOf(item: Item, names: readonly string[]): string {
  let text = ''
  for (const name of names) text += `${item[name]?.S ?? ''}\0${item[name]?.N ?? ''}\0`
  return text
}
