import { afterEach, beforeAll, expect, it, onTestFinished } from 'vitest'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { createTable } from '../../../runtime/index.js'
import type { Adapter, Route, RunningApp } from '../../support/adapters/adapter.js'
import { type Answered, Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { Gate } from '../../support/adapters/gate.js'
import { honoAdapter } from '../../support/adapters/hono.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { routes } from '../../support/adapters/routes.js'
import { anyEngine } from '../../support/engines.js'
import { startApp } from '../../support/express-app.js'
import { readItem } from '../../support/table.js'

/** The slower requests that send the cookie of the old id again: the table in docs/concurrency.md. */
const SENDS_OLD_COOKIE: readonly [name: string, Adapter, { readonly read: boolean; readonly change: boolean }][] = [
  ['Express', expressAdapter, { read: false, change: true }],
  ['Fastify', fastifyAdapter, { read: true, change: true }],
  ['Koa', koaAdapter, { read: false, change: true }],
  ['Remix', remixAdapter, { read: false, change: false }],
  ['Hono', honoAdapter, { read: true, change: false }],
  ['node:http', nodeHttpAdapter, { read: true, change: false }],
]

const engine = anyEngine()
const options = { ...engine.options(), maxStale: 7200, secretKey: 'a secret of thirty-two characters or more' }
let app: RunningApp | undefined

beforeAll(() => createTable({ ...options, ttl: false }))
afterEach(() => app?.stop())

it.each(SENDS_OLD_COOKIE)('requests beside regenerate in %s store nothing', async (_name, adapter, sends) => {
  const gates = { read: new Gate(), change: new Gate() }
  const own = { '/hold-read': routes(gates.read)['/hold-read'], '/hold-change': routes(gates.change)['/hold-change'] }
  app = await adapter.start({ ...routes(), ...own } as Record<string, Route>, { options, cookieLifetime: 3600 })
  const browser = new Browser(app, adapter.cookieName)
  await browser.get('/in')
  const old = browser.value
  const slower = (['read', 'change'] as const).map((kind) => ({ kind, tab: browser.clone() }))
  const answers = slower.map(({ kind, tab }) => tab.get(`/hold-${kind}`))
  await Promise.all([gates.read.entered, gates.change.entered])
  expect((await browser.get('/regenerate')).status).toBe(200)
  for (const [index, { kind, tab }] of slower.entries()) {
    gates[kind].open()
    const { setCookie, ...answer } = (await answers[index]) as Answered
    expect(answer).toEqual({ status: 200, text: 'ada' })
    // The old id opens nothing. So a browser that gets this cookie last is signed out.
    expect({ kind, sends: setCookie !== undefined, value: tab.value }).toEqual({ kind, sends: sends[kind], value: old })
    expect((await tab.get('/read')).text).toBe('nobody')
  }
  expect(app.failures).toEqual([])
  const item = await readItem(engine.client(), options.tableName, adapter.idOf(browser.value))
  expect(item?.data?.S).not.toContain('held')
  expect((await browser.get('/regenerated')).text).toBe(adapter.regenerateKeepsData ? 'true ada' : 'true undefined')
})

it('a read beside regenerate in Express sends the cookie of the old id again with rolling: true', async () => {
  const gate = new Gate()
  const store = new DynamoSessionStore(options)
  const express = await startApp(
    {
      '/in': (request, response) => {
        Object.assign(request.session, { user: 'ada' })
        response.send('in')
      },
      '/hold': async (_request, response) => {
        await gate.wait()
        response.send('held')
      },
      '/regenerate': (request, response) =>
        request.session.regenerate(() => {
          Object.assign(request.session, { regenerated: true })
          response.send('regenerated')
        }),
    },
    { store, rolling: true, cookie: { maxAge: 3_600_000 } },
  )
  onTestFinished(() => express.stop())
  await express.get('/in')
  const old = express.cookie()
  const slower = express.get('/hold')
  await gate.entered
  await express.get('/regenerate')
  expect(express.cookie()).not.toBe(old)
  gate.open()
  await slower
  expect(express.cookie()).toBe(old)
})
