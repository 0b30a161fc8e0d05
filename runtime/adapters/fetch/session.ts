import { Session } from '@remix-run/session'
import { wallClock } from '../../async/clock.js'
import type { SessionData } from '../../session/item/serialize.js'
import { isSignedSessionId, makeSessionId, newSessionId } from '../../session/item/session-id.js'
import { parseCookie, extrasOf as settingsExtras } from '../shared/cookie-settings.js'
import type { ExtrasOf, RequestSession } from '../shared/request-session.js'
import type { SessionStore } from '../shared/session-store.js'

/** The key of the data for flashed values, which only the next request can read. */
const FLASH = '_flash'

/**
 * A session object of `@remix-run/session` and its session in the table. The object's values are the top-level keys of
 * the data, as in every other adapter. One more key holds the flashed values.
 */
export class FetchSession {
  readonly session: Session
  readonly #store: SessionStore
  readonly #requestSession: RequestSession
  /** The id under which the session is or will be stored. */
  #id: string
  /** The id of the session object when `#id` was set. If the object has another id now, it was regenerated since. */
  #sessionId: string
  /** Whether the application made the session object. Its id may belong to a stored session. */
  readonly #foreign: boolean
  /** Other ids in the request's cookies, under which other requests may find a session. A logout also deletes these. */
  readonly #otherIds: readonly string[]
  #destroyed = false
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Loads the first session that exists, and locks it if `locking` is pessimistic. Makes a new session if there is none.
   *
   * @param ids the ids in the request's cookies
   * @param request for the option `describe`
   */
  static async load(ids: readonly string[], store: SessionStore, request?: unknown): Promise<FetchSession> {
    const hidden: string[] = []
    for (const [at, id] of ids.entries()) {
      const loaded = await store.load(id, true, request)
      if (loaded.kind === 'found') {
        const { record } = loaded.session
        const session = new Session(id, record && valuesAndFlash(record.data))
        return new FetchSession(session, store, loaded.session, { otherIds: [...hidden, ...ids.slice(at + 1)] })
      }
      if (loaded.kind === 'hidden') hidden.push(id)
    }
    return FetchSession.start(store, request, hidden)
  }

  /**
   * Makes a new session.
   *
   * @param request for the option `describe`
   * @param otherIds ids that a logout also deletes
   */
  static start(store: SessionStore, request: unknown, otherIds: readonly string[] = []): FetchSession {
    return new FetchSession(new Session(newSessionId(store.configuration)), store, store.start(request), { otherIds })
  }

  /** Accepts a session object that the application made for a new session. */
  static adopt(session: Session, store: SessionStore): FetchSession {
    store.assertPossible(session.id)
    return new FetchSession(session, store, store.start(), { foreign: true })
  }

  private constructor(
    session: Session,
    store: SessionStore,
    requestSession: RequestSession,
    { foreign = false, otherIds = [] }: { foreign?: boolean; otherIds?: readonly string[] } = {},
  ) {
    this.session = session
    this.#store = store
    this.#requestSession = requestSession
    this.#id = session.id
    this.#sessionId = session.id
    this.#foreign = foreign
    this.#otherIds = otherIds
  }

  /** The id under which the session is stored; undefined if the session is not stored, or could not be read. */
  get storedId(): string | undefined {
    return this.#requestSession.deleted || this.#destroyed ? undefined : this.#requestSession.record?.id
  }

  get unread(): boolean {
    return this.#requestSession.unread
  }

  get locked(): boolean {
    return this.#requestSession.record?.token !== undefined
  }

  /**
   * Stores the session, or touches an unchanged one.
   *
   * @param lifetime the session's own lifetime from now on, in seconds
   * @returns the value for the cookie; null: do not change the cookie; '': delete the cookie
   */
  save({ lifetime }: { readonly lifetime?: number | undefined } = {}): Promise<string | null> {
    const saved = this.#last.then(() => this.#save(extrasOf(lifetime)))
    this.#last = saved.catch(() => this.release())
    return saved
  }

  /** Unlocks the session. Never rejects. */
  async release(): Promise<void> {
    if (!this.#destroyed) await this.#requestSession.release()
  }

  async #save(extras: ExtrasOf): Promise<string | null> {
    const { session } = this
    const requestSession = this.#requestSession
    if (session.destroyed) return this.#destroy()
    const data = dataOf(session)
    const isEmpty = Object.keys(data).length === 0
    if (requestSession.unread) {
      if (session.dirty || !isEmpty) requestSession.assertRead(this.#id)
      return null
    }
    const regenerated = session.id !== this.#sessionId
    if (!requestSession.record) {
      if (isEmpty) return null
      await requestSession.save(regenerated ? this.#nextId() : this.#firstId(), data, extras)
    } else if (regenerated) {
      await requestSession.regenerate(this.#nextId(), data, extras, session.deleteId === undefined)
    } else {
      await requestSession.saveOrTouch(this.#id, data, extras)
    }
    // Another request deleted the session. The cookie stays: the browser may already have that of a new session.
    if (requestSession.deleted) return null
    this.#id = requestSession.record?.id ?? this.#id
    this.#sessionId = session.id
    return session.dirty ? this.#id : null
  }

  async #destroy(): Promise<''> {
    const isStored = this.#requestSession.record !== undefined || this.#requestSession.unread || this.#foreign
    if (!this.#destroyed) await this.#store.destroy(isStored ? this.#id : undefined, ...this.#otherIds)
    this.#destroyed = true
    return ''
  }

  /** For a new session: its own id first. If the id is taken, other ids. */
  #firstId(): string | (() => string) {
    const { configuration } = this.#store
    if (this.#foreign) {
      return configuration.secretKey === undefined || isSignedSessionId(this.#id, configuration)
        ? this.#id
        : () => makeSessionId(configuration)
    }
    let next: string | undefined = this.#id
    return () => {
      const id = next ?? newSessionId(configuration)
      next = undefined
      return id
    }
  }

  /** After `regenerateId`: a signed id if there is a secret, else the UUID from `regenerateId`. */
  #nextId(): string | (() => string) {
    const { configuration } = this.#store
    return configuration.secretKey === undefined ? this.session.id : () => makeSessionId(configuration)
  }
}

/**
 * Another adapter may have stored settings of its cookie. Without `lifetime`, the session expires by these settings.
 */
function extrasOf(lifetime: number | undefined): ExtrasOf {
  return (stored) => {
    const settings = parseCookie(stored)
    if (lifetime === undefined) return { ownEnd: settingsExtras(settings, stored).ownEnd }
    const ownLifetime = lifetime * 1000
    const ownEnd = wallClock() + ownLifetime
    const moved = { ...settings, originalMaxAge: ownLifetime, expires: new Date(ownEnd) }
    return { ownEnd, ownLifetime, cookie: settings && JSON.stringify(moved) }
  }
}

/** Another writer, such as Rails, may use the flash key for other data. Such data counts as an ordinary value. */
function valuesAndFlash(data: SessionData): [values: SessionData, flash: SessionData] {
  const { [FLASH]: flash, ...values } = data
  return isFlash(flash) ? [values, flash] : [data, {}]
}

function isFlash(flash: unknown): flash is SessionData {
  return typeof flash === 'object' && flash !== null && !Array.isArray(flash) && Object.keys(flash).length > 0
}

function dataOf(session: Session): SessionData {
  const [values, flash] = session.data
  return Object.keys(flash).length > 0 ? { ...values, [FLASH]: flash } : values
}
