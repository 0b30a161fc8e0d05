import {
  ConditionalCheckFailedException,
  type DeleteItemCommandInput,
  DynamoDBServiceException,
  type PutItemCommandInput,
  type QueryCommandInput,
  type ScanCommandInput,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { Operation, Operations } from '../../../runtime/dynamodb/operations.js'
import {
  ExpressionError,
  type Item,
  Placeholders,
  parseCondition,
  parseProjection,
  parseUpdate,
} from './expressions.js'

export interface ModelSettings {
  readonly tableKey?: string
  /** Whether the error of a failed condition has the item where that is asked for. dynalite never gives it. */
  readonly itemOnFailure?: boolean
  /** Items on a page of Scan. */
  readonly pageSize?: number
}

type Writing = Pick<
  PutItemCommandInput & DeleteItemCommandInput & UpdateItemCommandInput,
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ReturnValues'
  | 'ReturnValuesOnConditionCheckFailure'
>

/**
 * DynamoDB for items, as one table in memory, whose requests are carried out at once and one after another. It knows
 * what this package sends, and throws on everything else. test/integration/model-dynamodb.test.ts compares it with the
 * engines.
 */
export class ModelDynamoDB {
  readonly #tableKey: string
  readonly #itemOnFailure: boolean
  readonly #pageSize: number
  readonly #items = new Map<string, Item>()

  constructor({ tableKey = 'session_id', itemOnFailure = true, pageSize = 1000 }: ModelSettings = {}) {
    this.#tableKey = tableKey
    this.#itemOnFailure = itemOnFailure
    this.#pageSize = pageSize
  }

  /** The stored item itself, for looking only. */
  peek(key: string): Item | undefined {
    return this.#items.get(key)
  }

  keys(): string[] {
    return [...this.#items.keys()]
  }

  /** @throws {DynamoDBServiceException} whose `$metadata.attempts` the caller knows */
  execute<O extends Operation>(operation: O, input: Operations[O]['input']): Operations[O]['output'] {
    return structuredClone(this.#execute(operation, input)) as Operations[O]['output']
  }

  #execute(operation: Operation, given: object): object {
    try {
      switch (operation) {
        case 'GetItem':
          return this.#get(given as Operations['GetItem']['input'])
        case 'BatchGetItem':
          return this.#batchGet(given as Operations['BatchGetItem']['input'])
        case 'PutItem':
          return this.#put(given as PutItemCommandInput)
        case 'DeleteItem':
          return this.#delete(given as DeleteItemCommandInput)
        case 'UpdateItem':
          return this.#update(given as UpdateItemCommandInput)
        case 'Query':
          return this.#query(given as QueryCommandInput)
        case 'Scan':
          return this.#scan(given as ScanCommandInput)
        default:
          throw new Error(`the model knows no ${operation}`)
      }
    } catch (error) {
      if (error instanceof ExpressionError) throw invalid(error.message)
      throw error
    }
  }

  #get({ Key, ProjectionExpression, ExpressionAttributeNames }: Operations['GetItem']['input']): object {
    const placeholders = new Placeholders(ExpressionAttributeNames)
    const project = ProjectionExpression ? parseProjection(ProjectionExpression, placeholders) : undefined
    placeholders.assertAllUsed()
    const item = this.#items.get(this.#keyIn(Key))
    return item ? { Item: project ? project(item) : item } : {}
  }

  #batchGet({ RequestItems = {} }: Operations['BatchGetItem']['input']): object {
    const Responses = Object.entries(RequestItems).map(([table, { Keys = [] }]) => {
      const found = Keys.map((key) => this.#items.get(this.#keyIn(key)))
      return [table, found.filter((item) => item !== undefined)]
    })
    return { Responses: Object.fromEntries(Responses), UnprocessedKeys: {} }
  }

  #put({ Item = {}, ...input }: PutItemCommandInput): object {
    const key = this.#keyIn(onlyKey(Item, [this.#tableKey]))
    const before = this.#items.get(key)
    const placeholders = placeholdersOf(input)
    const check = conditionOf(input, placeholders)
    placeholders.assertAllUsed()
    if (!check(before)) throw this.#failed(before, input)
    this.#items.set(key, structuredClone(Item))
    return input.ReturnValues === 'ALL_OLD' && before ? { Attributes: before } : {}
  }

  #delete(input: DeleteItemCommandInput): object {
    const key = this.#keyIn(input.Key)
    const before = this.#items.get(key)
    const placeholders = placeholdersOf(input)
    const check = conditionOf(input, placeholders)
    placeholders.assertAllUsed()
    if (!check(before)) throw this.#failed(before, input)
    this.#items.delete(key)
    return input.ReturnValues === 'ALL_OLD' && before ? { Attributes: before } : {}
  }

  #update(input: UpdateItemCommandInput): object {
    const key = this.#keyIn(input.Key)
    const before = this.#items.get(key)
    const placeholders = placeholdersOf(input)
    const check = conditionOf(input, placeholders)
    const change = parseUpdate(input.UpdateExpression ?? '', placeholders)
    placeholders.assertAllUsed()
    if (!check(before)) throw this.#failed(before, input)
    const after = structuredClone(change(before ?? { [this.#tableKey]: { S: key } }))
    if (after[this.#tableKey]?.S !== key) throw invalid('the key can not be changed')
    this.#items.set(key, after)
    switch (input.ReturnValues ?? 'NONE') {
      case 'NONE':
        return {}
      case 'ALL_NEW':
        return { Attributes: after }
      case 'ALL_OLD':
        return before ? { Attributes: before } : {}
      default:
        throw new Error(`the model knows no ReturnValues ${input.ReturnValues}`)
    }
  }

  #query({ KeyConditionExpression = '', ...input }: QueryCommandInput): object {
    if (!input.IndexName) throw new Error('the model knows queries of indexes only')
    const [, name = ''] = /^(#\w+) = :\w+$/.exec(KeyConditionExpression) ?? []
    const attribute = input.ExpressionAttributeNames?.[name]
    if (attribute === undefined) throw new ExpressionError(`the model can't query by ${KeyConditionExpression}`)
    return this.#page(input, KeyConditionExpression, [attribute], input.Limit)
  }

  #scan(input: ScanCommandInput): object {
    if (input.TotalSegments !== undefined && input.TotalSegments > 1) throw new Error('the model knows no segments')
    return this.#page(input, undefined, [], Math.min(input.Limit ?? this.#pageSize, this.#pageSize))
  }

  /** DynamoDB's order is that of the keys' hashes, which callers must not depend on. */
  #page(
    input: QueryCommandInput | ScanCommandInput,
    among: string | undefined,
    keyNames: readonly string[],
    limit = this.#pageSize,
  ): object {
    const placeholders = placeholdersOf(input)
    const belongs = among ? parseCondition(among, placeholders) : () => true
    const passes = input.FilterExpression ? parseCondition(input.FilterExpression, placeholders) : () => true
    const { ProjectionExpression } = input
    const project = ProjectionExpression ? parseProjection(ProjectionExpression, placeholders) : (item: Item) => item
    placeholders.assertAllUsed()
    const start = input.ExclusiveStartKey?.[this.#tableKey]?.S
    const left = [...this.#items.keys()].sort().filter((key) => start === undefined || key > start)
    const all = left.map((key) => this.#items.get(key) ?? {}).filter(belongs)
    const evaluated = all.slice(0, limit)
    const last = evaluated.length === limit ? evaluated.at(-1) : undefined
    const keys = [this.#tableKey, ...keyNames]
    const Items = evaluated.filter(passes).map(project)
    return {
      Items,
      Count: Items.length,
      ScannedCount: evaluated.length,
      ...(last && { LastEvaluatedKey: onlyKey(last, keys) }),
    }
  }

  #keyIn(key: Item | undefined): string {
    const text = key?.[this.#tableKey]?.S
    if (!key || !text || Object.keys(key).length !== 1) throw invalid('the key is not that of the table')
    return text
  }

  #failed(item: Item | undefined, { ReturnValuesOnConditionCheckFailure }: Writing): ConditionalCheckFailedException {
    const isGiven = this.#itemOnFailure && ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
    return new ConditionalCheckFailedException({
      message: 'The conditional request failed',
      $metadata: { httpStatusCode: 400, attempts: 1 },
      ...(isGiven && item && { Item: structuredClone(item) }),
    })
  }
}

function placeholdersOf(input: Pick<Writing, 'ExpressionAttributeNames' | 'ExpressionAttributeValues'>): Placeholders {
  return new Placeholders(input.ExpressionAttributeNames, input.ExpressionAttributeValues)
}

/** An item that is not there is tested like one without attributes. */
function conditionOf(input: Writing, placeholders: Placeholders): (item: Item | undefined) => boolean {
  if (input.ConditionExpression === undefined) return () => true
  const test = parseCondition(input.ConditionExpression, placeholders)
  return (item) => test(item ?? {})
}

function onlyKey(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)))
}

function invalid(message: string): DynamoDBServiceException {
  const $metadata = { httpStatusCode: 400, attempts: 1 }
  return new DynamoDBServiceException({ name: 'ValidationException', $fault: 'client', message, $metadata })
}
