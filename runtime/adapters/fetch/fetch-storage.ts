import { EventEmitter } from 'node:events'
import type { Session } from '@remix-run/session'
import type { SessionEvents } from '../shared/session-events.js'
import { sessionStoreOf, withStoreMethods } from '../shared/store-methods.js'
import { ManagedSession } from './managed-session.js'
import { FetchSession } from './session.js'
import type { DynamoSessionStorage } from './types.js'

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
