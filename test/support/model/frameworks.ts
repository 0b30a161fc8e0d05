import { AsyncLocalStorage } from 'node:async_hooks'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import express from 'express'
import expressSession from 'express-session'
import fastify from 'fastify'
import Koa from 'koa'
import koaSession from 'koa-session'
import type { Options } from '../../../runtime/configuration/options.js'
import { DynamoSessionStore as ExpressStore } from '../../../runtime/express.js'
import { dynamoSession, DynamoSessionStore as FastifyStore } from '../../../runtime/fastify.js'
import { createSessionManager, createSessionStorage } from '../../../runtime/fetch.js'
import { DynamoSessionStore as KoaStore } from '../../../runtime/koa.js'
import type { RouteSession } from '../adapters/adapter.js'
import { sessionOf as sessionOfExpress, sign } from '../adapters/express.js'
import { sessionOf as sessionOfFastify } from '../adapters/fastify.js'
import { sessionOf as sessionOfFetch } from '../adapters/fetch-session.js'
import { sessionOf as sessionOfKoa } from '../adapters/koa.js'
import { reaching } from '../connection.js'
import { answerOf } from './in-process.js'

export type Handler = (session: RouteSession) => Promise<void>

export interface Reply {
  /** The request was answered with success. */
  readonly ok: boolean
  /** The session id in the cookie that was sent; '' when it was deleted, undefined when none was sent. */
  readonly id: string | undefined
}

/** A framework with our adapter, in this process: its requests go through no network. */
export interface Framework {
  readonly name: string
  /** Whether it can give a session another id and keep what is in it. */
  readonly changesIds: boolean
  /** @param id the session id in the request's cookie */
  request(id: string, handler: Handler): Promise<Reply>
}

export const SECRET = 'a secret of thirty-two characters or more'

/** The one that sends for the requests of the present run. A framework is started once for all runs. */
const clients = new AsyncLocalStorage<DynamoDBClient>()
let lastClient: DynamoDBClient | undefined

/** Lets `work`, and whatever comes of it, send through the client. */
export function sendingThrough<T>(client: DynamoDBClient, work: () => Promise<T>): Promise<T> {
  lastClient = client
  return clients.run(client, work)
}

const client = {
  config: {},
  destroy: () => undefined,
  send: (...args: Parameters<DynamoDBClient['send']>) => {
    const current = clients.getStore() ?? lastClient
    if (!current) throw new Error('nobody is to send anything now')
    return current.send(...args)
  },
} as unknown as DynamoDBClient

/** All of ours that the cookie of one browser can be sent to. */
export async function startFrameworks(options: Options): Promise<readonly Framework[]> {
  const own = { ...options, ...reaching(client), secretKey: SECRET, errorHandler: { handle: () => undefined } }
  return [storage(own), manager(own), koa(own), await fastifyOf(own), expressOf(own)]
}

/** What `@remix-run/session-middleware` does with a storage. */
function storage(options: Options): Framework {
  const sessions = createSessionStorage(options)
  return {
    name: 'storage',
    changesIds: true,
    async request(id, handler) {
      const session = await sessions.read(id).catch(() => undefined)
      if (!session) return { ok: false, id: undefined }
      try {
        await handler(sessionOfFetch(session))
        return { ok: true, id: (await sessions.save(session)) ?? undefined }
      } catch {
        await sessions.release(session)
        return { ok: false, id: undefined }
      }
    },
  }
}

function manager(options: Options): Framework {
  const sessions = createSessionManager({ ...options, key: 'session' })
  return {
    name: 'manager',
    changesIds: true,
    async request(id, handler) {
      try {
        const { setCookie } = await sessions.use(`session=${id}`, async (session, rack) => {
          const regenerate = async () => {
            rack.renew = true
          }
          await handler({ ...sessionOfFetch(session), regenerate })
        })
        return { ok: true, id: idIn('session', setCookie === undefined ? [] : [setCookie]) }
      } catch {
        return { ok: false, id: undefined }
      }
    },
  }
}

function koa(options: Options): Framework {
  const store = new KoaStore(options)
  const app = new Koa({ env: 'test' })
  app.silent = true
  app.use(koaSession({ store, genid: store.genid, key: 'session', signed: false, maxAge: 'session' }, app))
  app.use(async (ctx) => {
    await handlers.take(ctx.get('x-handler'))(sessionOfKoa(ctx))
    ctx.body = 'done'
  })
  const listener = app.callback()
  return {
    name: 'koa',
    changesIds: true,
    async request(id, handler) {
      const headers = { cookie: `session=${id}`, 'x-handler': handlers.add(handler) }
      const { status, setCookie } = await answerOf(listener, headers)
      return { ok: status === 200, id: idIn('session', setCookie) }
    },
  }
}

async function fastifyOf(options: Options): Promise<Framework> {
  const app = fastify()
  const store = new FastifyStore(options)
  await app.register(dynamoSession, { store, cookieName: 'session', cookie: { secure: false } })
  app.get('/', async (request) => {
    await handlers.take(String(request.headers['x-handler']))(sessionOfFastify(request))
    return 'done'
  })
  await app.ready()
  return {
    name: 'fastify',
    changesIds: true,
    async request(id, handler) {
      const headers = { cookie: `session=${id}`, 'x-handler': handlers.add(handler) }
      const response = await app.inject({ url: '/', headers })
      const setCookie = [response.headers['set-cookie'] ?? []].flat()
      return { ok: response.statusCode === 200, id: idIn('session', setCookie) }
    },
  }
}

function expressOf(options: Options): Framework {
  const store = new ExpressStore(options)
  const failed = new Set<string>()
  const app = express()
  app.set('env', 'test')
  app.use(
    expressSession({
      store,
      genid: store.genid,
      secret: 'x',
      name: 'session',
      resave: false,
      saveUninitialized: false,
    }),
  )
  app.use(async (request, response) => {
    await handlers.take(String(request.headers['x-handler']))(sessionOfExpress(request))
    response.send('done')
  })
  // Also told of what fails when the response has been sent.
  const onError: express.ErrorRequestHandler = (_error, request, response, _next) => {
    failed.add(String(request.headers['x-handler']))
    response.status(500).end()
  }
  app.use(onError)
  return {
    name: 'express',
    changesIds: false,
    async request(id, handler) {
      const number = handlers.add(handler)
      const headers = { cookie: `session=${encodeURIComponent(`s:${sign(id)}`)}`, 'x-handler': number }
      const { status, setCookie } = await answerOf(app, headers)
      await new Promise((resolve) => setImmediate(resolve))
      const value = idIn('session', setCookie)
      return { ok: status === 200 && !failed.has(number), id: value?.replace(/^s:([^.]+)\..*$/, '$1') }
    },
  }
}

/** What the request of this number does. */
const handlers = {
  last: 0,
  waiting: new Map<string, Handler>(),
  add(handler: Handler): string {
    this.last += 1
    this.waiting.set(String(this.last), handler)
    return String(this.last)
  },
  take(number: string): Handler {
    const handler = this.waiting.get(number)
    if (!handler) throw new Error('nobody asked for this')
    this.waiting.delete(number)
    return handler
  },
}

function idIn(name: string, setCookie: readonly string[]): string | undefined {
  const line = setCookie.find((text) => text.startsWith(`${name}=`))
  return line === undefined ? undefined : decodeURIComponent(line.slice(name.length + 1).split(';')[0] ?? '')
}
