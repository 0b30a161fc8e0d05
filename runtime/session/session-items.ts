import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { type Operation, type Operations, type Transport, transportFor } from '../dynamodb/transport.js'
import { BatchedReads } from './batched-reads.js'
import { storeError } from './errors.js'
import { type Changes, type Condition, Expression } from './expression.js'
import { keyOf } from './session-key.js'
import type { Item } from './session-record.js'

export type { Changes, Condition }

export type WriteResult =
  | { readonly written: true; readonly item: Item | undefined }
  /** The condition failed. `repeated`: the SDK sent the request more than once, so an earlier one may have succeeded. */
  | { readonly written: false; readonly current: Item | undefined; readonly repeated: boolean }

/** The requests that sessions need, one round trip each. Errors reject as the application should see them. */
export class SessionItems {
  readonly #configuration: Configuration
  readonly #transport: Transport
  readonly #reads: { readonly consistent: BatchedReads; readonly eventual: BatchedReads }

  constructor(configuration: Configuration, client: DynamoDBClient) {
    this.#configuration = configuration
    this.#transport = transportFor(configuration, client)
    const reads = (consistent: boolean) => new BatchedReads(this.#transport, configuration, consistent)
    this.#reads = { consistent: reads(true), eventual: reads(false) }
  }

  async get(id: string, { consistent }: { consistent: boolean }): Promise<Item | undefined> {
    return await this.#explained(this.#reads[consistent ? 'consistent' : 'eventual'].get(keyOf(id)))
  }

  async delete(id: string): Promise<void> {
    await this.#send('DeleteItem', this.#key(id))
  }

  /**
   * Changes attributes of an item, and leaves its others alone.
   *
   * @param keep attributes that stay as they are where they are there already
   * @param answer whether the whole item as written is wanted
   */
  async write(
    id: string,
    changes: Changes,
    condition: Condition,
    { keep = [], answer = false }: { keep?: readonly string[]; answer?: boolean } = {},
  ): Promise<WriteResult> {
    const expression = new Expression(this.#configuration.tableKey)
    const { TableName, Key } = this.#key(id)
    const input: UpdateItemCommandInput = {
      TableName,
      Key,
      UpdateExpression: expression.update(changes, keep),
      ConditionExpression: expression.condition(condition),
      ReturnValues: answer ? 'ALL_NEW' : 'NONE',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ExpressionAttributeNames: expression.names,
      ExpressionAttributeValues: expression.values,
    }
    try {
      const { Attributes } = await this.#transport.send('UpdateItem', input)
      return { written: true, item: Attributes }
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw storeError(error, this.#configuration)
      const repeated = (error.$metadata.attempts ?? 1) > 1
      // Without an item in the answer there is none, or the engine does not give one (dynalite).
      const unknown = !error.Item && (condition.exists !== false || repeated)
      return { written: false, current: unknown ? await this.get(id, { consistent: true }) : error.Item, repeated }
    }
  }

  /** Every item of the table, a page at a time. */
  async *scan(
    attributes: readonly string[],
    { consistent = this.#configuration.consistentRead }: { consistent?: boolean } = {},
  ): AsyncGenerator<readonly Item[]> {
    const expression = new Expression(this.#configuration.tableKey)
    const projection = attributes.map((attribute) => expression.name(attribute)).join(', ')
    let start: Item | undefined
    do {
      const input = {
        TableName: this.#configuration.tableName,
        ProjectionExpression: projection,
        ConsistentRead: consistent,
        ExpressionAttributeNames: expression.names,
        ExclusiveStartKey: start,
      }
      const { Items = [], LastEvaluatedKey } = await this.#send('Scan', input)
      yield Items
      start = LastEvaluatedKey
    } while (start)
  }

  #key(id: string): { TableName: string; Key: Item } {
    const { tableName, tableKey } = this.#configuration
    return { TableName: tableName, Key: { [tableKey]: { S: keyOf(id) } } }
  }

  async #send<O extends Operation>(operation: O, input: Operations[O]['input']): Promise<Operations[O]['output']> {
    return await this.#explained(this.#transport.send(operation, input))
  }

  async #explained<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw storeError(error, this.#configuration)
    }
  }
}
