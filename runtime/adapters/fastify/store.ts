import { EventEmitter } from 'node:events'
import type { FastifySessionOptions, SessionStore as FastifyStore } from '@fastify/session'
import type { Session } from 'fastify'
import type { Options } from '../../configuration/options.js'
import { MissingSecretKeyError } from '../../errors.js'
import { isSignedSessionId, makeSessionId } from '../../session/item/session-id.js'
import type { IndexSearch, IndexValue, SessionSearch } from '../../session/sessions-by-value.js'
import { type Callback, toCallback } from '../shared/callback.js'
import { SessionStore } from '../shared/session-store.js'
import { FastifySessions } from './session-registry.js'

/** How @fastify/session makes cookies of ids, and ids of cookies. */
export type Signer = Exclude<FastifySessionOptions['secret'], string | string[]>

type Done = (error?: unknown) => void

/**
 * The store behind `dynamoSession`. An application makes one itself when it needs sessions outside of requests, or
 * listens to `conflict` (`{ keys, sessionIdHash }`: a save won over a change that another request made to the same
 * keys):
 *
 * ```ts
 * const store = new DynamoSessionStore()
 * await app.register(dynamoSession, { store })
 * ```
 *
 * Every method takes a callback or returns a promise. Options: see the README; what is not given comes from ENV,
 * the configuration file and the defaults.
 *
 * @throws {ConfigurationError} from the constructor, when the configuration is wrong; never for a network reason
 */
export class DynamoSessionStore extends EventEmitter implements FastifyStore, SessionSearch {
  readonly #store: SessionStore
  readonly #sessions: FastifySessions

  constructor(options: Options = {}) {
    super()
    this.#store = new SessionStore(options, (conflict) => this.emit('conflict', conflict))
    this.#sessions = new FastifySessions(this.#store)
    sessionsOfStores.set(this, this.#sessions)
  }

  /**
   * Makes signed session ids, so that a forged one is refused without a request to DynamoDB: `idGenerator: store.genid`.
   *
   * @throws {MissingSecretKeyError} when called without `secret_key`
   */
  readonly genid = (): string => makeSessionId(this.#store.configuration)

  /**
   * For signed ids, which need no second signature: the cookie's value is the id, as in Rails. It goes with `genid`:
   * `secret: store.signer, idGenerator: store.genid` (what the plugin uses when it is given no `secret`).
   *
   * @throws {MissingSecretKeyError} without `secret_key`
   */
  get signer(): Signer {
    const { configuration } = this.#store
    if (!configuration.secretKey?.length) {
      throw new MissingSecretKeyError(
        'The cookie of the session needs a secret: set the option secretKey of the store, ENV ' +
          "AWS_DYNAMO_DB_SESSION_SECRET_KEY or SECRET_KEY_BASE; or the plugin's option secret.",
      )
    }
    return {
      sign(id) {
        if (isSignedSessionId(id, configuration)) return id
        throw new MissingSecretKeyError('The signer of the store takes signed ids only: set idGenerator: store.genid.')
      },
      unsign(value) {
        const valid = isSignedSessionId(value, configuration)
        return { valid, renew: false, value: valid ? value : null }
      },
    }
  }

  /**
   * Loads a session: null when there is none, when it is over, or when what is stored is not a session. When DynamoDB
   * can't answer and `raise_errors` is off, an empty session under the same id, which then refuses to be saved.
   * With `locking: pessimistic` a request's own loading locks the session; a promise never does.
   */
  get(id: string): Promise<Session | null>
  get(id: string, callback: (error: unknown, session?: Session | null) => void): void
  get(id: string, callback?: Callback<Session | null>): Promise<Session | null> | undefined {
    if (!callback) return this.#sessions.find(id)
    this.#sessions.get(id, callback)
  }

  /** Stores a session: creates it when it is new, changes it when it was loaded and was not deleted since. */
  set(id: string, session: Session): Promise<void>
  set(id: string, session: Session, callback: Done): void
  set(id: string, session: Session, callback?: Callback<void>): Promise<void> | undefined {
    return toCallback(this.#sessions.set(id, session), callback)
  }

  /** Deletes a session, whether or not it exists. */
  destroy(id: string): Promise<void>
  destroy(id: string, callback: Done): void
  destroy(id: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.#sessions.destroy(id, callback)
  }

  keysBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<string[]> {
    return this.#store.index.keysBy(key, value, search)
  }

  destroyBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<number> {
    return this.#store.index.destroyBy(key, value, search)
  }
}

const sessionsOfStores = new WeakMap<DynamoSessionStore, FastifySessions>()

/** For the plugin: the part of a store that requests go through. */
export function attach(store: DynamoSessionStore): FastifySessions {
  const sessions = sessionsOfStores.get(store)
  if (!sessions) throw new TypeError('The store is not a DynamoSessionStore of dynamo-session-store/fastify.')
  sessions.isAttached = true
  return sessions
}
