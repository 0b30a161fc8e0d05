import { EventEmitter } from 'node:events'
import type { Session, SessionStorage } from '@remix-run/session'
import type { Options } from '../../configuration/options.js'
import type { IndexSearch, IndexValue, SessionSearch } from '../../session/sessions-by-value.js'
import { SessionStore } from '../shared/session-store.js'
import { FetchSession } from './session.js'

/** The shape of session data: for an interface or a type, a type as `@remix-run/session` wants it. */
export type Shape<T> = { [Key in keyof T]: T[Key] }

/** The keys of a session when nothing else is said: any. */
export type AnyShape = Record<string, unknown>

/**
 * Keeps the sessions of Remix 3, or of whatever uses `@remix-run/session`, in DynamoDB. Emits `conflict` with
 * `{ keys, sessionIdHash }` when a save won over a change that another request made to the same keys.
 */
export interface DynamoSessionStorage<Values extends object = AnyShape, Flash extends object = AnyShape>
  extends EventEmitter,
    SessionStorage,
    SessionSearch {
  /**
   * Loads a session; a new one with an id of its own when there is none, or when it is over. When DynamoDB can't
   * answer and `raise_errors` is off, an empty one under the same id, which then refuses to be saved. With `locking:
   * pessimistic` the session is locked until it is saved or released.
   *
   * @param cookieValue the session's cookie, as `save` gave it
   */
  read(cookieValue: string | null): Promise<Session<Shape<Values>, Shape<Flash>>>
  /**
   * Stores a session: creates it when it is new and not empty, changes it when it was changed (also within a value)
   * and not deleted since, renews it when that is due, deletes it when it was destroyed.
   *
   * @returns the value for the cookie; null when the cookie is to stay as it is, '' when it is to be deleted
   * @throws {SessionUnreadError} when it could not be read, and there is something to store
   */
  save(session: Session<Shape<Values>, Shape<Flash>>): Promise<string | null>
  /** Gives the lock back, in the background, of a session that will not be saved; never rejects. */
  release(session: Session<Shape<Values>, Shape<Flash>>): Promise<void>
}

/**
 * ```ts
 * session(createCookie('session', { secrets: [secret] }), createSessionStorage())
 * ```
 *
 * Options: see the README; what is not given comes from ENV, the configuration file and the defaults. With `secret_key`
 * session ids are signed, so that a forged one is refused without a request to DynamoDB.
 *
 * @throws {ConfigurationError} when the configuration is wrong; never for a network reason
 */
export function createSessionStorage<Values extends object = AnyShape, Flash extends object = AnyShape>(
  options: Options = {},
): DynamoSessionStorage<Values, Flash> {
  return new FetchStorage(options) as DynamoSessionStorage<Values, Flash>
}

export class FetchStorage extends EventEmitter implements DynamoSessionStorage {
  readonly store: SessionStore
  /** Kept beside the session objects, so that the application does not see it. */
  readonly #sessions = new WeakMap<Session, FetchSession>()

  constructor(options: Options) {
    super()
    this.store = new SessionStore(options, (conflict) => this.emit('conflict', conflict))
  }

  async read(cookieValue: string | null): Promise<Session> {
    const { session } = await this.load(cookieValue)
    return session
  }

  async save(session: Session): Promise<string | null> {
    return this.#of(session).save()
  }

  async release(session: Session): Promise<void> {
    await this.#sessions.get(session)?.release()
  }

  keysBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<string[]> {
    return this.store.index.keysBy(key, value, search)
  }

  destroyBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<number> {
    return this.store.index.destroyBy(key, value, search)
  }

  /** The same as {@link read}, with what is known of the session besides. */
  async load(id: string | null): Promise<FetchSession> {
    const loaded = await FetchSession.load(id, this.store)
    this.#sessions.set(loaded.session, loaded)
    return loaded
  }

  #of(session: Session): FetchSession {
    const known = this.#sessions.get(session)
    if (known) return known
    const adopted = FetchSession.adopt(session, this.store)
    this.#sessions.set(session, adopted)
    return adopted
  }
}
