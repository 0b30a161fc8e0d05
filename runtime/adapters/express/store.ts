import type { ServerResponse } from 'node:http'
import type session from 'express-session'
import type { SessionData } from 'express-session'
import expressSession from '#express-session'
import type { Options } from '../../configuration/options.js'
import type { SessionExtras } from '../../session/item/session-extras.js'
import { makeSessionId } from '../../session/item/session-id.js'
import type { SessionRecord } from '../../session/item/session-record.js'
import type { IndexSearch, IndexValue, SessionSearch } from '../../session/sessions-by-value.js'
import { type Callback, toCallback } from '../shared/callback.js'
import { type CookieSettings, extrasOf, isExpired, parseCookie } from '../shared/cookie-settings.js'
import { onClose } from '../shared/on-close.js'
import type { ExtrasOf, RequestSession } from '../shared/request-session.js'
import { type Loaded, SessionStore } from '../shared/session-store.js'
import { visibleBase } from '../shared/visible-data.js'

type Request = Parameters<session.Store['createSession']>[0] & { res?: ServerResponse }
type Session = ReturnType<session.Store['createSession']>
type Done = (error?: unknown) => void

/**
 * Keeps the sessions of express-session (1.17 or later) in DynamoDB.
 *
 * ```ts
 * app.use(session({ store: new DynamoSessionStore(), secret, resave: false, saveUninitialized: false }))
 * ```
 *
 * Every method of express-session takes a callback or returns a promise. Options: see the README; what is not given comes from ENV,
 * the configuration file and the defaults. Emits `conflict` with `{ keys, sessionIdHash }` when a save won over a
 * change that another request made to the same keys.
 *
 * @throws {ConfigurationError} from the constructor, when the configuration is wrong; never for a network reason
 */
export class DynamoSessionStore extends (expressSession.Store as typeof session.Store) implements SessionSearch {
  readonly #store: SessionStore
  /** Kept beside the session objects, so that neither the application nor JSON sees it. */
  readonly #requestSessions = new WeakMap<object, RequestSession>()
  /** Those that a request works with: express-session made a session object of them. */
  readonly #claimed = new WeakSet<RequestSession>()
  #generate: ((request: Request) => void) | undefined
  /** The id that express-session learns just now to have no session. It may have one for other requests. */
  #hidden: string | undefined
  /** Such ids, by the id of the new session that express-session made instead: a logout knows only that one. */
  readonly #hiddenIds = new Map<string, { readonly hidden: string; readonly request: WeakRef<Request> }>()
  readonly #forgetting = new FinalizationRegistry((id: string) => this.#hiddenIds.delete(id))

  constructor(options: Options = {}) {
    super()
    this.#store = new SessionStore(options, (conflict) => this.emit('conflict', conflict))
  }

  /**
   * Makes signed session ids, so that a forged one is refused without a request to DynamoDB: `genid: store.genid`.
   *
   * @throws {MissingSecretKeyError} when called without `secret_key`
   */
  readonly genid = (): string => makeSessionId(this.#store.configuration)

  /**
   * Loads a session: null when there is none, when it is over, or when what is stored is not a session. When DynamoDB
   * can't answer and `raise_errors` is off, an empty session under the same id, which then refuses to be saved.
   * With `locking: pessimistic` express-session's own loading locks the session; a promise never does.
   */
  override get(id: string): Promise<SessionData | null>
  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void
  override get(id: string, callback?: Callback<SessionData | null>): Promise<SessionData | null> | undefined {
    const loaded = this.#store.load(id, callback !== undefined)
    if (!callback) return loaded.then((found) => this.#dataOf(found))
    return toCallback(loaded, (error, found) => {
      this.#hidden = found?.kind === 'hidden' ? id : undefined
      try {
        callback(error, found && this.#dataOf(found))
      } finally {
        this.#hidden = undefined
        if (found?.kind === 'found' && !this.#claimed.has(found.session)) found.session.release()
      }
    })
  }

  /** Stores a session: creates it when it is new, changes it when it was loaded and was not deleted since. */
  override set(id: string, session: SessionData): Promise<void>
  override set(id: string, session: SessionData, callback: Done | undefined): void
  override set(id: string, session: SessionData, callback?: Callback<void>): Promise<void> | undefined {
    return toCallback(this.#set(id, session), callback)
  }

  /**
   * Renews a session that was not changed; one that was deleted in the meantime stays deleted. When it is not due yet,
   * the callback is called at once: express-session then sends the response in one piece.
   */
  override touch(id: string, session: SessionData): Promise<void>
  override touch(id: string, session: SessionData, callback: Done | undefined): void
  override touch(id: string, session: SessionData, callback?: Callback<void>): Promise<void> | undefined {
    const extras = rememberedExtras(session)
    if (callback && this.#isFresh(id, session, extras)) {
      callback(null)
      return undefined
    }
    return toCallback(this.#touch(id, session, extras), callback)
  }

  /** Deletes a session, whether or not it exists. */
  override destroy(id: string): Promise<void>
  override destroy(id: string, callback: Done | undefined): void
  override destroy(id: string, callback?: Callback<void>): Promise<void> | undefined {
    return toCallback(this.#store.destroy(id, this.#hiddenIds.get(id)?.hidden), callback)
  }

  /** All sessions that are not over, each with its `id`. Reads the whole table. */
  override all(): Promise<(SessionData & { id: string })[]>
  override all(callback: (error: unknown, sessions?: SessionData[] | null) => void): void
  override all(callback?: Callback<(SessionData & { id: string })[]>): Promise<SessionData[]> | undefined {
    return toCallback(this.#all(), callback)
  }

  /** The ids of all sessions that are not over. Reads the whole table. */
  ids(): Promise<string[]>
  ids(callback: (error: unknown, ids?: string[]) => void): void
  ids(callback?: Callback<string[]>): Promise<string[]> | undefined {
    const ids = this.#all().then((sessions) => sessions.map(({ id }) => id))
    return toCallback(ids, callback)
  }

  /** How many sessions are not over. Reads the whole table. */
  override length(): Promise<number>
  override length(callback: (error: unknown, length?: number) => void): void
  override length(callback?: Callback<number>): Promise<number> | undefined {
    const length = this.#all().then((sessions) => sessions.length)
    return toCallback(length, callback)
  }

  /** Deletes every session, expired or not; other items of the table stay. Reads the whole table. */
  override clear(): Promise<void>
  override clear(callback: Done | undefined): void
  override clear(callback?: Callback<void>): Promise<void> | undefined {
    return toCallback(this.#store.repository.clear(), callback)
  }

  keysBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<string[]> {
    return this.#store.index.keysBy(key, value, search)
  }

  destroyBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<number> {
    return this.#store.index.destroyBy(key, value, search)
  }

  /** express-session sets this to its maker of new sessions: those are the only ones that may create an item. */
  set generate(make: (request: Request) => void) {
    this.#generate = make
  }

  get generate(): (request: Request) => void {
    return (request) => {
      this.#generate?.(request)
      this.#requestSessions.set(request.session, this.#store.start())
      if (this.#hidden === undefined) return
      this.#hiddenIds.set(request.sessionID, { hidden: this.#hidden, request: new WeakRef(request) })
      this.#forgetting.register(request, request.sessionID)
      this.#hidden = undefined
    }
  }

  /** Called by express-session to make a session object of what `get` gave. */
  override createSession(request: Request, stored: SessionData): Session {
    // The logout of a later request, with the new id as its cookie, ends this session only.
    if (this.#hiddenIds.get(request.sessionID)?.request.deref() !== request) this.#hiddenIds.delete(request.sessionID)
    const requestSession = this.#requestSessions.get(stored)
    const cookie = stored.cookie ?? this.#defaultCookie(request)
    const created = super.createSession(request, { ...stored, cookie })
    if (requestSession) this.#claim(request, created, requestSession)
    return created
  }

  /** The data for express-session, which makes a session object of it. */
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

  /** Whether a touch has nothing to do. What can't be said of a session is for {@link touch} to say. */
  #isFresh(id: string, session: SessionData, extras: ExtrasOf): boolean {
    try {
      return this.#requestSessionOf(id, session)?.isFresh(extras) ?? false
    } catch {
      return false
    }
  }

  /** A session object that is stored under another id than its own is nothing that we know. */
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

  /** From now on the session belongs to a request: with its response its lock ends at the latest. */
  #claim(request: Request, created: Session, requestSession: RequestSession): void {
    this.#claimed.add(requestSession)
    this.#requestSessions.set(created, requestSession)
    const { record } = requestSession
    if (!record) return
    const base = visibleBase(record, created, ['cookie'])
    if (base !== undefined) requestSession.rebase(base)
    if (!record.token) return
    Object.defineProperty(created, 'reload', {
      value: this.#reloader(request, record.id, requestSession),
      configurable: true,
      writable: true,
    })
    onClose(request.res, () => requestSession.release())
  }

  /** express-session's own `reload` would wait for the lock that this very request holds. */
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

  /** The settings that the application gives to cookies of new sessions; nothing of the request is changed. */
  #defaultCookie(request: Request): SessionData['cookie'] {
    const { sessionID, session } = request
    this.#generate?.(request)
    const { cookie } = request.session
    Object.assign(request, { sessionID, session })
    return cookie
  }
}

/** Makes the extras once for the cookie that is stored: a touch asks twice. */
function rememberedExtras({ cookie }: SessionData): ExtrasOf {
  let last: { readonly stored: string | undefined; readonly extras: SessionExtras } | undefined
  return (stored) => {
    if (!last || last.stored !== stored) last = { stored, extras: extrasOf(cookie, stored) }
    return last.extras
  }
}

/** What express-session takes for a session: as with its own store, the cookie comes first. */
function sessionOf({ data }: SessionRecord, cookie: CookieSettings | undefined): SessionData {
  const session: Record<string, unknown> = { cookie, ...data }
  session.cookie = cookie
  return session as unknown as SessionData
}
