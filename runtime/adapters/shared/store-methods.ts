import type { EventEmitter } from 'node:events'
import type { Options } from '../../configuration/options.js'
import type { Adapter } from '../../session/channels.js'
import type { IndexSearch, IndexValue, SessionSearch } from '../../session/sessions-by-value.js'
import type { Closeable } from './closeable.js'
import type { SessionEvents } from './session-events.js'
import { SessionStore } from './session-store.js'

const sessionStores = new WeakMap<object, SessionStore>()

/** The SessionStore behind a store of {@link withStoreMethods}. The application can't see it. */
export function sessionStoreOf(store: object): SessionStore {
  const sessionStore = sessionStores.get(store)
  if (!sessionStore) throw new TypeError('Not a store of dynamo-session-store.')
  return sessionStore
}

/** A class of stores. The interfaces have the doc comments of its methods. */
export type StoreClass<Base> = new (options?: Options) => Base & SessionSearch & Closeable

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

    close(): Promise<void> {
      return sessionStoreOf(this).close()
    }

    [Symbol.asyncDispose](): Promise<void> {
      return this.close()
    }
  }
  return Store as unknown as StoreClass<Base>
}
