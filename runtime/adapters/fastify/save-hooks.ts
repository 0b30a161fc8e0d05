import { isSessionObject } from './session-object.js'
import type { FastifySessions, Request } from './session-registry.js'

/**
 * Controls the hook `onSend` of @fastify/session, which saves the session and sends the cookie. Our hooks run directly
 * before and after the framework's hook.
 */
export class SaveHooks {
  readonly #sessions: FastifySessions
  /** Sessions that the framework's hook must not see. */
  readonly #hidden = new WeakMap<Request, unknown>()
  /** Ids whose cookies were not signed with the first secret. */
  readonly #outdated = new WeakMap<Request, string>()

  constructor(sessions: FastifySessions) {
    this.#sessions = sessions
  }

  /** @param cookie the value of the cookie by which the session was loaded */
  noteCookie(request: Request, cookie: string | undefined): void {
    const { session } = request
    if (!isSessionObject(session) || session.encryptedSessionId === cookie) return
    this.#outdated.set(request, session.sessionId)
  }

  before(request: Request): void {
    this.after(request)
    const { session } = request
    if (this.#sessions.isSettled(request)) {
      this.#hidden.set(request, session)
      request.session = null
    } else if (isSessionObject(session) && this.#outdated.get(request) === session.sessionId) {
      // If the session is unchanged, the framework deletes such a cookie. That would sign the user out.
      Object.defineProperty(session, 'isModified', { value: () => true, configurable: true })
    }
  }

  after(request: Request): void {
    if (this.#hidden.has(request)) request.session = this.#hidden.get(request)
    this.#hidden.delete(request)
    if (isSessionObject(request.session)) Reflect.deleteProperty(request.session, 'isModified')
  }
}
