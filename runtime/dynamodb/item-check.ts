import type { AttributeValue, QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { Input, Operation, Operations } from './operations.js'

type Item = Readonly<Record<string, AttributeValue | undefined>>

const OTHER_ITEM = 'it holds an item that was not requested'

/**
 * Finds items in a response that the request does not ask for. For a mock of the client, this is the only check.
 *
 * @param members members of a response, or an error for a failed condition
 */
export function itemProblem(members: object, operation: Operation, input: Input): string | undefined {
  switch (operation) {
    case 'GetItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return keyProblem(members as Members, input as Operations['GetItem' | 'UpdateItem' | 'DeleteItem']['input'])
    case 'BatchGetItem':
      return batchProblem(members as Members, input as Operations['BatchGetItem']['input'])
    case 'Query':
      return queryProblem(members as Members, input as QueryCommandInput)
    default:
      return undefined
  }
}

interface Members {
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

function keyProblem({ Item, Attributes }: Members, input: KeyInput): string | undefined {
  const { Key = {} } = input
  if (Item && input.ProjectionExpression === undefined && !has(Item, Key)) return OTHER_ITEM
  return Attributes && input.ReturnValues?.startsWith('ALL_') && !has(Attributes, Key) ? OTHER_ITEM : undefined
}

/** DynamoDB may list unprocessed keys by the table's name or by its ARN. */
function batchProblem(
  { Responses = {}, UnprocessedKeys = {} }: Members,
  { RequestItems = {} }: Operations['BatchGetItem']['input'],
): string | undefined {
  const requested = Object.values(RequestItems).flatMap(({ Keys = [] }) => Keys)
  const names = Object.keys(requested[0] ?? {})
  const texts = new Set(requested.map((key) => textOf(key, names)))
  const isRequested = (item: Item) => texts.has(textOf(item, names))
  const unprocessed = Object.values(UnprocessedKeys).map(({ Keys = [] }) => Keys)
  const unprocessedTexts = new Set(unprocessed.flat().map((key) => textOf(key, names)))
  const isUnprocessed = (table: string) =>
    RequestItems[table]?.Keys?.every((key) => unprocessedTexts.has(textOf(key, names)))
  for (const table in RequestItems) {
    if (!Array.isArray(Responses[table]) && !isUnprocessed(table)) return 'it lacks a requested table'
  }
  return [...Object.values(Responses), ...unprocessed].every((items) => items.every(isRequested))
    ? undefined
    : OTHER_ITEM
}

/** A query of this package reads the keys of all items that have one value. */
function queryProblem({ Items = [] }: Members, input: QueryCommandInput): string | undefined {
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = input
  const [, name = '', value = ''] = /^(#\w+) = (:\w+)$/.exec(input.KeyConditionExpression ?? '') ?? []
  const requested = { [names[name] ?? '']: values[value] }
  const projected = (input.ProjectionExpression?.split(', ') ?? []).map((placeholder) => names[placeholder] ?? '')
  const isRequested = (item: Item) =>
    has(item, requested) && projected.every((attribute) => item[attribute] !== undefined)
  return Items.every(isRequested) ? undefined : OTHER_ITEM
}

/** Keys are strings or numbers. */
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
