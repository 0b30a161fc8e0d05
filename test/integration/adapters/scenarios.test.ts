import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTable, type Options } from '../../../runtime/index.js'
import { makeSessionId } from '../../../runtime/session/item/session-id.js'
import type { Item } from '../../../runtime/session/item/session-record.js'
import type { Adapter, RunningApp } from '../../support/adapters/adapter.js'
import { Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { Gate } from '../../support/adapters/gate.js'
import { honoAdapter } from '../../support/adapters/hono.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { routes } from '../../support/adapters/routes.js'
import { reaching } from '../../support/connection.js'
import { type Engine, onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { expectNoSession } from '../../support/forwarder.js'
import { storedKey, storedKeys } from '../../support/stored-key.js'
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
const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }
const FOREVER = { times: Number.POSITIVE_INFINITY }
const THROTTLED = { error: 'ThrottlingException' }

describe.each(ADAPTERS)('the adapter for $name', (adapter) => {
  onEachEngine('over HTTP', (engine) => scenarios(adapter, engine))
})

/** The behaviour of every adapter, in its real framework, on a real engine. */
function scenarios(adapter: Adapter, engine: Engine): void {
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  /** The application's client. It reaches the engine through the proxy, and repeats no request. */
  let impatient: DynamoDBClient
  let proxy: FaultProxy
  let app: RunningApp | undefined
  let reported: { error: Error; operation: string }[] = []

  beforeAll(async () => {
    client = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    impatient = new DynamoDBClient({ ...LOCAL, endpoint: proxy.endpoint, maxAttempts: 1 })
    await makeTable(client, tableName)
  })
  beforeEach(() => {
    reported = []
  })
  afterEach(async () => {
    await app?.stop()
    app = undefined
    await proxy.quiet()
    proxy.reset()
  })
  afterAll(() => proxy.stop())

  /** Serves the application, and returns a browser without cookies. */
  async function open(options: Options = {}, more: { gate?: Gate; cookieLifetime?: number } = {}): Promise<Browser> {
    app = await adapter.start(routes(more.gate), {
      options: {
        tableName,
        ...reaching(impatient),
        secretKey: SECRET,
        maxStale: 3600,
        errorHandler: { handle: (error, { operation }) => void reported.push({ error, operation }) },
        ...options,
      },
      cookieLifetime: more.cookieLifetime,
    })
    return new Browser(app, adapter.cookieName)
  }

  /** As {@link open}, with a browser that is signed in. The proxy forgets the requests of the sign-in. */
  async function openSignedIn(...args: Parameters<typeof open>): Promise<Browser> {
    const browser = await open(...args)
    expect((await browser.get('/in')).status).toBe(200)
    await settled()
    return browser
  }

  /** Waits for the work that requests do in the background. */
  async function settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 30))
    await proxy.quiet()
    proxy.reset()
  }

  const idOf = (browser: Browser) => adapter.idOf(browser.value)
  const stored = (browser: Browser) => readItem(client, tableName, idOf(browser))
  const dataOf = async (browser: Browser) => JSON.parse((await stored(browser))?.data?.S ?? 'null')
  const change = async (browser: Browser, changes: Item) =>
    writeItem(client, tableName, { ...(await stored(browser)), ...changes })
  const ago = (seconds: number) => ({ S: `${Math.floor(Date.now() / 1000) - seconds}.123456123456789` })
  const failures = () => app?.failures.map((error) => (error as Error).name)

  describe('the life of a session', () => {
    it('stores nothing and sets no cookie for a visitor who only reads', async () => {
      const browser = await open()
      expect(await browser.get('/read')).toEqual({ status: 200, text: 'nobody', setCookie: undefined })
      expect(await browser.get('/read')).toEqual({ status: 200, text: 'nobody', setCookie: undefined })
      await proxy.quiet()
      expect(proxy.operations).toEqual([])
    })

    it('creates one item in the wire format with one request to DynamoDB', async () => {
      const browser = await open()
      const { text, setCookie } = await browser.get('/in')
      expect(text).toBe('in')
      expect(setCookie).toMatch(/; HttpOnly/i)
      expect(proxy.operations).toEqual(['UpdateItem'])
      const { cookie: _, ...item } = (await stored(browser)) ?? {}
      const time = { S: expect.stringMatching(/^\d{10}\.\d{15}$/) }
      const expires = { N: expect.stringMatching(/^\d{10}$/) }
      expect(item).toEqual({
        session_id: { S: storedKey(idOf(browser)) },
        data: { S: '{"user":"ada"}' },
        created_at: time,
        updated_at: time,
        expire_at: expires,
      })
      expect(Number(item.expire_at?.N) - Date.now() / 1000).toBeGreaterThan(3590)
      expect(Number(item.expire_at?.N) - Date.now() / 1000).toBeLessThan(3601)
    })

    it('reads it in the next request with one request to DynamoDB, and writes nothing', async () => {
      const browser = await openSignedIn()
      expect((await browser.get('/read')).text).toBe('ada')
      await new Promise((resolve) => setTimeout(resolve, 30))
      await proxy.quiet()
      expect(proxy.operations).toEqual(['GetItem'])
    })

    it('writes nothing when a value is set to the same value', async () => {
      const browser = await openSignedIn()
      expect((await browser.get('/same')).text).toBe('same')
      await new Promise((resolve) => setTimeout(resolve, 30))
      await proxy.quiet()
      expect(proxy.operations).toEqual(['GetItem'])
    })

    it('stores changes and removed keys with one write, and keeps created_at and unknown attributes', async () => {
      const browser = await openSignedIn()
      await change(browser, { added: { SS: ['by', 'others'] } })
      const before = await stored(browser)
      expect((await browser.get('/count')).text).toBe('1')
      expect((await browser.get('/unset')).text).toBe('unset')
      await proxy.quiet()
      expect(proxy.operations).toEqual(['GetItem', 'UpdateItem', 'GetItem', 'UpdateItem'])
      const after = await stored(browser)
      expect(after?.data).toEqual({ S: '{"views":1}' })
      expect(after?.created_at).toEqual(before?.created_at)
      expect(after?.added).toEqual({ SS: ['by', 'others'] })
      expect(String(after?.updated_at?.S) > String(before?.updated_at?.S)).toBe(true)
    })

    it('touches an unchanged session after touch_interval', async () => {
      const browser = await openSignedIn({ touchInterval: 60 })
      await change(browser, { updated_at: ago(120), expire_at: { N: String(Math.floor(Date.now() / 1000) + 100) } })
      const { created_at, data } = (await stored(browser)) ?? {}
      expect((await browser.get('/read')).text).toBe('ada')
      await expect
        .poll(async () => Number((await stored(browser))?.expire_at?.N) - Date.now() / 1000)
        .toBeGreaterThan(3500)
      const after = await stored(browser)
      expect(after).toMatchObject({ created_at, data })
      expect(Number(after?.updated_at?.S)).toBeGreaterThan(Date.now() / 1000 - 10)
      await proxy.quiet()
      expect(proxy.operations).toEqual(['GetItem', 'UpdateItem'])
    })

    it("ends the item with the cookie's lifetime", async () => {
      const browser = await openSignedIn({}, { cookieLifetime: 600 })
      expect((await browser.get('/count')).text).toBe('1')
      const left = Number((await stored(browser))?.expire_at?.N) - Date.now() / 1000
      expect(left).toBeGreaterThan(590)
      expect(left).toBeLessThan(615)
    })

    it('logs out: the item is deleted, and the cookie is invalid', async () => {
      const browser = await openSignedIn()
      const other = browser.clone()
      const id = idOf(browser)
      expect((await browser.get('/out')).text).toBe('out')
      expect(await readItem(client, tableName, id)).toBeUndefined()
      expect((await other.get('/read')).text).toBe('nobody')
      expect((await browser.get('/read')).text).toBe('nobody')
    })

    it('gives the session another id on demand, and the old id is invalid', async () => {
      const browser = await openSignedIn()
      const other = browser.clone()
      const before = idOf(browser)
      expect((await browser.get('/regenerate')).text).toBe('regenerated')
      expect(idOf(browser)).not.toBe(before)
      expectNoSession(await readItem(client, tableName, before))
      const user = adapter.regenerateKeepsData ? 'ada' : 'undefined'
      expect((await browser.get('/regenerated')).text).toBe(`true ${user}`)
      expect((await other.get('/read')).text).toBe('nobody')
    })

    it('makes another id when a signed id has no item', async () => {
      const unknown = makeSessionId({ secretKey: SECRET, sessionIdDigest: 'sha256' })
      await open()
      if (!app) throw new Error('not started')
      const browser = new Browser(app, adapter.cookieName, await adapter.cookieFor(unknown))
      expect((await browser.get('/read')).text).toBe('nobody')
      expect((await browser.get('/in')).text).toBe('in')
      expect(idOf(browser)).not.toBe(unknown)
      expect(await readItem(client, tableName, unknown)).toBeUndefined()
      expect((await browser.get('/read')).text).toBe('ada')
    })
  })

  describe('invariant 1: an expired session is never served', () => {
    it.each([
      ['not used for max_stale', { maxStale: 60 }, () => ({ updated_at: ago(61) })],
      ['older than max_age', { maxAge: 60 }, () => ({ created_at: ago(61) })],
      ['past its expire_at', {}, () => ({ expire_at: { N: String(Math.floor(Date.now() / 1000) - 1) } })],
    ])('%s', async (_, options, aged) => {
      const browser = await openSignedIn(options)
      const id = idOf(browser)
      await change(browser, aged())
      const before = await readItem(client, tableName, id)
      expect((await browser.get('/read')).text).toBe('nobody')
      expect((await browser.get('/count')).text).toBe('1')
      expect(idOf(browser)).not.toBe(id)
      const after = await readItem(client, tableName, id)
      if (after) expect(after).toEqual(before)
    })
  })

  /** @see CVE-2025-46336 rack-session: a slow request stored an ended session again */
  describe('invariant 2: logout is final', () => {
    it.each([
      ['saves', '/hold-change', {}],
      ['only touches', '/hold-read', { touchInterval: 0 }],
    ])('also for a slower request that %s the session', async (_, path, options) => {
      const gate = new Gate()
      const browser = await openSignedIn(options, { gate })
      const id = idOf(browser)
      const slow = browser.clone()
      const slower = slow.get(path)
      await gate.entered
      expect((await browser.get('/out')).text).toBe('out')
      gate.open()
      expect((await slower).text).toBe('ada')
      await settled()
      expect(await readItem(client, tableName, id)).toBeUndefined()
    })
  })

  describe('invariant 3: a failed read never leads to an overwrite', () => {
    it.each([
      ['optimistic', 'GetItem'],
      ['pessimistic', 'UpdateItem'],
    ] as const)(
      'reads as an empty session, reports the error, and keeps cookie and session (%s)',
      async (locking, load) => {
        const browser = await openSignedIn({ locking })
        const id = idOf(browser)
        proxy.inject(load, THROTTLED, FOREVER)
        expect((await browser.get('/read')).text).toBe('nobody')
        expect(idOf(browser)).toBe(id)
        await settled()
        expect(reported.map(({ error, operation }) => [error.name, operation])).toEqual([
          ['ThrottlingException', 'get'],
        ])
        expect(failures()).toEqual([])
        expect((await browser.get('/read')).text).toBe('ada')
      },
    )

    it('refuses to save changes of a session that could not be read', async () => {
      const browser = await openSignedIn()
      const before = await stored(browser)
      proxy.inject('GetItem', THROTTLED, FOREVER)
      const window = browser.clone()
      expect((await window.get('/eve')).status).toBe(adapter.saveErrorStatus)
      expect(failures()).toEqual(['SessionUnreadError'])
      await settled()
      expect(await stored(browser)).toEqual(before)
      expect((await browser.get('/read')).text).toBe('ada')
    })

    it('fails the request with raise_errors', async () => {
      const browser = await openSignedIn({ raiseErrors: true })
      proxy.inject('GetItem', THROTTLED, FOREVER)
      expect((await browser.clone().get('/read')).status).toBe(500)
      expect(failures()).toEqual(['ThrottlingException'])
      expect(reported).toEqual([])
    })

    it('treats an item that is not a session as none, reports it, and leaves it unchanged', async () => {
      const browser = await openSignedIn()
      const id = idOf(browser)
      await change(browser, { data: { S: 'no JSON' } })
      const before = await readItem(client, tableName, id)
      expect((await browser.get('/read')).text).toBe('nobody')
      expect(reported.map(({ error }) => error.name)).toEqual(['SessionDataError'])
      expect((await browser.get('/eve')).status).toBe(200)
      expect(idOf(browser)).not.toBe(id)
      expect(await readItem(client, tableName, id)).toEqual(before)
    })
  })

  describe('invariant 4: no change is lost silently', () => {
    it('keeps both changes of different keys under locking: optimistic', async () => {
      const gate = new Gate()
      const browser = await openSignedIn({ locking: 'optimistic' }, { gate })
      const slower = browser.clone().get('/hold-change')
      await gate.entered
      expect((await browser.get('/count')).text).toBe('1')
      gate.open()
      expect((await slower).status).toBe(200)
      expect(await dataOf(browser)).toEqual({ user: 'ada', views: 1, held: true })
    })

    it('makes one request wait for the other under locking: pessimistic', async () => {
      const browser = await openSignedIn({ locking: 'pessimistic', lockExpiryTime: 10_000, lockMaxWaitTime: 20 })
      const answers = await Promise.all(Array.from({ length: 5 }, () => browser.clone().get('/slow-count')))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
      expect(new Set(answers.map(({ text }) => text)).size).toBe(5)
      expect(await dataOf(browser)).toEqual({ user: 'ada', views: 5 })
      expect((await stored(browser))?.locked_at).toBeUndefined()
    })

    it('releases the lock after a request that changed nothing', async () => {
      const browser = await openSignedIn({ locking: 'pessimistic', lockExpiryTime: 20_000, lockMaxWaitTime: 2 })
      expect((await browser.get('/read')).text).toBe('ada')
      expect((await browser.get('/read')).text).toBe('ada')
      await expect.poll(async () => (await stored(browser))?.locked_at).toBeUndefined()
    })

    it('releases the lock when the handler throws', async () => {
      const lockExpiryTime = adapter.releasesAfterThrow ? 20_000 : 1000
      const browser = await openSignedIn({ locking: 'pessimistic', lockExpiryTime, lockMaxWaitTime: 3 })
      expect((await browser.clone().get('/throw')).status).toBe(500)
      expect(app?.failures).toHaveLength(1)
      expect((await browser.get('/count')).text).toBe('1')
      expect((await dataOf(browser)).thrown).toBe(adapter.savesAfterThrow ? true : undefined)
    })

    it('releases the lock when the client goes away, and loses no change', async () => {
      const lockExpiryTime = adapter.releasesAfterThrow ? 20_000 : 1000
      const gate = new Gate()
      const browser = await openSignedIn({ locking: 'pessimistic', lockExpiryTime, lockMaxWaitTime: 3 }, { gate })
      const controller = new AbortController()
      const gone = browser.clone().get('/hold-change', { signal: controller.signal })
      await gate.entered
      controller.abort()
      await expect(gone).rejects.toThrow()
      expect((await browser.get('/count')).text).toBe('1')
      gate.open()
      await settled()
      expect(await dataOf(browser)).toMatchObject({ user: 'ada', views: 1 })
    })

    it('fails a request that waited for lock_max_wait_time, without letting it run', async () => {
      const gate = new Gate()
      const browser = await openSignedIn(
        { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0.2 },
        { gate },
      )
      const slower = browser.clone().get('/hold-read')
      await gate.entered
      expect((await browser.clone().get('/count')).status).toBe(500)
      expect(failures()).toEqual(['LockWaitTimeoutError'])
      gate.open()
      expect((await slower).text).toBe('ada')
      expect(await dataOf(browser)).toEqual({ user: 'ada' })
    })
  })

  describe('invariant 6: errors reach the caller exactly once', () => {
    it('of creating a session', async () => {
      const browser = await open()
      proxy.inject('UpdateItem', THROTTLED, FOREVER)
      expect((await browser.get('/in')).status).toBe(adapter.saveErrorStatus)
      expect(failures()).toEqual(['ThrottlingException'])
    })

    it('of saving a session, and the stored version stays', async () => {
      const browser = await openSignedIn()
      proxy.inject('UpdateItem', THROTTLED, FOREVER)
      expect((await browser.clone().get('/eve')).status).toBe(adapter.saveErrorStatus)
      expect(failures()).toEqual(['ThrottlingException'])
      expect(await dataOf(browser)).toEqual({ user: 'ada' })
    })

    it('of saving a session that is too large', async () => {
      const browser = await openSignedIn()
      expect((await browser.clone().get('/large')).status).toBe(adapter.saveErrorStatus)
      expect(failures()).toEqual(['SessionTooLargeError'])
      expect(await dataOf(browser)).toEqual({ user: 'ada' })
    })

    it('of deleting a session', async () => {
      const browser = await openSignedIn()
      proxy.inject('DeleteItem', THROTTLED, FOREVER)
      expect((await browser.clone().get('/out')).status).toBe(500)
      expect(failures()).toEqual(['ThrottlingException'])
      expect(await dataOf(browser)).toEqual({ user: 'ada' })
    })

    it('of a touch reach the error handler, and the request proceeds', async () => {
      const browser = await openSignedIn({ touchInterval: 0 })
      proxy.inject('UpdateItem', THROTTLED, FOREVER)
      expect(await browser.get('/read')).toMatchObject({ status: 200, text: 'ada' })
      await expect.poll(() => reported.map(({ error }) => error.name)).toEqual(['ThrottlingException'])
      expect(failures()).toEqual([])
      await settled()
      expect((await browser.get('/read')).text).toBe('ada')
    })

    it('of a missing table, which is named', async () => {
      const browser = await openSignedIn()
      await app?.stop()
      const visitor = await open({ tableName: uniqueTableName() })
      expect((await visitor.get('/in')).status).toBe(adapter.saveErrorStatus)
      expect(failures()).toEqual(['TableMissingError'])
      if (!app) throw new Error('not started')
      const returning = new Browser(app, adapter.cookieName, await adapter.cookieFor(idOf(browser)))
      expect((await returning.get('/read')).status).toBe(500)
      expect(failures()).toEqual(['TableMissingError', 'TableMissingError'])
    })
  })

  it('finds all sessions of a user, and signs the user out everywhere', async () => {
    const indexed = uniqueTableName()
    const indexKeys = ['user']
    await createTable({ tableName: indexed, client, indexKeys })
    const gate = new Gate()
    const here = await open({ tableName: indexed, indexKeys }, { gate })
    const [there, eve] = [here.clone(), here.clone()]
    for (const browser of [here, there]) await browser.get('/in')
    await eve.get('/eve')
    const underWay = there.clone().get('/hold-change')
    await gate.entered
    const store = app?.store
    await expect
      .poll(async () => (await store?.keysBy('user', 'ada'))?.sort())
      .toEqual(storedKeys([idOf(here), idOf(there)]))
    expect(await store?.destroyBy('user', 'ada')).toBe(2)
    gate.open()
    await underWay
    await settled()
    expect((await here.get('/read')).text).toBe('nobody')
    expect((await there.get('/read')).text).toBe('nobody')
    expect((await eve.get('/read')).text).toBe('eve')
    expect(await store?.keysBy('user', 'ada', { scan: true })).toEqual([])
  })

  describe('the data of a session', () => {
    /** Names that the frameworks' session objects use for themselves, or leave out. */
    const NAMES = ['cookie', 'save', 'destroy', 'touch', 'id', 'isNew', 'length', 'maxAge', 'sessionId', '_private']

    it('does not reach prototypes, and is kept when a session object can’t carry it', async () => {
      const browser = await openSignedIn()
      const data = `{"__proto__":{"polluted":true},"constructor":1,"user":"ada",${NAMES.map((name) => `"${name}":"kept"`)}}`
      await change(browser, { data: { S: data } })
      expect((await browser.get('/read')).text).toBe('ada')
      expect((await browser.get('/count')).text).toBe('1')
      expect(({} as { polluted?: true }).polluted).toBeUndefined()
      const after = (await stored(browser))?.data?.S ?? ''
      const kept = Object.entries(JSON.parse(after) as Record<string, unknown>)
      expect(Object.fromEntries(kept)).toEqual({ ...JSON.parse(data), views: 1 })
      expect(kept.map(([key]) => key)).toContain('__proto__')
    })
  })
}
