import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import expressSession from 'express-session'
import fastify from 'fastify'
import Koa from 'koa'
import koaSession from 'koa-session'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { envName } from '../../../runtime/configuration/option-table.js'
import { DynamoSessionStore as ExpressStore } from '../../../runtime/express.js'
import { dynamoSession } from '../../../runtime/fastify.js'
import { createSessionManager } from '../../../runtime/fetch.js'
import { DynamoSessionStore as KoaStore } from '../../../runtime/koa.js'
import { listen, stop } from '../../support/adapters/listen.js'
import { environmentOf } from '../../support/aws-environment.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { currentFolderWith } from '../../support/folder.js'
import { importSnippet } from '../../support/snippets.js'
import { makeTable } from '../../support/table.js'

const SECRET = 'a secret of thirty-two characters or more'

const engine = anyEngine()
const tableName = uniqueTableName()
const client = engine.client()
const options = { tableName, client, maxStale: 60 }
beforeAll(() => makeTable(client, tableName))

let closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  closing = []
})

/** The function of the page. */
async function caches(name: string) {
  return (await importSnippet<{ caches: () => Promise<void> }>(`cookies/caches-${name}.mjs`)).caches
}

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  closing.push(() => stop(server))
  return listen(server)
}

/** Starts an application: `/in` writes the session, `/own` too with headers of its own, `/` does not. Returns its port. */
const APPLICATIONS: Record<string, () => Promise<number>> = {
  express: async () => {
    const app = express().use(await caches('express'))
    const store = new ExpressStore(options)
    app.use(expressSession({ store, secret: SECRET, resave: false, saveUninitialized: false }))
    app.get('/', (_request, response) => void response.send('x'))
    app.get('/in', (request, response) => {
      Object.assign(request.session, { user: 'ada' })
      response.writeHead(200, ['X-A', '1']).end('x')
    })
    app.get('/own', (request, response) => {
      Object.assign(request.session, { user: 'ada' })
      response.set({ Vary: 'Accept', 'Cache-Control': 'private' }).send('x')
    })
    return serve(app)
  },
  koa: async () => {
    const app = new Koa().use(await caches('koa'))
    app.keys = [SECRET]
    app.use(koaSession({ store: new KoaStore(options) }, app))
    app.use((ctx) => {
      ctx.body = 'x'
      if (ctx.path !== '/') Object.assign(ctx.session ?? {}, { user: 'ada' })
      if (ctx.path === '/own') ctx.set({ Vary: 'Accept', 'Cache-Control': 'private' })
    })
    return serve(app.callback())
  },
  fastify: async () => {
    const app = fastify({ forceCloseConnections: true })
    closing.push(() => app.close())
    await app.register(dynamoSession, { store: { ...options, secretKey: SECRET }, cookie: { secure: false } })
    app.addHook('onSend', await caches('fastify'))
    app.get('/', async () => 'x')
    app.get('/in', async (request) => {
      Object.assign(request.session, { user: 'ada' })
      return 'x'
    })
    app.get('/own', async (request, reply) => {
      Object.assign(request.session, { user: 'ada' })
      return reply.headers({ Vary: 'Accept', 'Cache-Control': 'private' }).send('x')
    })
    return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  },
}

describe.each(Object.entries(APPLICATIONS))('the lines of docs/cookies.md for %s', (_, start) => {
  it('keep caches from giving a response to another user', async () => {
    const port = await start()
    const ask = async (path: string) => {
      const { headers } = await fetch(`http://127.0.0.1:${port}${path}`)
      return [headers.get('vary'), headers.get('cache-control'), headers.getSetCookie().length > 0]
    }
    expect(await ask('/')).toEqual(['Cookie', null, false])
    expect(await ask('/in')).toEqual(['Cookie', 'private, no-store', true])
    expect(await ask('/own')).toEqual(['Accept, Cookie', 'private', true])
  })
})

interface SignIn {
  signIn(request: Request, user: { id: number }): Promise<Response>
}

it('the sign-in of docs/cookies.md ends the session of the request, and begins one of the user', async () => {
  currentFolderWith({})
  environmentOf(engine, { SESSION_SECRET: SECRET, [envName('tableName')]: tableName })
  const { signIn } = await importSnippet<SignIn>('cookies/sign-in.mjs')
  const signedIn = async (cookie: string) => {
    const response: Response = await signIn(new Request('http://localhost/', { headers: { cookie } }), { id: 42 })
    expect(await response.text()).toBe('signed in')
    return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  }
  const first = await signedIn('')
  const second = await signedIn(first)
  const manager = createSessionManager({ client, tableName, secretKey: SECRET })
  const userOf = async (cookie: string) => (await manager.use(cookie, (session) => session.get('user'))).result
  expect(await userOf(second)).toBe(42)
  expect(await userOf(first)).toBeUndefined()
})
