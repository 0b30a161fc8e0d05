import { EventEmitter } from 'node:events'
import { makeSessionId } from '../../session/item/session-id.js'
import type { RequestSession } from '../shared/request-session.js'
import type { SessionEvents } from '../shared/session-events.js'
import { sessionStoreOf, withStoreMethods } from '../shared/store-methods.js'
import { KoaRequest } from './request.js'
import { dataOf, extrasFor, settingsOf, unpack } from './session-fields.js'
import type { KoaContext, MaxAge } from './types.js'

/**
 * Keeps the sessions of koa-session (6.4 or 7) in DynamoDB. koa-session calls the methods with the context of a
 * request. Scripts call the methods without a context, which locks nothing.
 *
 * Emits `conflict` when a save overwrote another request's change of the same keys.
 *
 * @typeParam Data the data of a session
 * @param options see docs/configuration.md. All other options come from ENV, the configuration file and the defaults.
 * @throws {ConfigurationError} from the constructor, if the configuration is wrong. The constructor sends no request.
 * @example
 * ```ts
 * app.use(session({ store: new DynamoSessionStore() }, app))
 * ```
 */
export class DynamoSessionStore<Data extends object = Record<string, unknown>> extends withStoreMethods(
  'koa',
  EventEmitter<SessionEvents>,
) {
  readonly #store = sessionStoreOf(this)
  readonly #requests = new WeakMap<KoaContext, KoaRequest>()
  /** Sessions of scripts, by the object that `get` returned. */
  readonly #requestSessions = new WeakMap<object, RequestSession>()

  /**
   * Makes signed session ids. The store refuses a forged id without a request to DynamoDB.
   *
   * @throws {MissingSecretKeyError} when called without `secret_key`
   * @example
   * ```ts
   * session({ store, genid: store.genid }, app)
   * ```
   */
  readonly genid = (): string => makeSessionId(this.#store.configuration)

  /**
   * Loads a session. The result is undefined for a missing or expired session, and for an item that is not a session.
   * If DynamoDB can't respond and `raise_errors` is off, the session is empty, and a save of it fails.
   *
   * With `locking: pessimistic`, a call with `ctx` locks the session until it is saved or the response closes.
   *
   * @param key the session id, koa-session's external key
   */
  async get(
    key: string,
    _maxAge?: MaxAge,
    { ctx }: { readonly ctx?: KoaContext; readonly rolling?: boolean } = {},
  ): Promise<Partial<Data> | undefined> {
    const found = ctx ? await this.#requestOf(ctx).load(key) : await this.#find(key)
    return found as Partial<Data> | undefined
  }

  /**
   * Creates a new session, or saves a loaded one. A session that another request has deleted stays deleted. Within
   * `touch_interval`, an unchanged session is not written. A script overwrites a session that it did not load.
   *
   * @param maxAge lifetime of the session in milliseconds; undefined: the stored lifetime, if there is one
   */
  async set(
    key: string,
    session: Partial<Data>,
    maxAge?: MaxAge,
    { ctx }: { readonly ctx?: KoaContext; readonly rolling?: boolean; readonly changed?: boolean } = {},
  ): Promise<void> {
    await (ctx ? this.#requestOf(ctx).save(key, session, maxAge) : this.#put(key, session, maxAge))
  }

  /**
   * Deletes a session, whether or not it exists. koa-session also calls this method when a session gets another id.
   * Then `ctx.session` is still set, and the old session ends only when the session is saved under the new id.
   *
   * @param key the session id, or a result of `keysBy`
   */
  async destroy(key: string, { ctx }: { readonly ctx?: KoaContext } = {}): Promise<void> {
    await (ctx ? this.#requestOf(ctx).delete(key) : this.#store.destroy(key))
  }

  #requestOf(context: KoaContext): KoaRequest {
    const request = this.#requests.get(context) ?? new KoaRequest(this.#store, context)
    this.#requests.set(context, request)
    return request
  }

  async #find(key: string): Promise<object | undefined> {
    const loaded = await this.#store.load(key, false)
    if (loaded.kind !== 'found') return undefined
    const session = unpack(loaded, { bookkeeping: false })
    this.#requestSessions.set(session, loaded.session)
    return session
  }

  async #put(key: string, session: object, maxAge: MaxAge | undefined): Promise<void> {
    const { repository, configuration } = this.#store
    const data = dataOf(session)
    const extras = extrasFor(settingsOf(session, maxAge), configuration.touchInterval)
    const loaded = this.#requestSessions.get(session)
    if (loaded && (!loaded.record || loaded.record.id === key)) return loaded.save(key, data, extras)
    this.#store.assertPossible(key)
    await repository.put(key, data, extras(undefined))
  }
}
