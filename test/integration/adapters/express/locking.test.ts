import { request as httpRequest } from 'node:http'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type session from 'express-session'
import type { SessionData } from 'express-session'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { reaching } from '../../../support/connection.js'
import { onEachEngine } from '../../../support/engines.js'
import { type Browsed, type Handle, startApp } from '../../../support/express-app.js'
import { type FaultProxy, startFaultProxy } from '../../../support/fault-proxy.js'
import { storedKey, storedKeys } from '../../../support/stored-key.js'
import { freshTable, readItem, writeItem } from '../../../support/table.js'

declare module 'express-session' {
  interface SessionData {
    user?: string
    views?: number
  }
}

onEachEngine('DynamoSessionStore and concurrent requests', (engine) => {
  let client: DynamoDBClient
  let proxy: FaultProxy
  const tableName = engine.options().tableName
  let started: Browsed[]
  let errors: { message: string; operation: string }[]

  beforeEach(async () => {
    client = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    started = []
    errors = []
    await freshTable(client, tableName)
  })
  afterEach(async () => {
    await Promise.all(started.map((app) => app.stop()))
    client.destroy()
    await proxy.stop()
  })

  function makeStore(options: Options = {}) {
    const errorHandler = {
      handle: (error: Error, { operation }: { operation: string }) =>
        void errors.push({ message: error.message, operation }),
    }
    return new DynamoSessionStore({ tableName, ...reaching(engine.client(proxy.endpoint)), errorHandler, ...options })
  }

  async function start(
    routes: Record<string, Handle>,
    options: Options = {},
    settings: Partial<session.SessionOptions> = {},
  ) {
    const store = makeStore(options)
    const app = await startApp({ '/in': signIn, ...routes }, { ...settings, store })
    started.push(app)
    return { ...app, store, item: () => readItem(client, tableName, app.id()) }
  }

  const signIn: Handle = (request, response) => {
    request.session.user = 'ada'
    request.session.views = 0
    response.send('in')
  }
  const count: Handle = async (request, response) => {
    const views = (request.session.views ?? 0) + 1
    await new Promise((resolve) => setTimeout(resolve, 5))
    request.session.views = views
    response.send(String(views))
  }
  const pessimistic = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 20 } as const

  async function unlocked(item: () => Promise<object | undefined>): Promise<void> {
    for (let tries = 0; tries < 100; tries += 1) {
      if (!('locked_at' in ((await item()) ?? {}))) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error('still locked after 2 seconds')
  }

  describe('with locking: pessimistic', () => {
    it('loses no increment of parallel requests', async () => {
      const { get, item } = await start({ '/count': count }, pessimistic)
      await get('/in')
      await Promise.all(Array.from({ length: 20 }, () => get('/count')))
      expect((await item())?.data?.S).toContain('"views":20')
      await unlocked(item)
    })

    it.each<[string, Handle]>([
      [
        'throws',
        () => {
          throw new Error('thrown')
        },
      ],
      ['only reads', (request, response) => response.send(request.session.user)],
      ['does not look at the session', (_request, response) => response.send('x')],
      [
        'sets the session to null',
        (request, response) => {
          Object.assign(request, { session: null })
          response.send('x')
        },
      ],
      ['closes the connection without an answer', (_request, response) => void response.socket?.destroy()],
      ['answers with 304', (_request, response) => response.status(304).end()],
    ])('releases the lock when the handler %s', async (_what, handle) => {
      const { get, item } = await start({ '/x': handle }, pessimistic)
      await get('/in')
      await get('/x').catch(() => undefined)
      await unlocked(item)
      expect((await item())?.data?.S).toContain('ada')
    })

    it('releases the lock when the client disconnects while the handler still runs', async () => {
      let finish: () => void = () => undefined
      let arrived: () => void = () => undefined
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve
      })
      const finished = new Promise<void>((resolve) => {
        finish = resolve
      })
      let saved: unknown
      const { get, item, port, cookie } = await start(
        {
          '/slow': async (request) => {
            arrived()
            await finished
            request.session.views = 7
            saved = await new Promise((resolve) => request.session.save(resolve))
          },
        },
        pessimistic,
      )
      await get('/in')
      const leaving = httpRequest({ port, host: '127.0.0.1', path: '/slow', headers: { cookie: cookie() } })
      leaving.on('error', () => undefined)
      leaving.end()
      await arrival
      expect(await item()).toHaveProperty('locked_at')
      leaving.destroy()
      await unlocked(item)
      finish()
      for (let tries = 0; saved === undefined && tries < 200; tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 10))
      expect(saved).toBeNull()
      expect((await item())?.data?.S).toContain('"views":7')
    })

    it('reloads within the lock that the request holds', async () => {
      const { get, item } = await start(
        {
          '/reload': (request, response) => {
            request.session.views = 99
            request.session.reload((error) => {
              request.session.user = 'reloaded'
              response.send(`${error} ${request.session.views}`)
            })
          },
        },
        { ...pessimistic, lockMaxWaitTime: 0.2 },
      )
      await get('/in')
      expect((await get('/reload')).text).toBe('undefined 0')
      expect((await item())?.data?.S).toBe('{"user":"reloaded","views":0}')
      await unlocked(item)
    })

    it('takes a lost lock again at a reload, so that the session can be saved', async () => {
      const { get, item } = await start(
        {
          '/reload': async (request, response) => {
            const other = await item()
            await writeItem(client, tableName, {
              ...other,
              data: { S: '{"views":5}' },
              locked_at: { S: '1763832000.5' },
            })
            request.session.reload((error) => {
              request.session.views = (request.session.views ?? 0) + 1
              request.session.save((failure) => response.send(`${error} ${failure} ${request.session.views}`))
            })
          },
        },
        pessimistic,
      )
      await get('/in')
      expect((await get('/reload')).text).toBe('undefined null 6')
      expect((await item())?.data?.S).toBe('{"views":6}')
      await unlocked(item)
    })

    it('releases the lock after a get without a request', async () => {
      const { get, item, store, id } = await start({}, pessimistic)
      await get('/in')
      await new Promise((resolve) => store.get(id(), resolve))
      await unlocked(item)
      expect(await store.get(id())).toMatchObject({ user: 'ada' })
      expect(await item()).not.toHaveProperty('locked_at')
    })

    it('fails the request when it gets no lock, with any value of raise_errors', async () => {
      const { get, item } = await start({ '/count': count }, { ...pessimistic, lockMaxWaitTime: 0.05 })
      await get('/in')
      const stored = await item()
      await writeItem(client, tableName, { ...stored, locked_at: { S: `${Math.floor(Date.now() / 1000)}.5` } })
      const { status, text } = await get('/count')
      expect(status).toBe(500)
      expect(text).toContain('LockWaitTimeoutError')
      expect((await item())?.data).toEqual(stored?.data)
    })

    it('deletes a session at a logout while another request holds the lock', async () => {
      let finish: () => void = () => undefined
      const finished = new Promise<void>((resolve) => {
        finish = resolve
      })
      const { get, item, store, id } = await start(
        {
          '/slow': async (request, response) => {
            await finished
            request.session.views = 1
            response.send('slow')
          },
        },
        pessimistic,
      )
      await get('/in')
      const slow = get('/slow')
      await new Promise((resolve) => setTimeout(resolve, 50))
      await store.destroy(id())
      finish()
      expect(await slow).toMatchObject({ status: 200, text: 'slow' })
      expect(await item()).toBeUndefined()
    })
  })

  describe('with locking: optimistic', () => {
    it('keeps the changes of parallel requests that write different keys', async () => {
      const { get, item } = await start({
        '/key': async (request, response) => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          Object.assign(request.session, { [`k${request.query.n}`]: 1 })
          response.send('ok')
        },
      })
      await get('/in')
      await Promise.all(Array.from({ length: 10 }, (_, n) => get(`/key?n=${n}`)))
      expect(Object.keys(JSON.parse((await item())?.data?.S ?? '{}'))).toHaveLength(12)
    })

    it('emits conflict with the keys, without the session id', async () => {
      const app = await start({ '/count': count })
      const conflicts: unknown[] = []
      app.store.on('conflict', (conflict) => conflicts.push(conflict))
      await app.get('/in')
      await Promise.all([app.get('/count'), app.get('/count')])
      expect(conflicts.length).toBeLessThanOrEqual(1)
      const [one, two] = [await app.store.get(app.id()), await app.store.get(app.id())]
      await app.store.set(app.id(), { ...(one as SessionData), views: 50 })
      Object.assign(two as object, { views: 60 })
      await app.store.set(app.id(), two as SessionData)
      expect(conflicts.at(-1)).toEqual({ keys: ['views'], sessionIdHash: expect.stringMatching(/^[0-9a-f]{16}$/) })
      expect(JSON.stringify(conflicts)).not.toContain(app.id())
    })

    it('runs the calls for one session object one after another', async () => {
      const { get, item } = await start({
        '/twice': (request, response, next) => {
          let open = 2
          const done = (error?: unknown) => {
            open -= 1
            if (error) next(error)
            else if (open === 0) response.send('ok')
          }
          request.session.views = 1
          request.session.save(done)
          request.session.views = 2
          request.session.save(done)
        },
      })
      await get('/in')
      proxy.reset()
      await get('/twice')
      expect((await item())?.data?.S).toContain('"views":2')
      expect(proxy.operations.filter((operation) => operation === 'UpdateItem').length).toBeLessThanOrEqual(2)
    })
  })

  describe('keys that a session object cannot carry', () => {
    const stored =
      '{"__proto__":{"polluted":true},"constructor":"c","id":"i","req":"r","save":"s","cookie":"x","user":"ada"}'

    it.each(['none', 'optimistic', 'pessimistic'] as const)(
      'are hidden from the application and stay stored (locking: %s)',
      async (locking) => {
        const { get, id, item } = await start(
          {
            '/change': (request, response) => {
              request.session.views = 1
              response.send(
                JSON.stringify([request.session.user, typeof request.session.save, 'polluted' in request.session]),
              )
            },
          },
          { ...pessimistic, locking },
        )
        await get('/in')
        await writeItem(client, tableName, { ...(await item()), session_id: { S: id() }, data: { S: stored } })
        expect((await get('/change')).text).toBe('["ada","function",false]')
        expect((await item())?.data?.S).toBe(`${stored.slice(0, -1)},"views":1}`)
        await get('/change')
        expect((await item())?.data?.S).toBe(`${stored.slice(0, -1)},"views":1}`)
      },
    )
  })

  describe('signed ids', () => {
    const secretKey = 'watermelon_smiles'

    it('work, and a forged id costs no request', async () => {
      const store = makeStore({ secretKey })
      const app = await startApp(
        { '/in': signIn, '/who': (request, response) => response.send(request.session.user ?? 'nobody') },
        { store, genid: store.genid },
      )
      started.push(app)
      await app.get('/in')
      expect(app.id()).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
      expect((await app.get('/who')).text).toBe('ada')
      proxy.reset()
      const forged = app.id().replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
      for (const id of [forged, `${app.id()}--x`, 'x'.repeat(3000), '']) {
        expect(await store.get(id)).toBeNull()
        await store.destroy(id)
        await expect(store.set(id, { cookie: { originalMaxAge: null } } as SessionData)).rejects.toThrow('session id')
      }
      expect(proxy.operations).toEqual([])
    })

    it('need a secret', () => {
      expect(() => makeStore({}).genid()).toThrow('need a secret')
    })
  })

  it('lists, counts and deletes all sessions', async () => {
    const store = makeStore({ maxStale: 60 })
    const cookie = { originalMaxAge: null } as session.Cookie
    await Promise.all([1, 2, 3].map((n) => store.set(`s${n}`, { cookie, views: n })))
    await writeItem(client, tableName, { session_id: { S: 'stale' }, data: { S: '{}' }, updated_at: { S: '1.5' } })
    expect((await store.all()).map(({ id, views }) => `${views}: ${id}`).sort()).toEqual(
      [1, 2, 3].map((n) => `${n}: ${storedKey(`s${n}`)}`),
    )
    expect((await store.ids()).sort()).toEqual(storedKeys(['s1', 's2', 's3']))
    expect(await store.length()).toBe(3)
    expect(await new Promise((resolve) => store.length((_error, length) => resolve(length)))).toBe(3)
    await store.clear()
    expect(await store.length()).toBe(0)
    expect(await readItem(client, tableName, 'stale')).toBeUndefined()
  })

  it('deletes each session of a list by its id', async () => {
    const store = makeStore({})
    const cookie = { originalMaxAge: null } as session.Cookie
    for (const n of [1, 2, 3]) await store.set(`s${n}`, { cookie, views: n })
    for (const session of await store.all()) if (session.views !== 2) await store.destroy(session.id)
    expect((await store.all()).map(({ views }) => views)).toEqual([2])
    expect(await store.get('s2')).toMatchObject({ views: 2 })
    await store.clear()
  })

  it('passes on the error of a failed delete at regenerate (session fixation)', async () => {
    const { get, id } = await start({
      '/fresh': (request, response) => request.session.regenerate((error) => response.send(error ? 'failed' : 'fresh')),
    })
    await get('/in')
    const old = id()
    proxy.inject('DeleteItem', { error: 'AccessDeniedException', message: 'no' }, { times: 1 })
    expect((await get('/fresh')).text).toBe('failed')
    expect(await readItem(client, tableName, old)).toBeDefined()
  })

  it('costs one write, and then one read a request within touch_interval', async () => {
    const { get } = await start(
      { '/who': (request, response) => response.send(request.session.user) },
      {},
      { cookie: { maxAge: 3_600_000 } },
    )
    await get('/in')
    proxy.reset()
    for (let n = 0; n < 10; n += 1) await get('/who')
    expect(new Set(proxy.operations)).toEqual(new Set(['GetItem']))
  })
})
