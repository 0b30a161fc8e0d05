import { InvalidSessionIdError, SessionUnreadError } from '../../errors.js'
import { type Compared, compare, type SessionData } from '../../session/item/serialize.js'
import type { SessionExtras } from '../../session/item/session-extras.js'
import { hashSessionId } from '../../session/item/session-id.js'
import type { SessionRecord } from '../../session/item/session-record.js'
import type { SessionRepository } from '../../session/session-repository.js'

/**
 * What to store beside the data.
 *
 * @param cookie the settings of the cookie as they are stored, JSON
 */
export type ExtrasOf = (cookie: string | undefined) => SessionExtras

/** What keeps the sessions of a request: the adapters' common store. */
export interface Keeper {
  readonly repository: SessionRepository
  /** Reports a failure that a request survives, and throws any other. */
  survive(error: unknown, operation: string, id: string): void
  report(error: unknown, operation: string, id: string): void
}

const nothing: ExtrasOf = () => ({})

/**
 * One session in the hands of one request: loaded or new, then saved or touched, then let go. What is asked of it
 * runs one after another.
 */
export class RequestSession {
  readonly #store: Keeper
  /** As what it was loaded or last stored; or that it is new; or that it could not be read. */
  #state: SessionRecord | 'new' | 'unread'
  #gone = false
  #pending = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(keeper: Keeper, state: SessionRecord | 'new' | 'unread') {
    this.#store = keeper
    this.#state = state
  }

  /** The session as it was loaded or last stored; undefined when it is new or could not be read. */
  get record(): SessionRecord | undefined {
    return typeof this.#state === 'object' ? this.#state : undefined
  }

  /** DynamoDB could not say whether there is such a session, and what is in it. */
  get unread(): boolean {
    return this.#state === 'unread'
  }

  /** A save or touch found it deleted: it stays so, and what was saved then was not stored. */
  get gone(): boolean {
    return this.#gone
  }

  /** Whether this data is what the application was given. */
  isUnchanged(data: SessionData): boolean {
    const { record } = this
    return record ? compare(data, record.base).unchanged : Object.keys(data).length === 0
  }

  /** @throws {SessionUnreadError} when it could not be read */
  assertRead(id: string): void {
    if (this.unread) throw unread(id)
  }

  /** @param base JSON of what the application was given, where that is not all that is stored */
  rebase(base: string): void {
    if (typeof this.#state === 'object') this.#state = { ...this.#state, base }
  }

  /**
   * Stores the session: creates it when it is new, changes it when it was loaded and was not deleted since.
   *
   * @param id its id; for a new one also a maker of ids
   * @throws {SessionUnreadError} when it could not be read and there is anything to store
   * @throws {InvalidSessionIdError} when the id of a new session belongs to another one
   */
  save(id: string | (() => string), data: SessionData, extras: ExtrasOf = nothing): Promise<void> {
    return this.#inTurn(() => this.#save(id, data, extras))
  }

  /**
   * As {@link save}; but when nothing changed, it is a {@link touch}, whose failure a request survives. For frameworks
   * that save every session at the end of every request.
   */
  saveOrTouch(id: string, data: SessionData, extras: ExtrasOf = nothing): Promise<void> {
    return this.#inTurn(async () => {
      const { record } = this
      if (!record) return this.#save(id, data, extras)
      const compared = compare(data, record.base)
      const more = extras(record.cookie)
      return compared.unchanged && !more.changed
        ? this.#renew(record, more)
        : this.#change(record, data, more, compared)
    })
  }

  /** Renews the session without changing its data; one that is new or could not be read stays as it is. */
  touch(extras: ExtrasOf = nothing): Promise<void> {
    return this.#inTurn(() => this.#touch(extras))
  }

  /** Whether a {@link touch} has nothing to write and nothing to wait for. */
  isFresh(extras: ExtrasOf): boolean {
    const { record } = this
    return this.#pending === 0 && (!record || !this.#store.repository.isTouchDue(record, extras(record.cookie)))
  }

  /**
   * Stores a session that was loaded under another id.
   *
   * @param id the new id, or a maker of ids
   * @param keep whether the session under the old id stays, as it was loaded
   * @param keys the only keys that it has from then on, whoever changed others; not given: all
   */
  renew(
    id: string | (() => string),
    data: SessionData,
    extras: ExtrasOf,
    keep: boolean,
    keys?: readonly string[],
  ): Promise<void> {
    return this.#inTurn(async () => {
      const { record } = this
      if (!record) return this.#save(id, data, extras)
      const renewed = await this.#store.repository.regenerate(record, id, data, {
        ...extras(record.cookie),
        keep,
        keys,
      })
      this.#become(renewed, record)
    })
  }

  /** Reads the session again; a lock that this request still has stays its own, and one that it lost is taken anew. */
  reload(id: string, use: (record: SessionRecord | undefined) => void): Promise<void> {
    return this.#inTurn(async () => {
      const { repository } = this.#store
      const loaded = this.record?.id === id ? this.record : undefined
      const record = await (loaded ? repository.reload(loaded) : repository.find(id))
      if (record) this.#state = record
      use(record)
    })
  }

  /** Gives the lock back in the background, if this request has it; nobody needs to wait for it. */
  release(): Promise<void> {
    if (this.#pending === 0 && !this.record?.token) return Promise.resolve()
    return this.#inTurn(async () => {
      const record = this.record
      if (!record?.token) return
      try {
        this.#state = await this.#store.repository.release(record)
      } catch (error) {
        this.#state = withoutLock(record)
        this.#store.report(error, 'unlock', record.id)
      }
    })
  }

  async #touch(extras: ExtrasOf): Promise<void> {
    const { record } = this
    if (record) await this.#renew(record, extras(record.cookie))
  }

  async #renew(record: SessionRecord, extras: SessionExtras): Promise<void> {
    try {
      this.#become(await this.#store.repository.touch(record, extras), record)
    } catch (error) {
      this.#store.survive(error, 'touch', record.id)
    }
  }

  async #save(id: string | (() => string), data: SessionData, extras: ExtrasOf): Promise<void> {
    if (this.#state === 'unread') {
      if (Object.keys(data).length > 0) throw unread(id)
    } else if (this.#state === 'new') {
      const created = await this.#store.repository.create(id, data, extras(undefined))
      if (!created) throw taken(id)
      this.#state = created
    } else {
      await this.#change(this.#state, data, extras(this.#state.cookie))
    }
  }

  async #change(record: SessionRecord, data: SessionData, extras: SessionExtras, compared?: Compared): Promise<void> {
    this.#become(await this.#store.repository.update(record, data, extras, compared), record)
  }

  #become(stored: SessionRecord | undefined, before: SessionRecord): void {
    this.#gone = stored === undefined
    this.#state = stored ?? withoutLock(before)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#pending += 1
    const result = this.#pending === 1 ? work() : this.#last.then(work)
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
    `The session${named(id)} could not be read at the start of this request; saving it might overwrite what is ` +
      'stored, so nothing was written. Repeat the request.',
  )
}

function taken(id: string | (() => string)): InvalidSessionIdError {
  return new InvalidSessionIdError(
    `The id made for a new session${named(id)} belongs to another session already, or to this one, if an earlier save ` +
      'of it failed without an answer; nothing was written. Ids must be random: see how your framework is told to make ' +
      'them (genid, idGenerator).',
  )
}

function named(id: string | (() => string)): string {
  return typeof id === 'string' ? ` ${hashSessionId(id)}` : ''
}
