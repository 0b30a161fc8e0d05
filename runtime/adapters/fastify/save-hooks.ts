import { isSessionObject } from './session-object.js'
import type { FastifySessions, Request } from './session-registry.js'

/**
 * What @fastify/session must know before it saves a session, in its `onSend` hook, and tells the browser of it. Our hooks
 * run just before its own and just after.
 */
export class FastifyEnding {
  readonly #sessions: FastifySessions
  readonly #hidden = new WeakMap<Request, unknown>()
  /** Ids whose cookies were signed with a secret that is no longer the first. */
  readonly #outdated = new WeakMap<Request, string>()

  constructor(sessions: FastifySessions) {
    this.#sessions = sessions
  }

  /** @param cookie the value by which the session was loaded */
  note(request: Request, cookie: string | undefined): void {
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
      // Else the cookie would be deleted, and the user signed out.
      Object.defineProperty(session, 'isModified', { value: () => true, configurable: true })
    }
  }

  after(request: Request): void {
    if (this.#hidden.has(request)) request.session = this.#hidden.get(request)
    this.#hidden.delete(request)
    if (isSessionObject(request.session)) Reflect.deleteProperty(request.session, 'isModified')
  }
}
