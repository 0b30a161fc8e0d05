import { Session } from '@remix-run/session'
import { wallClock } from '../../async/clock.js'
import type { SessionData } from '../../session/item/serialize.js'
import { isSignedSessionId, makeSessionId, newSessionId } from '../../session/item/session-id.js'
import { parseCookie, extrasOf as settingsExtras } from '../shared/cookie-settings.js'
import type { ExtrasOf, RequestSession } from '../shared/request-session.js'
import type { SessionStore } from '../shared/session-store.js'

/** The key of the data that holds flashed values, which are for the next request only. */
const FLASH = '_flash'

/**
 * A session object of `@remix-run/session` and its session in the table. The object's values are the top-level keys of
 * the data, as with every other adapter. Its flashed values are under one more key.
 */
export class FetchSession {
  readonly session: Session
  readonly #store: SessionStore
  readonly #requestSession: RequestSession
  /** The id under which the session is stored, or will be stored. */
  #id: string
  /** The id of the session object when `#id` was set. Another id of the object means that it was regenerated since. */
  #sessionId: string
  /** Whether the application made the session object. Its id may belong to a stored session. */
  readonly #foreign: boolean
  /** The id in the request's cookie, if it has no session here, but may have one for other requests. */
  readonly #hidden: string | null
  #destroyed = false
  #last: Promise<unknown> = Promise.resolve()

  /** Loads the session with this id, and locks it where locking is pessimistic. Makes a new one when there is none. */
  static async load(id: string | null, store: SessionStore): Promise<FetchSession> {
    const loaded = id === null ? undefined : await store.load(id, true)
    if (id === null || loaded?.kind !== 'found') {
      const session = new Session(newSessionId(store.configuration))
      return new FetchSession(session, store, store.start(), { hidden: loaded?.kind === 'hidden' ? id : null })
    }
    const { record } = loaded.session
    return new FetchSession(new Session(id, record && valuesAndFlash(record.data)), store, loaded.session)
  }

  /** Takes a session object that the application made itself for a new session. */
  static adopt(session: Session, store: SessionStore): FetchSession {
    store.assertPossible(session.id)
    return new FetchSession(session, store, store.start(), { foreign: true })
  }

  private constructor(
    session: Session,
    store: SessionStore,
    requestSession: RequestSession,
    { foreign = false, hidden = null }: { foreign?: boolean; hidden?: string | null } = {},
  ) {
    this.session = session
    this.#store = store
    this.#requestSession = requestSession
    this.#id = session.id
    this.#sessionId = session.id
    this.#foreign = foreign
    this.#hidden = hidden
  }

  /** The id under which the session is stored; undefined when it is not stored, or when that is not known. */
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
   * @returns the value for the cookie; null: the cookie stays as it is; '': the cookie is to be deleted
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
    // Another request deleted the session. The cookie stays, because the browser may have that of a new session by now.
    if (requestSession.deleted) return null
    this.#id = requestSession.record?.id ?? this.#id
    this.#sessionId = session.id
    return session.dirty ? this.#id : null
  }

  async #destroy(): Promise<''> {
    const isStored = this.#requestSession.record !== undefined || this.#requestSession.unread || this.#foreign
    if (!this.#destroyed) await this.#store.destroy(isStored ? this.#id : undefined, this.#hidden ?? undefined)
    this.#destroyed = true
    return ''
  }

  /** For a new session: its own id first, then other ids in case it is taken. */
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

  /** After `regenerateId`: the UUID that it made, or a signed id where there is a secret. */
  #nextId(): string | (() => string) {
    const { configuration } = this.#store
    return configuration.secretKey === undefined ? this.session.id : () => makeSessionId(configuration)
  }
}

/** Another adapter may have stored the settings of its cookie. They end the session, unless it has a lifetime here. */
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

/** Another writer, such as Rails, may use the same key for other data. That data is a value like any other. */
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
