import type { ServerResponse } from 'node:http'
import type session from 'express-session'
import type { SessionData } from 'express-session'
import expressSession from '#express-session'
import type { Options } from '../configuration/options.js'
import { makeSessionId } from '../session/session-id.js'
import type { IndexSearch, IndexValue, SessionSearch } from '../session/session-index.js'
import type { SessionRecord } from '../session/session-record.js'
import type { SessionExtras } from '../session/session-repository.js'
import { type Answer, answer } from './answer.js'
import { type CookieSettings, extrasOf, isOver, parseCookie } from './cookie-settings.js'
import { givenBase } from './given.js'
import type { ExtrasOf, HeldSession } from './held-session.js'
import { SessionKeeper } from './session-keeper.js'
import { whenClosed } from './when-closed.js'

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
  readonly #keeper: SessionKeeper
  /** Kept beside the session objects, so that neither the application nor JSON sees it. */
  readonly #held = new WeakMap<object, HeldSession>()
  /** Those that a request works with: express-session made a session object of them. */
  readonly #claimed = new WeakSet<HeldSession>()
  #generate: ((request: Request) => void) | undefined
  /** The id that express-session learns just now to have no session. It may have one for other requests. */
  #hidden: string | undefined
  /** Such ids, by the id of the new session that express-session made instead: a logout knows only that one. */
  readonly #hiddenIds = new Map<string, { readonly hidden: string; readonly request: WeakRef<Request> }>()
  readonly #forgetting = new FinalizationRegistry((id: string) => this.#hiddenIds.delete(id))

  constructor(options: Options = {}) {
    super()
    this.#keeper = new SessionKeeper(options, (conflict) => this.emit('conflict', conflict))
  }

  /**
   * Makes signed session ids, so that a forged one is refused without a request to DynamoDB: `genid: store.genid`.
   *
   * @throws {MissingSecretKeyError} when called without `secret_key`
   */
  readonly genid = (): string => makeSessionId(this.#keeper.configuration)

  /**
   * Loads a session: null when there is none, when it is over, or when what is stored is not a session. When DynamoDB
   * can't answer and `raise_errors` is off, an empty session under the same id, which then refuses to be saved.
   * With `locking: pessimistic` express-session's own loading locks the session; a promise never does.
   */
  override get(id: string): Promise<SessionData | null>
  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void
  override get(id: string, callback?: Answer<SessionData | null>): Promise<SessionData | null> | undefined {
    if (!callback) return this.#get(id, false)
    let isHidden = false
    const onHidden = () => {
      isHidden = true
    }
    return answer(this.#get(id, true, onHidden), (error, found) => {
      this.#hidden = isHidden ? id : undefined
      try {
        callback(error, found)
      } finally {
        this.#hidden = undefined
        const held = found && this.#held.get(found)
        if (held && !this.#claimed.has(held)) held.release()
      }
    })
  }

  /** Stores a session: creates it when it is new, changes it when it was loaded and was not deleted since. */
  override set(id: string, session: SessionData): Promise<void>
  override set(id: string, session: SessionData, callback: Done | undefined): void
  override set(id: string, session: SessionData, callback?: Answer<void>): Promise<void> | undefined {
    return answer(this.#set(id, session), callback)
  }

  /**
   * Renews a session that was not changed; one that was deleted in the meantime stays deleted. When it is not due yet,
   * the callback is called at once: express-session then sends the response in one piece.
   */
  override touch(id: string, session: SessionData): Promise<void>
  override touch(id: string, session: SessionData, callback: Done | undefined): void
  override touch(id: string, session: SessionData, callback?: Answer<void>): Promise<void> | undefined {
    const extras = rememberedExtras(session)
    if (callback && this.#isFresh(id, session, extras)) {
      callback(null)
      return undefined
    }
    return answer(this.#touch(id, session, extras), callback)
  }

  /** Deletes a session, whether or not it exists. */
  override destroy(id: string): Promise<void>
  override destroy(id: string, callback: Done | undefined): void
  override destroy(id: string, callback?: Answer<void>): Promise<void> | undefined {
    return answer(this.#destroy(id), callback)
  }

  /** All sessions that are not over, each with its `id`. Reads the whole table. */
  override all(): Promise<(SessionData & { id: string })[]>
  override all(callback: (error: unknown, sessions?: SessionData[] | null) => void): void
  override all(callback?: Answer<(SessionData & { id: string })[]>): Promise<SessionData[]> | undefined {
    return answer(this.#all(), callback)
  }

  /** The ids of all sessions that are not over. Reads the whole table. */
  ids(): Promise<string[]>
  ids(callback: (error: unknown, ids?: string[]) => void): void
  ids(callback?: Answer<string[]>): Promise<string[]> | undefined {
    const ids = this.#all().then((sessions) => sessions.map(({ id }) => id))
    return answer(ids, callback)
  }

  /** How many sessions are not over. Reads the whole table. */
  override length(): Promise<number>
  override length(callback: (error: unknown, length?: number) => void): void
  override length(callback?: Answer<number>): Promise<number> | undefined {
    const length = this.#all().then((sessions) => sessions.length)
    return answer(length, callback)
  }

  /** Deletes every session, expired or not; other items of the table stay. Reads the whole table. */
  override clear(): Promise<void>
  override clear(callback: Done | undefined): void
  override clear(callback?: Answer<void>): Promise<void> | undefined {
    return answer(this.#keeper.repository.clear(), callback)
  }

  keysBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<string[]> {
    return this.#keeper.index.keysBy(key, value, search)
  }

  destroyBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<number> {
    return this.#keeper.index.destroyBy(key, value, search)
  }

  /** express-session sets this to its maker of new sessions: those are the only ones that may create an item. */
  set generate(make: (request: Request) => void) {
    this.#generate = make
  }

  get generate(): (request: Request) => void {
    return (request) => {
      this.#generate?.(request)
      this.#held.set(request.session, this.#keeper.start())
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
    const held = this.#held.get(stored)
    const cookie = stored.cookie ?? this.#defaultCookie(request)
    const created = super.createSession(request, { ...stored, cookie })
    if (held) this.#claim(request, created, held)
    return created
  }

  async #get(id: string, locking: boolean, onHidden?: () => void): Promise<SessionData | null> {
    const held = await this.#keeper.load(id, { locking, onHidden })
    if (!held) return null
    const cookie = parseCookie(held.record?.cookie)
    if (isOver(cookie)) {
      held.release()
      onHidden?.()
      return null
    }
    const found = held.record ? sessionOf(held.record, cookie) : ({} as SessionData)
    this.#held.set(found, held)
    return found
  }

  async #destroy(id: string): Promise<void> {
    await this.#keeper.destroy(id)
    const { hidden } = this.#hiddenIds.get(id) ?? {}
    if (hidden !== undefined) await this.#keeper.destroy(hidden)
  }

  async #set(id: string, session: SessionData): Promise<void> {
    const { cookie, ...data } = session
    const extras = (stored?: string) => extrasOf(cookie, stored)
    const held = this.#heldAs(id, session)
    if (held) return held.save(id, data, extras)
    this.#keeper.assertPossible(id)
    await this.#keeper.repository.put(id, data, extras())
  }

  async #touch(id: string, session: SessionData, extras: ExtrasOf): Promise<void> {
    const held = this.#heldAs(id, session)
    if (held) return held.touch(extras)
    try {
      this.#keeper.assertPossible(id)
      await this.#keeper.repository.touchUnseen(id, extras(undefined))
    } catch (error) {
      this.#keeper.survive(error, 'touch', id)
    }
  }

  /** Whether a touch has nothing to do. What can't be said of a session is for {@link touch} to say. */
  #isFresh(id: string, session: SessionData, extras: ExtrasOf): boolean {
    try {
      return this.#heldAs(id, session)?.isFresh(extras) ?? false
    } catch {
      return false
    }
  }

  /** A session object that is stored under another id than its own is nothing that we know. */
  #heldAs(id: string, session: SessionData): HeldSession | undefined {
    const held = this.#held.get(session)
    return held?.record && held.record.id !== id ? undefined : held
  }

  async #all(): Promise<(SessionData & { id: string })[]> {
    const sessions: (SessionData & { id: string })[] = []
    for await (const record of this.#keeper.repository.all()) {
      const cookie = parseCookie(record.cookie)
      if (!isOver(cookie)) sessions.push({ ...sessionOf(record, cookie), id: record.id })
    }
    return sessions
  }

  /** From now on the session belongs to a request: with its response its lock ends at the latest. */
  #claim(request: Request, created: Session, held: HeldSession): void {
    this.#claimed.add(held)
    this.#held.set(created, held)
    const { record } = held
    if (!record) return
    const base = givenBase(record, created, ['cookie'])
    if (base !== undefined) held.rebase(base)
    if (!record.token) return
    Object.defineProperty(created, 'reload', {
      value: this.#reloader(request, record.id, held),
      configurable: true,
      writable: true,
    })
    whenClosed(request.res, () => held.release())
  }

  /** express-session's own `reload` would wait for the lock that this very request holds. */
  #reloader(request: Request, id: string, held: HeldSession) {
    return (callback: (error?: unknown) => void): Session => {
      const current = request.session
      const reloaded = held.reload(id, (record) => {
        if (!record) throw new Error('failed to load session')
        const found = sessionOf(record, parseCookie(record.cookie))
        this.#held.set(found, held)
        this.createSession(request, found)
      })
      answer(reloaded, (error) => (error ? callback(error) : callback()))
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
function rememberedExtras(session: SessionData): ExtrasOf {
  let last: { readonly stored: string | undefined; readonly extras: SessionExtras } | undefined
  return (stored) => {
    if (!last || last.stored !== stored) last = { stored, extras: extrasOf(session.cookie, stored) }
    return last.extras
  }
}

/** What express-session takes for a session: as with its own store, the cookie comes first. */
function sessionOf({ data }: SessionRecord, cookie: CookieSettings | undefined): SessionData {
  const session: Record<string, unknown> = { cookie, ...data }
  session.cookie = cookie
  return session as unknown as SessionData
}
