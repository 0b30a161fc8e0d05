import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { type Clock, wallClock } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import type { Connection } from '../dynamodb/connection.js'
import { SessionDataError } from '../errors.js'
import { clearSessions } from './clear.js'
import { packData } from './item/compression.js'
import { expireAt, isDead, isRubysNow, type Times } from './item/expiry.js'
import { indexAttributes } from './item/index-attributes.js'
import { keepTexts } from './item/keep-number-texts.js'
import { type Compared, compare, type SessionData, serialize } from './item/serialize.js'
import type { SessionExtras } from './item/session-extras.js'
import { idOf } from './item/session-key.js'
import { type Item, present, recordOf, type SessionRecord, timesOf } from './item/session-record.js'
import { checkSize } from './item/size.js'
import { milliseconds, timestamp } from './item/timestamp.js'
import { lock, unlock } from './lock.js'
import { type Moving, SessionRegeneration } from './regenerate.js'
import { IndexItems } from './requests/index-items.js'
import { SessionItems } from './requests/session-items.js'
import { type ConflictListener, SessionWriter } from './session-writer.js'

/** How a session is looked for. */
export interface FindOptions {
  /**
   * Notified when there is no session, but another request may find one by this id, or by the id to which it leads. A
   * logout has to {@link SessionRepository.delete} it all the same. The session moved to another id, or is expired by this
   * machine's clock, or an eventually consistent read did not see it yet.
   */
  readonly onHidden?: (() => void) | undefined
}

/**
 * The life of sessions in one table. It knows nothing of frameworks and of what is in a cookie. Every method is one
 * round trip to DynamoDB where nobody interferes, and never one to its control plane. What fails rejects with the
 * SDK's error, or with one of ours where ours says more (table missing, session too large).
 */
export class SessionRepository {
  readonly #configuration: Configuration
  readonly #items: SessionItems
  readonly #indexItems: IndexItems
  readonly #writer: SessionWriter
  readonly #renewal: SessionRegeneration
  readonly #now: Clock

  constructor(
    configuration: Configuration,
    connection: Pick<Connection, 'transport'>,
    { now = wallClock, onConflict }: { now?: Clock; onConflict?: ConflictListener } = {},
  ) {
    this.#configuration = configuration
    this.#items = new SessionItems(configuration, connection)
    this.#indexItems = new IndexItems(configuration, connection)
    this.#writer = new SessionWriter(configuration, this.#items, onConflict)
    this.#renewal = new SessionRegeneration({
      configuration,
      repository: this,
      items: this.#items,
      writer: this.#writer,
      onConflict,
      now,
    })
    this.#now = now
  }

  /**
   * The session, or undefined when there is none or it is over (even if its item is still there).
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   */
  async find(id: string, { onHidden }: FindOptions = {}): Promise<SessionRecord | undefined> {
    const item = await this.#items.get(id, { consistent: this.#configuration.consistentRead, onHidden })
    return item && this.#alive(recordOf(id, item, this.#configuration), onHidden)
  }

  /**
   * The session, locked for this request where `locking` is pessimistic. The lock goes with the next update or touch,
   * or with {@link release}.
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   * @throws {LockWaitTimeoutError} when another request held the lock for `lock_max_wait_time`
   */
  async findForChange(id: string, { onHidden }: FindOptions = {}): Promise<SessionRecord | undefined> {
    if (this.#configuration.locking !== 'pessimistic') return this.find(id, { onHidden })
    const locked = await lock(id, this.#items, this.#configuration, this.#now, onHidden)
    if (!locked) return undefined
    const found = this.#alive(await this.#usable(id, locked.item, locked.token), onHidden)
    if (!found) await unlock(id, locked.token, this.#items)
    return found
  }

  /**
   * Reads a session again that this request loaded before. A lock that it still holds stays its own. A lock that
   * another request took over is taken again, so that the session can be saved.
   *
   * @returns undefined when the session was deleted or expired meanwhile
   * @throws as {@link findForChange}
   */
  async reload(loaded: SessionRecord): Promise<SessionRecord | undefined> {
    const { id, token } = loaded
    if (!token) return this.find(id)
    const item = await this.#items.get(id, { consistent: true })
    if (item && item.locked_at?.S !== token) return this.findForChange(id)
    return item && this.#alive(recordOf(id, item, this.#configuration, token))
  }

  /**
   * Stores a new session.
   *
   * @param id the id, or a maker of ids: then an id that is taken is replaced by another
   * @returns undefined when an item with this id is there already: it stays as it is
   * @throws {SessionTooLargeError} before anything is sent
   */
  async create(
    id: string | (() => string),
    data: SessionData,
    extras: SessionExtras = {},
  ): Promise<SessionRecord | undefined> {
    if (typeof id !== 'function') return this.#create(id, data, extras)
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const created = await this.#create(id(), data, extras)
      if (created) return created
    }
    return undefined
  }

  /**
   * Stores a session that was loaded. Data that did not change is not sent; a session of which nothing changed is
   * written only when it is due (`touch_interval`). A lock that is held is released.
   *
   * @param compared the data with `record.base`, where that was found out already
   * @returns what is stored now; undefined when the session was deleted in the meantime: it stays deleted
   * @throws {SessionTooLargeError} before anything is sent
   * @throws {SessionConflictError} @throws {LockLostError} and nothing was written
   */
  async update(
    record: SessionRecord,
    data: SessionData,
    extras: SessionExtras = {},
    compared: Compared = compare(data, record.base),
  ): Promise<SessionRecord | undefined> {
    const { json, unchanged, plain } = compared
    if (unchanged && !record.token && !this.#isDue(record, extras)) return record
    const ours = unchanged ? record.base : json
    return this.#writer.save(record, ours, (stored) => this.#times(stored, extras), plain)
  }

  /**
   * Renews a session without changing its data, when it is due. A lock that is held is released; one that was lost is
   * no error here. Nor does it write over what another request has just written: this renewed the session as well.
   *
   * @returns what is stored now; undefined when the session was deleted in the meantime: it stays deleted
   * @throws {SessionConflictError} when the cookie's settings could not be written for the writes of others
   */
  async touch(record: SessionRecord, extras: SessionExtras = {}): Promise<SessionRecord | undefined> {
    return this.isTouchDue(record, extras) ? this.#touch(record, extras) : record
  }

  /** Whether {@link touch} would write. */
  isTouchDue(record: SessionRecord, extras: SessionExtras = {}): boolean {
    return record.token !== undefined || this.#isDue(record, extras)
  }

  /**
   * Gives a session that was loaded another id, with this data and its `created_at`. A lock that is held is released.
   *
   * @param id the new id, or a maker of ids
   * @returns what is stored under the new id; undefined when the session was deleted in the meantime: it stays deleted
   * @throws {SessionTooLargeError} before anything is sent
   * @throws {SessionConflictError} @throws {LockLostError} and nothing was changed
   */
  renew(
    record: SessionRecord,
    id: string | (() => string),
    data: SessionData,
    options: SessionExtras & Moving,
  ): Promise<SessionRecord | undefined> {
    return this.#renewal.renew(record, id, data, options, (stored) => this.#times(stored, options))
  }

  /** Renews a session of which nothing but the id is known, as scripts do. */
  async touchUnseen(id: string, extras: SessionExtras = {}): Promise<void> {
    const item = await this.#items.get(id, { consistent: true })
    if (item) await this.#touch(recordOf(id, item, this.#configuration), extras)
  }

  /** Stores a session of which nothing is known, as scripts do: the data that is there is overwritten. */
  async put(id: string, data: SessionData, extras: SessionExtras = {}): Promise<void> {
    const { changes } = await this.#new(data, extras)
    checkSize(id, changes, this.#configuration)
    await this.#items.write(id, { ...changes, successor: undefined }, {}, { keep: ['created_at'] })
  }

  /** Gives the lock back, if this record holds it. */
  async release(record: SessionRecord): Promise<SessionRecord> {
    if (!record.token) return record
    await unlock(record.id, record.token, this.#items)
    return { ...record, token: undefined }
  }

  /**
   * Deletes the session, whether or not it exists, and whoever has it locked. A session that moved to another id
   * meanwhile is deleted there.
   */
  delete(id: string): Promise<void> {
    return this.#items.delete(id)
  }

  /** Every session that is not over; what is stored but is no session is passed over. */
  async *all(): AsyncGenerator<SessionRecord> {
    const { tableKey } = this.#configuration
    for await (const page of this.#items.scan([tableKey, 'data', 'created_at', 'updated_at', 'expire_at', 'cookie'])) {
      for (const item of page) {
        const id = idOf(item[tableKey]?.S ?? '', this.#configuration)
        const record = id === undefined ? undefined : readable(id, item, this.#configuration)
        if (record && !record.dataMissing && this.#alive(record)) yield record
      }
    }
  }

  /** Deletes every session, expired or not; other items stay. */
  clear(): Promise<void> {
    return clearSessions(this.#items, this.#indexItems, this.#configuration)
  }

  async #create(id: string, data: SessionData, extras: SessionExtras): Promise<SessionRecord | undefined> {
    const { changes, json } = await this.#new(data, extras)
    checkSize(id, changes, this.#configuration)
    const result = await this.#items.write(id, changes, { exists: false })
    const createdAt = changes.created_at
    const ours = !result.written && result.repeated && result.current?.created_at?.S === createdAt?.S
    return result.written || ours
      ? recordOf(id, present({ ...changes, data: { S: json } }), this.#configuration)
      : undefined
  }

  #touch(record: SessionRecord, extras: SessionExtras): Promise<SessionRecord | undefined> {
    const isStillDue = (current: Item) => {
      const changed = extras.changed && extras.cookie !== current.cookie?.S
      return this.#isDue(timesOf(current), { ...extras, changed }, Math.max(1, this.#configuration.touchInterval))
    }
    return this.#writer.touch(record, (stored) => this.#times(stored, extras), isStillDue)
  }

  #alive(record: SessionRecord, onHidden?: () => void): SessionRecord | undefined {
    if (!isDead(record, this.#configuration, this.#now())) return record
    onHidden?.()
    return undefined
  }

  /** Something that is no session must not stay locked by the request that found it. */
  async #usable(id: string, item: Item, token: string): Promise<SessionRecord> {
    try {
      return recordOf(id, item, this.#configuration, token)
    } catch (error) {
      await unlock(id, token, this.#items)
      throw error
    }
  }

  async #new(data: SessionData, extras: SessionExtras): Promise<{ changes: Changes; json: string }> {
    const updatedAt = timestamp(this.#now())
    const createdAt = extras.createdAt ?? updatedAt
    const times = this.#times({ createdAt, updatedAt: undefined, cookie: undefined }, extras)
    const json = keepTexts(serialize(data), extras.json ?? '{}')
    const indexes = indexAttributes(json, this.#configuration.indexKeys)
    const packed = await packData(json, this.#configuration)
    const changes = { ...indexes, data: packed, ...times, created_at: { S: createdAt }, updated_at: { S: updatedAt } }
    return { changes, json }
  }

  /** What every write of a session sets. */
  #times(stored: Pick<SessionRecord, 'createdAt' | 'updatedAt' | 'cookie'>, extras: SessionExtras): Changes {
    const now = this.#now()
    const createdAt = milliseconds(stored.createdAt)
    const expires = expireAt({ updatedAt: now, createdAt, ownEnd: extras.ownEnd }, this.#configuration)
    return {
      updated_at: { S: timestamp(now, stored.updatedAt) },
      expire_at: expires === undefined ? undefined : { N: String(expires) },
      ...(extras.cookie !== undefined && extras.cookie !== stored.cookie && { cookie: { S: extras.cookie } }),
    }
  }

  /** Whether an unchanged session must be written again. */
  #isDue(record: Times, extras: SessionExtras, touchInterval = this.#configuration.touchInterval): boolean {
    const { maxStale } = this.#configuration
    const updatedAt = milliseconds(record.updatedAt)
    if (touchInterval === 0 || extras.changed || updatedAt === undefined || isRubysNow(record)) return true
    const now = this.#now()
    const lifetimes = [maxStale === undefined ? undefined : maxStale * 1000, extras.ownLifetime]
    const shortest = Math.min(...lifetimes.filter((lifetime) => lifetime !== undefined))
    const age = now - updatedAt
    if (age < -60_000 || age >= Math.min(touchInterval * 1000, shortest / 10)) return true
    const createdAt = milliseconds(record.createdAt)
    const expires = expireAt({ updatedAt: now, createdAt, ownEnd: extras.ownEnd }, this.#configuration)
    return (expires === undefined) !== (record.expireAt === undefined)
  }
}

function readable(id: string, item: Item, configuration: Configuration): SessionRecord | undefined {
  try {
    return recordOf(id, item, configuration)
  } catch (error) {
    if (error instanceof SessionDataError) return undefined
    throw error
  }
}

type Changes = Record<string, AttributeValue | undefined>
