import { gzipSync } from 'node:zlib'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTable, type Options } from '../../../runtime/index.js'
import type { Adapter, Route, RunningApp } from '../../support/adapters/adapter.js'
import { Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { honoAdapter } from '../../support/adapters/hono.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { reaching } from '../../support/connection.js'
import { type Engine, onEachEngine, uniqueTableName } from '../../support/engines.js'
import { forwarderTo } from '../../support/forwarder.js'
import { readItem, writeItem } from '../../support/table.js'

const ADAPTERS: readonly Adapter[] = [
  expressAdapter,
  fastifyAdapter,
  koaAdapter,
  remixAdapter,
  honoAdapter,
  nodeHttpAdapter,
]

const FORMS = ['none', 'gzip', 'brotli'] as const
const NOTES = 'ein Wort, das öfter kommt; '.repeat(100)

const ROUTES: Readonly<Record<string, Route>> = {
  '/in': (session) => {
    session.set('user', 'ada')
    session.set('notes', NOTES)
    return 'in'
  },
  '/read': (session) => `${session.get('user') ?? 'nobody'}, ${String(session.get('notes') ?? '').length}`,
  '/count': (session) => {
    session.set('count', Number(session.get('count') ?? 0) + 1)
    return String(session.get('count'))
  },
  '/renew': async (session) => {
    await session.regenerate(['user', 'notes', 'count'])
    return 'renewed'
  },
  '/out': async (session) => {
    await session.destroy()
    return 'out'
  },
}

describe.each(ADAPTERS)('compressed sessions with $name', (adapter) => {
  onEachEngine('over HTTP', (engine) => scenarios(adapter, engine))
})

/** Applications on one table, each with another value of `compress`. */
function scenarios(adapter: Adapter, engine: Engine): void {
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  let apps: Map<string, RunningApp>
  let reported: string[]

  beforeAll(async () => {
    client = engine.client()
    await createTable({ tableName, ...reaching(client), ttl: false, indexKeys: ['user'] })
  })
  beforeEach(() => {
    reported = []
    apps = new Map()
  })
  afterEach(async () => {
    for (const app of apps.values()) await app.stop()
  })
  afterAll(() => client.destroy())

  /** One browser for each application, all with the same cookie. */
  async function fleet(value?: string, more: Options = {}): Promise<Map<string, Browser>> {
    const browsers = new Map<string, Browser>()
    for (const compress of FORMS) {
      const errorHandler = { handle: (error: Error) => void reported.push(`${error.name}: ${error.message}`) }
      const options = {
        tableName,
        ...reaching(client),
        secretKey: 'x',
        maxStale: 3600,
        errorHandler,
        indexKeys: ['user'],
        ...more,
      }
      const app = apps.get(compress) ?? (await adapter.start(ROUTES, { options: { ...options, compress } }))
      apps.set(compress, app)
      browsers.set(compress, new Browser(app, adapter.cookieName, value))
    }
    return browsers
  }
  async function at(browsers: Map<string, Browser>, compress: string, path: string): Promise<string> {
    const answer = await browsers.get(compress)?.get(path)
    expect(answer?.status).toBe(200)
    return answer?.text ?? ''
  }
  async function signedIn(
    compress: string,
    more: Options = {},
  ): Promise<{ id: string; browsers: Map<string, Browser> }> {
    const browser = (await fleet(undefined, more)).get(compress)
    const cookie = (await browser?.get('/in'))?.setCookie ?? ''
    const value = cookie.slice(adapter.cookieName.length + 1).split(';')[0]
    return { id: adapter.idOf(browser?.value ?? ''), browsers: await fleet(value, more) }
  }
  async function form(id: string): Promise<string | undefined> {
    const { data } = (await readItem(client, tableName, id)) ?? {}
    if (data?.S !== undefined) return 'none'
    const start = Buffer.from(data?.B ?? []).toString('latin1', 0, 2)
    return start === '\x1f\x8b' ? 'gzip' : start === 'br' ? 'brotli' : undefined
  }

  it.each(['none', 'optimistic', 'pessimistic'] as const)(
    'are read, changed and deleted by applications with any value of compress (locking: %s)',
    async (locking) => {
      for (const first of FORMS) {
        const { id, browsers } = await signedIn(first, { locking, touchInterval: 0 })
        expect(await form(id)).toBe(first)
        for (const reader of FORMS) expect(await at(browsers, reader, '/read')).toBe(`ada, ${NOTES.length}`)
        expect(await form(id)).toBe(first)
        let count = 0
        for (const writer of FORMS) {
          count += 1
          expect(await at(browsers, writer, '/count')).toBe(String(count))
          expect(await form(id)).toBe(writer)
        }
        await at(browsers, first, '/out')
        expect(await readItem(client, tableName, id)).toBeUndefined()
        for (const reader of FORMS) expect(await at(browsers, reader, '/read')).toBe('nobody, 0')
      }
      expect(reported).toEqual([])
    },
  )

  it('are found and deleted by their user', async () => {
    for (const compress of FORMS) await signedIn(compress)
    const store = apps.get('none')?.store
    expect(await store?.keysBy('user', 'ada', { scan: true })).toHaveLength(3)
    expect(await store?.destroyBy('user', 'ada', { scan: true })).toBe(3)
  })

  if (adapter.regenerateKeepsData)
    it('keep their data when they get another id', async () => {
      for (const first of FORMS) {
        const { id, browsers } = await signedIn(first)
        const writer = first === 'gzip' ? 'brotli' : 'gzip'
        await at(browsers, writer, '/renew')
        const renewed = adapter.idOf(browsers.get(writer)?.value ?? '')
        expect(renewed).not.toBe(id)
        expect(await readItem(client, tableName, id)).toEqual(forwarderTo(renewed))
        expect(await form(renewed)).toBe(writer)
        expect(await at(browsers, writer, '/read')).toBe(`ada, ${NOTES.length}`)
      }
    })

  it('count as no session and stay stored when they unpack to more than 4 MB', async () => {
    const { id, browsers } = await signedIn('gzip')
    const bomb = gzipSync(Buffer.alloc(5_000_000, '{'))
    await writeItem(client, tableName, { ...(await readItem(client, tableName, id)), data: { B: bomb } })
    const before = await readItem(client, tableName, id)
    for (const compress of FORMS) {
      expect(await at(browsers, compress, '/read')).toBe('nobody, 0')
      expect(await at(browsers, compress, '/count')).toBe('1')
      expect(adapter.idOf(browsers.get(compress)?.value ?? '')).not.toBe(id)
    }
    expect(reported.length).toBeGreaterThanOrEqual(3)
    for (const report of reported)
      expect(report).toMatch(/^SessionDataError: .* more than 4194304 bytes \(4 MB\) of text/)
    expect(await readItem(client, tableName, id)).toEqual(before)
  })
}
