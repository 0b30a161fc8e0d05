import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/index.js'
import { successorOf } from '../../../runtime/session/item/session-record.js'
import type { Adapter, Route, RunningApp } from '../../support/adapters/adapter.js'
import { Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { Gate } from '../../support/adapters/gate.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { routes } from '../../support/adapters/routes.js'
import { type Engine, onEachEngine, uniqueTableName } from '../../support/engines.js'
import { fastifyBench, who as fastifyWho, signIn as signInToFastify } from '../../support/fastify-app.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { forwarderTo } from '../../support/forwarder.js'
import { koaBench, signIn as signInToKoa } from '../../support/koa-app.js'
import { makeTable, readItem } from '../../support/table.js'

const KEEPING: readonly Adapter[] = [koaAdapter, fastifyAdapter, nodeHttpAdapter, remixAdapter]
const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }
const THROTTLED = { error: 'ThrottlingException' }
const PESSIMISTIC = { locking: 'pessimistic' } as const

describe.each(KEEPING)('a session that $name moves to another id with its data', (adapter) => {
  onEachEngine('over HTTP', (engine) => keeping(adapter, engine))
})

describe.each([expressAdapter, fastifyAdapter])('a session that $name replaces by a new one', (adapter) => {
  onEachEngine('over HTTP', (engine) => {
    const bench = benchOf(adapter, engine)

    it('is deleted when it could not be read, and its data is not in the new session', async () => {
      const browser = await bench.openSignedIn()
      const before = bench.idOf(browser)
      bench.proxy.inject('GetItem', THROTTLED)
      expect(await browser.get('/regenerate')).toMatchObject({ status: 200, text: 'regenerated' })
      expect(await bench.stored(before)).toBeUndefined()
      expect(await bench.dataOf(browser)).toEqual({ regenerated: true })
    })
  })
})

function keeping(adapter: Adapter, engine: Engine): void {
  const bench = benchOf(adapter, engine)
  const { openSignedIn, settled, stored, idOf, dataOf, failures } = bench
  // In some frameworks the application names the keys to keep. No other key stays.
  const isNamed = adapter === fastifyAdapter

  it.each([{}, PESSIMISTIC])('stays deleted when another request has logged out: %j', async (options) => {
    const gate = new Gate()
    const browser = await openSignedIn({ ...options, lockExpiryTime: 50 }, gate)
    const [other, before] = [browser.clone(), idOf(browser)]
    const slow = browser.get('/hold-renew')
    await gate.entered
    expect((await other.get('/out')).status).toBe(200)
    gate.open()
    expect((await slow).status).toBe(200)
    await settled()
    expect(await stored(before)).toBeUndefined()
    expect(await stored(idOf(browser))).toBeUndefined()
    expect((await browser.get('/read')).text).toBe('nobody')
  })

  it('stays as it is when it could not be read, and the request fails', async () => {
    const browser = await openSignedIn()
    const before = idOf(browser)
    const item = await stored(before)
    bench.proxy.inject('GetItem', THROTTLED)
    expect(await browser.get('/renew')).toMatchObject({ status: 500, setCookie: undefined })
    expect(failures()).toEqual(['SessionUnreadError'])
    await settled()
    expect(await stored(before)).toEqual(item)
    expect((await browser.get('/read')).text).toBe('ada')
  })

  it('has the changes of other requests', async () => {
    const gate = new Gate()
    const browser = await openSignedIn({}, gate)
    const [other, before] = [browser.clone(), idOf(browser)]
    const slow = browser.get('/hold-renew')
    await gate.entered
    await other.get('/eve')
    await other.get('/count')
    gate.open()
    expect((await slow).status).toBe(200)
    expect(idOf(browser)).not.toBe(before)
    expect(await stored(before)).toEqual(forwarderTo(idOf(browser)))
    expect(await dataOf(browser)).toEqual({ user: 'eve', ...(!isNamed && { views: 1 }) })
  })

  it('is refused with on_conflict reject when another request changed a key that it keeps', async () => {
    const gate = new Gate()
    const browser = await openSignedIn({ onConflict: 'reject' }, gate)
    const other = browser.clone()
    const slow = browser.get('/hold-change-renew')
    await gate.entered
    await other.get('/eve')
    gate.open()
    expect((await slow).status).toBe(500)
    expect(failures()).toContain('SessionConflictError')
    expect(await dataOf(other)).toEqual({ user: 'eve' })
    expect((await other.get('/read')).text).toBe('eve')
  })

  it('stays, without its lock, when the new item can’t be stored', async () => {
    const browser = await openSignedIn(PESSIMISTIC)
    const before = idOf(browser)
    // The first request takes the lock.
    bench.proxy.inject('UpdateItem', THROTTLED, { after: 1 })
    expect((await browser.get('/renew')).status).toBe(500)
    await expect.poll(async () => Object.keys((await stored(before)) ?? {})).not.toContain('locked_at')
    expect(JSON.parse((await stored(before))?.data?.S ?? '')).toEqual({ user: 'ada' })
  })

  if (isNamed) {
    it('is not refused when another request changed a key that it does not keep', async () => {
      const gate = new Gate()
      const browser = await openSignedIn({ onConflict: 'reject' }, gate)
      const other = browser.clone()
      const slow = browser.get('/hold-change-renew')
      await gate.entered
      await other.get('/count')
      gate.open()
      expect((await slow).status).toBe(200)
      expect(await dataOf(browser)).toEqual({ user: 'grace' })
    })
  }
}

onEachEngine('regenerate in Koa', (engine) => {
  const { start, tableName, client } = koaBench(engine)

  it('leaves the session unchanged and unlocked when beforeSave throws', async () => {
    const app = await start(
      { '/in': signInToKoa, '/renew': (ctx) => ctx.session.regenerate().then(() => 'renewed') },
      {
        store: PESSIMISTIC,
        session: {
          beforeSave: (ctx) => {
            if (ctx.path === '/renew') throw new Error('thrown before saving')
          },
        },
      },
    )
    await app.get('/in')
    expect(await app.get('/renew')).toMatchObject({ status: 500, setCookie: [] })
    await expect.poll(async () => Object.keys((await app.item()) ?? {})).not.toContain('locked_at')
    expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
  })

  it('that failed leaves a session that a logout ends', async () => {
    const app = await start(
      {
        '/in': signInToKoa,
        '/leave': async (ctx) => {
          const error = await ctx.session.regenerate().catch(({ message }: Error) => message)
          ctx.session = null
          return error
        },
      },
      {
        session: {
          beforeSave: (ctx) => {
            if (ctx.path === '/leave') throw new Error('thrown before saving')
          },
        },
      },
    )
    await app.get('/in')
    const before = app.id()
    expect(await app.get('/leave')).toMatchObject({ status: 200, text: 'thrown before saving' })
    expect(await readItem(client(), tableName, before)).toBeUndefined()
  })

  it('does not protect a session from a later logout, under either id', async () => {
    const ids: string[] = []
    const app = await start({
      '/in': signInToKoa,
      '/leave': async (ctx) => {
        await ctx.session.regenerate()
        ids.push(/koa\.sess=([^;]+);/.exec(String(ctx.response.get('set-cookie')))?.[1] ?? '')
        ctx.session = null
        return 'left'
      },
    })
    await app.get('/in')
    ids.push(app.id())
    expect((await app.get('/leave')).status).toBe(200)
    expect(new Set(ids).size).toBe(2)
    const left = await Promise.all(ids.map((id) => readItem(client(), tableName, id)))
    expect(left.filter((item) => item && successorOf(item) === undefined)).toEqual([])
  })
})

onEachEngine('regenerate in Fastify', (engine) => {
  const bench = fastifyBench(engine)

  it("leaves a session object that can't be saved any more", async () => {
    const app = await bench.start({
      '/in': signInToFastify,
      '/who': fastifyWho,
      '/renew': async (request) => {
        const old = request.session
        await old.regenerate(['user'])
        old.views = 1
        await old.save()
        return old.sessionId
      },
    })
    await app.get('/in')
    const before = app.id()
    expect((await app.get('/renew')).text).toBe(before)
    expect(await bench.stored(before)).toEqual(forwarderTo(app.id()))
    expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
  })

  it('that failed leaves a session that a logout ends', async () => {
    const app = await bench.start({
      '/in': signInToFastify,
      '/leave': async (request) => {
        bench.proxy.inject('UpdateItem', THROTTLED)
        const error = await request.session.regenerate(['user']).catch(({ name }) => name)
        await request.session.destroy()
        return error
      },
    })
    await app.get('/in')
    const before = app.id()
    expect(await app.get('/leave')).toMatchObject({ status: 200, text: 'ThrottlingException' })
    expect(await bench.stored(before)).toBeUndefined()
  })

  it('is completed after an error by a save of the new session', async () => {
    const app = await bench.start({
      '/in': signInToFastify,
      '/renew': async (request) => {
        bench.proxy.inject('UpdateItem', THROTTLED, { after: 1 })
        const error = await request.session.regenerate(['user']).catch(({ name }) => name)
        request.session.views = 1
        return error
      },
    })
    await app.get('/in')
    const before = app.id()
    expect((await app.get('/renew')).text).toBe('ThrottlingException')
    expect(app.id()).not.toBe(before)
    expect(await bench.stored(before)).toEqual(forwarderTo(app.id()))
    expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":1}' })
  })
})

/** One adapter in its framework. Its requests to the engine pass a fault proxy. */
function benchOf(adapter: Adapter, engine: Engine) {
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  let impatient: DynamoDBClient
  let proxy: FaultProxy
  let app: RunningApp | undefined

  beforeAll(async () => {
    client = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    impatient = new DynamoDBClient({ ...LOCAL, endpoint: proxy.endpoint, maxAttempts: 1 })
    await makeTable(client, tableName)
  })
  beforeEach(() => proxy.reset())
  afterEach(async () => {
    await app?.stop()
    await settled()
  })
  afterAll(() => proxy.stop())

  async function openSignedIn(options: Options = {}, gate?: Gate): Promise<Browser> {
    const own = {
      tableName,
      client: impatient,
      secretKey: 'a secret of thirty-two characters or more',
      errorHandler: { handle: () => undefined },
      ...options,
    }
    app = await adapter.start({ ...routes(gate), ...renewals(gate) }, { options: own })
    const browser = new Browser(app, adapter.cookieName)
    expect((await browser.get('/in')).status).toBe(200)
    await settled()
    return browser
  }

  async function settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 30))
    await proxy.quiet()
    proxy.reset()
  }

  const idOf = (browser: Browser) => adapter.idOf(browser.value)
  const stored = async (id: string) => (id === '' ? undefined : readItem(client, tableName, id))
  return {
    ...{ openSignedIn, settled, idOf, stored },
    get proxy() {
      return proxy
    },
    dataOf: async (browser: Browser) => JSON.parse((await stored(idOf(browser)))?.data?.S ?? 'null'),
    failures: () => app?.failures.map((error) => (error as Error).name),
  }
}

function renewals(gate?: Gate): Record<string, Route> {
  const renew: Route = async (session) => {
    await session.regenerate(['user'])
    return 'renewed'
  }
  return {
    '/renew': renew,
    '/hold-renew': async (session) => {
      await gate?.wait()
      return renew(session)
    },
    '/hold-change-renew': async (session) => {
      await gate?.wait()
      session.set('user', 'grace')
      return renew(session)
    },
  }
}
