import { EventEmitter } from 'node:events'
import type { Options } from '../../configuration/options.js'
import { makeSessionId } from '../../session/item/session-id.js'
import type { IndexSearch, IndexValue, SessionSearch } from '../../session/sessions-by-value.js'
import type { RequestSession } from '../shared/request-session.js'
import { SessionStore } from '../shared/session-store.js'
import { type KoaContext, KoaRequest } from './request.js'
import { dataOf, extrasFor, type MaxAge, settingsOf, unpack } from './session-fields.js'

/**
 * Keeps the sessions of koa-session (6.4 or 7) in DynamoDB.
 *
 * ```ts
 * app.use(session({ store: new DynamoSessionStore() }, app))
 * ```
 *
 * koa-session calls its methods with the context of a request; without one they are for scripts, and lock nothing.
 * Options: see the README; what is not given comes from ENV, the configuration file and the defaults. Emits `conflict`
 * with `{ keys, sessionIdHash }` when a save won over a change that another request made to the same keys.
 *
 * @typeParam Data what is in a session
 * @throws {ConfigurationError} from the constructor, when the configuration is wrong; never for a network reason
 */
export class DynamoSessionStore<Data extends object = Record<string, unknown>>
  extends EventEmitter
  implements SessionSearch
{
  readonly #store: SessionStore
  readonly #requests = new WeakMap<KoaContext, KoaRequest>()
  /** By the objects that scripts got. */
  readonly #requestSessions = new WeakMap<object, RequestSession>()

  constructor(options: Options = {}) {
    super()
    this.#store = new SessionStore(options, (conflict) => this.emit('conflict', conflict))
  }

  /**
   * Makes signed session ids, so that a forged one is refused without a request to DynamoDB: `genid: store.genid`.
   *
   * @throws {MissingSecretKeyError} when called without `secret_key`
   */
  readonly genid = (): string => makeSessionId(this.#store.configuration)

  /**
   * Loads a session: undefined when there is none, when it is over, or when what is stored is not a session. When
   * DynamoDB can't answer and `raise_errors` is off, an empty session, which then refuses to be saved. koa-session's
   * own loading locks the session with `locking: pessimistic`, until it is saved or the response is done.
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
   * Stores a session: creates it when it is new, changes it when it was loaded and was not deleted since. When nothing
   * changed, nothing is written within `touch_interval`. A script overwrites what it did not load before.
   *
   * @param maxAge how long it lives, in milliseconds; not given: as it is stored, else without an end of its own
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
   * Deletes a session, whether or not it exists. With `ctx`, as koa-session calls it, and while `ctx.session` is there,
   * it is about to get another id, and is deleted when it has been saved under that.
   */
  async destroy(key: string, { ctx }: { readonly ctx?: KoaContext } = {}): Promise<void> {
    await (ctx ? this.#requestOf(ctx).delete(key) : this.#store.destroy(key))
  }

  keysBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<string[]> {
    return this.#store.index.keysBy(key, value, search)
  }

  destroyBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<number> {
    return this.#store.index.destroyBy(key, value, search)
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
