import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { onEachEngine } from '../../../support/engines.js'
import { count, fastifyBench, type Handle, signIn, signOut, who } from '../../../support/fastify-app.js'

const routes = { '/in': signIn, '/who': who, '/out': signOut, '/count': count }
const THROTTLED = { error: 'ThrottlingException' }
const ALWAYS = { times: Number.POSITIVE_INFINITY }

onEachEngine('errors of sessions in Fastify', (engine) => {
  const bench = fastifyBench(engine)
  const { start, settled, operations, stored } = bench

  describe.each([true, false])('with rolling: %s', (rolling) => {
    const session = { rolling, cookie: { secure: false, maxAge: 60_000 } }

    it.each<[string, Handle]>([
      ['at the end', () => 'changed'],
      ['by the handler', (request) => request.session.save().then(() => 'changed')],
    ])('of a save %s reach the application’s own error page, and the save is not repeated', async (_when, end) => {
      const change: Handle = (request, reply) => {
        request.session.views = 1
        return end(request, reply)
      }
      const app = await start({ ...routes, '/change': change }, { session, store: { touchInterval: 0 } })
      await app.get('/in')
      await settled()
      bench.proxy.inject('UpdateItem', THROTTLED, ALWAYS)
      const { status, text, setCookie } = await app.get('/change')
      expect([status, text, setCookie]).toEqual([500, 'the page for ThrottlingException', undefined])
      expect(app.failures.map(({ name }) => name)).toEqual(['ThrottlingException'])
      expect(await operations()).toEqual(['GetItem', 'UpdateItem'])
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
    })

    it('of a save that the handler catches do not affect the rest of the request', async () => {
      const app = await start(
        {
          ...routes,
          '/change': async (request) => {
            request.session.views = 1
            bench.proxy.inject('UpdateItem', THROTTLED)
            const error = await request.session.save().catch(({ name }) => name)
            const again = await request.session.save()
            return `${error} ${again}`
          },
          '/reload': async (request) => {
            request.session.views = 4
            bench.proxy.inject('UpdateItem', THROTTLED)
            const error = await request.session.save().catch(({ name }) => name)
            await request.session.reload()
            request.session.views = 4
            return error
          },
          '/go-on': async (request) => {
            request.session.views = 2
            bench.proxy.inject('UpdateItem', THROTTLED)
            const error = await request.session.save().catch(({ name }) => name)
            request.session.views = 3
            return error
          },
        },
        { session },
      )
      await app.get('/in')
      expect(await app.get('/change')).toMatchObject({
        text: 'ThrottlingException undefined',
        setCookie: expect.stringContaining(app.id()),
      })
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":1}' })
      expect((await app.get('/go-on')).text).toBe('ThrottlingException')
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":3}' })
      expect((await app.get('/reload')).text).toBe('ThrottlingException')
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":4}' })
      expect(app.failures).toEqual([])
    })

    it('of a read let the request proceed, and leave the cookie as it is', async () => {
      const ids: string[] = []
      const after = (app: FastifyInstance) =>
        app.addHook('onResponse', async ({ session }) => void ids.push(session.sessionId))
      const app = await start(routes, { session, after })
      await app.get('/in')
      await settled()
      bench.proxy.inject('GetItem', THROTTLED)
      expect(await app.get('/who')).toEqual({ status: 200, text: 'nobody', setCookie: undefined })
      expect(await operations()).toEqual(['GetItem'])
      expect(app.reported.map(({ operation }) => operation)).toEqual(['get'])
      expect((await app.get('/who')).text).toBe('ada')
      expect(ids).toEqual([app.id(), app.id(), app.id()])
    })

    it('of a read refuse changes of the request, but not a logout or a new session', async () => {
      const login: Handle = async (request) => {
        await request.session.regenerate()
        request.session.user = 'grace'
        return 'grace'
      }
      const app = await start({ ...routes, '/login': login }, { session })
      await app.get('/in')
      const before = app.id()
      const other = app.browser.clone()
      bench.proxy.inject('GetItem', THROTTLED, { times: 3 })
      expect((await other.get('/count')).text).toBe('the page for SessionUnreadError')
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
      expect((await other.get('/login')).text).toBe('grace')
      expect(await stored(before)).toBeUndefined()
      expect((await other.get('/out')).text).toBe('out')
      expect(app.failures.map(({ name }) => name)).toEqual(['SessionUnreadError'])
    })

    it('of a read can be repaired by a reload', async () => {
      const reload: Handle = async (request) => {
        await request.session.reload()
        request.session.views = 1
        return String(request.session.user)
      }
      const app = await start({ ...routes, '/reload': reload }, { session })
      await app.get('/in')
      bench.proxy.inject('GetItem', THROTTLED)
      expect((await app.get('/reload')).text).toBe('ada')
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":1}' })
    })

    it("of a session that JSON can't hold name the key, and appear once", async () => {
      const broken: Handle = (request) => {
        request.session.cart = { items: [{ price: 1n }] }
        return 'x'
      }
      const app = await start({ ...routes, '/broken': broken }, { session })
      await app.get('/in')
      expect((await app.get('/broken')).text).toBe('the page for SessionDataError')
      expect(app.failures.map(({ message }) => message)).toEqual([expect.stringContaining('cart.items[0].price')])
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
    })
  })

  it('of a lost lock reach the application, and nothing is overwritten', async () => {
    const app = await start(
      {
        ...routes,
        '/change': async (request) => {
          await app.change({ data: { S: '{"user":"theirs"}' }, locked_at: { S: '1763832000.1' } })
          request.session.user = 'ours'
          return 'x'
        },
      },
      { store: { locking: 'pessimistic' } },
    )
    await app.get('/in')
    expect((await app.get('/change')).text).toBe('the page for LockLostError')
    expect(app.failures.map(({ name }) => name)).toEqual(['LockLostError'])
    expect((await app.item())?.data).toEqual({ S: '{"user":"theirs"}' })
  })

  it('lead to an error page whose change of the session is stored', async () => {
    const app = await start(
      {
        ...routes,
        '/change': (request) => {
          request.session.views = 1
          bench.proxy.inject('UpdateItem', THROTTLED)
          return 'x'
        },
      },
      {
        after: (app) => {
          app.addHook('onError', async (request, _reply, error) => {
            request.session.cart = `told of ${error.name}`
          })
        },
      },
    )
    await app.get('/in')
    expect((await app.get('/change')).status).toBe(500)
    expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":1,"cart":"told of ThrottlingException"}' })
    expect(app.failures).toHaveLength(1)
  })

  it('with the code ENOENT of the SDK do not count as “no such session”', async () => {
    const app = await start(routes)
    await app.get('/in')
    const credentials = async () => {
      throw Object.assign(new Error("ENOENT: no such file or directory, open 'token'"), { code: 'ENOENT' })
    }
    const client = new DynamoDBClient({ endpoint: engine.endpoint, region: 'us-east-1', credentials })
    const broken = await start(routes, { store: { client } })
    const cookies = { sessionId: app.browser.value }
    const { statusCode, headers } = await broken.app.inject({ url: '/who', cookies })
    expect([statusCode, headers['set-cookie']]).toEqual([500, undefined])
    expect(broken.failures.map(({ message }) => message)).toEqual([expect.stringContaining('ENOENT')])
  })
})
