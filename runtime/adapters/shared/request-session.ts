import type { Configuration } from '../../configuration/resolve.js'
import { InvalidSessionIdError, LockLostError, SessionUnreadError } from '../../errors.js'
import { type SessionData, serializeChanges } from '../../session/item/serialize.js'
import type { SessionExtras } from '../../session/item/session-extras.js'
import { hashSessionId } from '../../session/item/session-id.js'
import type { SessionRecord } from '../../session/item/session-record.js'
import type { SessionLimit } from '../../session/session-limit.js'
import type { SessionRepository } from '../../session/session-repository.js'

/**
 * Makes the values that are stored beside the data.
 *
 * @param cookie the stored settings of the cookie, JSON
 */
export type ExtrasOf = (cookie: string | undefined) => SessionExtras

/** The part of the SessionStore that a RequestSession needs. */
interface Store {
  readonly repository: SessionRepository
  readonly limit: SessionLimit
  readonly configuration: Pick<Configuration, 'describe'>
  describe(request: unknown): Promise<string | undefined>
  survive(error: unknown, operation: string, id: string): void
  report(error: unknown, operation: string, id: string): void
}

type State =
  /** Nothing is stored yet. */
  | { readonly kind: 'new' }
  /** The read failed, so it is unknown whether the session exists. */
  | { readonly kind: 'unread' }
  /** The record is the session as loaded or last stored. */
  | { readonly kind: 'loaded'; readonly record: SessionRecord }
  /**
   * A write found that another request deleted the session, or gave it another id. The record is the last known one.
   */
  | { readonly kind: 'deleted'; readonly record: SessionRecord }

const noExtras: ExtrasOf = () => ({})

/**
 * One session in one request: loaded or new, then saved or touched, then released. Calls of its methods run one after
 * another, in their order.
 */
export class RequestSession {
  /** The framework's request, for the option `describe`. Undefined if the adapter does not know it. */
  request: unknown
  readonly #store: Store
  #state: State
  /** The token of a lock that another request has taken over: nothing is left to unlock. */
  #lostToken: string | undefined
  #pending = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(store: Store, state: State, request?: unknown) {
    this.#store = store
    this.#state = state
    this.request = request
  }

  /** The session as loaded or last stored, even if a write found it deleted. Undefined if it is new or unread. */
  get record(): SessionRecord | undefined {
    return 'record' in this.#state ? this.#state.record : undefined
  }

  /** Whether the read failed. The session and its data are then unknown. */
  get unread(): boolean {
    return this.#state.kind === 'unread'
  }

  /** Whether the last write found the session deleted. That write stored nothing. */
  get deleted(): boolean {
    return this.#state.kind === 'deleted'
  }

  /** @throws {SessionUnreadError} if the session could not be read */
  assertRead(id: string): void {
    if (this.unread) throw unread(id)
  }

  /**
   * Sets the data from which later saves find changes, if the application can't see all stored data.
   *
   * @param base JSON of the data that the application can see
   */
  rebase(base: string): void {
    if ('record' in this.#state) this.#state = { ...this.#state, record: { ...this.#state.record, base } }
  }

  /**
   * Creates a new session, or saves a loaded one. A session that another request has deleted stays deleted.
   *
   * @param id the session's id; for a new session also a function that makes ids
   * @throws {SessionUnreadError} if the session could not be read and the data is not empty
   * @throws {InvalidSessionIdError} if the id of a new session belongs to another session
   */
  save(id: string | (() => string), data: SessionData, extras: ExtrasOf = noExtras): Promise<void> {
    return this.#inTurn(() => this.#save(id, data, extras))
  }

  /**
   * Like {@link save}, but touches a session with unchanged data. A request survives a failed {@link touch}. For
   * frameworks that save every session at the end of every request.
   */
  saveOrTouch(id: string, data: SessionData, extras: ExtrasOf = noExtras): Promise<void> {
    return this.#inTurn(async () => {
      const { record } = this
      if (!record) return this.#save(id, data, extras)
      const json = serializeChanges(data, record.base)
      const more = extras(record.cookie)
      const isUnchanged = json === record.base && !more.changed
      return isUnchanged ? this.#touch(record, () => more, 'survive') : this.#change(record, data, more, json)
    })
  }

  /** Extends the session without changing its data. Does nothing if the session is new or unread. */
  touch(extras: ExtrasOf = noExtras): Promise<void> {
    return this.#inTurn(() => this.#touch(this.record, extras, 'survive'))
  }

  /** A {@link touch} after the response. No request waits, so every failure is reported. Never rejects. */
  touchInBackground(extras: ExtrasOf): Promise<void> {
    return this.#inTurn(() => this.#touch(this.record, extras, 'report'))
  }

  /** Whether a {@link touch} has nothing to write and nothing to wait for. */
  isFresh(extras: ExtrasOf): boolean {
    const { record } = this
    return this.#pending === 0 && (!record || !this.#store.repository.isTouchDue(record, extras(record.cookie)))
  }

  /**
   * Gives a loaded session another id, and stores it under this id.
   *
   * @param id the new id, or a function that makes ids
   * @param keep whether the session under the old id stays, with its loaded data
   * @param keys the only keys that the session keeps, even if other requests changed more; undefined: all keys
   */
  regenerate(
    id: string | (() => string),
    data: SessionData,
    extras: ExtrasOf,
    keep: boolean,
    keys?: readonly string[],
  ): Promise<void> {
    return this.#inTurn(async () => {
      const { record } = this
      if (!record) return this.#save(id, data, extras)
      const client = await this.#describe()
      const moved = await this.#store.repository.regenerate(record, id, data, {
        ...extras(record.cookie),
        client,
        keep,
        keys,
      })
      await this.#stored(moved, record)
    })
  }

  /** Reads the session again. The request keeps its lock. If it lost the lock, it takes the lock again. */
  reload(id: string, use: (record: SessionRecord | undefined) => void): Promise<void> {
    return this.#inTurn(async () => {
      const { repository } = this.#store
      const loaded = this.record?.id === id ? this.record : undefined
      const record = await repository.reload(loaded ?? { id, token: undefined })
      if (record) this.#state = { kind: 'loaded', record }
      use(record)
    })
  }

  /** Unlocks the session if this request has the lock. Never rejects, so callers need not wait. */
  release(): Promise<void> {
    if (this.#pending === 0 && !this.record?.token) return Promise.resolve()
    return this.#inTurn(async () => {
      const { record } = this
      if (!record?.token) return
      if (record.token === this.#lostToken) {
        this.#state = { kind: 'loaded', record: withoutLock(record) }
        return
      }
      try {
        this.#state = { kind: 'loaded', record: await this.#store.repository.release(record) }
      } catch (error) {
        this.#state = { kind: 'loaded', record: withoutLock(record) }
        this.#store.report(error, 'unlock', record.id)
      }
    })
  }

  async #save(id: string | (() => string), data: SessionData, extras: ExtrasOf): Promise<void> {
    if (this.#state.kind === 'unread') {
      if (Object.keys(data).length > 0) throw unread(id)
    } else if (this.#state.kind === 'new') {
      const client = await this.#describe()
      const record = await this.#store.repository.create(id, data, { ...extras(undefined), client })
      if (!record) throw taken(id)
      this.#state = { kind: 'loaded', record }
      await this.#store.limit.enforce(undefined, record)
    } else {
      const { record } = this.#state
      await this.#change(record, data, extras(record.cookie))
    }
  }

  /** The description of the client. Undefined, with nothing to wait for, without the option `describe`. */
  #describe(): Promise<string | undefined> | undefined {
    return this.#store.configuration.describe && this.#store.describe(this.request)
  }

  async #change(record: SessionRecord, data: SessionData, extras: SessionExtras, json?: string): Promise<void> {
    await this.#stored(await this.#store.repository.update(record, data, extras, json), record)
  }

  /** After a save: the session, or undefined if it was deleted. */
  async #stored(stored: SessionRecord | undefined, before: SessionRecord): Promise<void> {
    this.#become(stored, before)
    if (stored) await this.#store.limit.enforce(before, stored)
  }

  /** @param handle what the store does with a failure */
  async #touch(record: SessionRecord | undefined, extras: ExtrasOf, handle: 'survive' | 'report'): Promise<void> {
    if (!record) return
    try {
      this.#become(await this.#store.repository.touch(record, extras(record.cookie)), record)
    } catch (error) {
      this.#store[handle](error, 'touch', record.id)
    }
  }

  #become(stored: SessionRecord | undefined, before: SessionRecord): void {
    this.#state = stored ? { kind: 'loaded', record: stored } : { kind: 'deleted', record: withoutLock(before) }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#pending += 1
    const noted = () =>
      work().catch((error: unknown) => {
        if (error instanceof LockLostError) this.#lostToken = this.record?.token
        throw error
      })
    const result = this.#pending === 1 ? noted() : this.#last.then(noted)
    const end = () => {
      this.#pending -= 1
    }
    this.#last = result.then(end, end)
    return result
  }
}

function withoutLock(record: SessionRecord): SessionRecord {
  return { ...record, token: undefined }
}

function unread(id: string | (() => string)): SessionUnreadError {
  return new SessionUnreadError(
    `The session${named(id)} could not be read at the start of this request. Nothing was written, because a save might ` +
      'overwrite the stored session. Repeat the request.',
  )
}

function taken(id: string | (() => string)): InvalidSessionIdError {
  return new InvalidSessionIdError(
    `The id of a new session${named(id)} belongs to another session, so nothing was written. It may also belong to this ` +
      'session, if the response to an earlier save was lost. Session ids must be random: see the option of your framework ' +
      'that makes them (genid, idGenerator).',
  )
}

function named(id: string | (() => string)): string {
  return typeof id === 'string' ? ` ${hashSessionId(id)}` : ''
}
