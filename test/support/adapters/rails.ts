import { createServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import koaSession from 'koa-session'
import { dynamoSession, DynamoSessionStore as FastifyStore } from '../../../runtime/fastify.js'
import { createSessionManager } from '../../../runtime/fetch.js'
import { DynamoSessionStore } from '../../../runtime/koa.js'
import { withSession } from '../../../runtime/node-http.js'
import type { Adapter } from './adapter.js'
import { fastifyAdapter, sessionOf as sessionOfFastify } from './fastify.js'
import { sessionOf } from './fetch-session.js'
import { honoAdapter } from './hono.js'
import { koaAdapter, sessionOf as sessionOfKoa } from './koa.js'
import { listen, stop } from './listen.js'
import { nodeHttpAdapter } from './node-http.js'

/** What a session manager needs for the gem's cookie in these tests, whose name is that of plain Rack. */
const RAILS = { rails: true, key: 'rack.session' } as const

const RACK = { cookieName: 'rack.session', idOf: (value: string) => value, cookieFor: (id: string) => id }

/** express-session takes only its own cookies. An Express application that shares a login uses the session manager. */
const express_: Adapter = {
  ...nodeHttpAdapter,
  ...RACK,
  name: 'express with the session manager',
  savesAfterThrow: true,
  async start(routes, { options }) {
    const sessions = createSessionManager({ ...options, ...RAILS })
    const app = express()
    app.use((request, response, next) =>
      withSession(sessions, (_request, _response, session) => {
        response.locals.session = session
        next()
      })(request, response),
    )
    for (const [path, route] of Object.entries(routes)) {
      app.get(path, async (_request, response) => response.send(await route(sessionOf(response.locals.session))))
    }
    const failures: unknown[] = []
    const onError: express.ErrorRequestHandler = (error, _request, response, _next) => {
      failures.push(error)
      response.status(500).send(String(error))
    }
    app.use(onError)
    const server = createServer(app)
    return { port: await listen(server), failures, store: sessions.storage, stop: () => stop(server) }
  },
}

function withRails(adapter: Adapter): Adapter {
  const start: Adapter['start'] = (routes, { options, ...more }) =>
    adapter.start(routes, { options: { ...options, ...RAILS }, ...more })
  return { ...adapter, ...RACK, start }
}

const koa: Adapter = {
  ...koaAdapter,
  ...RACK,
  async start(routes, { options }) {
    const store = new DynamoSessionStore(options)
    const app = new Koa({ env: 'test' })
    const failures: unknown[] = []
    app.on('error', (error) => failures.push(error))
    app.use(koaSession({ store, genid: store.genid, key: 'rack.session', signed: false, maxAge: 'session' }, app))
    app.use(async (ctx) => {
      const route = routes[ctx.path]
      if (route) ctx.body = await route(sessionOfKoa(ctx))
    })
    const server = createServer(app.callback())
    return { port: await listen(server), failures, store, stop: () => stop(server) }
  },
}

const fastify_: Adapter = {
  ...fastifyAdapter,
  ...RACK,
  async start(routes, { options }) {
    const app = fastify({ forceCloseConnections: true })
    const store = new FastifyStore(options)
    await app.register(dynamoSession, { store, cookieName: 'rack.session', cookie: { secure: false } })
    for (const [path, route] of Object.entries(routes)) {
      app.get(path, async (request) => route(sessionOfFastify(request)))
    }
    const failures: unknown[] = []
    app.setErrorHandler((error, _request, reply) => {
      failures.push(error)
      return reply.status(500).send(String(error))
    })
    const url = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
    return { port: Number(url.port), failures, store, stop: () => app.close() }
  },
}

/** The adapters with settings that share cookie and table with the Ruby gem (docs/rails.md). */
export const RAILS_ADAPTERS: readonly Adapter[] = [
  withRails(nodeHttpAdapter),
  withRails(honoAdapter),
  express_,
  koa,
  fastify_,
]
