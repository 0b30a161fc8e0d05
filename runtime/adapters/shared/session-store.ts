import type { Options } from '../../configuration/options.js'
import { assertSecretsReadable, type Configuration, resolveConfiguration } from '../../configuration/resolve.js'
import { Connection } from '../../dynamodb/connection.js'
import { isTransient } from '../../dynamodb/error-facts.js'
import { InvalidSessionIdError, SessionDataError } from '../../errors.js'
import { hashSessionId, isPossibleSessionId } from '../../session/item/session-id.js'
import { keyOf } from '../../session/item/session-key.js'
import { handleError, report } from '../../session/requests/errors.js'
import { type FindOptions, SessionRepository } from '../../session/session-repository.js'
import type { ConflictListener } from '../../session/session-writer.js'
import { SessionsByValue } from '../../session/sessions-by-value.js'
import { RequestSession } from './request-session.js'

/**
 * What the adapters of all frameworks do alike: which ids they take, and which failures a request survives
 * (docs/design/failures.md).
 */
export class SessionStore {
  readonly configuration: Configuration
  readonly repository: SessionRepository
  /** All sessions of a user. */
  readonly index: SessionsByValue

  /** @throws {ConfigurationError} when the configuration is wrong; never for a network reason */
  constructor(options: Options, onConflict: ConflictListener) {
    this.configuration = resolveConfiguration(options)
    assertSecretsReadable(this.configuration)
    const connection = new Connection(this.configuration)
    this.repository = new SessionRepository(this.configuration, connection, { onConflict })
    this.index = new SessionsByValue(this.configuration, connection)
  }

  /**
   * Loads a session for a request: undefined when there is none, when it is over, or when what is stored is not a
   * session (which is reported). When DynamoDB can't answer and `raise_errors` is off, one that is marked unread.
   *
   * @param locking whether to lock it where `locking` is pessimistic
   * @param onHidden notified when there is no session, but another request may find one by this id
   *   ({@link FindOptions}). When the request logs out then, the adapter has to {@link destroy} this id too.
   */
  async load(
    id: string,
    { locking, onHidden }: FindOptions & { locking: boolean },
  ): Promise<RequestSession | undefined> {
    if (!isPossibleSessionId(id, this.configuration)) return undefined
    try {
      const record = await this.repository[locking ? 'findForChange' : 'find'](id, { onHidden })
      return record && new RequestSession(this, record)
    } catch (error) {
      if (error instanceof SessionDataError) {
        this.#handle(error, 'get', id)
        return undefined
      }
      this.survive(error, 'get', id)
      return new RequestSession(this, 'unread')
    }
  }

  /** A session that is not stored yet. */
  start(): RequestSession {
    return new RequestSession(this, 'new')
  }

  /** Deletes a session, whether or not it exists, also when it moved to another id. */
  async destroy(id: string): Promise<void> {
    if (isPossibleSessionId(id, this.configuration)) await this.repository.delete(id)
  }

  /** @throws {InvalidSessionIdError} when nothing can be stored under the id */
  assertPossible(id: string): void {
    keyOf(id, this.configuration)
    if (isPossibleSessionId(id, this.configuration)) return
    throw new InvalidSessionIdError(
      `The session id (${hashSessionId(id)}) is wrongly signed: make signed ids with genid of the store, or check secret_key.`,
    )
  }

  /** Passes a failure that a request survives to the error handler, and throws any other. */
  survive(error: unknown, operation: string, id: string): void {
    if (this.configuration.raiseErrors || !isTransient(error)) throw error
    this.#handle(error, operation, id)
  }

  /** What the error handler throws fails the request. */
  #handle(error: unknown, operation: string, id: string): void {
    handleError(error, { operation, sessionIdHash: hashSessionId(id) }, this.configuration.errorHandler)
  }

  /** For failures in the background, where no request waits. */
  report(error: unknown, operation: string, id: string): void {
    report(error, { operation, sessionIdHash: hashSessionId(id) }, this.configuration.errorHandler)
  }
}
