import type { Options } from '../../configuration/options.js'
import { type Configuration, resolveConfiguration } from '../../configuration/resolve.js'
import { assertSecretsUsable } from '../../configuration/secrets.js'
import { Connection } from '../../dynamodb/connection.js'
import { isTransient } from '../../dynamodb/error-facts.js'
import { InvalidSessionIdError, SessionDataError } from '../../errors.js'
import { clientJson } from '../../session/item/client.js'
import { hashSessionId, isPossibleSessionId } from '../../session/item/session-id.js'
import { assertPossibleKey, isStoredKey } from '../../session/item/session-key.js'
import { handleError, report } from '../../session/requests/errors.js'
import { SessionLimit } from '../../session/session-limit.js'
import { SessionRepository } from '../../session/session-repository.js'
import type { ConflictListener } from '../../session/session-writer.js'
import { SessionsByValue } from '../../session/sessions-by-value.js'
import { type CookieSettings, isExpired, parseCookie } from './cookie-settings.js'
import { RequestSession } from './request-session.js'

/** What a request found under a session id. */
export type Loaded =
  | {
      readonly kind: 'found'
      readonly session: RequestSession
      /** The settings of the session's cookie, if the writer stored them. */
      readonly cookie: CookieSettings | undefined
    }
  /** This request found no session, but another request may find one by this id. A logout must delete that session. */
  | { readonly kind: 'hidden' }
  | { readonly kind: 'none' }

const HIDDEN: Loaded = { kind: 'hidden' }
const NONE: Loaded = { kind: 'none' }

/**
 * The common part of all adapters. Decides which session ids are possible, and which failures a request survives
 * (docs/design/failures.md).
 */
export class SessionStore {
  readonly configuration: Configuration
  readonly repository: SessionRepository
  /** Finds all sessions of a user. */
  readonly index: SessionsByValue
  /** Enforces `max_sessions`. */
  readonly limit: SessionLimit
  readonly #connection: Connection

  /** @throws {ConfigurationError} if the configuration is wrong. No request is sent. */
  constructor(options: Options, onConflict: ConflictListener) {
    this.configuration = resolveConfiguration(options)
    assertSecretsUsable(this.configuration)
    this.#connection = new Connection(this.configuration)
    this.repository = new SessionRepository(this.configuration, this.#connection, { onConflict })
    this.index = new SessionsByValue(this.configuration, this.#connection)
    this.limit = new SessionLimit(this.configuration, this.index)
  }

  /**
   * Loads a session for a request. If the stored item is not a session, reports an error and finds none. If DynamoDB
   * can't respond and `raise_errors` is off, returns a session that is marked unread.
   *
   * @param locking whether to lock the session if the option `locking` is pessimistic
   * @param request the framework's request, if the adapter knows it
   */
  async load(id: string, locking: boolean, request?: unknown): Promise<Loaded> {
    if (!isPossibleSessionId(id, this.configuration)) return NONE
    let isHidden = false
    const onHidden = () => {
      isHidden = true
    }
    try {
      const record = await this.repository[locking ? 'findForChange' : 'find'](id, { onHidden })
      if (!record) return isHidden ? HIDDEN : NONE
      const session = new RequestSession(this, { kind: 'loaded', record }, request)
      const cookie = parseCookie(record.cookie)
      if (!isExpired(cookie)) return { kind: 'found', session, cookie }
      // Awaited, because a Lambda function stops as soon as it has responded.
      await session.release()
      return HIDDEN
    } catch (error) {
      if (error instanceof SessionDataError) {
        this.#handle(error, 'get', id)
        return NONE
      }
      this.survive(error, 'get', id)
      return { kind: 'found', session: new RequestSession(this, { kind: 'unread' }, request), cookie: undefined }
    }
  }

  /**
   * Makes a session that is not stored yet.
   *
   * @param request the framework's request, if the adapter knows it
   */
  start(request?: unknown): RequestSession {
    return new RequestSession(this, { kind: 'new' }, request)
  }

  /**
   * JSON of what the option `describe` tells about a request. Never rejects: a failure is reported, and the session is
   * stored without a description.
   */
  async describe(request: unknown): Promise<string | undefined> {
    const { describe, errorHandler } = this.configuration
    try {
      return clientJson(await describe?.(request))
    } catch (error) {
      report(error, { operation: 'describe' }, errorHandler)
      return undefined
    }
  }

  /**
   * Deletes sessions, whether or not they exist, even if they moved to another id. Skips undefined ids.
   *
   * @param ids session ids or stored keys
   */
  async destroy(...ids: (string | undefined)[]): Promise<void> {
    for (const id of ids) {
      if (id !== undefined && this.#isDeletable(id)) await this.repository.delete(id)
    }
  }

  #isDeletable(id: string): boolean {
    return isPossibleSessionId(id, this.configuration) || isStoredKey(id, this.configuration)
  }

  /** @throws {InvalidSessionIdError} if no session can be stored under the id */
  assertPossible(id: string): void {
    assertPossibleKey(id, this.configuration)
    if (isPossibleSessionId(id, this.configuration)) return
    throw new InvalidSessionIdError(
      `The session id (${hashSessionId(id)}) has no valid signature. Make signed ids with genid of the store, or check ` +
        'secret_key.',
    )
  }

  /** Passes a failure that a request survives to the error handler. Throws all other failures. */
  survive(error: unknown, operation: string, id: string): void {
    if (this.configuration.raiseErrors || !isTransient(error)) throw error
    this.#handle(error, operation, id)
  }

  /** If the error handler throws, the request fails with that error. */
  #handle(error: unknown, operation: string, id: string): void {
    handleError(error, { operation, sessionIdHash: hashSessionId(id) }, this.configuration.errorHandler)
  }

  /** Reports a failure in the background, where no request waits. */
  report(error: unknown, operation: string, id: string): void {
    report(error, { operation, sessionIdHash: hashSessionId(id) }, this.configuration.errorHandler)
  }

  /** Closes the connections that this package opened, and aborts running requests. */
  async close(): Promise<void> {
    this.#connection.close()
  }
}
