import type { Session } from '@remix-run/session'
import { ConfigurationError, MissingSecretKeyError } from '../../errors.js'
import { isSignedSessionId } from '../../session/item/session-id.js'
import { report } from '../../session/requests/errors.js'
import type { Closeable } from '../shared/closeable.js'
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
   * The request, for the option `describe`: whatever the application's function expects.
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
}

/** Handles a request with its session, and with Rack's options for this request. */
export type SessionHandler<Result, Values extends object, Flash extends object> = (
  session: Session<Shape<Values>, Shape<Flash>>,
  options: SessionOptions,
) => Result | Promise<Result>

/**
 * Makes a session manager, for any framework with Cookie and Set-Cookie headers.
 *
 * @param options the options of this package and Rack's: see the README. All other options of this package come from
 *   ENV, the configuration file and the defaults.
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
  #hasWarned = false

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
    const { result, setCookie } = await this.use(request.headers.get('cookie'), catchResponse(handler), {
      secure: facts.secure ?? new URL(request.url).protocol === 'https:',
      get signal() {
        return facts.signal ?? request.signal
      },
      request: facts.request ?? request,
    })
    const response = setCookie === undefined ? result.response : withCookie(result.response, setCookie)
    if (result.isThrown) throw response
    return response
  }

  /**
   * Like {@link run}, but without Request and Response, for example for a Lambda function. The caller sends the cookie.
   *
   * @example
   * ```ts
   * const { result, setCookie } = await sessions.use(cookieHeader, (session) => session.get('user'))
   * ```
   */
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
   * Loads the session of a request. The caller must call `commit` or `release` at the end of the request. Without a
   * cookie with a valid signature, makes a new session, and sends no request to DynamoDB.
   */
  async load(cookieHeader: string | null | undefined, facts: RequestFacts = {}): Promise<LoadedSession<Values, Flash>> {
    const { key, assumeSsl, session } = this.#options
    const options: SessionOptions = { ...session }
    const secure = assumeSsl || (facts.secure ?? true)
    const cookie = cookieIn(cookieHeader, key)
    const isValid = cookie !== undefined && isSignedSessionId(cookie, this.#storage.store.configuration)
    const loaded = await this.#storage.load(isValid && (secure || !options.secure) ? cookie : null, facts.request)
    const stopListening = releaseOnAbort(loaded, facts)
    const request: RequestState = { loaded, options, cookie, secure, renewed: false }
    return {
      session: loaded.session as unknown as Session<Shape<Values>, Shape<Flash>>,
      options,
      commit: () => this.#commit(request).finally(stopListening),
      release: () => loaded.release().finally(stopListening),
    }
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

  async #commit(request: RequestState): Promise<string | undefined> {
    const { loaded, options, cookie } = request
    if (!this.#isToStore(request)) {
      // Awaited, because a Lambda function stops as soon as it has responded.
      await loaded.release()
      return undefined
    }
    const lifetime = options.expireAfter ?? undefined
    const value = await loaded.save({ lifetime })
    if (options.drop || (options.defer && !options.renew)) return undefined
    const { key } = this.#options
    if (value === '') return cookie === undefined ? undefined : deletedCookie(key, options)
    const current = value ?? (lifetime === undefined ? undefined : loaded.storedId)
    if (current === undefined || (current === cookie && lifetime === undefined)) return undefined
    return setCookie(key, current, options)
  }

  /** Applies Rack's options to the session. Returns whether to store it; a logout is stored even with `skip`. */
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

  /** Warns once. Otherwise requests over http could fill the log. */
  #warn(isLost: boolean): void {
    if (this.#hasWarned || !isLost) return
    this.#hasWarned = true
    const text =
      'is true, and a request came over http. Its session was not stored, and no cookie was sent. Where TLS ends before ' +
      'the application (proxy, load balancer), set assumeSsl: true.'
    this.report(new ConfigurationError([{ place: 'option secure', text }]), 'commit')
  }
}

interface RequestState {
  readonly loaded: FetchSession
  readonly options: SessionOptions
  /** The value of the cookie that the browser sent. */
  readonly cookie: string | undefined
  readonly secure: boolean
  /** Whether the session got another id by the option `renew`, which acts once for each request. */
  renewed: boolean
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

/** Copies the response, because responses of `fetch` and of `Response.redirect` can't be changed. */
function withCookie(response: Response, setCookie: string): Response {
  const changeable = new Response(response.body, response)
  changeable.headers.append('Set-Cookie', setCookie)
  return changeable
}

/** Unlocks the session when the client disconnects. Returns a function that removes the listener. */
function releaseOnAbort(loaded: FetchSession, facts: RequestFacts): () => void {
  const signal = loaded.locked ? facts.signal : undefined
  const release = () => void loaded.release()
  if (signal?.aborted) release()
  signal?.addEventListener('abort', release, { once: true })
  return () => signal?.removeEventListener('abort', release)
}
