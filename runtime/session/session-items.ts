import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { storeError } from './errors.js'
import type { Item } from './session-record.js'

/** Attributes to set; `undefined` removes one. */
export type Changes = Readonly<Record<string, AttributeValue | undefined>>

/** What must hold of the stored item for a write to happen. */
export interface Condition {
  /** The item is there, or is not there. Not given: either. */
  readonly exists?: boolean
  /** Attributes that must be exactly this; `undefined`: that must be absent. */
  readonly equals?: Changes
  /** The session's lock must be free, or older than the one, or one of the others. */
  readonly lockFree?: { readonly before: string; readonly or?: AttributeValue | undefined }
}

export type WriteResult =
  | { readonly written: true; readonly item: Item | undefined }
  /** The condition failed. `repeated`: the SDK sent the request more than once, so an earlier one may have succeeded. */
  | { readonly written: false; readonly current: Item | undefined; readonly repeated: boolean }

/** The requests that sessions need, one round trip each. Errors reject as the application should see them. */
export class SessionItems {
  readonly #configuration: Configuration
  readonly #client: DynamoDBClient

  constructor(configuration: Configuration, client: DynamoDBClient) {
    this.#configuration = configuration
    this.#client = client
  }

  async get(id: string, { consistent }: { consistent: boolean }): Promise<Item | undefined> {
    const command = new GetItemCommand({ ...this.#key(id), ConsistentRead: consistent })
    const { Item } = await this.#send(() => this.#client.send(command))
    return Item
  }

  async delete(id: string): Promise<void> {
    const command = new DeleteItemCommand(this.#key(id))
    await this.#send(() => this.#client.send(command))
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
    const command = new UpdateItemCommand({
      ...this.#key(id),
      UpdateExpression: expression.update(changes, keep),
      ConditionExpression: expression.condition(condition),
      ReturnValues: answer ? 'ALL_NEW' : 'NONE',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...expression.attributes(),
    })
    try {
      const { Attributes } = await this.#client.send(command)
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
  async *scan(attributes: readonly string[]): AsyncGenerator<readonly Item[]> {
    const expression = new Expression(this.#configuration.tableKey)
    const projection = attributes.map((attribute) => expression.name(attribute)).join(', ')
    let start: Item | undefined
    do {
      const command = new ScanCommand({
        TableName: this.#configuration.tableName,
        ProjectionExpression: projection,
        ConsistentRead: this.#configuration.consistentRead,
        ...expression.attributes(),
        ...(start && { ExclusiveStartKey: start }),
      })
      const { Items = [], LastEvaluatedKey } = await this.#send(() => this.#client.send(command))
      yield Items
      start = LastEvaluatedKey
    } while (start)
  }

  #key(id: string): { TableName: string; Key: Item } {
    const { tableName, tableKey } = this.#configuration
    return { TableName: tableName, Key: { [tableKey]: { S: id } } }
  }

  async #send<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request()
    } catch (error) {
      throw storeError(error, this.#configuration)
    }
  }
}

/** Builds the expressions of one request, with placeholders for all names and values. */
class Expression {
  readonly #tableKey: string
  readonly #names = new Map<string, string>()
  readonly #values: AttributeValue[] = []

  constructor(tableKey: string) {
    this.#tableKey = tableKey
  }

  name(attribute: string): string {
    const placeholder = this.#names.get(attribute) ?? `#n${this.#names.size}`
    this.#names.set(attribute, placeholder)
    return placeholder
  }

  update(changes: Changes, keep: readonly string[]): string {
    const set: string[] = []
    const remove: string[] = []
    for (const [attribute, value] of Object.entries(changes)) {
      const name = this.name(attribute)
      if (value === undefined) remove.push(name)
      else if (keep.includes(attribute)) set.push(`${name} = if_not_exists(${name}, ${this.#value(value)})`)
      else set.push(`${name} = ${this.#value(value)}`)
    }
    const clauses = [set.length > 0 && `SET ${set.join(', ')}`, remove.length > 0 && `REMOVE ${remove.join(', ')}`]
    return clauses.filter((clause) => clause !== false).join(' ')
  }

  condition({ exists, equals = {}, lockFree }: Condition): string | undefined {
    const parts: string[] = []
    if (exists !== undefined) parts.push(`attribute_${exists ? 'exists' : 'not_exists'}(${this.name(this.#tableKey)})`)
    for (const [attribute, value] of Object.entries(equals)) parts.push(this.#equal(attribute, value))
    if (lockFree) {
      const lock = this.name('locked_at')
      const free = [`attribute_not_exists(${lock})`, `${lock} < ${this.#value({ S: lockFree.before })}`]
      if (lockFree.or) free.push(`${lock} = ${this.#value(lockFree.or)}`)
      parts.push(`(${free.join(' OR ')})`)
    }
    return parts.length > 0 ? parts.join(' AND ') : undefined
  }

  attributes() {
    const names = [...this.#names].map(([attribute, placeholder]) => [placeholder, attribute])
    const values = this.#values.map((value, index) => [`:v${index}`, value])
    return {
      ExpressionAttributeNames: Object.fromEntries(names) as Record<string, string>,
      ...(values.length > 0 && { ExpressionAttributeValues: Object.fromEntries(values) as Item }),
    }
  }

  #equal(attribute: string, value: AttributeValue | undefined): string {
    const name = this.name(attribute)
    return value === undefined ? `attribute_not_exists(${name})` : `${name} = ${this.#value(value)}`
  }

  #value(value: AttributeValue): string {
    this.#values.push(value)
    return `:v${this.#values.length - 1}`
  }
}
