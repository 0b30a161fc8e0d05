import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../../runtime/index.js'
import type { Item } from '../../../../runtime/session/item/session-record.js'
import type { Adapter, Route, RunningApp } from '../../../support/adapters/adapter.js'
import { Browser } from '../../../support/adapters/browser.js'
import { Gate } from '../../../support/adapters/gate.js'
import { RAILS_ADAPTERS } from '../../../support/adapters/rails.js'
import { routes } from '../../../support/adapters/routes.js'
import { type Engine, onEachEngine, uniqueTableName } from '../../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../../support/fault-proxy.js'
import { expectNoSession } from '../../../support/forwarder.js'
import { GEM_KEYS, type GemOptions, RubyGem } from '../../../support/ruby/gem.js'
import { makeTable, readItem, writeItem } from '../../../support/table.js'

const SECRET = 'watermelon_smiles'
const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

const signer = (secretKey: string) => new RubyGem(new DynamoDBClient(LOCAL), { tableName: 'none', secretKey })

describe.each(RAILS_ADAPTERS)('a table and a login shared with Rails: $name', (adapter) => {
  onEachEngine('over HTTP', (engine) => shared(adapter, engine))
})

/** A simulation of the gem and one of our adapters, in its real framework, share a table. */
function shared(adapter: Adapter, engine: Engine): void {
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  let impatient: DynamoDBClient
  let proxy: FaultProxy
  let app: RunningApp | undefined
  let reported: Error[] = []

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
  afterAll(async () => {
    client.destroy()
    impatient.destroy()
    await proxy.stop()
  })

  const gem = (options: Partial<GemOptions> = {}) =>
    new RubyGem(client, { tableName, secretKey: SECRET, maxStale: 3600, ...options })
  const item = (id: string) => readItem(client, tableName, id, GEM_KEYS)
  const dataOf = async (id: string) => JSON.parse((await item(id))?.data?.S ?? 'null')
  const put = (id: string, attributes: Item) =>
    writeItem(client, tableName, { session_id: { S: id }, ...attributes }, GEM_KEYS)

  const more: Record<string, Route> = {
    '/user': (session) => `user ${session.get('user_id')}`,
    '/user-in': (session) => {
      session.set('user_id', 42)
      return 'in'
    },
    '/cart': (session) => {
      session.set('cart', [1, 2])
      return 'cart'
    },
    '/seen-by': (session) => `seen by ${session.get('seen_by')}`,
  }

  /** Serves the Node application to a browser with this cookie. */
  async function open(cookie?: string, options: Options = {}, gate?: Gate): Promise<Browser> {
    app = await adapter.start(
      { ...routes(gate), ...more },
      {
        options: {
          tableName,
          client: impatient,
          secretKey: SECRET,
          sessionIdDigest: 'md5',
          maxStale: 3600,
          touchInterval: 0,
          errorHandler: { handle: (error) => void reported.push(error) },
          ...options,
        },
      },
    )
    return new Browser(app, 'rack.session', cookie)
  }

  /** Signs in with Rails. The session has the usual data of Rails. */
  async function signedIn(ruby = gem()): Promise<string> {
    const { setCookie } = await ruby.request(undefined, (session) => {
      session.set('session_id', 'a1b2c3')
      session.set('user_id', 42)
      session.set('_csrf_token', 'dG9rZW4=')
      session.set('flash', { discard: [], flashes: { notice: 'Hello' } })
      session.set('warden.user.user.key', [[42], '$2a$12$abc'])
    })
    if (setCookie === undefined) throw new Error('Rails should set a cookie')
    return setCookie
  }

  /** Waits for the work that is done after the response. */
  async function settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 20))
    await proxy.quiet()
  }

  describe('a session that Rails made', () => {
    it('is read by Node, and Rails sees its changes beside all other data', async () => {
      const id = await signedIn()
      const before = await item(id)
      const browser = await open(id)
      expect((await browser.get('/user')).text).toBe('user 42')
      await browser.get('/cart')
      expect(browser.value).toBe(id)
      await settled()
      let seen: unknown
      await gem().request(id, (session) => {
        seen = session.all()
        session.set('seen_by', 'ruby')
      })
      expect(seen).toEqual({
        session_id: 'a1b2c3',
        user_id: 42,
        _csrf_token: 'dG9rZW4=',
        flash: { discard: [], flashes: { notice: 'Hello' } },
        'warden.user.user.key': [[42], '$2a$12$abc'],
        cart: [1, 2],
      })
      expect((await browser.get('/seen-by')).text).toBe('seen by ruby')
      await settled()
      expect((await item(id))?.created_at).toEqual(before?.created_at)
      expect(reported).toEqual([])
    })

    it('is touched by a request of Node that only reads, which keeps data, created_at and unknown attributes', async () => {
      const id = gem().sign('1'.repeat(64))
      const now = Date.now() / 1000
      const others = {
        data: { S: '{"user_id": 42,"rate":1.0,"big":1152921504606846977}' },
        created_at: { S: '1795371590.5' },
        flags: { SS: ['x'] },
      }
      await put(id, {
        ...others,
        updated_at: { S: `${Math.floor(now) - 100}.0` },
        expire_at: { N: String(Math.floor(now) + 3500) },
      })
      const browser = await open(id)
      expect((await browser.get('/user')).text).toBe('user 42')
      await settled()
      const { updated_at, expire_at, ...kept } = (await item(id)) ?? {}
      expect(kept).toMatchObject({ session_id: { S: id }, ...others })
      expect(updated_at?.S).toMatch(/^\d{10}\.\d{15}$/)
      expect(Number(updated_at?.S)).toBeGreaterThan(now - 1)
      expect(Number(expire_at?.N)).toBeGreaterThan(now + 3595)
      await browser.get('/cart')
      await settled()
      expect((await item(id))?.data?.S).toContain('"rate":1.0,"big":1152921504606846977')
    })

    it('is served also when max_stale is not set in Rails, and Node then corrects its expire_at', async () => {
      const id = await signedIn(gem({ maxStale: 0 }))
      expect(Number((await item(id))?.expire_at?.N)).toBeLessThanOrEqual(Date.now() / 1000)
      const browser = await open(id, { touchInterval: 60 })
      expect((await browser.get('/user')).text).toBe('user 42')
      await settled()
      expect(Number((await item(id))?.expire_at?.N)).toBeGreaterThan(Date.now() / 1000 + 3500)
    })

    it('is deleted for Node when Rails destroyed it, and Node makes another id', async () => {
      const id = await signedIn()
      const browser = await open(id)
      await gem().request(id, (session) => session.destroy())
      expect((await browser.get('/user')).text).toBe('user undefined')
      expect(await item(id)).toBeUndefined()
      await browser.get('/user-in')
      expect(browser.value).not.toBe(id)
      expect(gem().verifies(browser.value)).toBe(true)
      await settled()
      expect(await item(id)).toBeUndefined()
      expect(await dataOf(browser.value)).toEqual({ user_id: 42 })
    })

    it('is deleted for Rails when Node destroyed it', async () => {
      const id = await signedIn()
      const browser = await open(id)
      await browser.get('/out')
      await settled()
      expect(await item(id)).toBeUndefined()
      await gem().request(id, (session) => expect(session.all()).toEqual({}))
    })

    it('that Rails destroys during a request of Node stays deleted', async () => {
      const id = await signedIn()
      const gate = new Gate()
      const browser = await open(id, {}, gate)
      const held = browser.get('/hold-change')
      await gate.entered
      await gem().request(id, (session) => session.destroy())
      gate.open()
      await held
      await settled()
      expect(await item(id)).toBeUndefined()
    })

    it('that Rails changes during a request of Node keeps both changes, by top-level key', async () => {
      const id = await signedIn()
      const gate = new Gate()
      const browser = await open(id, {}, gate)
      const held = browser.get('/hold-change')
      await gate.entered
      await gem().request(id, (session) => {
        session.set('seen_by', 'ruby')
        session.delete('flash')
      })
      gate.open()
      expect((await held).status).toBe(200)
      await settled()
      const data = await dataOf(id)
      expect(data).toMatchObject({ user_id: 42, seen_by: 'ruby', held: true })
      expect(data).not.toHaveProperty('flash')
    })

    it('that the gem stored without data (D5, G28) is empty for Node, which makes it readable again', async () => {
      const id = gem().sign('2'.repeat(64))
      await expect(gem({ enableLocking: true }).request(id)).rejects.toThrow(TypeError)
      await expect(gem().request(id)).rejects.toThrow(TypeError)
      const browser = await open(id)
      expect((await browser.get('/user')).text).toBe('user undefined')
      await browser.get('/user-in')
      expect(browser.value).toBe(id)
      await settled()
      await gem().request(id, (session) => expect(session.all()).toEqual({ user_id: 42 }))
      expect(reported).toEqual([])
    })
  })

  describe('a session that Node made', () => {
    it('can be read, changed and destroyed by Rails', async () => {
      const browser = await open()
      const { setCookie } = await browser.get('/user-in')
      expect(setCookie).toMatch(/^rack\.session=[0-9a-f]{32}--[0-9a-f]{64}; path=\/; httponly/i)
      await settled()
      const id = browser.value
      const stored = await item(id)
      expect(stored).toMatchObject({ data: { S: '{"user_id":42}' }, created_at: stored?.updated_at })
      expect(stored?.created_at?.S).toMatch(/^\d{10}\.\d{15}$/)
      expect(stored?.expire_at?.N).toMatch(/^\d{10}$/)
      await gem().request(id, (session) => {
        expect(session.all()).toEqual({ user_id: 42 })
        session.set('seen_by', 'ruby')
      })
      expect((await browser.get('/seen-by')).text).toBe('seen by ruby')
      await settled()
      expect((await item(id))?.created_at).toEqual(stored?.created_at)
      await gem().request(id, (session) => session.destroy())
      expect((await browser.get('/user')).text).toBe('user undefined')
    })

    it('is touched when Rails reads it, and expires in Node accordingly later', async () => {
      const browser = await open()
      await browser.get('/user-in')
      await settled()
      const before = await item(browser.value)
      await gem().request(browser.value)
      const after = await item(browser.value)
      expect(after?.data).toEqual(before?.data)
      expect(after?.updated_at?.S).toMatch(/^\d{10}\.\d{1,7}$/)
      expect((await browser.get('/user')).text).toBe('user 42')
      await settled()
      expect(((await item(browser.value))?.updated_at?.S ?? '') > (after?.updated_at?.S ?? '')).toBe(true)
    })

    it('is found only under its new id after regenerate', async () => {
      const browser = await open()
      await browser.get('/in')
      const old = browser.value
      await browser.get('/regenerate')
      await settled()
      expect(browser.value).not.toBe(old)
      expectNoSession(await item(old))
      await gem().request(browser.value, (session) => expect(session.get('regenerated')).toBe(true))
    })
  })

  it('gets a new id when a signed id has no item (A13)', async () => {
    const id = gem().sign('3'.repeat(64))
    const browser = await open(id)
    expect((await browser.get('/user')).text).toBe('user undefined')
    await browser.get('/user-in')
    await settled()
    expect(browser.value).not.toBe(id)
    expect(await item(id)).toBeUndefined()
  })

  const sid = 'f'.repeat(64)
  const digest = '62e6275d77bcc8efbf12464d6a1c2df2'
  it.each([
    ['with a wrong digest', `72e6275d77bcc8efbf12464d6a1c2df2--${sid}`],
    ['of another secret', signer('other').sign(sid)],
    ['with the digest in capitals', `${digest.toUpperCase()}--${sid}`],
    ['with junk behind', `${digest}--${sid}--junk`],
    ['with a sid that holds --', signer(SECRET).sign('ab--cd')],
    ['of another length', signer(SECRET).sign('abc')],
  ])('refuses an id %s without a request, although the item exists (A5 to A17)', async (_what, id) => {
    await put(id, { data: { S: '{"user_id":42}' } })
    const browser = await open(id)
    expect((await browser.get('/user')).text).toBe('user undefined')
    await settled()
    expect(proxy.operations).toEqual([])
    await browser.get('/user-in')
    expect(browser.value).not.toBe(id)
    await settled()
    expect(await item(id)).toEqual({ session_id: { S: id }, data: { S: '{"user_id":42}' } })
  })

  it.each([
    ['without --', `${digest}${sid}`],
    ['of the digest alone', digest],
    ['of the sid alone', sid],
    ['that is percent-encoded badly', '%'],
  ])('ignores an id %s; only koa-session looks for the item', async (_what, id) => {
    const browser = await open(id)
    expect((await browser.get('/user')).text).toBe('user undefined')
    await settled()
    if (adapter.name !== 'koa') expect(proxy.operations).toEqual([])
    await browser.get('/user-in')
    expect(gem().verifies(browser.value)).toBe(true)
  })

  it('takes the first of two cookies with the name, as the gem does (A18)', async () => {
    const [first, second] = [await signedIn(), gem().sign('4'.repeat(64))]
    await put(second, { data: { S: '{"user_id":43}' } })
    expect((await (await open(`${first}; rack.session=${second}`)).get('/user')).text).toBe('user 42')
  })

  it('reads a percent-encoded cookie, as the gem does (A19), except in Koa, whose cookies are not decoded', async () => {
    const id = await signedIn()
    const browser = await open(id.replace('--', '%2D%2D'))
    expect((await browser.get('/user')).text).toBe(adapter.name === 'koa' ? 'user undefined' : 'user 42')
  })

  describe('with locking on both sides', () => {
    const locking = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 10, lockRetryDelay: 20 } as const
    const patient = { enableLocking: true, lockExpiryTime: 60_000, lockMaxWaitTime: 10, lockRetryDelay: 20 }

    it('makes Node wait for the lock of Rails, and see its change', async () => {
      const id = await signedIn()
      const browser = await open(id, locking)
      const gate = new Gate()
      const ruby = gem(patient).request(id, async (session) => {
        await gate.wait()
        session.set('views', 5)
      })
      await gate.entered
      let isDone = false
      const node = browser.get('/count').finally(() => {
        isDone = true
      })
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(isDone).toBe(false)
      gate.open()
      await ruby
      expect((await node).text).toBe('6')
      await settled()
      expect(await dataOf(id)).toMatchObject({ user_id: 42, views: 6 })
      expect(await item(id)).not.toHaveProperty('locked_at')
    })

    it('makes Rails wait for the lock of Node, and see its change', async () => {
      const id = await signedIn()
      const gate = new Gate()
      const browser = await open(id, locking, gate)
      const node = browser.get('/hold-change')
      await gate.entered
      expect((await item(id))?.locked_at?.S).toMatch(/^\d{10}\.\d{15}$/)
      let seen: unknown
      const ruby = gem(patient).request(id, (session) => {
        seen = session.get('held')
      })
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(seen).toBeUndefined()
      gate.open()
      await node
      await ruby
      expect(seen).toBe(true)
      expect(await item(id)).not.toHaveProperty('locked_at')
    })

    it('loses no increment of either side', async () => {
      const id = await signedIn()
      const browser = await open(id, locking)
      const count = () =>
        gem(patient).request(id, (session) => session.set('views', Number(session.get('views') ?? 0) + 1))
      await Promise.all(Array.from({ length: 5 }, () => [browser.get('/count'), count()]).flat())
      await settled()
      expect(await dataOf(id)).toMatchObject({ views: 10 })
    })

    it("fails Node's save when Rails took over the lock, as its default settings do, and keeps Rails' change", async () => {
      const id = await signedIn()
      const gate = new Gate()
      const browser = await open(id, locking, gate)
      const node = browser.get('/hold-change')
      await gate.entered
      await new Promise((resolve) => setTimeout(resolve, 550))
      await gem({ enableLocking: true }).request(id, (session) => session.set('seen_by', 'ruby'))
      gate.open()
      expect((await node).status).toBe(500)
      await settled()
      expect([...(app?.failures ?? []), ...reported]).toEqual([expect.objectContaining({ name: 'LockLostError' })])
      const data = await dataOf(id)
      expect(data).toMatchObject({ seen_by: 'ruby' })
      expect(data).not.toHaveProperty('held')
      expect(await item(id)).not.toHaveProperty('locked_at')
    })

    it('lets Node take over an abandoned lock of Rails (D10 to D12) after lock_expiry_time', async () => {
      const id = await signedIn()
      await gem({ enableLocking: true }).request(id, (session) => session.clear())
      expect(await item(id)).toHaveProperty('locked_at')
      const browser = await open(id, { ...locking, lockExpiryTime: 100 })
      expect((await browser.get('/user')).text).toBe('user 42')
      await settled()
      expect(await item(id)).not.toHaveProperty('locked_at')
    })
  })
}
