import { type Clock, wallClock } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import type { Connection } from '../dynamodb/connection.js'
import { clearSessions } from './clear.js'
import { LISTED } from './item/attributes.js'
import { hasExpired } from './item/expiry.js'
import { type SessionData, serialize, serializeChanges } from './item/serialize.js'
import type { SessionExtras } from './item/session-extras.js'
import { idOf } from './item/session-key.js'
import { recordIfSession, recordOf, type SessionRecord } from './item/session-record.js'
import { isTouchDue } from './item/write-times.js'
import { lock, unlock } from './lock.js'
import { type Regenerating, SessionRegeneration } from './regenerate.js'
import { SessionItems } from './requests/session-items.js'
import { type ConflictListener, SessionWriter } from './session-writer.js'

/** How a session is looked for. */
export interface FindOptions {
  /**
   * Notified when there is no session, but another request may find one by this id, or by the id to which it leads. A
   * logout has to {@link SessionRepository.delete} it all the same. The session moved to another id, or it expired by
   * this machine's clock, or an eventually consistent read did not see it yet.
   */
  readonly onHidden?: (() => void) | undefined
}

/**
 * The life of sessions in one table. It knows nothing of frameworks and cookies. Without concurrent requests, every
 * method is one round trip to DynamoDB, and never one to its control plane. A failure rejects with the SDK's error, or
 * with one of ours that says more (table missing, session too large).
 */
export class SessionRepository {
  readonly #configuration: Configuration
  readonly #items: SessionItems
  readonly #writer: SessionWriter
  readonly #regeneration: SessionRegeneration
  readonly #now: Clock

  constructor(
    configuration: Configuration,
    connection: Pick<Connection, 'transport'>,
    { now = wallClock, onConflict }: { now?: Clock; onConflict?: ConflictListener } = {},
  ) {
    this.#configuration = configuration
    this.#items = new SessionItems(configuration, connection)
    this.#writer = new SessionWriter(configuration, this.#items, { onConflict, now })
    this.#regeneration = new SessionRegeneration(configuration, this.#items, this.#writer, now)
    this.#now = now
  }

  /**
   * Loads the session. Undefined when there is none, or when it has expired, even if its item is still there.
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   */
  async find(id: string, { onHidden }: FindOptions = {}): Promise<SessionRecord | undefined> {
    const item = await this.#items.get(id, { consistent: this.#configuration.consistentRead, onHidden })
    return item && this.#unexpired(recordOf(id, item, this.#configuration), onHidden)
  }

  /**
   * Loads the session. Locks it for this request where `locking` is pessimistic. The next update or touch releases the
   * lock, and so does {@link release}.
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   * @throws {LockWaitTimeoutError} when another request held the lock for `lock_max_wait_time`
   */
  async findForChange(id: string, { onHidden }: FindOptions = {}): Promise<SessionRecord | undefined> {
    if (this.#configuration.locking !== 'pessimistic') return this.find(id, { onHidden })
    const locked = await lock(id, this.#items, this.#configuration, this.#now, onHidden)
    if (!locked) return undefined
    let found: SessionRecord | undefined
    try {
      found = this.#unexpired(recordOf(id, locked.item, this.#configuration, locked.token), onHidden)
      return found
    } finally {
      if (!found) await unlock(id, locked.token, this.#items)
    }
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
    return item && this.#unexpired(recordOf(id, item, this.#configuration, token))
  }

  /**
   * Stores a new session.
   *
   * @param id the id, or a maker of ids: then another id replaces an id that is taken
   * @returns undefined when an item with this id is there already: it stays as it is
   * @throws {SessionTooLargeError} before anything is sent
   */
  async create(
    id: string | (() => string),
    data: SessionData,
    extras: SessionExtras = {},
  ): Promise<SessionRecord | undefined> {
    return this.#writer.create(id, serialize(data), extras)
  }

  /**
   * Stores a session that was loaded. Unchanged data is not sent. An unchanged session is written only when a touch is
   * due. A lock that is held is released.
   *
   * @param json the JSON that {@link serializeChanges} gives, if the caller has it already
   * @returns what is stored now; undefined when the session was deleted in the meantime: it stays deleted
   * @throws {SessionTooLargeError} before anything is sent
   * @throws {SessionConflictError} @throws {LockLostError} and nothing was written
   */
  async update(
    record: SessionRecord,
    data: SessionData,
    extras: SessionExtras = {},
    json: string = serializeChanges(data, record.base),
  ): Promise<SessionRecord | undefined> {
    if (json === record.base && !this.isTouchDue(record, extras)) return record
    return this.#writer.save(record, json, extras)
  }

  /**
   * Touches a session without changing its data, when that is due (`touch_interval`). Releases a lock that is held. A
   * lost lock is no error here. Where another request has just written the session, its write counts as this touch.
   *
   * @returns what is stored now; undefined when the session was deleted in the meantime: it stays deleted
   * @throws {SessionConflictError} when writes of other requests kept the cookie's settings from being written
   */
  async touch(record: SessionRecord, extras: SessionExtras = {}): Promise<SessionRecord | undefined> {
    return this.isTouchDue(record, extras) ? this.#writer.touch(record, extras) : record
  }

  /** Whether {@link touch} would write. */
  isTouchDue(record: SessionRecord, extras: SessionExtras = {}): boolean {
    return record.token !== undefined || isTouchDue(record, extras, this.#configuration, this.#now())
  }

  /**
   * Gives a session that was loaded another id, with this data and its `created_at`. A lock that is held is released.
   *
   * @param id the new id, or a maker of ids
   * @returns what is stored under the new id; undefined when the session was deleted in the meantime: it stays deleted
   * @throws {SessionTooLargeError} before anything is sent
   * @throws {SessionConflictError} @throws {LockLostError} and nothing was changed
   */
  regenerate(
    record: SessionRecord,
    id: string | (() => string),
    data: SessionData,
    extras: SessionExtras & Regenerating,
  ): Promise<SessionRecord | undefined> {
    return this.#regeneration.regenerate(record, id, data, extras)
  }

  /** Touches a session that was not loaded, as scripts do. */
  async touchUnseen(id: string, extras: SessionExtras = {}): Promise<void> {
    const item = await this.#items.get(id, { consistent: true })
    if (item) await this.#writer.touch(recordOf(id, item, this.#configuration), extras)
  }

  /** Stores a session that was not loaded, as scripts do. Overwrites the data that is there. */
  async put(id: string, data: SessionData, extras: SessionExtras = {}): Promise<void> {
    await this.#writer.put(id, serialize(data), extras)
  }

  /** Releases the lock, if this record holds it. */
  async release(record: SessionRecord): Promise<SessionRecord> {
    if (!record.token) return record
    await unlock(record.id, record.token, this.#items)
    return { ...record, token: undefined }
  }

  /**
   * Deletes the session, whether or not it exists, and even if another request has locked it. A session that moved to
   * another id meanwhile is deleted there.
   */
  delete(id: string): Promise<void> {
    return this.#items.delete(id)
  }

  /** Every session that has not expired. Skips items that are no sessions. */
  async *all(): AsyncGenerator<SessionRecord> {
    const { tableKey } = this.#configuration
    for await (const page of this.#items.scan([tableKey, ...LISTED])) {
      for (const item of page) {
        const id = idOf(item[tableKey]?.S ?? '', this.#configuration)
        const record = id === undefined ? undefined : recordIfSession(id, item, this.#configuration)
        if (record && !record.dataMissing && this.#unexpired(record)) yield record
      }
    }
  }

  /** Deletes every session, expired or not; other items stay. */
  clear(): Promise<void> {
    return clearSessions(this.#items, this.#configuration)
  }

  #unexpired(record: SessionRecord, onHidden?: () => void): SessionRecord | undefined {
    if (!hasExpired(record, this.#configuration, this.#now())) return record
    onHidden?.()
    return undefined
  }
}
