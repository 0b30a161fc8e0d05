import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import express from 'express'
import session from 'express-session'
import { DynamoSessionStore } from '../../../runtime/express.js'
import type { Adapter, RouteSession } from './adapter.js'
import { listen, stop } from './listen.js'

const SECRET = 'x'

export const expressAdapter: Adapter = {
  name: 'express',
  cookieName: 'connect.sid',
  describe: (request: express.Request) => ({ userAgent: request.get('user-agent') }),
  releasesAfterThrow: true,
  savesAfterThrow: true,
  saveErrorStatus: 200,
  regenerateKeepsData: false,
  async start(routes, { options, cookieLifetime }) {
    const app = express()
    const maxAge = cookieLifetime === undefined ? undefined : cookieLifetime * 1000
    const store = new DynamoSessionStore(options)
    app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false, cookie: { maxAge } }))
    for (const [path, route] of Object.entries(routes)) {
      app.get(path, async (request, response) => response.send(await route(sessionOf(request))))
    }
    const failures: unknown[] = []
    const onError: express.ErrorRequestHandler = (error, _request, response, next) => {
      failures.push(error)
      if (response.headersSent) next(error)
      else response.status(500).send(String(error))
    }
    app.use(onError)
    app.set('env', 'test')
    const server = createServer(app)
    return { port: await listen(server), failures, store, stop: () => stop(server) }
  },
  idOf: (cookieValue) => cookieValue.replace(/^s:([^.]+)\..*$/, '$1'),
  cookieFor: (id) => encodeURIComponent(`s:${sign(id)}`),
}

export function sessionOf(request: express.Request): RouteSession {
  const data = () => request.session as unknown as Record<string, unknown>
  return {
    id: () => request.sessionID,
    get: (key) => data()[key],
    set: (key, value) => {
      data()[key] = value
    },
    unset: (key) => {
      delete data()[key]
    },
    destroy: () => done((callback) => request.session.destroy(callback)),
    regenerate: () => done((callback) => request.session.regenerate(callback)),
    save: () => done((callback) => request.session.save(callback)),
  }
}

/** As the package cookie-signature, which express-session uses. */
export function sign(id: string): string {
  return `${id}.${createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '')}`
}

function done(start: (callback: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
}
