import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { createSessionManager } from '../../../runtime/fetch.js'
import type { Options } from '../../../runtime/index.js'
import { DynamoSessionStore as KoaStore } from '../../../runtime/koa.js'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
import { timestamp } from '../../../runtime/session/item/timestamp.js'
import type { Adapter, Route } from '../../support/adapters/adapter.js'
import { Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { routes } from '../../support/adapters/routes.js'
import { listen } from '../../support/channels.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { encryptsByDefault } from '../../support/stored-data.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const ID = 'the-id-of-ada'
const DATA = { cookie: { originalMaxAge: null }, user: 'ada-lovelace' }
const HASH = hashSessionId(ID)
const ADAPTERS: readonly (readonly [string, Adapter])[] = [
  ['express', expressAdapter],
  ['fastify', fastifyAdapter],
  ['koa', koaAdapter],
  ['fetch', nodeHttpAdapter],
]
const silent = { errorHandler: () => undefined }

onEachEngine('the channels', (engine) => {
  const tableName = uniqueTableName()
  let direct: DynamoDBClient
  let proxy: FaultProxy
  const open: { close(): Promise<void> }[] = []

  beforeAll(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    await makeTable(direct, tableName)
  })
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close()
    proxy.reset()
  })
  afterAll(async () => {
    direct.destroy()
    await proxy.stop()
  })

  const reaching = (more: Options = {}): Options => ({
    ...engine.options(),
    endpoint: proxy.endpoint,
    tableName,
    touchInterval: 0,
    ...silent,
    ...more,
  })
  const storeOf = (more: Options = {}) => {
    const store = new DynamoSessionStore(reaching(more))
    open.push(store)
    return store
  }
  const put = (id: string, attributes: Parameters<typeof writeItem>[2] = {}) =>
    writeItem(direct, tableName, { session_id: { S: id }, data: { S: '{"user":"ada-lovelace"}' }, ...attributes })

  describe('say what happened', () => {
    it('to a session that is found, with the figures of its request', async () => {
      await put(ID)
      const key = (await readItem(direct, tableName, ID))?.session_id?.S
      const plain = `session_id${key}data{"user":"ada-lovelace"}`.length
      const bytes = encryptsByDefault() ? expect.toSatisfy((size) => size > plain) : plain
      const heard = listen()
      await storeOf().get(ID)
      expect(heard.of('load')).toEqual([
        {
          ...{ adapter: 'express', sessionIdHash: HASH, outcome: 'found' },
          ...{ attempts: 1, bytes, consumedCapacity: 1 },
        },
      ])
      expect(heard.of('request')).toEqual([
        {
          ...{ operation: 'GetItem', table: tableName, outcome: 'done' },
          ...{ attempts: 1, consumedCapacity: 1, requestId: expect.any(String) },
        },
      ])
      expect(heard.events).toEqual([
        ...['load start', 'load end', 'request start', 'request end'],
        ...['request asyncStart', 'request asyncEnd', 'load asyncStart', 'load asyncEnd'],
      ])
    })

    it.each<[outcome: string, id: string, item?: Parameters<typeof writeItem>[2], options?: Options]>([
      ['none', 'nobody'],
      ['expired', 'expired', { updated_at: { S: '1000000000.0' } }, { maxStale: 60 }],
      ['expired', 'own-end', { cookie: { S: '{"originalMaxAge":1000,"expires":"2020-01-01T00:00:00.000Z"}' } }],
      ['moved', 'moved', { data: { S: '{}' }, successor: { S: 'elsewhere' } }],
      ['invalid', 'invalid', { data: { S: 'no json' } }],
      ['refused', 'x'.repeat(3000)],
    ])('to a session that is not: %s (%.10s)', async (outcome, id, item, options) => {
      if (item) await put(id, item)
      const heard = listen()
      const events: unknown[] = []
      const store = storeOf(options)
      store.on('expired', (change) => events.push(change))
      expect(await store.get(id)).toBeNull()
      expect(heard.of('load')).toMatchObject([{ outcome, sessionIdHash: hashSessionId(id) }])
      const expected = [{ adapter: 'express', sessionIdHash: hashSessionId(id) }]
      expect(heard.of('expired-read')).toEqual(outcome === 'expired' ? expected : [])
      expect(heard.of('forged-id')).toEqual(outcome === 'refused' ? expected : [])
      expect(events).toEqual(outcome === 'expired' ? [{ sessionIdHash: hashSessionId(id) }] : [])
    })

    it('to a session that could not be read, by the name of the error alone', async () => {
      proxy.inject('GetItem', { error: 'AccessDeniedException', message: 'secret', status: 500 }, { times: Infinity })
      const heard = listen()
      const store = storeOf({ maxAttempts: 2 })
      expect(await store.get(ID)).toEqual({})
      const error = { name: 'AccessDeniedException' }
      expect(heard.of('load')).toMatchObject([{ outcome: 'unread', attempts: 2 }])
      expect(heard.of('unread')).toEqual([{ adapter: 'express', sessionIdHash: HASH, error }])
      expect(heard.of('request')).toMatchObject([{ attempts: 2, error }])
      const raising = storeOf({ raiseErrors: true, maxAttempts: 1 })
      heard.clear()
      await expect(raising.get(ID)).rejects.toThrow('secret')
      expect(heard.events).toContain('load error')
      expect(heard.of('load')).toMatchObject([{ error }])
      expect(heard.of('unread')).toEqual([])
      expect(heard.texts.join('\n')).not.toContain('secret')
    })

    it('to a session that is stored, extended and deleted, also as events of the store', async () => {
      const heard = listen(['save', 'touch', 'destroy'])
      const store = new KoaStore(reaching())
      open.push(store)
      const events: unknown[] = []
      for (const event of ['create', 'update', 'touch', 'destroy'] as const) {
        store.on(event, (change) => events.push([event, change]))
      }
      await store.set(ID, { user: 'ada-lovelace' })
      const session = (await store.get(ID)) as { user: string }
      await store.set(ID, session)
      session.user = 'ada-king'
      await store.set(ID, session)
      await store.destroy(ID)
      await store.set(ID, session)
      expect(heard.of('save')).toMatchObject([
        { outcome: 'saved', attempts: 1, consumedCapacity: 1, sessionIdHash: HASH, adapter: 'koa' },
        { outcome: 'touched' },
        { outcome: 'saved' },
        { outcome: 'deleted' },
      ])
      expect(heard.of('destroy')).toMatchObject([{ outcome: 'deleted', sessionIdHash: HASH, attempts: 1 }])
      const change = { sessionIdHash: HASH }
      expect(events).toEqual([
        ['update', change],
        ['touch', change],
        ['update', change],
        ['destroy', change],
      ])
    })

    it('to a new session, and to one that gets another id', async () => {
      const heard = listen(['save', 'regenerate'])
      const manager = createSessionManager({ ...reaching(), secretKey: 'the secret of these tests' })
      open.push(manager)
      const events: unknown[] = []
      manager.storage.on('create', (change) => events.push(['create', change]))
      manager.storage.on('update', (change) => events.push(['update', change]))
      const { setCookie = '' } = await manager.use(null, (session) => session.set('user', 'ada-lovelace'))
      const renewed = await manager.use(setCookie.split(';')[0], (session) => session.regenerateId(true))
      const [before, after] = [setCookie, renewed.setCookie ?? ''].map((line) => {
        return hashSessionId(decodeURIComponent(/=([^;]*)/.exec(line)?.[1] ?? ''))
      })
      expect(heard.of('save')).toMatchObject([{ adapter: 'fetch', outcome: 'created', sessionIdHash: before }])
      expect(heard.of('regenerate')).toMatchObject([{ outcome: 'moved', sessionIdHash: before, attempts: 2 }])
      expect(events).toEqual([
        ['create', { sessionIdHash: before }],
        ['update', { sessionIdHash: after, previousSessionIdHash: before }],
      ])
    })

    it('to a lock: how long another request held it, and that it was lost', async () => {
      const options = { locking: 'pessimistic', lockExpiryTime: 20, lockRetryDelay: 1 } as const
      const manager = createSessionManager({ ...reaching(options), secretKey: 'the secret of these tests' })
      open.push(manager)
      const { setCookie = '' } = await manager.use(null, (session) => session.set('user', 'ada-lovelace'))
      const cookie = setCookie.split(';')[0]
      const id = decodeURIComponent(cookie?.split('=')[1] ?? '')
      const lockedByOthers = () => put(id, { locked_at: { S: timestamp(Date.now()) } })
      await lockedByOthers()
      const heard = listen(['lock', 'load', 'lock-lost'])
      const { session, commit, release } = await manager.load(cookie)
      const waited = heard.of('lock')[0]?.lockWait as number
      expect(waited).toBeGreaterThanOrEqual(20)
      expect(heard.of('lock')).toMatchObject([{ outcome: 'locked', sessionIdHash: hashSessionId(id) }])
      expect(heard.of('load')).toMatchObject([{ outcome: 'found', lockWait: waited, bytes: expect.any(Number) }])
      expect(heard.of('load')[0]?.attempts).toBeGreaterThan(1)
      await lockedByOthers()
      session.set('user', 'eve')
      await expect(commit()).rejects.toThrow('took over the lock')
      await release()
      expect(heard.of('lock-lost')).toEqual([{ adapter: 'fetch', sessionIdHash: hashSessionId(id) }])
    })

    it('to a save that overwrote the change of another request', async () => {
      await put(ID)
      const store = storeOf()
      const heard = listen(['conflict'])
      const [one, other] = [await store.get(ID), await store.get(ID)] as { user: string }[]
      await store.set(ID, Object.assign(one as never, { user: 'one' }))
      await store.set(ID, Object.assign(other as never, { user: 'other' }))
      expect(heard.of('conflict')).toEqual([{ adapter: 'express', sessionIdHash: HASH, keyCount: 1 }])
    })

    it('to reads that share a request: one figure for all', async () => {
      const ids = ['a', 'b', 'c', 'd'].map((name) => `merged-${name}`)
      await Promise.all(ids.map((id) => put(id)))
      const store = storeOf()
      await store.get('nobody')
      proxy.reset()
      const heard = listen(['load', 'request'])
      await Promise.all([...ids, 'merged-a'].map((id) => store.get(id)))
      expect(proxy.operations).toEqual(['BatchGetItem'])
      expect(heard.of('load')).toMatchObject(Array(5).fill({ outcome: 'found', attempts: 1, mergedReads: 5 }))
      const units = heard.of('load').map(({ consumedCapacity }) => consumedCapacity)
      expect(units).toEqual([4, undefined, undefined, undefined, undefined])
      expect(heard.of('request')).toMatchObject([{ batchSize: 4, mergedReads: 5, consumedCapacity: 4 }])
    })

    it('to batches that are not allowed: reads are not batched for some time', async () => {
      await put(ID)
      const store = storeOf()
      await store.get('nobody')
      proxy.inject('BatchGetItem', { error: 'AccessDeniedException' })
      const heard = listen()
      await Promise.all([store.get(ID), store.get('nobody')])
      expect(heard.of('breaker')).toEqual([{ operation: 'BatchGetItem', rest: 60_000 }])
      const loads = heard.of('load').map(({ outcome, attempts }) => `${outcome} ${attempts}`)
      // The two GetItem end in any order.
      expect(loads.toSorted()).toEqual(['found 2', 'none 2'])
    })
  })

  it('report an error that a listener of events throws, and the request succeeds', async () => {
    const reported: unknown[] = []
    const store = storeOf({ errorHandler: (error, { operation }) => void reported.push([operation, error.message]) })
    store.on('destroy', () => {
      throw new Error('the listener is broken')
    })
    await store.destroy(ID)
    expect(reported).toEqual([['listener of destroy', 'the listener is broken']])
  })

  it('report an async listener that rejects; the others hear each event, and those of `once` the first', async () => {
    const reported: unknown[] = []
    const store = storeOf({ errorHandler: (error, { operation }) => void reported.push([operation, error.message]) })
    const heard: unknown[] = []
    store.once('destroy', async () => {
      throw new Error('the audit log is away')
    })
    store.once('destroy', () => heard.push('once'))
    store.on('destroy', function (this: unknown, change) {
      heard.push([this === store, change])
    })
    await store.destroy(ID)
    await store.destroy(ID)
    await vi.waitFor(() => expect(reported).toEqual([['listener of destroy', 'the audit log is away']]))
    const each = [true, { sessionIdHash: HASH }]
    expect(heard).toEqual(['once', each, each])
  })

  it('give a hash of an id that is not text, which is refused', async () => {
    const heard = listen(['load'])
    for (const id of [42, {}]) expect(await storeOf().get(id as never)).toBeNull()
    expect(heard.of('load')).toMatchObject(
      ['42', '[object Object]'].map((text) => ({ outcome: 'refused', sessionIdHash: hashSessionId(text) })),
    )
  })

  it('ask for consumed capacity only while there is a subscriber', async () => {
    const store = storeOf()
    const asked = async () => {
      proxy.reset()
      await store.get(ID)
      await store.set(ID, DATA as never)
      await store.destroy(ID)
      return proxy.requests.map(({ input }) => input.ReturnConsumedCapacity)
    }
    expect(await asked()).toEqual([undefined, undefined, undefined])
    listen(['load', 'save'])
    expect(await asked()).toEqual(['TOTAL', 'TOTAL', undefined])
  })

  it.each(ADAPTERS)('never show an id or data: %s', async (name, adapter) => {
    const heard = listen()
    const options = reaching({ secretKey: 'the secret of these tests' })
    const all: Record<string, Route> = { ...routes(), '/in': (session) => String(session.set('user', 'a countess')) }
    const app = await adapter.start(all, { options })
    try {
      const browser = new Browser(app, adapter.cookieName)
      const ids: string[] = []
      for (const path of ['/in', '/count', '/read', '/eve', '/regenerate', '/read', '/out', '/in']) {
        expect((await browser.get(path)).status).toBe(200)
        ids.push(adapter.idOf(browser.value), browser.value)
      }
      const forged = new Browser(app, adapter.cookieName, `${'0'.repeat(64)}--${'1'.repeat(64)}`)
      await forged.get('/read')
      await proxy.quiet()
      expect(new Set(heard.events)).toContain('save asyncEnd')
      expect(heard.of('load').every((message) => message.adapter === name)).toBe(true)
      const texts = heard.texts.join('\n')
      const secrets = [...ids, 'countess', 'views', 'regenerated', '0'.repeat(64)].filter(Boolean)
      expect(secrets.filter((secret) => texts.includes(secret))).toEqual([])
    } finally {
      await app.stop()
    }
  })
})
