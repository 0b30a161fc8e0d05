import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type session from 'express-session'
import type { SessionData } from 'express-session'
import expressSession from '#express-session'
import type { SessionExtras } from '../../session/item/session-extras.js'
import { makeSessionId } from '../../session/item/session-id.js'
import type { SessionRecord } from '../../session/item/session-record.js'
import { type Callback, toCallback } from '../shared/callback.js'
import { type CookieSettings, extrasOf, isExpired, parseCookie } from '../shared/cookie-settings.js'
import { onClose } from '../shared/on-close.js'
import type { ExtrasOf, RequestSession } from '../shared/request-session.js'
import type { SessionEvents } from '../shared/session-events.js'
import type { Loaded } from '../shared/session-store.js'
import { sessionStoreOf, withStoreMethods } from '../shared/store-methods.js'
import { visibleData } from '../shared/visible-data.js'

type Request = Parameters<session.Store['createSession']>[0] & { res?: ServerResponse }
type Session = ReturnType<session.Store['createSession']>
type Done = (error?: unknown) => void

/** The methods of express-session's own class that this package keeps. */
interface Inherited extends Pick<session.Store, 'regenerate' | 'load'> {
  createSession(request: Request, stored: SessionData): Session
}

const Store = withStoreMethods(
  'express',
  expressSession.Store as unknown as new () => EventEmitter<SessionEvents> & Inherited,
)

/**
 * Keeps the sessions of express-session (1.17 or later) in DynamoDB. Every method of express-session's store takes a
 * callback, or returns a promise.
 *
 * Emits `conflict` when a save overwrote another request's change of the same keys.
 *
 * @param options see docs/configuration.md. All other options come from ENV, the configuration file and the defaults.
 * @throws {ConfigurationError} from the constructor, if the configuration is wrong. The constructor sends no request.
 * @example
 * ```ts
 * app.use(session({ store: new DynamoSessionStore(), secret, resave: false, saveUninitialized: false }))
 * ```
 */
export class DynamoSessionStore extends Store implements session.Store {
  readonly #store = sessionStoreOf(this)
  /** Kept beside the session objects, so that neither the application nor JSON sees it. */
  readonly #requestSessions = new WeakMap<object, RequestSession>()
  /** Sessions for which express-session made a session object, so that they belong to a request. */
  readonly #claimed = new WeakSet<RequestSession>()
  #generate: ((request: Request) => void) | undefined
  /** Set while `get` reports no session to express-session, although another request may find one by this id. */
  #hidden: string | undefined
  /** Hidden ids, by the id of the new session that express-session made instead. A logout gets only the new id. */
  readonly #hiddenIds = new Map<string, { readonly hidden: string; readonly request: WeakRef<Request> }>()
  readonly #forgetting = new FinalizationRegistry((id: string) => this.#hiddenIds.delete(id))

  /**
   * Makes signed session ids. The store refuses a forged id without a request to DynamoDB.
   *
   * @throws {MissingSecretKeyError} when called without `secret_key`
   * @example
   * ```ts
   * session({ store, genid: store.genid, secret, resave: false, saveUninitialized: false })
   * ```
   */
  readonly genid = (): string => makeSessionId(this.#store.configuration)

  /**
   * Loads a session. The result is null for a missing or expired session, and for an item that is not a session. If
   * DynamoDB can't respond and `raise_errors` is off, the session is empty, and a save of it fails.
   *
   * With `locking: pessimistic`, a call with a callback locks the session. A call without a callback does not.
   */
  get(id: string): Promise<SessionData | null>
  get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void
  get(id: string, callback?: Callback<SessionData | null>): Promise<SessionData | null> | undefined {
    const loaded = this.#store.load(id, callback !== undefined)
    if (!callback) return loaded.then((found) => this.#dataOf(found))
    toCallback(loaded, (error, found) => {
      this.#hidden = found?.kind === 'hidden' ? id : undefined
      try {
        callback(error, found && this.#dataOf(found))
      } finally {
        this.#hidden = undefined
        if (found?.kind === 'found' && !this.#claimed.has(found.session)) found.session.release()
      }
    })
  }

  /**
   * Creates a new session, or saves a loaded one. A session that another request has deleted stays deleted. A session
   * that was neither created nor loaded here, for example by a script, is overwritten.
   */
  set(id: string, session: SessionData): Promise<void>
  set(id: string, session: SessionData, callback: Done | undefined): void
  set(id: string, session: SessionData, callback?: Callback<void>): Promise<void> | undefined {
    return toCallback(this.#set(id, session), callback)
  }

  /**
   * Extends an unchanged session, unless another request has deleted it. Within `touch_interval` the callback is called
   * at once, so that express-session sends the response in one piece.
   */
  touch(id: string, session: SessionData): Promise<void>
  touch(id: string, session: SessionData, callback: Done | undefined): void
  touch(id: string, session: SessionData, callback?: Callback<void>): Promise<void> | undefined {
    const extras = rememberedExtras(session)
    if (callback && this.#isFresh(id, session, extras)) {
      callback(null)
      return undefined
    }
    return toCallback(this.#touch(id, session, extras), callback)
  }

  /**
   * Deletes a session, whether or not it exists.
   *
   * @param id the session id, or the `id` of a session of {@link all}
   */
  destroy(id: string): Promise<void>
  destroy(id: string, callback: Done | undefined): void
  destroy(id: string, callback?: Callback<void>): Promise<void> | undefined {
    return toCallback(this.#store.destroy(id, this.#hiddenIds.get(id)?.hidden), callback)
  }

  /**
   * Returns all sessions that have not expired, each with its `id`. Reads the whole table. With `hash_session_ids`, only
   * {@link destroy} accepts this `id`, because it is the key in the table. Else it is the session id.
   */
  all(): Promise<(SessionData & { id: string })[]>
  all(callback: (error: unknown, sessions?: SessionData[] | null) => void): void
  all(callback?: Callback<(SessionData & { id: string })[]>): Promise<SessionData[]> | undefined {
    return toCallback(this.#all(), callback)
  }

  /** Returns the `id` of each session of {@link all}. Reads the whole table. */
  ids(): Promise<string[]>
  ids(callback: (error: unknown, ids?: string[]) => void): void
  ids(callback?: Callback<string[]>): Promise<string[]> | undefined {
    const ids = this.#all().then((sessions) => sessions.map(({ id }) => id))
    return toCallback(ids, callback)
  }

  /** Counts the sessions that have not expired. Reads the whole table. */
  length(): Promise<number>
  length(callback: (error: unknown, length?: number) => void): void
  length(callback?: Callback<number>): Promise<number> | undefined {
    const length = this.#all().then((sessions) => sessions.length)
    return toCallback(length, callback)
  }

  /** Deletes every session, expired or not. Other items of the table stay. Reads the whole table. */
  clear(): Promise<void>
  clear(callback: Done | undefined): void
  clear(callback?: Callback<void>): Promise<void> | undefined {
    return toCallback(this.#store.repository.clear(), callback)
  }

  /** express-session assigns its function that makes new sessions. In requests, only its sessions create items. */
  set generate(make: (request: Request) => void) {
    this.#generate = make
  }

  get generate(): (request: Request) => void {
    return (request) => {
      this.#generate?.(request)
      this.#requestSessions.set(request.session, this.#store.start(request))
      if (this.#hidden === undefined) return
      this.#hiddenIds.set(request.sessionID, { hidden: this.#hidden, request: new WeakRef(request) })
      this.#forgetting.register(request, request.sessionID)
      this.#hidden = undefined
    }
  }

  /** express-session calls this to make a session object from the data of `get`. */
  override createSession(request: Request, stored: SessionData): Session {
    // A later request with the new id in its cookie deletes only this session at a logout.
    if (this.#hiddenIds.get(request.sessionID)?.request.deref() !== request) this.#hiddenIds.delete(request.sessionID)
    const requestSession = this.#requestSessions.get(stored)
    const cookie = stored.cookie ?? this.#defaultCookie(request)
    const created = super.createSession(request, { ...stored, cookie })
    if (requestSession) this.#claim(request, created, requestSession)
    return created
  }

  /** The data from which express-session makes a session object. */
  #dataOf(loaded: Loaded): SessionData | null {
    if (loaded.kind !== 'found') return null
    const { session, cookie } = loaded
    const data = session.record ? sessionOf(session.record, cookie) : ({} as SessionData)
    this.#requestSessions.set(data, session)
    return data
  }

  async #set(id: string, session: SessionData): Promise<void> {
    const { cookie, ...data } = session
    const extras = (stored?: string) => extrasOf(cookie, stored)
    const requestSession = this.#requestSessionOf(id, session)
    if (requestSession) return requestSession.save(id, data, extras)
    this.#store.assertPossible(id)
    await this.#store.repository.put(id, data, extras())
  }

  async #touch(id: string, session: SessionData, extras: ExtrasOf): Promise<void> {
    const requestSession = this.#requestSessionOf(id, session)
    if (requestSession) return requestSession.touch(extras)
    try {
      this.#store.assertPossible(id)
      await this.#store.repository.touchUnseen(id, extras(undefined))
    } catch (error) {
      this.#store.survive(error, 'touch', id)
    }
  }

  /** Whether a touch has nothing to write. On an error the result is false, so that {@link touch} reports the error. */
  #isFresh(id: string, session: SessionData, extras: ExtrasOf): boolean {
    try {
      return this.#requestSessionOf(id, session)?.isFresh(extras) ?? false
    } catch {
      return false
    }
  }

  /** The session that was loaded or made for this object; undefined if the object is saved under another id. */
  #requestSessionOf(id: string, session: SessionData): RequestSession | undefined {
    const requestSession = this.#requestSessions.get(session)
    return requestSession?.record && requestSession.record.id !== id ? undefined : requestSession
  }

  async #all(): Promise<(SessionData & { id: string })[]> {
    const sessions: (SessionData & { id: string })[] = []
    for await (const record of this.#store.repository.all()) {
      const cookie = parseCookie(record.cookie)
      if (!isExpired(cookie)) sessions.push({ ...sessionOf(record, cookie), id: record.id })
    }
    return sessions
  }

  /** Assigns the session to a request. Its lock is released at the latest when the response closes. */
  #claim(request: Request, created: Session, requestSession: RequestSession): void {
    this.#claimed.add(requestSession)
    this.#requestSessions.set(created, requestSession)
    const { record } = requestSession
    if (!record) return
    visibleData(requestSession, (key) => key !== 'cookie' && Object.prototype.propertyIsEnumerable.call(created, key))
    if (!record.token) return
    Object.defineProperty(created, 'reload', {
      value: this.#reloader(request, record.id, requestSession),
      configurable: true,
      writable: true,
    })
    onClose(request.res, () => requestSession.release())
  }

  /** Replaces express-session's own `reload`, which would wait for the lock of its own request. */
  #reloader(request: Request, id: string, requestSession: RequestSession) {
    return (callback: (error?: unknown) => void): Session => {
      const current = request.session
      const reloaded = requestSession.reload(id, (record) => {
        if (!record) throw new Error('failed to load session')
        const found = sessionOf(record, parseCookie(record.cookie))
        this.#requestSessions.set(found, requestSession)
        this.createSession(request, found)
      })
      toCallback(reloaded, (error) => (error ? callback(error) : callback()))
      return current
    }
  }

  /** The application's settings for cookies of new sessions. Leaves the request unchanged. */
  #defaultCookie(request: Request): SessionData['cookie'] {
    const { sessionID, session } = request
    this.#generate?.(request)
    const { cookie } = request.session
    Object.assign(request, { sessionID, session })
    return cookie
  }
}

/** Caches the extras for a stored cookie, because a touch needs them twice. */
function rememberedExtras(session: SessionData): ExtrasOf {
  let last: { readonly stored: string | undefined; readonly extras: SessionExtras } | undefined
  return (stored) => {
    if (!last || last.stored !== stored) last = { stored, extras: extrasOf(session.cookie, stored) }
    return last.extras
  }
}

/** The data from which express-session makes a session object. The cookie comes first, as in its own store. */
function sessionOf({ data }: SessionRecord, cookie: CookieSettings | undefined): SessionData {
  const session: Record<string, unknown> = { cookie, ...data }
  session.cookie = cookie
  return session as unknown as SessionData
}
