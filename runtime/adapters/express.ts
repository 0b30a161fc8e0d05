import type { ServerResponse } from 'node:http'
import session, { type SessionData } from 'express-session'
import type { Options } from '../configuration/options.js'
import { assertSecretsReadable, type Configuration, resolveConfiguration } from '../configuration/resolve.js'
import { clientFor } from '../dynamodb/client.js'
import { InvalidSessionIdError, SessionDataError } from '../errors.js'
import { isPassing, report } from '../session/errors.js'
import { hashSessionId, isPossibleSessionId, makeSessionId } from '../session/session-id.js'
import type { SessionRecord } from '../session/session-record.js'
import { SessionRepository } from '../session/session-repository.js'
import { type Answer, answer } from './answer.js'
import { extrasOf, isOver, parseCookie } from './express-cookie.js'
import { asGiven, type Held, HeldSessions, sessionOf, taken, unread, withoutLock } from './express-held.js'

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
 * Every method takes a callback or returns a promise. Options: see the README; what is not given comes from ENV,
 * the configuration file and the defaults. Emits `conflict` with `{ keys, sessionIdHash }` when a save won over a
 * change that another request made to the same keys.
 *
 * @throws {ConfigurationError} from the constructor, when the configuration is wrong; never for a network reason
 */
export class DynamoSessionStore extends session.Store {
  readonly #configuration: Configuration
  readonly #repository: SessionRepository
  readonly #sessions: HeldSessions
  #generate: ((request: Request) => void) | undefined

  constructor(options: Options = {}) {
    super()
    this.#configuration = resolveConfiguration(options)
    assertSecretsReadable(this.#configuration)
    this.#repository = new SessionRepository(this.#configuration, clientFor(this.#configuration), {
      onConflict: (conflict) => this.emit('conflict', conflict),
    })
    this.#sessions = new HeldSessions(this.#repository, (...failure) => this.#report(...failure))
  }

  /**
   * Makes signed session ids, so that a forged one is refused without a request to DynamoDB: `genid: store.genid`.
   *
   * @throws {MissingSecretKeyError} when called without `secret_key`
   */
  readonly genid = (): string => makeSessionId(this.#configuration)

  /**
   * Loads a session: null when there is none, when it is over, or when what is stored is not a session. When DynamoDB
   * can't answer and `raise_errors` is off, an empty session under the same id, which then refuses to be saved.
   * With `locking: pessimistic` express-session's own loading locks the session; a promise never does.
   */
  override get(id: string): Promise<SessionData | null>
  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void
  override get(id: string, callback?: Answer<SessionData | null>): Promise<SessionData | null> | undefined {
    if (!callback) return this.#get(id, (record) => this.#repository.find(record))
    return answer(
      this.#get(id, (record) => this.#repository.findForChange(record)),
      (error, found) => {
        try {
          callback(error, found)
        } finally {
          const held = found && this.#sessions.of(found)
          if (held && !held.claimed) this.#sessions.release(id, held)
        }
      },
    )
  }

  /** Stores a session: creates it when it is new, changes it when it was loaded and was not deleted since. */
  override set(id: string, session: SessionData): Promise<void>
  override set(id: string, session: SessionData, callback: Done | undefined): void
  override set(id: string, session: SessionData, callback?: Answer<void>): Promise<void> | undefined {
    return answer(
      this.#sessions.inTurn(id, session, (held) => this.#set(id, session, held)),
      callback,
    )
  }

  /** Renews a session that was not changed; one that was deleted in the meantime stays deleted. */
  override touch(id: string, session: SessionData): Promise<void>
  override touch(id: string, session: SessionData, callback: Done | undefined): void
  override touch(id: string, session: SessionData, callback?: Answer<void>): Promise<void> | undefined {
    return answer(
      this.#sessions.inTurn(id, session, (held) => this.#touch(id, session, held)),
      callback,
    )
  }

  /** Deletes a session, whether or not it exists. */
  override destroy(id: string): Promise<void>
  override destroy(id: string, callback: Done | undefined): void
  override destroy(id: string, callback?: Answer<void>): Promise<void> | undefined {
    const possible = isPossibleSessionId(id, this.#configuration)
    return answer(possible ? this.#repository.delete(id) : Promise.resolve(), callback)
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

  /** Deletes every session, one after another. */
  override clear(): Promise<void>
  override clear(callback: Done | undefined): void
  override clear(callback?: Answer<void>): Promise<void> | undefined {
    return answer(this.#clear(), callback)
  }

  /** express-session sets this to its maker of new sessions: those are the only ones that may create an item. */
  set generate(make: (request: Request) => void) {
    this.#generate = make
  }

  get generate(): (request: Request) => void {
    return (request) => {
      this.#generate?.(request)
      this.#sessions.hold(request.session, 'new')
    }
  }

  /** Called by express-session to make a session object of what `get` gave. */
  override createSession(request: Request, stored: SessionData): Session {
    const held = this.#sessions.of(stored)
    const cookie = stored.cookie ?? this.#defaultCookie(request)
    const created = super.createSession(request, { ...stored, cookie })
    if (held) this.#claim(request, created, held)
    return created
  }

  async #get(id: string, find: (id: string) => Promise<SessionRecord | undefined>): Promise<SessionData | null> {
    if (!isPossibleSessionId(id, this.#configuration)) return null
    try {
      const record = await find(id)
      if (!record) return null
      const cookie = parseCookie(record.cookie)
      const found = sessionOf(record, cookie)
      const held = this.#sessions.hold(found, record)
      if (!isOver(cookie)) return found
      this.#sessions.release(id, held)
      return null
    } catch (error) {
      if (error instanceof SessionDataError) {
        this.#report(error, 'get', id)
        return null
      }
      this.#reportOrThrow(error, 'get', id)
      const empty = {} as SessionData
      this.#sessions.hold(empty, 'unread')
      return empty
    }
  }

  async #set(id: string, { cookie, ...data }: SessionData, held: Held | undefined): Promise<void> {
    if (!held) {
      this.#assertPossible(id)
      await this.#repository.put(id, data, extrasOf(cookie, undefined))
    } else if (held.state === 'unread') {
      if (Object.keys(data).length > 0) throw unread(id)
    } else if (held.state === 'new') {
      const created = await this.#repository.create(id, data, extrasOf(cookie, undefined))
      if (!created) throw taken(id)
      held.state = created
    } else {
      const extras = extrasOf(cookie, held.state.cookie)
      held.state = (await this.#repository.update(held.state, data, extras)) ?? withoutLock(held.state)
    }
  }

  async #touch(id: string, { cookie }: SessionData, held: Held | undefined): Promise<void> {
    try {
      if (!held) {
        this.#assertPossible(id)
        await this.#repository.touchUnseen(id, extrasOf(cookie, undefined))
      } else if (typeof held.state === 'object') {
        const extras = extrasOf(cookie, held.state.cookie)
        held.state = (await this.#repository.touch(held.state, extras)) ?? withoutLock(held.state)
      }
    } catch (error) {
      this.#reportOrThrow(error, 'touch', id)
    }
  }

  async #all(): Promise<(SessionData & { id: string })[]> {
    const sessions: (SessionData & { id: string })[] = []
    for await (const record of this.#repository.all()) {
      const cookie = parseCookie(record.cookie)
      if (!isOver(cookie)) sessions.push({ ...sessionOf(record, cookie), id: record.id })
    }
    return sessions
  }

  async #clear(): Promise<void> {
    for await (const id of this.#repository.ids()) await this.#repository.delete(id)
  }

  /** From now on the session belongs to a request: with its response its lock ends at the latest. */
  #claim(request: Request, created: Session, held: Held): void {
    held.claimed = true
    this.#sessions.share(created, held)
    if (typeof held.state !== 'object') return
    held.state = asGiven(held.state, created)
    if (!held.state.token) return
    const { id } = held.state
    Object.defineProperty(created, 'reload', {
      value: this.#reloader(request, id, held),
      configurable: true,
      writable: true,
    })
    const response = request.res
    if (response?.closed || response?.destroyed) this.#sessions.release(id, held)
    else response?.once?.('close', () => this.#sessions.release(id, held))
  }

  /** express-session's own `reload` would wait for the lock that this very request holds. */
  #reloader(request: Request, id: string, held: Held) {
    return (callback: (error?: unknown) => void): Session => {
      const current = request.session
      const reloaded = this.#sessions.inTurn(id, current, async () => {
        const record = await this.#repository.find(id)
        if (!record) throw new Error('failed to load session')
        const token = typeof held.state === 'object' ? held.state.token : undefined
        const found = sessionOf(record, parseCookie(record.cookie))
        this.#sessions.share(found, held)
        held.state = { ...record, token }
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

  #assertPossible(id: string): void {
    if (isPossibleSessionId(id, this.#configuration)) return
    throw new InvalidSessionIdError(`The session id (${hashSessionId(id)}) is empty, too long, or wrongly signed.`)
  }

  #reportOrThrow(error: unknown, operation: string, id: string): void {
    if (this.#configuration.raiseErrors || !isPassing(error)) throw error
    this.#report(error, operation, id)
  }

  #report(error: unknown, operation: string, id: string): void {
    report(error, { operation, sessionIdHash: hashSessionId(id) }, this.#configuration.errorHandler)
  }
}
