import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/index.js'
import type { Item } from '../../../runtime/session/item/session-record.js'
import type { Adapter, RunningApp } from '../../support/adapters/adapter.js'
import { Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { honoAdapter } from '../../support/adapters/hono.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { routes } from '../../support/adapters/routes.js'
import { reaching } from '../../support/connection.js'
import { type Engine, onEachEngine, uniqueTableName } from '../../support/engines.js'
import { nested } from '../../support/nested.js'
import { encryptsByDefault } from '../../support/stored-data.js'
import type { KeyOptions } from '../../support/stored-key.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const ADAPTERS: readonly Adapter[] = [
  expressAdapter,
  fastifyAdapter,
  koaAdapter,
  remixAdapter,
  honoAdapter,
  nodeHttpAdapter,
]
const SECRET = 'a secret of thirty-two characters or more'

/** Stored cookies with which a framework would fail, or answer another request. */
const COOKIES: Readonly<Record<string, string>> = {
  'a text as originalMaxAge': '{"originalMaxAge":"60000","expires":"2033-05-18T03:33:20.000Z"}',
  'a list as expires': '{"expires":[1]}',
  'a number as path': '{"path":7,"domain":{},"sameSite":1,"priority":2,"secure":"auto","httpOnly":0}',
  'another header in its path': '{"path":"/\\r\\nx-injected: yes"}',
  'an unknown sameSite': '{"sameSite":"later","priority":"urgent"}',
  'an encode that is no function': '{"encode":"x","partitioned":"yes"}',
  'a prototype': '{"__proto__":{"path":7,"toJSON":1}}',
  'a lifetime beyond all dates': '{"originalMaxAge":1e300}',
  'a lifetime beyond the year 9999': '{"originalMaxAge":800000000000000}',
  'an end beyond the year 9999': '{"expires":"+010000-01-01T00:00:00.000Z"}',
  'nothing but depth': `{"path":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
}

describe.each(ADAPTERS)('stored data, in the adapter for $name,', (adapter) => {
  onEachEngine('over HTTP', (engine) => storedForms(adapter, engine))
})

function storedForms(adapter: Adapter, engine: Engine): void {
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  let app: RunningApp | undefined
  let reported: { error: Error; operation: string }[] = []

  beforeAll(async () => {
    client = engine.client()
    await makeTable(client, tableName)
  })
  beforeEach(() => {
    reported = []
  })
  afterEach(async () => {
    await app?.stop()
    app = undefined
  })
  afterAll(() => client.destroy())

  async function openSignedIn(options: Options = {}): Promise<Browser> {
    const errorHandler = {
      handle: (error: Error, { operation }: { operation: string }) => void reported.push({ error, operation }),
    }
    app = await adapter.start(routes(), {
      options: { tableName, ...reaching(client), secretKey: SECRET, maxStale: 3600, errorHandler, ...options },
      cookieLifetime: 600,
    })
    const browser = new Browser(app, adapter.cookieName)
    expect((await browser.get('/in')).status).toBe(200)
    return browser
  }
  const idOf = (browser: Browser) => adapter.idOf(browser.value)
  const stored = async (id: string, options?: KeyOptions) => (await readItem(client, tableName, id, options)) as Item

  it.each(Object.entries(COOKIES))(
    'does not break the response when the stored cookie has %s',
    async (_what, cookie) => {
      const browser = await openSignedIn()
      const id = idOf(browser)
      await writeItem(client, tableName, { ...(await stored(id)), cookie: { S: cookie } })
      for (const [path, text] of [
        ['/read', 'ada'],
        ['/count', '1'],
        ['/read', 'ada'],
      ] as const) {
        expect(await browser.get(path)).toMatchObject({ status: 200, text })
      }
      expect(app?.failures).toEqual([])
      expect(reported).toEqual([])
      expect(JSON.parse((await stored(id)).data?.S ?? '')).toEqual({ user: 'ada', views: 1 })
    },
  )

  it.each([1001, 5000, 50_000])('with %i levels counts as no session, and is reported', async (levels) => {
    const browser = await openSignedIn()
    const id = idOf(browser)
    const deep = `{"user":"ada","in":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    const item = { ...(await stored(id)), data: { S: deep } }
    await writeItem(client, tableName, item)
    expect(await browser.get('/read')).toMatchObject({ status: 200, text: 'nobody' })
    expect(reported.map(({ error, operation }) => [error.name, operation])).toEqual([['SessionDataError', 'get']])
    expect(await stored(id)).toEqual(item)
    expect(await new Browser(app as RunningApp, adapter.cookieName).get('/in')).toMatchObject({ status: 200 })
  })

  it.skipIf(encryptsByDefault())('can have 1 000 levels, and 100 where the Ruby gem shares the table', async () => {
    for (const [sessionIdDigest, levels] of [
      ['sha256', 1000],
      ['md5', 100],
    ] as const) {
      const browser = await openSignedIn({ sessionIdDigest })
      const id = idOf(browser)
      const put = async (deepest: number) => {
        const data = { S: JSON.stringify({ user: 'eve', deep: nested(deepest - 1) }) }
        await writeItem(client, tableName, { ...(await stored(id, { sessionIdDigest })), data }, { sessionIdDigest })
      }
      await put(levels)
      expect(await browser.get('/read')).toMatchObject({ text: 'eve' })
      await put(levels + 1)
      expect(await browser.get('/read')).toMatchObject({ text: 'nobody' })
      await app?.stop()
    }
  })

  it('has a key with key_prefix, and is hidden from other applications', async () => {
    const keyPrefix = 'shop:'
    const browser = await openSignedIn({ keyPrefix })
    const id = idOf(browser)
    expect(JSON.parse((await stored(id, { keyPrefix })).data?.S ?? '')).toEqual({ user: 'ada' })
    expect(await stored(id)).toBeUndefined()
    for (const other of [{}, { keyPrefix: 'news:' }]) {
      await writeItem(client, tableName, { session_id: { S: id }, data: { S: '{"user":"eve"}' } }, other)
    }
    expect(await browser.get('/count')).toMatchObject({ status: 200, text: '1' })
    expect(await browser.get('/read')).toMatchObject({ text: 'ada' })
    expect(await browser.get('/out')).toMatchObject({ status: 200 })
    expect(await stored(id, { keyPrefix })).toBeUndefined()
    for (const other of [{}, { keyPrefix: 'news:' }]) {
      expect((await stored(id, other)).data).toEqual({ S: '{"user":"eve"}' })
    }
  })
}
