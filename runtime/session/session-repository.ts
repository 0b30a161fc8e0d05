import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { SessionTooLargeError } from '../errors.js'
import { storeError } from './errors.js'
import { expireAt, isDead } from './expiry.js'
import { hashSessionId } from './session-id.js'
import { ITEM_LIMIT, type Item, recordOf, type SessionData, type SessionRecord, serialize } from './session-record.js'
import { type Clock, milliseconds, systemClock, timestamp } from './timestamp.js'

/** What a framework wants to have stored. */
export interface SessionContent {
  readonly data: SessionData
  /** When the session ends by itself, for example with its cookie: milliseconds since the epoch. */
  readonly ownEnd?: number | undefined
  /** JSON of the cookie's settings, kept beside the data. */
  readonly cookie?: string | undefined
}

/** A condition failed: the item is not there (or, for a new session, it is). */
type Failed = 'condition failed'

/**
 * The life of sessions in one table. It knows nothing of cookies or frameworks. Every method is one request to
 * DynamoDB, never one to its control plane; what fails rejects with the SDK's error, or with one of ours where ours
 * says more (table missing, session too large).
 */
export class SessionRepository {
  readonly #configuration: Configuration
  readonly #client: DynamoDBClient
  readonly #now: Clock

  constructor(configuration: Configuration, client: DynamoDBClient, now: Clock = systemClock) {
    this.#configuration = configuration
    this.#client = client
    this.#now = now
  }

  /**
   * The session, or undefined when there is none or it is over (even if its item is still there).
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   */
  async find(id: string): Promise<SessionRecord | undefined> {
    const { consistentRead } = this.#configuration
    const command = new GetItemCommand({ ...this.#key(id), ConsistentRead: consistentRead })
    const { Item } = await this.#send(() => this.#client.send(command))
    if (!Item) return undefined
    const record = recordOf(id, Item)
    return isDead(record, this.#configuration, this.#now()) ? undefined : record
  }

  /**
   * Stores a new session. Undefined: an item with this id is there already, and it stays as it is.
   *
   * @throws {SessionTooLargeError} before anything is sent
   */
  create(id: string, content: SessionContent): Promise<SessionRecord | undefined> {
    return this.#write(id, content, { condition: 'attribute_not_exists(#key)', created: 'now' })
  }

  /**
   * Stores a session that was loaded; `data` is only sent when it changed. Undefined: the session was deleted in the
   * meantime, and stays deleted.
   *
   * @throws {SessionTooLargeError} before anything is sent
   */
  update(record: SessionRecord, content: SessionContent): Promise<SessionRecord | undefined> {
    return this.#write(record.id, content, { condition: 'attribute_exists(#key)', record })
  }

  /** Stores a session of which nothing is known, as scripts and tests do: what is there is overwritten. */
  async put(id: string, content: SessionContent): Promise<void> {
    await this.#write(id, content, { created: 'unless there' })
  }

  /** Renews a session without changing its data. Undefined: it was deleted in the meantime, and stays deleted. */
  touch(
    record: Pick<SessionRecord, 'id'> & Partial<SessionRecord>,
    content: Omit<SessionContent, 'data'>,
  ): Promise<SessionRecord | undefined> {
    return this.#write(record.id, content, { condition: 'attribute_exists(#key)', record })
  }

  /** Deletes the session, whether or not it exists. */
  async delete(id: string): Promise<void> {
    await this.#send(() => this.#client.send(new DeleteItemCommand(this.#key(id))))
  }

  async #write(
    id: string,
    content: Partial<SessionContent>,
    how: { condition?: string; record?: Partial<SessionRecord>; created?: 'now' | 'unless there' },
  ): Promise<SessionRecord | undefined> {
    const { record } = how
    const now = this.#now()
    const updatedAt = timestamp(now, record?.updatedAt)
    const createdAt = how.created ? updatedAt : record?.createdAt
    const json = content.data ? serialize(content.data) : undefined
    const expires = expireAt(
      { updatedAt: now, createdAt: milliseconds(createdAt), ownEnd: content.ownEnd },
      this.#configuration,
    )
    const changes: Changes = { updated_at: { S: updatedAt }, expire_at: numberOrNone(expires) }
    if (json !== undefined && json !== record?.json) changes.data = { S: json }
    if (content.cookie !== undefined && content.cookie !== record?.cookie) changes.cookie = { S: content.cookie }
    if (how.created) changes.created_at = { S: updatedAt }
    this.#checkSize(id, changes)
    const answer = await this.#update(id, changes, how)
    if (answer === 'condition failed') return undefined
    return {
      id,
      json: json ?? record?.json ?? '{}',
      data: content.data ?? record?.data ?? {},
      createdAt,
      updatedAt,
      expireAt: expires,
      cookie: content.cookie ?? record?.cookie,
    }
  }

  async #update(
    id: string,
    changes: Changes,
    how: { condition?: string; created?: 'now' | 'unless there' },
  ): Promise<'written' | Failed> {
    const { names, values, set, remove } = expressionOf(changes, how.created === 'unless there' ? ['created_at'] : [])
    const command = new UpdateItemCommand({
      ...this.#key(id),
      UpdateExpression:
        remove.length > 0 ? `SET ${set.join(', ')} REMOVE ${remove.join(', ')}` : `SET ${set.join(', ')}`,
      ...(how.condition && { ConditionExpression: how.condition }),
      ExpressionAttributeNames: how.condition ? { ...names, '#key': this.#configuration.tableKey } : names,
      ExpressionAttributeValues: values,
    })
    try {
      await this.#send(() => this.#client.send(command))
      return 'written'
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
      const repeated = (error.$metadata.attempts ?? 1) > 1
      return repeated && (await this.#isOurs(id, changes)) ? 'written' : 'condition failed'
    }
  }

  /** An answer can be lost after the write was applied; the SDK's repetition then meets our own condition. */
  async #isOurs(id: string, { updated_at }: Changes): Promise<boolean> {
    const command = new GetItemCommand({ ...this.#key(id), ConsistentRead: true })
    const { Item } = await this.#send(() => this.#client.send(command))
    return Item !== undefined && Item.updated_at?.S === updated_at?.S
  }

  #checkSize(id: string, changes: Changes): void {
    const { tableKey, tableName } = this.#configuration
    const sizes = Object.entries(changes).map(([name, value]) => Buffer.byteLength(name) + bytesOf(value))
    const size = sizes.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(tableKey) + Buffer.byteLength(id))
    if (size <= ITEM_LIMIT) return
    throw new SessionTooLargeError(
      `The session ${hashSessionId(id)} would take ${size} bytes, but an item of DynamoDB holds at most ${ITEM_LIMIT}. ` +
        `The version in the table "${tableName}" stays as it was; keep less in the session.`,
    )
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

/** Attributes to set, or with `undefined` to remove. */
type Changes = Record<string, AttributeValue | undefined>

function expressionOf(changes: Changes, onlyIfAbsent: readonly string[]) {
  const names: Record<string, string> = {}
  const values: Record<string, AttributeValue> = {}
  const set: string[] = []
  const remove: string[] = []
  for (const [name, value] of Object.entries(changes)) {
    names[`#${name}`] = name
    if (value === undefined) {
      remove.push(`#${name}`)
    } else {
      values[`:${name}`] = value
      set.push(`#${name} = ${onlyIfAbsent.includes(name) ? `if_not_exists(#${name}, :${name})` : `:${name}`}`)
    }
  }
  return { names, values, set, remove }
}

function numberOrNone(value: number | undefined): AttributeValue | undefined {
  return value === undefined ? undefined : { N: String(value) }
}

function bytesOf(value: AttributeValue | undefined): number {
  return Buffer.byteLength(value?.S ?? value?.N ?? '')
}
