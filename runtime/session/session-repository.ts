import { type Clock, wallClock } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import type { Connection } from '../dynamodb/connection.js'
import { LockLostError } from '../errors.js'
import { warnProcessOnce } from '../output.js'
import { type Figures, Observer } from './channels.js'
import { clearSessions } from './clear.js'
import { LISTED } from './item/attributes.js'
import { hasExpired } from './item/expiry.js'
import { loadKeys } from './item/keyring.js'
import { type SessionData, serialize, serializeChanges } from './item/serialize.js'
import type { SessionExtras } from './item/session-extras.js'
import { idOf } from './item/session-key.js'
import { recordIfSession, recordOf, type SessionRecord } from './item/session-record.js'
import { isTouchDue } from './item/write-times.js'
import { type Locked, lock, unlock } from './lock.js'
import { type Regenerating, SessionRegeneration } from './regenerate.js'
import { type Hidden, SessionItems } from './requests/session-items.js'
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
  readonly onHidden?: ((why: Hidden) => void) | undefined
  /** Counts the requests. */
  readonly figures?: Figures | undefined
}

/** What happened to a stored session. */
export type Change = 'create' | 'update' | 'touch' | 'destroy'

/** @param previous the id that the session had before, if it got another one */
export type ChangeListener = (change: Change, id: string, previous?: string) => void

export interface Listeners {
  readonly onConflict?: ConflictListener
  /** Notified when the session is stored, or deleted. */
  readonly onChange?: ChangeListener
  readonly observer?: Observer
}

/** The parts that carry out one operation. */
interface Parts {
  readonly items: SessionItems
  readonly writer: SessionWriter
  readonly regeneration: SessionRegeneration
}

const OUTCOMES = { create: 'created', update: 'saved', touch: 'touched' } as const

/**
 * Finds, stores and deletes the sessions of one table. Frameworks and cookies are unknown here. Without concurrent
 * requests, every method sends one request, and never one to DynamoDB's control plane. A failure rejects with the SDK's
 * error, or with an error of ours that says more, such as TableMissingError.
 */
export class SessionRepository {
  readonly #configuration: Configuration
  readonly #now: Clock
  readonly #listeners: Listeners
  readonly #observer: Observer
  readonly #parts: Parts

  constructor(
    configuration: Configuration,
    connection: Pick<Connection, 'transport'>,
    { now = wallClock, ...listeners }: { now?: Clock } & Listeners = {},
  ) {
    this.#configuration = configuration
    this.#now = now
    this.#listeners = listeners
    this.#observer = listeners.observer ?? new Observer()
    this.#parts = this.#partsWith(new SessionItems(configuration, connection))
  }

  /**
   * Loads the session.
   *
   * @returns undefined when there is no session, or when the session has expired, even if its item is still there
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   * @throws {EncryptionKeyError} when the keys can't be loaded, or lack the key of the session
   */
  async find(id: string, { onHidden, figures }: FindOptions = {}): Promise<SessionRecord | undefined> {
    await loadKeys(this.#configuration)
    const consistent = this.#configuration.consistentRead
    const item = await this.#parts.items.get(id, { consistent, onHidden, figures })
    return item && this.#unexpired(recordOf(id, item, this.#configuration), onHidden)
  }

  /**
   * Loads the session. With `locking: pessimistic`, locks the session for this request. The next update, touch or
   * {@link release} unlocks the session.
   *
   * @throws {SessionDataError} when something is stored under the id that is not a session
   * @throws {LockWaitTimeoutError} when another request held the lock for `lock_max_wait_time`
   */
  async findForChange(id: string, { onHidden, figures }: FindOptions = {}): Promise<SessionRecord | undefined> {
    if (this.#configuration.locking !== 'pessimistic') return this.find(id, { onHidden, figures })
    await loadKeys(this.#configuration)
    const locked = await this.#lock(id, { onHidden, figures })
    if (!locked) return undefined
    let found: SessionRecord | undefined
    try {
      found = this.#unexpired(recordOf(id, locked.item, this.#configuration, locked.token), onHidden)
      return found
    } finally {
      if (!found) await unlock(id, locked.token, this.#parts.items)
    }
  }

  /**
   * Reads a session again that this request loaded before. The request keeps its lock. If another request took the lock
   * over, this request takes the lock again, so that the session can be saved.
   *
   * @returns undefined when the session has been deleted or has expired since
   * @throws the errors of {@link findForChange}
   */
  async reload({ id, token }: Pick<SessionRecord, 'id' | 'token'>): Promise<SessionRecord | undefined> {
    let why: Hidden = 'none'
    const onHidden = (reason: Hidden) => {
      why = reason
      if (reason === 'expired') this.#observer.note('expired-read', id)
    }
    return this.#observer.trace(
      'load',
      id,
      async (figures) => {
        if (!token) return this.find(id, { onHidden, figures })
        await loadKeys(this.#configuration)
        const item = await this.#parts.items.get(id, { consistent: true, onHidden, figures })
        if (item && item.locked_at?.S !== token) {
          this.#observer.note('lock-lost', id)
          return this.findForChange(id, { onHidden, figures })
        }
        return item && this.#unexpired(recordOf(id, item, this.#configuration, token), onHidden)
      },
      (record) => ({ outcome: record ? 'found' : why }),
    )
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
    const known = typeof id === 'string' ? id : undefined
    return this.#traced('save', known, 'create', ({ writer }) => writer.create(id, serialize(data), extras))
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
    const change = json === record.base ? 'touch' : 'update'
    return this.#traced('save', record.id, change, ({ writer }) => writer.save(record, json, extras))
  }

  /**
   * Extends a session without changing its data, if a touch is due (`touch_interval`). Unlocks the session. A lost lock
   * is no error here. If another request has just written the session, its write counts as this touch.
   *
   * @returns the session as stored now; undefined when another request deleted the session, which stays deleted
   * @throws {SessionConflictError} when other requests wrote the session in each attempt to write the cookie's settings
   */
  async touch(record: SessionRecord, extras: SessionExtras = {}): Promise<SessionRecord | undefined> {
    if (!this.isTouchDue(record, extras)) return record
    return this.#traced('touch', record.id, 'touch', ({ writer }) => writer.touch(record, extras))
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
  async regenerate(
    record: SessionRecord,
    id: string | (() => string),
    data: SessionData,
    extras: SessionExtras & Regenerating,
  ): Promise<SessionRecord | undefined> {
    return this.#traced('regenerate', record.id, 'update', ({ regeneration }) =>
      regeneration.regenerate(record, id, data, extras),
    )
  }

  /** Touches a session that was not loaded, for scripts. */
  async touchUnseen(id: string, extras: SessionExtras = {}): Promise<void> {
    await this.#traced('touch', id, 'touch', async ({ items, writer }) => {
      await loadKeys(this.#configuration)
      const item = await items.get(id, { consistent: true })
      return item && writer.touch(recordOf(id, item, this.#configuration), extras)
    })
  }

  /** Stores a session that was not loaded, for scripts. Overwrites any stored data. */
  async put(id: string, data: SessionData, extras: SessionExtras = {}): Promise<void> {
    await this.#traced('save', id, 'update', async ({ writer }) => {
      await writer.put(id, serialize(data), extras)
      return { id }
    })
  }

  /** Unlocks the session, if this record has the lock. */
  async release(record: SessionRecord): Promise<SessionRecord> {
    if (!record.token) return record
    if (await unlock(record.id, record.token, this.#parts.items)) this.#observer.note('lock-lost', record.id)
    return { ...record, token: undefined }
  }

  /**
   * Deletes the session, whether or not it exists, and even if another request has locked it. If the session moved to
   * another id, it is deleted there.
   */
  async delete(id: string): Promise<void> {
    await this.#observer.trace(
      'destroy',
      id,
      (figures) => this.#partsFor(figures).items.delete(id),
      () => ({ outcome: 'deleted' }),
    )
    this.#listeners.onChange?.('destroy', id)
  }

  /**
   * All sessions that have not expired. With `hash_session_ids`, the id of each is its stored key. Skips items that are
   * not sessions. Also skips sessions that no request can load, because their keys have the other form.
   */
  async *all(): AsyncGenerator<SessionRecord> {
    const { tableKey } = this.#configuration
    await loadKeys(this.#configuration)
    for await (const page of this.#parts.items.scan([tableKey, ...LISTED])) {
      for (const item of page) {
        const id = idOf(item[tableKey]?.S ?? '', this.#configuration)
        const record = id === undefined ? undefined : recordIfSession(id, item, this.#configuration)
        if (record && item.data && this.#unexpired(record)) yield record
      }
    }
  }

  /** Deletes all sessions, expired or not. Other items of the table stay. */
  clear(): Promise<void> {
    return clearSessions(this.#parts.items, this.#configuration)
  }

  /** Makes the process warn once, because a lifetime may be missing by accident. */
  #warnIfEndless({ ownEnd }: SessionExtras): void {
    const { maxStale, maxAge } = this.#configuration
    if (maxStale === undefined && maxAge === undefined && ownEnd === undefined) warnProcessOnce(ENDLESS, ENDLESS_CODE)
  }

  #unexpired(record: SessionRecord, onHidden?: (why: Hidden) => void): SessionRecord | undefined {
    if (!hasExpired(record, this.#configuration, this.#now())) return record
    onHidden?.('expired')
    return undefined
  }

  #lock(id: string, { onHidden, figures }: FindOptions): Promise<Locked | undefined> {
    const { items } = this.#partsFor(figures)
    return this.#observer.trace(
      'lock',
      id,
      async (message: Figures = {}) => {
        try {
          return await lock(id, items, this.#configuration, this.#now, onHidden, message)
        } finally {
          if (figures) figures.lockWait = message.lockWait
        }
      },
      (locked) => ({ outcome: locked ? 'locked' : 'none' }),
    )
  }

  /** Does a write, publishes it, and notifies the listener of the change. */
  async #traced<Stored extends { readonly id: string }>(
    operation: 'save' | 'touch' | 'regenerate',
    id: string | undefined,
    change: keyof typeof OUTCOMES,
    work: (parts: Parts) => Promise<Stored | undefined>,
  ): Promise<Stored | undefined> {
    const done = operation === 'regenerate' ? 'moved' : OUTCOMES[change]
    const not = change === 'create' ? 'taken' : 'deleted'
    try {
      const stored = await this.#observer.trace(
        operation,
        id,
        (figures) => work(this.#partsFor(figures)),
        (result) => ({ outcome: result ? done : not, id: result?.id }),
      )
      if (stored) this.#listeners.onChange?.(change, stored.id, stored.id === id ? undefined : id)
      return stored
    } catch (error) {
      if (error instanceof LockLostError && id !== undefined) this.#observer.note('lock-lost', id)
      throw error
    }
  }

  /** @param figures counts the requests, while a channel has a subscriber */
  #partsFor(figures: Figures | undefined): Parts {
    return figures ? this.#partsWith(this.#parts.items.countedIn(figures)) : this.#parts
  }

  #partsWith(items: SessionItems): Parts {
    const { onConflict } = this.#listeners
    const onLockLost = (id: string) => this.#observer.note('lock-lost', id)
    const writer = new SessionWriter(this.#configuration, items, { onConflict, onLockLost, now: this.#now })
    return { items, writer, regeneration: new SessionRegeneration(this.#configuration, items, writer, this.#now) }
  }
}
