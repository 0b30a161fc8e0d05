import session, { type CookieOptions, type SessionData } from 'express-session'
import type { Options } from '../configuration/options.js'
import { assertSecretsReadable, type Configuration, resolveConfiguration } from '../configuration/resolve.js'
import { clientFor } from '../dynamodb/client.js'
import { ConfigurationError, InvalidSessionIdError, SessionDataError, SessionUnreadError } from '../errors.js'
import { defaultErrorHandler, isPassing } from '../session/errors.js'
import { hashSessionId } from '../session/session-id.js'
import type { SessionRecord } from '../session/session-record.js'
import { type SessionContent, SessionRepository } from '../session/session-repository.js'
import { type Answer, answer } from './answer.js'

/** What is known of a session object: it is new, or as which record it was loaded, or that loading it failed. */
type State = 'new' | 'unread' | SessionRecord

type Request = Parameters<session.Store['createSession']>[0]

/**
 * Keeps the sessions of express-session (1.17 or later) in DynamoDB.
 *
 * ```ts
 * app.use(session({ store: new DynamoSessionStore(), secret, resave: false, saveUninitialized: false }))
 * ```
 *
 * Every method takes a callback or returns a promise. Options: see the README; what is not given comes from ENV,
 * the configuration file and the defaults.
 *
 * @throws {ConfigurationError} from the constructor, when the configuration is wrong; never for a network reason
 */
export class DynamoSessionStore extends session.Store {
  readonly #configuration: Configuration
  readonly #repository: SessionRepository
  /** Beside the session objects, so that neither the application nor JSON sees it. */
  readonly #states = new WeakMap<object, State>()
  #generate: ((request: Request) => void) | undefined

  constructor(options: Options = {}) {
    super()
    this.#configuration = resolveConfiguration(options)
    assertSecretsReadable(this.#configuration)
    refuseLocking(this.#configuration)
    this.#repository = new SessionRepository(this.#configuration, clientFor(this.#configuration))
  }

  /**
   * Loads a session: null when there is none, when it is over, or when what is stored is not a session. When DynamoDB
   * can't answer and `raise_errors` is off, an empty session under the same id, which then refuses to be saved.
   */
  override get(id: string): Promise<SessionData | null>
  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void
  override get(id: string, callback?: Answer<SessionData | null>): Promise<SessionData | null> | undefined {
    return answer(this.#get(id), callback)
  }

  /** Stores a session: creates it when it is new, changes it when it was loaded and was not deleted since. */
  override set(id: string, session: SessionData): Promise<void>
  override set(id: string, session: SessionData, callback: ((error?: unknown) => void) | undefined): void
  override set(id: string, session: SessionData, callback?: Answer<void>): Promise<void> | undefined {
    return answer(this.#set(id, session), callback)
  }

  /** Renews a session that was not changed; one that was deleted in the meantime stays deleted. */
  override touch(id: string, session: SessionData): Promise<void>
  override touch(id: string, session: SessionData, callback: ((error?: unknown) => void) | undefined): void
  override touch(id: string, session: SessionData, callback?: Answer<void>): Promise<void> | undefined {
    return answer(this.#touch(id, session), callback)
  }

  /** Deletes a session, whether or not it exists. */
  override destroy(id: string): Promise<void>
  override destroy(id: string, callback: ((error?: unknown) => void) | undefined): void
  override destroy(id: string, callback?: Answer<void>): Promise<void> | undefined {
    return answer(this.#repository.delete(id), callback)
  }

  /** express-session sets this to its maker of new sessions: those are the only ones that may create an item. */
  set generate(make: (request: Request) => void) {
    this.#generate = make
  }

  get generate(): (request: Request) => void {
    return (request) => {
      this.#generate?.(request)
      this.#states.set(request.session, 'new')
    }
  }

  /** Called by express-session to make a session object of what `get` gave. */
  override createSession(request: Request, stored: SessionData): ReturnType<session.Store['createSession']> {
    const state = this.#states.get(stored)
    const cookie = stored.cookie ?? this.#defaultCookie(request)
    const created = super.createSession(request, { ...stored, cookie })
    if (state) this.#states.set(created, state)
    return created
  }

  async #get(id: string): Promise<SessionData | null> {
    try {
      const record = await this.#repository.find(id)
      const cookie = record && parseCookie(record.cookie)
      if (!record || isOver(cookie)) return null
      return this.#remember({ ...record.data, cookie }, record)
    } catch (error) {
      if (error instanceof SessionDataError) {
        this.#report(error, 'get', id)
        return null
      }
      this.#reportOrThrow(error, 'get', id)
      return this.#remember({}, 'unread')
    }
  }

  async #set(id: string, session: SessionData): Promise<void> {
    const content = this.#contentOf(session)
    const state = this.#stateOf(id, session)
    if (state === undefined) {
      await this.#repository.put(id, content)
    } else if (state === 'unread') {
      if (Object.keys(content.data).length > 0) throw unread(id)
    } else if (state === 'new') {
      const created = await this.#repository.create(id, content)
      if (!created) throw taken(id)
      this.#states.set(session, created)
    } else {
      const updated = await this.#repository.update(state, content)
      if (updated) this.#states.set(session, updated)
    }
  }

  async #touch(id: string, session: SessionData): Promise<void> {
    const state = this.#stateOf(id, session)
    if (state === 'unread' || state === 'new') return
    try {
      const { ownEnd, cookie } = this.#contentOf(session)
      const touched = await this.#repository.touch(state ?? { id }, { ownEnd, cookie })
      if (touched && state) this.#states.set(session, touched)
    } catch (error) {
      this.#reportOrThrow(error, 'touch', id)
    }
  }

  /** A session object that is stored under another id than its own is nothing that we know. */
  #stateOf(id: string, session: SessionData): State | undefined {
    const state = this.#states.get(session)
    return typeof state === 'object' && state.id !== id ? undefined : state
  }

  #contentOf({ cookie, ...data }: SessionData): SessionContent {
    return { data, ownEnd: endOf(cookie), cookie: cookie ? JSON.stringify(cookie) : undefined }
  }

  /** What `get` gives may lack the cookie: `createSession` then adds the application's own settings. */
  #remember(stored: object, state: State): SessionData {
    this.#states.set(stored, state)
    return stored as SessionData
  }

  /** The settings that the application gives to cookies of new sessions; nothing of the request is changed. */
  #defaultCookie(request: Request): SessionData['cookie'] {
    const { sessionID, session } = request
    this.#generate?.(request)
    const { cookie } = request.session
    Object.assign(request, { sessionID, session })
    return cookie
  }

  #reportOrThrow(error: unknown, operation: string, id: string): void {
    if (this.#configuration.raiseErrors || !isPassing(error)) throw error
    this.#report(error, operation, id)
  }

  #report(error: unknown, operation: string, id: string): void {
    const handler = this.#configuration.errorHandler ?? defaultErrorHandler
    handler.handle(error instanceof Error ? error : new Error(String(error)), {
      operation,
      sessionIdHash: hashSessionId(id),
    })
  }
}

function refuseLocking({ enableLocking, sources }: Configuration): void {
  if (!enableLocking) return
  const text = 'enable_locking: the store for express-session has no pessimistic locking; set it to false'
  throw new ConfigurationError([{ place: sources.enableLocking, text }])
}

function parseCookie(json: string | undefined): CookieOptions | undefined {
  try {
    const cookie = json === undefined ? undefined : JSON.parse(json)
    return typeof cookie === 'object' && cookie !== null ? cookie : undefined
  } catch {
    return undefined
  }
}

/** When the cookie ends, in milliseconds since the epoch; undefined for one that lives as long as the browser. */
function endOf(cookie: CookieOptions | undefined): number | undefined {
  if (cookie?.expires) {
    const end = new Date(cookie.expires).getTime()
    return Number.isNaN(end) ? undefined : end
  }
  return typeof cookie?.maxAge === 'number' ? Date.now() + cookie.maxAge : undefined
}

function isOver(cookie: CookieOptions | undefined): boolean {
  const end = cookie?.expires ? endOf(cookie) : undefined
  return end !== undefined && Date.now() >= end
}

function unread(id: string): SessionUnreadError {
  return new SessionUnreadError(
    `The session ${hashSessionId(id)} could not be read at the start of this request; saving it might overwrite what ` +
      'is stored, so nothing was written. Repeat the request.',
  )
}

function taken(id: string): InvalidSessionIdError {
  return new InvalidSessionIdError(
    `The id made for a new session (${hashSessionId(id)}) belongs to another session already; nothing was written. ` +
      'Ids must be random: look at the genid option of express-session.',
  )
}
