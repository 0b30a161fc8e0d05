import type { EventEmitter } from 'node:events'
import type { Options } from '../../configuration/options.js'
import { assertKeysBesidePlainData, type Configuration, resolveConfiguration } from '../../configuration/resolve.js'
import { assertSecretsUsable } from '../../configuration/secrets.js'
import { Connection } from '../../dynamodb/connection.js'
import { isTransient } from '../../dynamodb/error-facts.js'
import { InvalidSessionIdError, SessionDataError } from '../../errors.js'
import { type Adapter, Observer, type SessionMessage } from '../../session/channels.js'
import { clientJson } from '../../session/item/client.js'
import { keyringOf } from '../../session/item/keyring.js'
import { hashSessionId, isPossibleSessionId, isSignedSessionId } from '../../session/item/session-id.js'
import { assertPossibleKey, isStoredKey } from '../../session/item/session-key.js'
import { handleError, report } from '../../session/requests/errors.js'
import type { Hidden } from '../../session/requests/session-items.js'
import { SessionLimit } from '../../session/session-limit.js'
import { SessionRepository } from '../../session/session-repository.js'
import { SessionsByValue } from '../../session/sessions-by-value.js'
import { type CookieSettings, isExpired, parseCookie } from './cookie-settings.js'
import { RequestSession } from './request-session.js'
import type { SessionChange, SessionEvents } from './session-events.js'

/** What a request found under a session id. */
export type Loaded =
  | {
      readonly kind: 'found'
      readonly session: RequestSession
      /** The settings of the session's cookie, if the writer stored them. */
      readonly cookie: CookieSettings | undefined
    }
  /** This request found no session, but another request may find one by this id. A logout must delete that session. */
  | { readonly kind: 'hidden'; readonly why: Hidden | 'invalid' }
  | { readonly kind: 'none'; readonly why: 'none' | 'refused' | 'invalid' }

const none = (why: 'none' | 'refused' | 'invalid'): Loaded => ({ kind: 'none', why })

/** The part of an EventEmitter that makes the events of a store. */
type Emitter = Pick<EventEmitter, 'listenerCount' | 'rawListeners'>

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
  readonly #observer: Observer
  readonly #emitter: Emitter

  /**
   * @param emitter emits the events of the store
   * @throws {ConfigurationError} if the configuration is wrong. No request is sent.
   */
  constructor(options: Options, adapter: Adapter, emitter: Emitter) {
    this.configuration = resolveConfiguration(options)
    assertSecretsUsable(this.configuration)
    assertKeysBesidePlainData(this.configuration)
    this.#connection = new Connection(this.configuration)
    this.#observer = new Observer(adapter)
    this.#emitter = emitter
    this.repository = new SessionRepository(this.configuration, this.#connection, {
      observer: this.#observer,
      onChange: (change, id, previous) => this.#emitChange(change, id, previous),
      onConflict: (conflict) => {
        this.#observer.conflict(conflict)
        this.#emit('conflict', conflict)
      },
    })
    this.index = new SessionsByValue(this.configuration, this.#connection)
    this.limit = new SessionLimit(this.configuration, this.index, (id) => this.#observer.note('evicted', id))
  }

  /**
   * Loads a session for a request. If the stored item is not a session, reports an error and finds none. If DynamoDB
   * can't respond and `raise_errors` is off, returns a session that is marked unread.
   *
   * @param locking whether to lock the session if the option `locking` is pessimistic
   * @param request the framework's request, if the adapter knows it
   */
  load(id: string, locking: boolean, request?: unknown): Promise<Loaded> {
    const load = (figures?: SessionMessage) => this.#load(id, locking, request, figures)
    return this.#observer.trace('load', id, load, outcomeOf)
  }

  async #load(id: string, locking: boolean, request: unknown, figures: SessionMessage | undefined): Promise<Loaded> {
    if (!isPossibleSessionId(id, this.configuration)) return this.#refuse(id)
    let why: Hidden | undefined
    const onHidden = (reason: Hidden) => {
      why = reason
    }
    try {
      const record = await this.repository[locking ? 'findForChange' : 'find'](id, { onHidden, figures })
      if (!record) return why === undefined ? none('none') : this.#hide(id, why)
      const session = new RequestSession(this, { kind: 'loaded', record }, request)
      const cookie = parseCookie(record.cookie)
      if (!isExpired(cookie)) return { kind: 'found', session, cookie }
      // Awaited, because a Lambda function stops as soon as it has responded.
      await session.release()
      return this.#hide(id, 'expired')
    } catch (error) {
      if (error instanceof SessionDataError) {
        this.#handle(error, 'get', id)
        return this.#maybeReadElsewhere ? { kind: 'hidden', why: 'invalid' } : none('invalid')
      }
      this.survive(error, 'get', id)
      this.#observer.note('unread', id, error)
      return { kind: 'found', session: new RequestSession(this, { kind: 'unread' }, request), cookie: undefined }
    }
  }

  /**
   * Whether other servers may read data that this one can't: Rails, servers with other keys or with `accept_plain_data`. A
   * logout must end the session there too.
   */
  get #maybeReadElsewhere(): boolean {
    return this.configuration.sessionIdDigest === 'md5' || keyringOf(this.configuration) !== undefined
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
   * JSON of what the option `describe` returns for a request. Never rejects: a failure is reported, and the session is
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

  /** Whether one of the secrets signed the id, for adapters whose cookie is the signed id. */
  isSigned(id: string): boolean {
    const isSigned = isSignedSessionId(id, this.configuration)
    if (!isSigned) this.#refuse(id)
    return isSigned
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

  #refuse(id: string): Loaded {
    this.#observer.note('forged-id', id)
    return none('refused')
  }

  #hide(id: string, why: Hidden): Loaded {
    if (why === 'expired') {
      this.#observer.note('expired-read', id)
      this.#emitChange('expired', id)
    }
    return { kind: 'hidden', why }
  }

  #emitChange(event: Exclude<keyof SessionEvents, 'conflict'>, id: string, previous?: string): void {
    if (this.#emitter.listenerCount(event) === 0) return
    const change: SessionChange = { sessionIdHash: hashSessionId(id) }
    this.#emit(event, previous === undefined ? change : { ...change, previousSessionIdHash: hashSessionId(previous) })
  }

  /**
   * Reports an error of a listener. The request succeeds, because the session is stored already. `emit` of an EventEmitter
   * ignores the promise of an async listener.
   */
  #emit<Event extends keyof SessionEvents>(event: Event, payload: SessionEvents[Event][0]): void {
    const context = { operation: `listener of ${event}`, sessionIdHash: payload.sessionIdHash }
    for (const listener of this.#emitter.rawListeners(event)) {
      const call = async () => Reflect.apply(listener, this.#emitter, [payload])
      call().catch((error) => report(error, context, this.configuration.errorHandler))
    }
  }

  /** Closes the connections that this package opened, and aborts running requests. */
  async close(): Promise<void> {
    this.#connection.close()
  }
}

function outcomeOf(loaded: Loaded): { readonly outcome: string } {
  if (loaded.kind !== 'found') return { outcome: loaded.why }
  return { outcome: loaded.session.unread ? 'unread' : 'found' }
}
