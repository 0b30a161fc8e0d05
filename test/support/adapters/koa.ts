import { createServer } from 'node:http'
import Koa from 'koa'
import session from 'koa-session'
import { DynamoSessionStore, type KoaSession } from '../../../runtime/koa.js'
import type { Adapter, RouteSession } from './adapter.js'
import { listen, stop } from './listen.js'

type Data = Record<string, unknown>

export const koaAdapter: Adapter = {
  name: 'koa',
  cookieName: 'koa.sess',
  describe: (ctx: Koa.Context) => ({ userAgent: ctx.get('user-agent') }),
  releasesAfterThrow: true,
  savesAfterThrow: true,
  saveErrorStatus: 500,
  regenerateKeepsData: true,
  async start(routes, { options, cookieLifetime }) {
    const app = new Koa({ env: 'test' })
    const failures: unknown[] = []
    app.on('error', (error) => failures.push(error))
    const store = new DynamoSessionStore(options)
    const maxAge = cookieLifetime === undefined ? 'session' : cookieLifetime * 1000
    // The signature would be in another cookie. koa/store.test.ts tests it.
    app.use(session({ store, maxAge, signed: false }, app))
    app.use(async (ctx) => {
      const route = routes[ctx.path]
      if (route) ctx.body = await route(sessionOf(ctx))
    })
    const server = createServer(app.callback())
    return { port: await listen(server), failures, store, stop: () => stop(server) }
  },
  idOf: (cookieValue) => cookieValue,
  cookieFor: (id) => id,
}

export function sessionOf(ctx: Koa.Context): RouteSession {
  const session = (): KoaSession<Data> & Data => ctx.session
  return {
    id: () => session().externalKey,
    get: (key) => session()[key],
    set: (key, value) => {
      Reflect.set(session(), key, value)
    },
    unset: (key) => {
      Reflect.deleteProperty(session(), key)
    },
    async destroy() {
      ctx.session = null
    },
    regenerate: () => session().regenerate(),
  }
}
