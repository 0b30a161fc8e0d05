import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../../configuration/resolve.js'
import type { Connection } from '../../dynamodb/connection.js'
import { isConditionFailed } from '../../dynamodb/error-facts.js'
import type { Transport } from '../../dynamodb/transport.js'
import { SessionConflictError } from '../../errors.js'
import { type Figures, observed } from '../channels.js'
import { maybeOwnSessions } from '../item/is-session.js'
import { hashSessionId } from '../item/session-id.js'
import { keyOf } from '../item/session-key.js'
import { type Changes, type Item, successorOf } from '../item/session-record.js'
import { sizeOf } from '../item/size.js'
import { BatchedReads } from './batched-reads.js'
import { otherKey, storeError } from './errors.js'
import { type Condition, Expression } from './expression.js'
import { ItemsByKey } from './items-by-key.js'

export type { Condition }

export type WriteResult = { readonly written: true; readonly item: Item | undefined } | Refused

/** The condition of a write failed. */
export interface Refused {
  readonly written: false
  /** The stored item; undefined when it was deleted, or is a forwarder. */
  readonly current: Item | undefined
  /** The stored key that a forwarder names. */
  readonly successor?: string | undefined
  /** The request was sent more than once, so an earlier one may have succeeded. */
  readonly repeated: boolean
}

export interface Reading {
  readonly consistent: boolean
  /** Called when the item is a forwarder, which counts as no item, or when an eventually consistent read finds none. */
  readonly onHidden?: ((why: Hidden) => void) | undefined
  /** Counts the read. */
  readonly figures?: Figures | undefined
}

/** Why this request finds no session, although another request may find one by the same id. */
export type Hidden =
  /** The session moved to another id. */
  | 'moved'
  /** The session expired by this machine's clock. */
  | 'expired'
  /** An eventually consistent read does not return the session yet. */
  | 'none'

interface Shared {
  readonly reads: Readonly<Record<'consistent' | 'eventual', BatchedReads>>
  readonly figures: Figures
}

/** How many changes of id a logout follows. */
export const LONGEST_CHAIN = 20

/** The requests that sessions need, one round trip each. They reject with errors that are fit for the application. */
export class SessionItems {
  /** The requests by partition key instead of session id. */
  readonly byKey: ItemsByKey
  readonly #configuration: Configuration
  readonly #connection: Pick<Connection, 'transport'>
  readonly #transport: Transport
  readonly #reads: Shared['reads']
  readonly #figures: Figures | undefined

  constructor(configuration: Configuration, connection: Pick<Connection, 'transport'>, shared?: Shared) {
    this.#configuration = configuration
    this.#connection = connection
    this.#figures = shared?.figures
    this.#transport = observed(connection.transport, shared ? [shared.figures] : [])
    this.byKey = new ItemsByKey(configuration, { transport: this.#transport })
    const reads = (consistent: boolean) => new BatchedReads(connection.transport, configuration, consistent)
    this.#reads = shared?.reads ?? { consistent: reads(true), eventual: reads(false) }
  }

  /** The same requests, which are also counted. */
  countedIn(figures: Figures): SessionItems {
    return new SessionItems(this.#configuration, this.#connection, { reads: this.#reads, figures })
  }

  async get(id: string, { consistent, onHidden, figures = this.#figures }: Reading): Promise<Item | undefined> {
    const item = await this.#get(keyOf(id, this.#configuration), consistent, figures)
    if (figures && item) figures.bytes = sizeOf(item)
    const isForwarder = successorOf(item) !== undefined
    if (isForwarder || (!item && !consistent)) onHidden?.(isForwarder ? 'moved' : 'none')
    return isForwarder ? undefined : item
  }

  /**
   * Deletes a session, whether or not it exists. A session that moved to another id is deleted there. The forwarder
   * stays, for other requests that loaded the session before.
   *
   * @throws {SessionConflictError} when the session moved more than 20 times
   */
  async delete(id: string): Promise<void> {
    let key: string | undefined = keyOf(id, this.#configuration)
    for (let link = 0; link <= LONGEST_CHAIN && key; link += 1) {
      const result = await this.byKey.deleteUnlessForwarder(key)
      key = result.deleted ? undefined : successorOf(result.current)
    }
    if (key) throw endless(id)
  }

  /** The stored key that a forwarder under this id names; undefined when there is none. */
  async successorOf(id: string): Promise<string | undefined> {
    return successorOf(await this.#get(keyOf(id, this.#configuration), true))
  }

  /**
   * Changes attributes of an item, and leaves all other attributes alone.
   *
   * @param keep attributes that are only added, not overwritten
   * @param returnItem whether to return the whole item as written
   */
  async write(
    id: string,
    changes: Changes,
    condition: Condition,
    { keep = [], returnItem = false }: { keep?: readonly string[]; returnItem?: boolean } = {},
  ): Promise<WriteResult> {
    const expression = new Expression(this.#configuration.tableKey)
    const key = keyOf(id, this.#configuration)
    const input: UpdateItemCommandInput = {
      ...this.byKey.at(key),
      UpdateExpression: expression.update(changes, keep),
      ConditionExpression: expression.condition(condition),
      ReturnValues: returnItem ? 'ALL_NEW' : 'NONE',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ExpressionAttributeNames: expression.names,
      ExpressionAttributeValues: expression.values,
    }
    try {
      const { Attributes } = await this.#transport.send('UpdateItem', input)
      if (this.#figures) this.#figures.bytes = sizeOf(Attributes ?? changes)
      if (!returnItem || hasWritten(Attributes, changes)) return { written: true, item: Attributes }
      // A proxy repeated an older response for the same item: the stored item decides.
      return refused(await this.#get(key, true), true)
    } catch (error) {
      if (!isConditionFailed(error)) throw storeError(error, this.#configuration)
      const repeated = (error.$metadata.attempts ?? 1) > 1
      // A response without an item: there is none, or the engine does not return it (dynalite).
      const unknown = !error.Item && (condition.exists !== false || repeated)
      return refused(unknown ? await this.#get(key, true) : error.Item, repeated)
    }
  }

  /**
   * The items that are or may be sessions of this application, a page at a time: {@link maybeOwnSessions}.
   *
   * @param attributes the attributes to fetch, among them the table's key
   * @throws {TableSchemaError} when an item has no key of this name
   */
  async *scan(
    attributes: readonly string[],
    { consistent = this.#configuration.consistentRead, withoutData = false, forwarders = false } = {},
  ): AsyncGenerator<readonly Item[]> {
    const { tableName, tableKey } = this.#configuration
    const expression = new Expression(tableKey)
    const projection = attributes.map((attribute) => expression.name(attribute)).join(', ')
    const filter = maybeOwnSessions(expression, this.#configuration, { withoutData, forwarders })
    const input = {
      TableName: tableName,
      ProjectionExpression: projection,
      FilterExpression: filter,
      ConsistentRead: consistent,
      ExpressionAttributeNames: expression.names,
      ExpressionAttributeValues: expression.values,
    }
    for await (const items of this.byKey.pages('Scan', input)) {
      if (items.some((item) => item[tableKey]?.S === undefined)) throw otherKey(this.#configuration)
      yield items
    }
  }

  #get(key: string, consistent: boolean, figures = this.#figures): Promise<Item | undefined> {
    const reads = this.#reads[consistent ? 'consistent' : 'eventual']
    return reads.get(key, figures).catch((error) => {
      throw storeError(error, this.#configuration)
    })
  }
}

function refused(item: Item | undefined, repeated: boolean): Refused {
  const successor = successorOf(item)
  return { written: false, current: successor === undefined ? item : undefined, successor, repeated }
}

function hasWritten(item: Item | undefined, changes: Changes): boolean {
  return Object.entries(changes).every(([name, value]) => item?.[name]?.S === value?.S)
}

function endless(id: string): SessionConflictError {
  return new SessionConflictError(
    `The session ${hashSessionId(id)} got another id more than ${LONGEST_CHAIN} times; it may still be stored under the ` +
      'newest id. Log out again with the newest cookie.',
  )
}
