import type {
  AttributeValue,
  DeleteItemCommandInput,
  QueryCommandInput,
  ScanCommandInput,
} from '@aws-sdk/client-dynamodb'
import { jitter } from '../../async/backoff.js'
import { inParallel } from '../../async/in-parallel.js'
import { sleep } from '../../async/sleep.js'
import type { Configuration } from '../../configuration/resolve.js'
import type { Connection } from '../../dynamodb/connection.js'
import { isConditionFailed } from '../../dynamodb/error-facts.js'
import type { Transport } from '../../dynamodb/transport.js'
import { DynamoSessionError, IndexMissingError } from '../../errors.js'
import { indexName, storedTexts } from '../item/index-attributes.js'
import { formOfSession } from '../item/is-session.js'
import { loadKeys } from '../item/keyring.js'
import { isOwnKey } from '../item/session-key.js'
import type { Item } from '../item/session-record.js'
import { storeError } from './errors.js'
import { type Equals, Expression } from './expression.js'

/** The most keys on a page, so that memory does not depend on their number. */
const LONGEST_PAGE = 100

/** DynamoDB accepts 100 keys, but one response can hold 25 of the largest items. */
const LARGEST_BATCH = 25

/** How many batches are read at once. */
const BATCHES = 4

/** How often keys that DynamoDB left unprocessed are requested again. */
const ATTEMPTS = 10

/** Upper bound of the wait before such a repeat. Milliseconds. */
const LONGEST_WAIT = 1000

export type DeleteResult =
  | { readonly deleted: true }
  | {
      readonly deleted: false
      /** The stored item, which does not meet the condition; undefined when the item is already deleted. */
      readonly current: Item | undefined
    }

/** Requests for sessions by partition key. They reject with errors that are fit for the application. */
export class ItemsByKey {
  readonly #configuration: Configuration
  readonly #transport: Transport

  constructor(configuration: Configuration, connection: Pick<Connection, 'transport'>) {
    this.#configuration = configuration
    this.#transport = connection.transport
  }

  /**
   * The stored keys of this application's sessions, in either form, whose attribute has the value, a page at a time. The
   * index may lack the newest items. With encryption keys, there is one query for each of them.
   *
   * @param attribute one of `index_keys`
   * @param value the value itself, as {@link indexText} gives it
   * @throws {IndexMissingError}
   * @throws {EncryptionKeyError}
   */
  async *query(attribute: string, value: string): AsyncGenerator<readonly string[]> {
    await loadKeys(this.#configuration)
    const texts = storedTexts(value, attribute, this.#configuration)
    const seen = new Set<string>()
    for (const text of texts) {
      for await (const keys of this.#query(attribute, text)) {
        yield keys.filter((key) => !seen.has(key))
        // Another request may write a session anew between two queries.
        if (texts.length > 1) for (const key of keys) seen.add(key)
      }
    }
  }

  async *#query(attribute: string, text: string): AsyncGenerator<readonly string[]> {
    const { tableName, tableKey } = this.#configuration
    const input = {
      TableName: tableName,
      IndexName: indexName(attribute),
      KeyConditionExpression: '#attribute = :value',
      // The transport compares the value, so it is fetched too. A KEYS_ONLY index has both.
      ProjectionExpression: '#key, #attribute',
      ExpressionAttributeNames: { '#attribute': attribute, '#key': tableKey },
      ExpressionAttributeValues: { ':value': { S: text } },
      Limit: LONGEST_PAGE,
    }
    for await (const items of this.pages('Query', input, (error) => missingIndex(error, attribute, tableName))) {
      const keys = items.flatMap(({ [tableKey]: key }) => (key?.S === undefined ? [] : [key.S]))
      yield keys.filter((key) => isOwnKey(key, this.#configuration))
    }
  }

  /**
   * The items of all pages of a response, a page at a time.
   *
   * @param explain gives an error of ours for some failures of this request
   */
  async *pages(
    operation: 'Query' | 'Scan',
    input: QueryCommandInput | ScanCommandInput,
    explain?: (error: unknown) => Error | undefined,
  ): AsyncGenerator<readonly Item[]> {
    let start: Item | undefined
    do {
      const page = this.#transport.send(operation, { ...input, ExclusiveStartKey: start })
      const { Items = [], LastEvaluatedKey } = await page.catch((error: unknown) => {
        throw explain?.(error) ?? storeError(error, this.#configuration)
      })
      yield Items
      start = LastEvaluatedKey
    } while (start)
  }

  async get(key: string): Promise<Item | undefined> {
    const input = { ...this.at(key), ConsistentRead: true }
    try {
      return (await this.#transport.send('GetItem', input)).Item
    } catch (error) {
      throw storeError(error, this.#configuration)
    }
  }

  /**
   * Reads items consistently, by requests for at most 25 keys.
   *
   * @param keys different keys
   * @param attributes the only attributes to read, among them the table's key; default: all
   */
  async getAll(keys: readonly string[], attributes?: readonly string[]): Promise<Item[]> {
    const batches: (readonly string[])[] = []
    for (let first = 0; first < keys.length; first += LARGEST_BATCH) {
      batches.push(keys.slice(first, first + LARGEST_BATCH))
    }
    const found = await inParallel(batches, BATCHES, (batch) => this.#getBatch(batch, attributes))
    return found.flat()
  }

  async #getBatch(keys: readonly string[], attributes: readonly string[] | undefined): Promise<Item[]> {
    const { tableName, tableKey } = this.#configuration
    const expression = new Expression(tableKey)
    const projection = attributes && {
      ProjectionExpression: attributes.map((attribute) => expression.name(attribute)).join(', '),
      ExpressionAttributeNames: expression.names,
    }
    const found: Item[] = []
    let left = keys.map((key) => ({ [tableKey]: { S: key } }) as Item)
    for (let attempt = 0; left.length > 0; attempt += 1) {
      if (attempt > 0) await sleep(jitter(attempt, LONGEST_WAIT))
      if (attempt > ATTEMPTS) throw unprocessed(left.length, tableName)
      const RequestItems = { [tableName]: { Keys: left, ConsistentRead: true, ...projection } }
      const response = await this.#transport.send('BatchGetItem', { RequestItems }).catch((error: unknown) => {
        throw storeError(error, this.#configuration)
      })
      found.push(...(response.Responses?.[tableName] ?? []))
      left = Object.values(response.UnprocessedKeys ?? {}).flatMap(({ Keys = [] }) => Keys)
    }
    return found
  }

  /**
   * Deletes the session if its attributes are equal to these.
   *
   * @param form whether the item must also have the form of a session, for callers that did not read the item
   * @returns `deleted` also when an earlier attempt of this request deleted the session, and its response was lost
   */
  async delete(key: string, equals: Equals, { form = false } = {}): Promise<DeleteResult> {
    const expression = new Expression(this.#configuration.tableKey)
    const condition = expression.condition({ exists: true, equals })
    return await this.#delete(key, expression, form ? `${condition} AND ${formOfSession(expression)}` : condition)
  }

  /**
   * Deletes an item that is no forwarder.
   *
   * @returns `deleted` also when there was no item
   */
  async deleteUnlessForwarder(key: string): Promise<DeleteResult> {
    const expression = new Expression(this.#configuration.tableKey)
    return await this.#delete(key, expression, expression.noForwarder())
  }

  /** Deletes an item that forwards to this successor. */
  async deleteForwarder(key: string, successor: AttributeValue): Promise<void> {
    const expression = new Expression(this.#configuration.tableKey)
    await this.#delete(key, expression, expression.condition({ equals: { successor } }))
  }

  async #delete(key: string, expression: Expression, condition: string | undefined): Promise<DeleteResult> {
    const input: DeleteItemCommandInput = {
      ...this.at(key),
      ConditionExpression: condition,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ExpressionAttributeNames: expression.names,
      ExpressionAttributeValues: expression.values,
    }
    try {
      await this.#transport.send('DeleteItem', input)
      return { deleted: true }
    } catch (error) {
      if (!isConditionFailed(error)) throw storeError(error, this.#configuration)
      // A response without an item: there is none, or the engine does not return it (dynalite).
      const current = error.Item ?? (await this.get(key))
      return !current && (error.$metadata.attempts ?? 1) > 1 ? { deleted: true } : { deleted: false, current }
    }
  }

  /** The members of a request that name its item. */
  at(key: string): { TableName: string; Key: Item } {
    const { tableName, tableKey } = this.#configuration
    return { TableName: tableName, Key: { [tableKey]: { S: key } } }
  }
}

function unprocessed(count: number, tableName: string): DynamoSessionError {
  return new DynamoSessionError(
    `DynamoDB left ${count} ${count === 1 ? 'item' : 'items'} of the table "${tableName}" unread in ${ATTEMPTS + 1} requests: the table is ` +
      'throttled. Raise its capacity, or repeat the call later.',
  )
}

/** The error for an index that does not exist, or that DynamoDB is still filling. */
function missingIndex(error: unknown, attribute: string, tableName: string): IndexMissingError | undefined {
  if (!(error instanceof Error) || error.name !== 'ValidationException') return undefined
  const index = `The index "${indexName(attribute)}" of the table "${tableName}"`
  if (/backfilling/i.test(error.message)) {
    return new IndexMissingError(`${index} is still being built. Try again when it is active.`, { cause: error })
  }
  if (!/specified index/i.test(error.message)) return undefined
  const text =
    `${index} does not exist. Add it with npx dynamo-session create-table, or with a migration: ` +
    `npx plop session-migration -- --index ${attribute}. Until then, scan: true (--scan) finds the sessions without it.`
  return new IndexMissingError(text, { cause: error })
}
