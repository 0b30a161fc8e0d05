import type { EventEmitter } from 'node:events'
import type { Session, SessionStorage } from '@remix-run/session'
import type { SessionSearch } from '../../session/session-search.js'
import type { Closeable } from '../shared/closeable.js'
import type { SessionEvents } from '../shared/session-events.js'

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
