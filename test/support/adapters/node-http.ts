import { createServer, type IncomingMessage } from 'node:http'
import { createSessionManager } from '../../../runtime/fetch.js'
import { withSession } from '../../../runtime/node-http.js'
import type { Adapter } from './adapter.js'
import { sessionOf } from './fetch-session.js'
import { listen, stop } from './listen.js'

export const nodeHttpAdapter: Adapter = {
  name: 'node-http',
  cookieName: 'session',
  describe: (request: IncomingMessage) => ({ userAgent: request.headers['user-agent'] }),
  releasesAfterThrow: true,
  savesAfterThrow: false,
  saveErrorStatus: 500,
  regenerateKeepsData: true,
  async start(routes, { options, cookieLifetime }) {
    const manager = createSessionManager({ ...options, expireAfter: cookieLifetime })
    const failures: unknown[] = []
    const listener = withSession(
      manager,
      async (request, response, session) => {
        const route = routes[request.url ?? '']
        response.end(await route?.(sessionOf(session)))
      },
      { onError: (error) => failures.push(error) },
    )
    const server = createServer(listener)
    return { port: await listen(server), failures, store: manager.storage, stop: () => stop(server) }
  },
  idOf: (cookieValue) => cookieValue,
  cookieFor: (id) => id,
}
