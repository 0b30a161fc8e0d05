import type { EventEmitter } from 'node:events'
import type { Options } from '../../configuration/options.js'
import type { Adapter } from '../../session/channels.js'
import type { IndexSearch, IndexValue, SessionSearch, UserSessionsSearch } from '../../session/session-search.js'
import type { ExportedSession, UserSession } from '../../session/user-session.js'
import type { Closeable } from './closeable.js'
import type { SessionEvents } from './session-events.js'
import { SessionStore } from './session-store.js'
import type { StoreClass } from './store-class.js'

const sessionStores = new WeakMap<object, SessionStore>()

/** The SessionStore behind a store of {@link withStoreMethods}. The application can't see it. */
export function sessionStoreOf(store: object): SessionStore {
  const sessionStore = sessionStores.get(store)
  if (!sessionStore) throw new TypeError('Not a store of dynamo-session-store.')
  return sessionStore
}

/**
 * Makes the base class of a framework's store, with the events and the methods that all stores have.
 *
 * @param adapter names the adapter in messages of channels
 * @param base the class to extend; Express has a class of its own
 */
export function withStoreMethods<Base extends EventEmitter<SessionEvents>>(
  adapter: Adapter,
  base: new () => Base,
): StoreClass<Base> {
  const Emitter: new () => EventEmitter<SessionEvents> = base
  class Store extends Emitter implements SessionSearch, Closeable {
    constructor(options: Options = {}) {
      super()
      sessionStores.set(this, new SessionStore(options, adapter, this))
    }

    keysBy(key: string, value: IndexValue, search?: IndexSearch): Promise<string[]> {
      return sessionStoreOf(this).index.keysBy(key, value, search)
    }

    destroyBy(key: string, value: IndexValue, search?: IndexSearch): Promise<number> {
      return sessionStoreOf(this).index.destroyBy(key, value, search)
    }

    sessionsBy<Client extends object>(
      key: string,
      value: IndexValue,
      search?: UserSessionsSearch,
    ): Promise<UserSession<Client>[]> {
      return sessionStoreOf(this).index.sessionsBy<Client>(key, value, search)
    }

    destroyHandle(key: string, value: IndexValue, handle: string, search?: IndexSearch): Promise<boolean> {
      return sessionStoreOf(this).index.destroyHandle(key, value, handle, search)
    }

    destroyOthers(key: string, value: IndexValue, currentId: string, search?: IndexSearch): Promise<number> {
      return sessionStoreOf(this).index.destroyOthers(key, value, currentId, search)
    }

    exportBy(key: string, value: IndexValue, search?: IndexSearch): Promise<ExportedSession[]> {
      return sessionStoreOf(this).index.exportBy(key, value, search)
    }

    close(): Promise<void> {
      return sessionStoreOf(this).close()
    }

    [Symbol.asyncDispose](): Promise<void> {
      return this.close()
    }
  }
  return Store as unknown as StoreClass<Base>
}
