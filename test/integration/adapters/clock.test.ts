import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { collectGarbage, type Options } from '../../../runtime/index.js'
import { milliseconds } from '../../../runtime/session/item/timestamp.js'
import type { Adapter, RunningApp } from '../../support/adapters/adapter.js'
import { type Answered, Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { honoAdapter } from '../../support/adapters/hono.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { routes } from '../../support/adapters/routes.js'
import { reaching } from '../../support/connection.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { makeTable, readItem } from '../../support/table.js'

const ADAPTERS = [expressAdapter, fastifyAdapter, koaAdapter, remixAdapter, honoAdapter, nodeHttpAdapter]

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const MAX_STALE = 30 * MINUTE

/** The time that a test may take, and the ten seconds that koa-session adds to a lifetime. */
const LEEWAY = 15 * SECOND

/** The wall clock jumps in a running process when NTP sets it, or when a virtual machine or a Lambda function is resumed. */
describe.each(ADAPTERS)('the adapter for $name, when the clock is set while it runs', (adapter) => scenarios(adapter))

function scenarios(adapter: Adapter): void {
  const tableName = uniqueTableName()
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let client: DynamoDBClient
  let app: RunningApp | undefined

  beforeAll(async () => {
    direct = anyEngine().client()
    await makeTable(direct, tableName)
    proxy = await startFaultProxy(anyEngine().endpoint)
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    client = new DynamoDBClient({ endpoint: proxy.endpoint, region: 'us-east-1', credentials })
  })
  // DynamoDB's own time stays right.
  beforeEach(() => proxy.dateBy(() => Date.now()))
  afterEach(async () => {
    await app?.stop()
    app = undefined
    await proxy.quiet()
    vi.useRealTimers()
  })
  afterAll(async () => {
    client.destroy()
    direct.destroy()
    await proxy.stop()
  })

  function setClock(step: number): void {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + step })
  }

  async function signedIn(options: Options = {}, cookieLifetime?: number): Promise<Browser & { answer: Answered }> {
    await app?.stop()
    const limits = { maxStale: MAX_STALE / SECOND, ...options }
    app = await adapter.start(routes(), {
      options: { tableName, ...reaching(client), secretKey: 'a secret of thirty-two characters or more', ...limits },
      cookieLifetime: cookieLifetime === undefined ? undefined : cookieLifetime / SECOND,
    })
    const browser = new Browser(app, adapter.cookieName)
    const answer = await browser.get('/in')
    return Object.assign(browser, { answer })
  }

  const stored = async (browser: Browser) => {
    await proxy.quiet()
    const item = await readItem(direct, tableName, adapter.idOf(browser.value))
    return {
      isThere: item !== undefined,
      version: item?.updated_at?.S ?? '',
      updatedAt: milliseconds(item?.updated_at?.S) ?? Number.NaN,
      expireAt: Number(item?.expire_at?.N) * SECOND,
      cookieEnd: Date.parse(JSON.parse(item?.cookie?.S ?? '{}').expires ?? ''),
    }
  }
  const clean = (options: Options = {}) =>
    collectGarbage({ tableName, ...reaching(client), maxStale: MAX_STALE / SECOND, ...options })
  const expectAbout = (time: number, expected: number) => expect(Math.abs(time - expected)).toBeLessThan(LEEWAY)

  it('forward: an idle session expires and is cleaned, and a new session does neither', async () => {
    const idle = await signedIn()
    setClock(90 * MINUTE)
    expect((await idle.clone().get('/read')).text).toBe('nobody')
    const fresh = await signedIn()
    const { updatedAt, expireAt } = await stored(fresh)
    expectAbout(updatedAt, Date.now())
    expectAbout(expireAt, Date.now() + MAX_STALE)
    await clean()
    expect((await stored(idle)).isThere).toBe(false)
    expect((await fresh.get('/read')).text).toBe('ada')
  })

  it('forward: a session that is not expired yet stays valid, and is touched by the new time', async () => {
    const browser = await signedIn()
    for (const views of ['1', '2', '3']) {
      setClock(20 * MINUTE)
      await clean()
      expect((await browser.get('/read')).text).toBe('ada')
      expect((await browser.get('/count')).text).toBe(views)
      const { updatedAt, expireAt } = await stored(browser)
      expectAbout(updatedAt, Date.now())
      expectAbout(expireAt, Date.now() + MAX_STALE)
    }
  })

  it.each(['/read', '/count'])('back: a session stays valid, is touched by %s, and expires in time', async (path) => {
    setClock(6 * HOUR)
    const browser = await signedIn()
    setClock(-6 * HOUR)
    await clean()
    expect((await browser.clone().get('/read')).text).toBe('ada')
    await browser.get(path)
    await expect.poll(async () => (await stored(browser)).updatedAt).toBeLessThan(Date.now() + LEEWAY)
    expectAbout((await stored(browser)).expireAt, Date.now() + MAX_STALE)
    setClock(MAX_STALE + MINUTE)
    expect((await browser.clone().get('/read')).text).toBe('nobody')
    await clean()
    expect((await stored(browser)).isThere).toBe(false)
  })

  it('back by seconds: the time of the last write does not go back', async () => {
    const browser = await signedIn()
    const before = await stored(browser)
    setClock(-40 * SECOND)
    await browser.get('/count')
    const after = await stored(browser)
    expect(after.version > before.version).toBe(true)
    expect(after.updatedAt - before.updatedAt).toBeLessThan(SECOND)
    await browser.get('/count')
    expect((await stored(browser)).version > after.version).toBe(true)
  })

  it.each([3 * HOUR, -3 * HOUR])(
    'by %d ms: the cookie and the item of a new session end at the same time',
    async (step) => {
      setClock(step > 0 ? 0 : -step)
      await signedIn({ maxStale: null }, 10 * MINUTE)
      setClock(step)
      const browser = await signedIn({ maxStale: null }, 10 * MINUTE)
      const end = Date.now() + 10 * MINUTE
      expectAbout(cookieEnd(browser.answer), end)
      const { expireAt, cookieEnd: storedEnd } = await stored(browser)
      expectAbout(expireAt, end)
      if (!Number.isNaN(storedEnd)) expectAbout(storedEnd, end)
      setClock(9 * MINUTE)
      await clean({ maxAge: 86_400 })
      expect((await browser.clone().get('/read')).text).toBe('ada')
      setClock(2 * 10 * MINUTE)
      expect((await browser.clone().get('/read')).text).toBe('nobody')
      await clean({ maxAge: 86_400 })
      expect((await stored(browser)).isThere).toBe(false)
    },
  )

  it('forward past max_age: the session is expired', async () => {
    const browser = await signedIn({ maxAge: 3600, maxStale: null })
    setClock(59 * MINUTE)
    expect((await browser.get('/count')).text).toBe('1')
    expectAbout((await stored(browser)).expireAt, Date.now() + MINUTE)
    setClock(2 * MINUTE)
    expect((await browser.clone().get('/read')).text).toBe('nobody')
  })
}

function cookieEnd({ setCookie = '' }: Answered): number {
  const [, maxAge] = /; *max-age=(\d+)/i.exec(setCookie) ?? []
  const [, expires = ''] = /; *expires=([^;]+)/i.exec(setCookie) ?? []
  return maxAge === undefined ? Date.parse(expires) : Date.now() + Number(maxAge) * SECOND
}
