import type { Session } from '@remix-run/session'
import { ConfigurationError, MissingSecretKeyError } from '../../errors.js'
import { isSignedSessionId } from '../../session/item/session-id.js'
import { report } from '../../session/requests/errors.js'
import { cookieIn, deletedCookie, setCookie } from './rack-cookie.js'
import {
  assertSessionOptions,
  type ManagerOptions,
  type SeparatedOptions,
  type SessionOptions,
  separateOptions,
} from './rack-options.js'
import type { FetchSession } from './session.js'
import { type AnyShape, type DynamoSessionStorage, FetchStorage, type Shape } from './storage.js'

/** What is known of a request besides its cookies. */
export interface RequestFacts {
  /** It came over https. Default: true; `run` looks at the request's URL. */
  readonly secure?: boolean | undefined
  /** Tells when the client went away: the session's lock is given back then. */
  readonly signal?: AbortSignal | undefined
}

/** The session of one request. The functions need no `this`. */
export interface LoadedSession<Values extends object = AnyShape, Flash extends object = AnyShape> {
  readonly session: Session<Shape<Values>, Shape<Flash>>
  /** Rack's options for this request: `options.renew = true`. */
  readonly options: SessionOptions
  /**
   * Stores what there is to store, before the answer is sent.
   *
   * @returns the Set-Cookie header to send, if any
   * @throws {SessionUnreadError} when the session could not be read, and there is something to store
   * @throws {ConfigurationError} when `options` were set to what can't be
   */
  readonly commit: () => Promise<string | undefined>
  /** Gives the lock back, in the background, when the session is not to be committed; never rejects. */
  readonly release: () => Promise<void>
}

/** What a handler gets: the session, and Rack's options for this request. */
export type SessionHandler<Result, Values extends object, Flash extends object> = (
  session: Session<Shape<Values>, Shape<Flash>>,
  options: SessionOptions,
) => Result | Promise<Result>

/**
 * ```ts
 * const sessions = createSessionManager<{ user: string }>({ expireAfter: 14 * 24 * 3600 })
 * ```
 *
 * Options: those of the package (see the README; what is not given comes from ENV, the configuration file and the
 * defaults) and Rack's.
 *
 * @throws {ConfigurationError} when the configuration is wrong; never for a network reason
 * @throws {MissingSecretKeyError} without `secret_key`: its cookie is a signed session id
 */
export function createSessionManager<Values extends object = AnyShape, Flash extends object = AnyShape>(
  options: ManagerOptions = {},
): SessionManager<Values, Flash> {
  return new SessionManager(options)
}

/** Sessions from `Cookie` header to `Set-Cookie` header, as Rack's middleware has them. */
export class SessionManager<Values extends object = AnyShape, Flash extends object = AnyShape> {
  readonly #storage: FetchStorage
  readonly #given: SeparatedOptions
  #warned = false

  constructor(options: ManagerOptions) {
    this.#given = separateOptions(options)
    this.#storage = new FetchStorage(this.#given.options)
    if (this.#storage.store.configuration.secretKey !== undefined) return
    throw new MissingSecretKeyError(
      'A session manager signs its cookie and needs a secret for that: set the option secretKey, ENV ' +
        'AWS_DYNAMO_DB_SESSION_SECRET_KEY or SECRET_KEY_BASE.',
    )
  }

  /** The storage below: emits `conflict`. */
  get storage(): DynamoSessionStorage<Values, Flash> {
    return this.#storage as DynamoSessionStorage<Values, Flash>
  }

  /**
   * Runs a handler of a request with its session: loads it before, stores it after, and sends the cookie. When the
   * handler throws, the session is not stored; a Response that is thrown, as routers do it, counts as an answer.
   */
  async run(
    request: Request,
    handler: SessionHandler<Response, Values, Flash>,
    facts: RequestFacts = {},
  ): Promise<Response> {
    const { result, setCookie } = await this.use(request.headers.get('cookie'), thrownToo(handler), {
      secure: facts.secure ?? new URL(request.url).protocol === 'https:',
      get signal() {
        return facts.signal ?? request.signal
      },
    })
    const response = setCookie === undefined ? result.response : withCookie(result.response, setCookie)
    if (result.isThrown) throw response
    return response
  }

  /** The same where there is no Request and no Response, as in a Lambda function: the caller sends the cookie. */
  async use<Result>(
    cookieHeader: string | null | undefined,
    handler: SessionHandler<Result, Values, Flash>,
    facts: RequestFacts = {},
  ): Promise<{ readonly result: Result; readonly setCookie: string | undefined }> {
    const { session, options, commit, release } = await this.load(cookieHeader, facts)
    try {
      const result = await handler(session, options)
      return { result, setCookie: await commit() }
    } catch (error) {
      await release()
      throw error
    }
  }

  /**
   * Loads the session of a request, for whoever calls `commit` or `release` at its end: without a cookie, and with one
   * that is not ours, a new session and no request to DynamoDB. As `createSessionStorage`'s `read` otherwise.
   */
  async load(cookieHeader: string | null | undefined, facts: RequestFacts = {}): Promise<LoadedSession<Values, Flash>> {
    const { key, assumeSsl, session } = this.#given
    const options: SessionOptions = { ...session }
    const secure = assumeSsl || (facts.secure ?? true)
    const cookie = cookieIn(cookieHeader, key)
    const isOurs = cookie !== undefined && isSignedSessionId(cookie, this.#storage.store.configuration)
    const loaded = await this.#storage.load(isOurs && (secure || !options.secure) ? cookie : null)
    const forget = releaseOnAbort(loaded, facts)
    const request: RequestState = { loaded, options, cookie, secure, renewed: false }
    return {
      session: loaded.session as unknown as Session<Shape<Values>, Shape<Flash>>,
      options,
      commit: () => this.#commit(request).finally(forget),
      release: () => loaded.release().finally(forget),
    }
  }

  /** Tells the error handler of the configuration; for those who have nobody else to tell. */
  report(error: unknown, operation: string): void {
    report(error, { operation }, this.#storage.store.configuration.errorHandler)
  }

  async #commit(request: RequestState): Promise<string | undefined> {
    const { loaded, options, cookie } = request
    if (!this.#isToStore(request)) {
      // Waited for: a Lambda function stops as soon as it has answered.
      await loaded.release()
      return undefined
    }
    const lifetime = options.expireAfter ?? undefined
    const value = await loaded.save({ lifetime })
    if (options.drop || (options.defer && !options.renew)) return undefined
    const { key } = this.#given
    if (value === '') return cookie === undefined ? undefined : deletedCookie(key, options)
    const current = value ?? (lifetime === undefined ? undefined : loaded.storedId)
    if (current === undefined || (current === cookie && lifetime === undefined)) return undefined
    return setCookie(key, current, options)
  }

  /** Does with the session what the options say, and tells whether it is to be stored then. A logout always is. */
  #isToStore(request: RequestState): boolean {
    const { loaded, options, secure } = request
    const { session } = loaded
    try {
      assertSessionOptions(options)
    } catch (error) {
      void loaded.release()
      throw error
    }
    if (options.secure && !secure) {
      this.#warn(session.dirty)
      return false
    }
    if (options.drop) session.destroy()
    if (session.destroyed) return true
    if (options.skip) return false
    if (options.renew && !request.renewed && !loaded.unread) {
      session.regenerateId(true)
      request.renewed = true
    }
    return true
  }

  /** Once: or else whoever asks over http could fill the log. */
  #warn(isLost: boolean): void {
    if (this.#warned || !isLost) return
    this.#warned = true
    const text =
      'is true, and a request came over http: its session was not stored, and no cookie was sent. Where TLS ends before ' +
      'the application (proxy, load balancer), set assumeSsl: true.'
    this.report(new ConfigurationError([{ place: 'option secure', text }]), 'commit')
  }
}

interface RequestState {
  readonly loaded: FetchSession
  readonly options: SessionOptions
  /** What the browser sent. */
  readonly cookie: string | undefined
  readonly secure: boolean
  /** `renew` was done: it is done once. */
  renewed: boolean
}

interface Answer {
  readonly response: Response
  readonly isThrown: boolean
}

/** Routers throw responses as answers. */
function thrownToo<Values extends object, Flash extends object>(
  handler: SessionHandler<Response, Values, Flash>,
): SessionHandler<Answer, Values, Flash> {
  return async (session, options) => {
    try {
      return { response: await handler(session, options), isThrown: false }
    } catch (thrown) {
      if (thrown instanceof Response) return { response: thrown, isThrown: true }
      throw thrown
    }
  }
}

/** Responses of `fetch` and of `Response.redirect` can't be changed. */
function withCookie(response: Response, setCookie: string): Response {
  const changeable = new Response(response.body, response)
  changeable.headers.append('Set-Cookie', setCookie)
  return changeable
}

/** @returns ends that */
function releaseOnAbort(loaded: FetchSession, facts: RequestFacts): () => void {
  const signal = loaded.locked ? facts.signal : undefined
  const release = () => void loaded.release()
  if (signal?.aborted) release()
  signal?.addEventListener('abort', release, { once: true })
  return () => signal?.removeEventListener('abort', release)
}
