import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTable, type Options } from '../../../runtime/index.js'
import type { Adapter, RouteSession, RunningApp } from '../../support/adapters/adapter.js'
import { Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { honoAdapter } from '../../support/adapters/hono.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { reaching } from '../../support/connection.js'
import { type Engine, onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'

const ADAPTERS: readonly Adapter[] = [
  expressAdapter,
  fastifyAdapter,
  koaAdapter,
  remixAdapter,
  honoAdapter,
  nodeHttpAdapter,
]

onEachEngine('where a user is signed in', (engine) => {
  describe.each(ADAPTERS)('by $name', (adapter) => userSessions(adapter, engine))
})

function userSessions(adapter: Adapter, engine: Engine): void {
  const tableName = uniqueTableName()
  let proxy: FaultProxy
  let app: RunningApp
  let reported: { error: Error; operation: string }[]
  let user = 0

  beforeAll(async () => {
    proxy = await startFaultProxy(engine.endpoint)
    await createTable({ ...engine.options(), tableName, indexKeys: ['user'], ttl: false })
  })
  beforeEach(() => {
    user += 1
    reported = []
  })
  afterEach(async () => {
    await app.stop()
    await proxy.quiet()
    proxy.reset()
  })
  afterAll(() => proxy.stop())

  async function start(options: Options = {}): Promise<void> {
    const routes = {
      '/in': (session: RouteSession) => {
        session.set('user', user)
        return 'in'
      },
      '/agent': async (session: RouteSession) => {
        const sessions = await list(session.id())
        return sessions.flatMap(({ current, userAgent }) => (current ? userAgent : [])).join()
      },
      '/who': (session: RouteSession) => String(session.get('user') ?? 'nobody'),
      '/visit': (session: RouteSession) => {
        session.set('visits', Number(session.get('visits') ?? 0) + 1)
        return 'visited'
      },
      '/change-id': async (session: RouteSession) => {
        await session.regenerate(['user'])
        session.set('user', user)
        return 'changed'
      },
      '/in-with-another-id': async (session: RouteSession) => {
        session.set('user', user)
        await session.regenerate(['user'])
        session.set('user', user)
        return 'in'
      },
    }
    const errorHandler = (error: Error, { operation }: { operation: string }) =>
      void reported.push({ error, operation })
    app = await adapter.start(routes, {
      options: {
        tableName,
        ...reaching(engine.client(proxy.endpoint)),
        secretKey: 'a secret of thirty-two characters or more',
        indexKeys: ['user'],
        maxStale: 3600,
        describe: adapter.describe,
        errorHandler,
        ...options,
      },
    })
  }

  async function signIn(userAgent: string): Promise<Browser> {
    const browser = new Browser(app, adapter.cookieName)
    browser.userAgent = userAgent
    expect((await browser.get('/in')).status).toBe(200)
    return browser
  }
  const idOf = (browser: Browser) => adapter.idOf(browser.value)
  const list = (current?: string) => app.store.sessionsBy('user', user, { current })
  const agents = async (current?: string) => (await list(current)).map(({ userAgent }) => userAgent).toSorted()
  const who = async (browser: Browser) => (await browser.get('/who')).text

  it('records the client at the creation and at a change of id, and not at another save', async () => {
    await start()
    const browser = await signIn('phone')
    const [created, ...others] = await list(idOf(browser))
    expect(others).toEqual([])
    expect(created).toMatchObject({ userAgent: 'phone', current: true, createdAt: expect.any(Date) })
    browser.userAgent = 'tablet'
    await browser.get('/visit')
    expect(await list(idOf(browser))).toMatchObject([{ userAgent: 'phone', handle: created?.handle, current: true }])
    await browser.get('/change-id')
    const moved = await list(idOf(browser))
    expect(moved).toMatchObject([{ userAgent: 'tablet', current: true }])
    expect(moved[0]?.handle).not.toBe(created?.handle)
    expect(reported).toEqual([])
  })

  it('records the client of a session that gets another id before it is stored', async () => {
    await start()
    const browser = new Browser(app, adapter.cookieName)
    browser.userAgent = 'phone'
    await browser.get('/in-with-another-id')
    expect(await list(idOf(browser))).toMatchObject([{ userAgent: 'phone', current: true }])
  })

  it('ends one session by its handle, then all others, and exports what is stored', async () => {
    await start()
    const [phone, tablet, laptop] = [await signIn('phone'), await signIn('tablet'), await signIn('laptop')]
    const sessions = await list(idOf(laptop))
    expect(sessions.filter(({ current }) => current).map(({ userAgent }) => userAgent)).toEqual(['laptop'])
    const handle = sessions.find(({ userAgent }) => userAgent === 'phone')?.handle ?? ''
    expect(await app.store.destroyHandle('user', user, handle)).toBe(true)
    expect([await who(phone), await who(tablet)]).toEqual(['nobody', String(user)])
    expect(await app.store.destroyOthers('user', user, idOf(laptop))).toBe(1)
    expect([await who(tablet), await who(laptop)]).toEqual(['nobody', String(user)])
    const exported = await app.store.exportBy('user', user)
    expect(exported).toMatchObject([{ data: { user }, client: { userAgent: 'laptop' } }])
    expect(JSON.stringify([sessions, exported])).not.toContain(idOf(laptop))
  })

  it('marks the session of the request, by the id that the framework has of it', async () => {
    await start()
    const [phone, tablet] = [await signIn('phone'), await signIn('tablet')]
    expect([(await phone.get('/agent')).text, (await tablet.get('/agent')).text]).toEqual(['phone', 'tablet'])
  })

  it('stores the session if describe fails, and reports the error', async () => {
    const failing = async () => {
      throw new Error('no database of addresses')
    }
    await start({ describe: failing })
    const browser = await signIn('phone')
    expect(await who(browser)).toBe(String(user))
    expect(reported).toMatchObject([{ operation: 'describe', error: { message: 'no database of addresses' } }])
    expect(await agents()).toEqual([undefined])
  })

  it('ends the oldest session at a sign-in beyond max_sessions, and sends nothing more at other saves', async () => {
    await start({ maxSessions: 2 })
    const [phone, tablet] = [await signIn('phone'), await signIn('tablet')]
    const laptop = new Browser(app, adapter.cookieName)
    laptop.userAgent = 'laptop'
    await laptop.get('/visit')
    expect(await agents()).toEqual(['phone', 'tablet'])
    await laptop.get('/in')
    expect(await agents()).toEqual(['laptop', 'tablet'])
    expect([await who(phone), await who(tablet), await who(laptop)]).toEqual(['nobody', ...Array(2).fill(String(user))])
    await proxy.quiet()
    proxy.reset()
    await laptop.get('/visit')
    await proxy.quiet()
    expect(proxy.operations).toEqual(['GetItem', 'UpdateItem'])
    expect(reported).toEqual([])
  })
}
