import { EventEmitter } from 'node:events'
import type { Session, SessionStorage } from '@remix-run/session'
import type { Options } from '../../configuration/options.js'
import type { SessionSearch } from '../../session/session-search.js'
import type { Closeable } from '../shared/closeable.js'
import type { SessionEvents } from '../shared/session-events.js'
import { sessionStoreOf, withStoreMethods } from '../shared/store-methods.js'
import { ManagedSession } from './managed-session.js'
import { FetchSession } from './session.js'

/** The shape of session data, as a type alias: `@remix-run/session` does not accept an interface. */
export type Shape<T> = { [Key in keyof T]: T[Key] }

/** The shape of session data that the application does not declare: any keys. */
export type AnyShape = Record<string, unknown>

/**
 * Keeps the sessions of Remix 3, and of other frameworks that use `@remix-run/session`, in DynamoDB.
 *
 * Emits `conflict` when a save overwrote another request's change of the same keys.
 */
export interface DynamoSessionStorage<Values extends object = AnyShape, Flash extends object = AnyShape>
  extends EventEmitter<SessionEvents>,
    SessionStorage,
    SessionSearch,
    Closeable {
  /**
   * Loads a session. If there is none, or if it has expired, makes a new session with another id. If DynamoDB can't
   * respond and `raise_errors` is off, the session is empty, and a save of it fails.
   *
   * With `locking: pessimistic`, the session is locked until it is saved or released.
   *
   * @param cookieValue the value of the session's cookie, as `save` returned it
   */
  read(cookieValue: string | null): Promise<Session<Shape<Values>, Shape<Flash>>>
  /**
   * Stores a session:
   *
   * - creates a new session that is not empty
   * - saves changed data, also changes inside a value, unless another request has deleted the session
   * - touches an unchanged session after `touch_interval`
   * - deletes a session that the application destroyed
   *
   * @returns the value for the cookie; null: do not change the cookie; '': delete the cookie
   * @throws {SessionUnreadError} if the session could not be read, but has data to store
   */
  save(session: Session<Shape<Values>, Shape<Flash>>): Promise<string | null>
  /** Unlocks a session that will not be saved. Never rejects. */
  release(session: Session<Shape<Values>, Shape<Flash>>): Promise<void>
}

/**
 * Makes a session storage for Remix 3. With `secret_key`, session ids are signed, and a forged id is refused without a
 * request to DynamoDB.
 *
 * @param options see the README. All other options come from ENV, the configuration file and the defaults.
 * @throws {ConfigurationError} if the configuration is wrong. No request is sent.
 * @example
 * ```ts
 * session(createCookie('session', { secrets: [secret] }), createSessionStorage())
 * ```
 */
export function createSessionStorage<Values extends object = AnyShape, Flash extends object = AnyShape>(
  options: Options = {},
): DynamoSessionStorage<Values, Flash> {
  return new FetchStorage(options) as DynamoSessionStorage<Values, Flash>
}

export class FetchStorage
  extends withStoreMethods('fetch', EventEmitter<SessionEvents>)
  implements DynamoSessionStorage
{
  readonly store = sessionStoreOf(this)
  /** Kept beside the session objects, so that the application does not see it. */
  readonly #sessions = new WeakMap<Session, FetchSession | ManagedSession>()

  async read(cookieValue: string | null): Promise<Session> {
    const loaded = await FetchSession.load(cookieValue === null ? [] : [cookieValue], this.store)
    this.#sessions.set(loaded.session, loaded)
    return loaded.session
  }

  async save(session: Session): Promise<string | null> {
    return this.#of(session).save()
  }

  async release(session: Session): Promise<void> {
    await this.#sessions.get(session)?.release()
  }

  /**
   * Loads a session for a session manager: the first of these ids that has one.
   *
   * @param request for the option `describe`
   */
  async manage(ids: readonly string[], request: unknown): Promise<ManagedSession> {
    const loaded = await FetchSession.load(ids, this.store, request)
    const managed = new ManagedSession(loaded, () => FetchSession.start(this.store, request))
    this.#sessions.set(managed.session, managed)
    return managed
  }

  #of(session: Session): FetchSession | ManagedSession {
    const known = this.#sessions.get(session)
    if (known) return known
    const adopted = FetchSession.adopt(session, this.store)
    this.#sessions.set(session, adopted)
    return adopted
  }
}
