import { type Clock, wallClock } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import type { Connection } from '../dynamodb/connection.js'
import { warnProcessOnce } from '../output.js'
import { clearSessions } from './clear.js'
import { LISTED } from './item/attributes.js'
import { hasExpired } from './item/expiry.js'
import { loadKeys } from './item/keyring.js'
import { type SessionData, serialize, serializeChanges } from './item/serialize.js'
import type { SessionExtras } from './item/session-extras.js'
import { idOf } from './item/session-key.js'
import { recordIfSession, recordOf, type SessionRecord } from './item/session-record.js'
import { isTouchDue } from './item/write-times.js'
import { lock, unlock } from './lock.js'
import { type Regenerating, SessionRegeneration } from './regenerate.js'
import { SessionItems } from './requests/session-items.js'
import { type ConflictListener, SessionWriter } from './session-writer.js'

const ENDLESS_CODE = 'DYNAMO_SESSION_STORE_LIFETIME'

const ENDLESS =
  'A session was stored that never expires: neither max_stale nor max_age is set, and its cookie has no lifetime. Set ' +
  'max_stale, for example max_stale: 1209600 (14 days).'

/** Options for finding a session. */
export interface FindOptions {
  /**
   * Called when this request finds no session, but another request may find one by the same id. So a logout must
   * {@link SessionRepository.delete} the id all the same. There are three cases:
   *
   * - The session moved to another id.
   * - The session expired by this machine's clock.
   * - An eventually consistent read does not return the session yet.
   */
  readonly onHidden?: (() => void) | undefined
}

/**
 * Finds, stores and deletes the sessions of one table. Frameworks and cookies are unknown here. Without concurrent
 * requests, every method sends one request, and never one to DynamoDB's control plane. A failure rejects with the SDK's
 * error, or with an error of ours that says more, such as TableMissingError.
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
   * Loads the session.
   *
   * @returns undefined when there is no session, or when the session has expired, even if its item is still there
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   * @throws {EncryptionKeyError} when the keys can't be loaded, or lack the key of the session
   */
  async find(id: string, { onHidden }: FindOptions = {}): Promise<SessionRecord | undefined> {
    await loadKeys(this.#configuration)
    const item = await this.#items.get(id, { consistent: this.#configuration.consistentRead, onHidden })
    return item && this.#unexpired(recordOf(id, item, this.#configuration), onHidden)
  }

  /**
   * Loads the session. With `locking: pessimistic`, locks the session for this request. The next update, touch or
   * {@link release} unlocks the session.
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   * @throws {LockWaitTimeoutError} when another request held the lock for `lock_max_wait_time`
   */
  async findForChange(id: string, { onHidden }: FindOptions = {}): Promise<SessionRecord | undefined> {
    if (this.#configuration.locking !== 'pessimistic') return this.find(id, { onHidden })
    await loadKeys(this.#configuration)
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
   * Reads a session again that this request loaded before. The request keeps its lock. If another request took the lock
   * over, this request takes the lock again, so that the session can be saved.
   *
   * @returns undefined when the session has been deleted or has expired since
   * @throws the errors of {@link findForChange}
   */
  async reload(loaded: SessionRecord): Promise<SessionRecord | undefined> {
    const { id, token } = loaded
    if (!token) return this.find(id)
    await loadKeys(this.#configuration)
    const item = await this.#items.get(id, { consistent: true })
    if (item && item.locked_at?.S !== token) return this.findForChange(id)
    return item && this.#unexpired(recordOf(id, item, this.#configuration, token))
  }

  /**
   * Stores a new session.
   *
   * @param id the id; or a function that makes ids, called again if an item has the id already
   * @returns undefined when an item with this id exists; the item stays unchanged
   * @throws {SessionTooLargeError} before any request is sent
   */
  async create(
    id: string | (() => string),
    data: SessionData,
    extras: SessionExtras = {},
  ): Promise<SessionRecord | undefined> {
    this.#warnIfEndless(extras)
    return this.#writer.create(id, serialize(data), extras)
  }

  /**
   * Stores a session that was loaded, and unlocks it. Unchanged data is not sent. An unchanged session is written only
   * when a touch is due.
   *
   * @param json the JSON that {@link serializeChanges} gives, if the caller has it already
   * @returns the session as stored now; undefined when another request deleted the session, which stays deleted
   * @throws {SessionTooLargeError} before any request is sent
   * @throws {SessionConflictError} @throws {LockLostError} `maybeWritten` tells whether the changes may be stored
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
   * Extends a session without changing its data, if a touch is due (`touch_interval`). Unlocks the session. A lost lock
   * is no error here. If another request has just written the session, its write counts as this touch.
   *
   * @returns the session as stored now; undefined when another request deleted the session, which stays deleted
   * @throws {SessionConflictError} when other requests wrote the session in each attempt to write the cookie's settings
   */
  async touch(record: SessionRecord, extras: SessionExtras = {}): Promise<SessionRecord | undefined> {
    return this.isTouchDue(record, extras) ? this.#writer.touch(record, extras) : record
  }

  /** Whether {@link touch} would write. */
  isTouchDue(record: SessionRecord, extras: SessionExtras = {}): boolean {
    return record.token !== undefined || isTouchDue(record, extras, this.#configuration, this.#now())
  }

  /**
   * Gives a session that was loaded another id, and stores this data under the new id. `created_at` stays. Unlocks the
   * session.
   *
   * @param id the new id, or a function that makes ids
   * @returns the session under the new id; undefined when another request deleted the session, which stays deleted
   * @throws {SessionTooLargeError} before any request is sent
   * @throws {SessionConflictError} @throws {LockLostError} the session stays unchanged under its old id
   */
  regenerate(
    record: SessionRecord,
    id: string | (() => string),
    data: SessionData,
    extras: SessionExtras & Regenerating,
  ): Promise<SessionRecord | undefined> {
    return this.#regeneration.regenerate(record, id, data, extras)
  }

  /** Touches a session that was not loaded, for scripts. */
  async touchUnseen(id: string, extras: SessionExtras = {}): Promise<void> {
    await loadKeys(this.#configuration)
    const item = await this.#items.get(id, { consistent: true })
    if (item) await this.#writer.touch(recordOf(id, item, this.#configuration), extras)
  }

  /** Stores a session that was not loaded, for scripts. Overwrites any stored data. */
  async put(id: string, data: SessionData, extras: SessionExtras = {}): Promise<void> {
    await this.#writer.put(id, serialize(data), extras)
  }

  /** Unlocks the session, if this record has the lock. */
  async release(record: SessionRecord): Promise<SessionRecord> {
    if (!record.token) return record
    await unlock(record.id, record.token, this.#items)
    return { ...record, token: undefined }
  }

  /**
   * Deletes the session, whether or not it exists, and even if another request has locked it. If the session moved to
   * another id, it is deleted there.
   */
  delete(id: string): Promise<void> {
    return this.#items.delete(id)
  }

  /**
   * All sessions that have not expired. With `hash_session_ids`, the id of each is its stored key. Skips items that are
   * not sessions, and sessions that no request can load, because their keys have the other form.
   */
  async *all(): AsyncGenerator<SessionRecord> {
    const { tableKey } = this.#configuration
    await loadKeys(this.#configuration)
    for await (const page of this.#items.scan([tableKey, ...LISTED])) {
      for (const item of page) {
        const id = idOf(item[tableKey]?.S ?? '', this.#configuration)
        const record = id === undefined ? undefined : recordIfSession(id, item, this.#configuration)
        if (record && item.data && this.#unexpired(record)) yield record
      }
    }
  }

  /** Deletes all sessions, expired or not. Other items of the table stay. */
  clear(): Promise<void> {
    return clearSessions(this.#items, this.#configuration)
  }

  /** The process warns once. A lifetime may be missing by accident. */
  #warnIfEndless({ ownEnd }: SessionExtras): void {
    const { maxStale, maxAge } = this.#configuration
    if (maxStale === undefined && maxAge === undefined && ownEnd === undefined) warnProcessOnce(ENDLESS, ENDLESS_CODE)
  }

  #unexpired(record: SessionRecord, onHidden?: () => void): SessionRecord | undefined {
    if (!hasExpired(record, this.#configuration, this.#now())) return record
    onHidden?.()
    return undefined
  }
}
