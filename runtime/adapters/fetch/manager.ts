import type { Session } from '@remix-run/session'
import { isProduction } from '../../configuration/resolve.js'
import { ConfigurationError, MissingSecretKeyError } from '../../errors.js'
import { report } from '../../session/requests/errors.js'
import type { Closeable } from '../shared/closeable.js'
import { FetchStorage } from './fetch-storage.js'
import type { ManagedSession } from './managed-session.js'
import { cookiesIn, deletedCookie, setCookie } from './rack-cookie.js'
import {
  assertSessionOptions,
  isForHttpsOnly,
  isSecure,
  type ManagerOptions,
  placeOfHttpsOnly,
  type SeparatedOptions,
  type SessionOptions,
  separateOptions,
} from './rack-options.js'
import { withSessionHeaders } from './response.js'
import { addSessionHeaders, type HeaderTarget, type SessionHeaders, sessionHeaders } from './response-headers.js'
import type { AnyShape, DynamoSessionStorage, Shape } from './types.js'

/** Facts about a request besides its cookies. */
export interface RequestFacts {
  /**
   * Whether the request came over https.
   *
   * @default true; for `run`, whether the request's URL begins with https
   */
  readonly secure?: boolean | undefined
  /** Aborted when the client disconnects. The session is then unlocked. */
  readonly signal?: AbortSignal | undefined
  /**
   * The request that the option `describe` gets, in the form that this function expects.
   *
   * @default for `run`, the Request; for `dynamoSession` and `withSession`, the framework's request
   */
  readonly request?: unknown
}

/** The session of one request. The functions work without `this`. */
export interface LoadedSession<Values extends object = AnyShape, Flash extends object = AnyShape> {
  readonly session: Session<Shape<Values>, Shape<Flash>>
  /** Rack's options for this request, which the handler may set: `options.renew = true`. */
  readonly options: SessionOptions
  /**
   * Stores the session. Call it before the response is sent.
   *
   * @returns the Set-Cookie header to send, if any
   * @throws {SessionUnreadError} if the session could not be read, but has data to store
   * @throws {ConfigurationError} if the handler set an option to an invalid value
   */
  readonly commit: () => Promise<string | undefined>
  /** Unlocks the session. Call it instead of `commit`, if the session is not to be stored. Never rejects. */
  readonly release: () => Promise<void>
  /**
   * Gives the headers that the response needs besides Set-Cookie, so that no cache gives it to another user. Call this
   * function after `commit` or `release`:
   *
   * - `Vary: Cookie`, if the handler read or wrote the session. Merge it with your own `Vary`.
   * - `Cache-Control: private, no-store`, if there is a cookie to send. If you set your own `Cache-Control`, leave this one
   *   out. Your own should be `private` or `no-store`.
   */
  readonly headers: () => SessionHeaders
}

/** What `use` returns. */
export interface UsedSession<Result> {
  /** What the handler returned. */
  readonly result: Result
  /** The Set-Cookie header to send, if any. */
  readonly setCookie: string | undefined
  /** The headers that the response needs besides Set-Cookie: see {@link LoadedSession.headers}. */
  readonly headers: SessionHeaders
}

/** Handles a request with its session, and with Rack's options for this request. */
export type SessionHandler<Result, Values extends object, Flash extends object> = (
  session: Session<Shape<Values>, Shape<Flash>>,
  options: SessionOptions,
) => Result | Promise<Result>

/**
 * Makes a session manager, for any framework with Cookie and Set-Cookie headers.
 *
 * @param options the options of this package (docs/configuration.md), and those of Rack (docs/frameworks/session-manager.md).
 *   All other options of this package come from ENV, the configuration file and the defaults.
 * @throws {ConfigurationError} if the configuration is wrong. No request is sent.
 * @throws {MissingSecretKeyError} without `secret_key`: the cookie is a signed session id
 * @example
 * ```ts
 * const sessions = createSessionManager<{ user: string }>({ expireAfter: 14 * 24 * 3600 })
 * ```
 */
export function createSessionManager<Values extends object = AnyShape, Flash extends object = AnyShape>(
  options: ManagerOptions = {},
): SessionManager<Values, Flash> {
  return new SessionManager(options)
}

/** Loads sessions by the `Cookie` header, stores them, and makes the `Set-Cookie` header, like Rack's middleware. */
export class SessionManager<Values extends object = AnyShape, Flash extends object = AnyShape> implements Closeable {
  readonly #storage: FetchStorage
  readonly #options: SeparatedOptions
  readonly #warned = new Set<string>()

  constructor(options: ManagerOptions) {
    this.#options = separateOptions(options)
    this.#storage = new FetchStorage(this.#options.options)
    if (this.#storage.store.configuration.secretKey !== undefined) return
    throw new MissingSecretKeyError(
      'A session manager needs a secret to sign its cookie. Set the option secretKey, ENV ' +
        'AWS_DYNAMO_DB_SESSION_SECRET_KEY or SECRET_KEY_BASE.',
    )
  }

  /** The storage of the manager. It emits `conflict`, and finds all sessions of a user. */
  get storage(): DynamoSessionStorage<Values, Flash> {
    return this.#storage as DynamoSessionStorage<Values, Flash>
  }

  /**
   * Loads the session of a request, runs the handler, stores the session, and adds the cookie to the response. If the
   * handler throws an error, the session is not stored. If it throws a Response, like some routers, the session is
   * stored.
   *
   * @example
   * ```ts
   * const response = await sessions.run(request, (session) => Response.json(session.get('user') ?? null))
   * ```
   */
  async run(
    request: Request,
    handler: SessionHandler<Response, Values, Flash>,
    facts: RequestFacts = {},
  ): Promise<Response> {
    const { result, setCookie, headers } = await this.use(request.headers.get('cookie'), catchResponse(handler), {
      secure: facts.secure ?? new URL(request.url).protocol === 'https:',
      request: facts.request ?? request,
      get signal() {
        return facts.signal ?? request.signal
      },
    })
    const add = this.addHeaders.bind(this)
    const response = withSessionHeaders(result.response, request.method, setCookie, headers, add)
    if (result.isThrown) throw response
    return response
  }

  /**
   * Like {@link run}, but without Request and Response, for example for a Lambda function. The caller sends the cookie and
   * the headers.
   *
   * @example
   * ```ts
   * const { result, setCookie, headers } = await sessions.use(cookieHeader, (session) => session.get('user'))
   * ```
   */
  async use<Result>(
    cookieHeader: string | null | undefined,
    handler: SessionHandler<Result, Values, Flash>,
    facts: RequestFacts = {},
  ): Promise<UsedSession<Result>> {
    const { session, options, commit, release, headers } = await this.load(cookieHeader, facts)
    try {
      const result = await handler(session, options)
      return { result, setCookie: await commit(), headers: headers() }
    } catch (error) {
      await release()
      throw error
    }
  }

  /**
   * Loads the session of a request. The caller must call `commit` or `release` at the end of the request. Without a
   * cookie with a valid signature, makes a new session, and sends no request to DynamoDB.
   *
   * If the browser sent several cookies with the name, the first that belongs to a session wins. At most three with a
   * valid signature are tried.
   */
  async load(cookieHeader: string | null | undefined, facts: RequestFacts = {}): Promise<LoadedSession<Values, Flash>> {
    const { key, assumeSsl, session } = this.#options
    const options: SessionOptions = { ...session }
    const secure = assumeSsl || (facts.secure ?? true)
    const cookies = cookiesIn(cookieHeader, key)
    const isUsable = secure || !isForHttpsOnly(key, options)
    const loaded = await this.#storage.manage(isUsable ? this.#signedIds(cookies) : [], facts.request)
    const stopListening = releaseOnAbort(loaded, facts)
    const request: RequestState = { loaded, options, cookies, secure, renewed: false, setCookie: undefined }
    return {
      session: loaded.session as unknown as Session<Shape<Values>, Shape<Flash>>,
      options,
      commit: () => this.#commit(request).finally(stopListening),
      release: () => loaded.release().finally(stopListening),
      headers: () => {
        const isUsed = loaded.used || Boolean(options.renew || options.drop)
        return sessionHeaders(isUsed, request.setCookie !== undefined)
      },
    }
  }

  /**
   * Adds the headers of `use` or `load` to a response. `Vary` is merged, and the application's own `Cache-Control` stays.
   * Reports once if this `Cache-Control` lets shared caches store a session's cookie.
   */
  addHeaders(target: HeaderTarget, headers: SessionHeaders): void {
    const own = addSessionHeaders(target, headers)
    if (own === undefined) return
    const text =
      `"${own}" lets shared caches store a response with a session's cookie, and give the session to other users. Send ` +
      'private or no-store with such a response.'
    this.#warn('header Cache-Control', text)
  }

  /** Passes an error to the error handler of the configuration. */
  report(error: unknown, operation: string): void {
    report(error, { operation }, this.#storage.store.configuration.errorHandler)
  }

  close(): Promise<void> {
    return this.#storage.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The first ids with a valid signature in the cookies. */
  #signedIds(cookies: readonly string[]): string[] {
    const { store } = this.#storage
    return cookies.filter((value) => store.isSigned(value)).slice(0, MOST_TRIED)
  }

  async #commit(request: RequestState): Promise<string | undefined> {
    const { loaded, options, cookies, secure } = request
    const { key } = this.#options
    if (!this.#isToStore(request)) {
      // Awaited, because a Lambda function stops as soon as it has responded.
      await loaded.release()
      return undefined
    }
    const lifetime = options.expireAfter ?? undefined
    const value = await loaded.save({ lifetime })
    if (!secure && isForHttpsOnly(key, options)) return undefined
    if (options.drop || (options.defer && !options.renew)) return undefined
    const hasSecure = isSecure(key, options, secure)
    if (value === '') {
      request.setCookie = cookies.length === 0 ? undefined : deletedCookie(key, options, hasSecure)
      return request.setCookie
    }
    const current = value ?? (lifetime === undefined ? undefined : loaded.storedId)
    if (current === undefined || (cookies.includes(current) && lifetime === undefined)) return undefined
    if (!hasSecure && isProduction(this.#storage.store.configuration)) {
      const text =
        'let a session cookie go out without Secure, so that it can be read on the network. If a proxy or load balancer ' +
        'ends TLS, set assumeSsl: true. Otherwise serve the application over https.'
      this.#warn('option secure', text)
    }
    request.setCookie = setCookie(key, current, options, hasSecure)
    return request.setCookie
  }

  /** Applies Rack's options to the session. Returns whether to store it; a logout is stored even with `skip` and over http. */
  #isToStore(request: RequestState): boolean {
    const { loaded, options, secure } = request
    const { key } = this.#options
    const { current: session } = loaded
    try {
      assertSessionOptions(key, options)
    } catch (error) {
      void loaded.release()
      throw error
    }
    const isRefused = !secure && isForHttpsOnly(key, options)
    if (isRefused && session.dirty && !session.destroyed) {
      const text =
        'allows sessions only over https, and a request came over http. Its session was not stored, and no cookie was ' +
        'sent. If a proxy or load balancer ends TLS, set assumeSsl: true.'
      this.#warn(placeOfHttpsOnly(key, options), text)
    }
    const isSkipped = options.skip || isRefused
    if (options.drop || (isSkipped && loaded.hasEnded)) session.destroy()
    if (session.destroyed) return true
    if (isSkipped) return false
    if (options.renew && !request.renewed && !loaded.unread) {
      session.regenerateId(true)
      request.renewed = true
    }
    return true
  }

  /** Warns once about each problem. Otherwise requests could fill the log. */
  #warn(place: string, text: string): void {
    if (this.#warned.has(place)) return
    this.#warned.add(place)
    this.report(new ConfigurationError([{ place, text }]), 'commit')
  }
}

/** The most cookies that are tried. An attacker who can set cookies must not cause more reads than this. */
const MOST_TRIED = 3

interface RequestState {
  readonly loaded: ManagedSession
  readonly options: SessionOptions
  /** The values of the cookies that the browser sent. */
  readonly cookies: readonly string[]
  readonly secure: boolean
  /** Whether the session got another id by the option `renew`, which acts once for each request. */
  renewed: boolean
  /** The Set-Cookie header to send, if any. */
  setCookie: string | undefined
}

interface Handled {
  readonly response: Response
  readonly isThrown: boolean
}

/** Turns a thrown Response into a result, because some routers throw responses. */
function catchResponse<Values extends object, Flash extends object>(
  handler: SessionHandler<Response, Values, Flash>,
): SessionHandler<Handled, Values, Flash> {
  return async (session, options) => {
    try {
      return { response: await handler(session, options), isThrown: false }
    } catch (thrown) {
      if (thrown instanceof Response) return { response: thrown, isThrown: true }
      throw thrown
    }
  }
}

/** Unlocks the session when the client disconnects. Returns a function that removes the listener. */
function releaseOnAbort(loaded: ManagedSession, facts: RequestFacts): () => void {
  const signal = loaded.locked ? facts.signal : undefined
  const release = () => void loaded.release()
  if (signal?.aborted) release()
  signal?.addEventListener('abort', release, { once: true })
  return () => signal?.removeEventListener('abort', release)
}
