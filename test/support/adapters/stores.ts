import { DynamoSessionStore as ExpressStore } from '../../../runtime/express.js'
import { DynamoSessionStore as FastifyStore } from '../../../runtime/fastify.js'
import { createSessionManager, createSessionStorage } from '../../../runtime/fetch.js'
import type { Options } from '../../../runtime/index.js'
import { DynamoSessionStore as KoaStore } from '../../../runtime/koa.js'

/** A store outside of requests, as a script uses it. */
export interface ScriptStore extends AsyncDisposable {
  /** Stores a session with one request. */
  save(): Promise<unknown>
  close(): Promise<void>
}

const DATA = { cookie: { originalMaxAge: null }, user: 'ada' }

/** Everything that can be closed, by its name. */
export const STORES: Readonly<Record<string, (options: Options) => ScriptStore>> = {
  'the store of Express': (options) => {
    const store = new ExpressStore(options)
    return Object.assign(store, { save: () => store.set('id', DATA) })
  },
  'the store of Fastify': (options) => {
    const store = new FastifyStore(options)
    return Object.assign(store, { save: () => store.set('id', DATA as unknown as Parameters<typeof store.set>[1]) })
  },
  'the store of Koa': (options) => {
    const store = new KoaStore(options)
    return Object.assign(store, { save: () => store.set('id', DATA) })
  },
  'the session storage': (options) => {
    const storage = createSessionStorage(options)
    return {
      save: async () => {
        const session = await storage.read(null)
        session.set('user', 'ada')
        return storage.save(session)
      },
      close: () => storage.close(),
      [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
    }
  },
  'the session manager': (options) => {
    const manager = createSessionManager({ ...options, secretKey: 'a secret of thirty-two characters or more' })
    return Object.assign(manager, { save: () => manager.use(null, (session) => session.set('user', 'ada')) })
  },
}
