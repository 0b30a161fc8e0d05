import { Signer } from '@fastify/cookie'
import fastify, { type FastifyRequest } from 'fastify'
import { DynamoSessionStore, dynamoSession } from '../../../runtime/fastify.js'
import type { Adapter, RouteSession } from './adapter.js'

const SECRET = 'a secret of thirty-two characters or more'

export const fastifyAdapter: Adapter = {
  name: 'fastify',
  cookieName: 'sessionId',
  describe: (request: FastifyRequest) => ({ userAgent: request.headers['user-agent'] }),
  releasesAfterThrow: true,
  savesAfterThrow: true,
  saveErrorStatus: 500,
  regenerateKeepsData: false,
  async start(routes, { options, cookieLifetime }) {
    const app = fastify({ forceCloseConnections: true })
    const maxAge = cookieLifetime === undefined ? undefined : cookieLifetime * 1000
    const store = new DynamoSessionStore(options)
    await app.register(dynamoSession, { store, secret: SECRET, cookie: { secure: false, maxAge } })
    for (const [path, route] of Object.entries(routes)) {
      app.get(path, async (request) => route(sessionOf(request)))
    }
    const failures: unknown[] = []
    app.setErrorHandler((error, _request, reply) => {
      failures.push(error)
      return reply.status(500).send(String(error))
    })
    const url = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
    return { port: Number(url.port), failures, store, stop: () => app.close() }
  },
  idOf: (cookieValue) => cookieValue.replace(/\.[^.]*$/, ''),
  cookieFor: (id) => encodeURIComponent(new Signer(SECRET).sign(id)),
}

export function sessionOf(request: FastifyRequest): RouteSession {
  const data = () => request.session as unknown as Record<string, unknown>
  return {
    id: () => request.session.sessionId,
    get: (key) => data()[key],
    set: (key, value) => {
      data()[key] = value
    },
    unset: (key) => {
      delete data()[key]
    },
    destroy: () => request.session.destroy(),
    regenerate: (keys) => (keys ? request.session.regenerate(keys) : request.session.regenerate()),
  }
}
