import { EventEmitter } from 'node:events'
import type { FastifySessionOptions, SessionStore as FastifyStore } from '@fastify/session'
import type { Session } from 'fastify'
import { MissingSecretKeyError } from '../../errors.js'
import { isSignedSessionId, makeSessionId } from '../../session/item/session-id.js'
import { type Callback, toCallback } from '../shared/callback.js'
import type { SessionEvents } from '../shared/session-events.js'
import { sessionStoreOf, withStoreMethods } from '../shared/store-methods.js'
import { sessionsOf } from './session-registry.js'

/** Converts session ids to cookie values for @fastify/session, and cookie values to session ids. */
export type Signer = Exclude<FastifySessionOptions['secret'], string | string[]>

type Done = (error?: unknown) => void

/**
 * The store behind `dynamoSession`. Make your own store to use sessions outside of requests, to listen to events, or to
 * close the store. Every method of @fastify/session's store takes a callback, or returns a promise.
 *
 * Emits `conflict` when a save overwrote another request's change of the same keys.
 *
 * @param options see docs/configuration.md. All other options come from ENV, the configuration file and the defaults.
 * @throws {ConfigurationError} from the constructor, if the configuration is wrong. The constructor sends no request.
 * @example
 * ```ts
 * const store = new DynamoSessionStore()
 * await app.register(dynamoSession, { store })
 * app.addHook('onClose', () => store.close())
 * ```
 */
export class DynamoSessionStore
  extends withStoreMethods('fastify', EventEmitter<SessionEvents>)
  implements FastifyStore
{
  readonly #store = sessionStoreOf(this)
  readonly #sessions = sessionsOf(this)

  /**
   * Makes signed session ids. The store refuses a forged id without a request to DynamoDB.
   *
   * @throws {MissingSecretKeyError} when called without `secret_key`
   * @example
   * ```ts
   * await app.register(dynamoSession, { store, secret: store.signer, idGenerator: store.genid })
   * ```
   */
  readonly genid = (): string => makeSessionId(this.#store.configuration)

  /**
   * Makes cookies from signed ids, which need no second signature. The cookie's value is the id, as in Rails. Use the
   * signer with `genid`. Without the option `secret`, the plugin uses both.
   *
   * @throws {MissingSecretKeyError} without `secret_key`
   */
  get signer(): Signer {
    const { configuration } = this.#store
    const isSigned = (id: string) => this.#store.isSigned(id)
    if (!configuration.secretKey?.length) {
      throw new MissingSecretKeyError(
        'The cookie of the session needs a secret. Set the option secretKey of the store, ENV ' +
          "AWS_DYNAMO_DB_SESSION_SECRET_KEY or SECRET_KEY_BASE, or the plugin's option secret.",
      )
    }
    return {
      sign(id) {
        if (isSignedSessionId(id, configuration)) return id
        throw new MissingSecretKeyError('The signer of the store takes only signed ids. Set idGenerator: store.genid.')
      },
      unsign(value) {
        const valid = isSigned(value)
        return { valid, renew: false, value: valid ? value : null }
      },
    }
  }

  /**
   * Loads a session. The result is null for a missing or expired session, and for an item that is not a session. If
   * DynamoDB can't respond and `raise_errors` is off, the session is empty, and a save of it fails.
   *
   * With `locking: pessimistic`, a call with a callback locks the session. A call without a callback does not.
   */
  get(id: string): Promise<Session | null>
  get(id: string, callback: (error: unknown, session?: Session | null) => void): void
  get(id: string, callback?: Callback<Session | null>): Promise<Session | null> | undefined {
    if (!callback) return this.#sessions.find(id)
    this.#sessions.get(id, callback)
  }

  /**
   * Creates a new session, or saves a loaded one. A session that another request has deleted stays deleted. A session
   * that was neither created nor loaded here, for example by a script, is overwritten.
   */
  set(id: string, session: Session): Promise<void>
  set(id: string, session: Session, callback: Done): void
  set(id: string, session: Session, callback?: Callback<void>): Promise<void> | undefined {
    return toCallback(this.#sessions.set(id, session), callback)
  }

  /**
   * Deletes a session, whether or not it exists.
   *
   * @param id the session id, or a result of `keysBy`
   */
  destroy(id: string): Promise<void>
  destroy(id: string, callback: Done): void
  destroy(id: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.#sessions.destroy(id, callback)
  }
}
