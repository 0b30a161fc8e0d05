import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono, type HonoRequest } from 'hono'
import { createSessionManager } from '../../../runtime/fetch.js'
import { dynamoSession } from '../../../runtime/hono.js'
import type { Adapter } from './adapter.js'
import { sessionOf } from './fetch-session.js'
import { listen, stop } from './listen.js'

export const honoAdapter: Adapter = {
  name: 'hono',
  cookieName: 'session',
  describe: (request: HonoRequest) => ({ userAgent: request.header('user-agent') }),
  releasesAfterThrow: true,
  savesAfterThrow: false,
  saveErrorStatus: 500,
  regenerateKeepsData: true,
  async start(routes, { options, cookieLifetime }) {
    const manager = createSessionManager({ ...options, expireAfter: cookieLifetime })
    const app = new Hono().use(dynamoSession(manager))
    for (const [path, route] of Object.entries(routes)) {
      app.get(path, async (c) => c.text(await route(sessionOf(c.get('session')))))
    }
    const failures: unknown[] = []
    app.onError((error, c) => {
      failures.push(error)
      return c.text(String(error), 500)
    })
    const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }))
    return { port: await listen(server), failures, store: manager.storage, stop: () => stop(server) }
  },
  idOf: (cookieValue) => cookieValue,
  cookieFor: (id) => id,
}
