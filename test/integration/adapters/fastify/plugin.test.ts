import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { DynamoSessionStore, dynamoSession } from '../../../../runtime/fastify.js'
import { ConfigurationError, MissingSecretKeyError } from '../../../../runtime/index.js'
import { Browser } from '../../../support/adapters/browser.js'
import { anyEngine, onEachEngine } from '../../../support/engines.js'
import { count, fastifyBench, SECRET, signIn, signOut, who } from '../../../support/fastify-app.js'
import { forwarderTo } from '../../../support/forwarder.js'
import { encryptsByDefault } from '../../../support/stored-data.js'

const routes = { '/in': signIn, '/who': who, '/out': signOut, '/count': count }

describe('the plugin', () => {
  const { start, operations, settled, stored, tableName } = fastifyBench(anyEngine())

  it('serves the routes of its scope and of inner scopes, and the not-found handlers', async () => {
    const { get } = await start(
      { '/in': signIn },
      {
        after: (app) => {
          app.register(async (inner) => void inner.get('/inner', who))
          app.setNotFoundHandler((request, reply) => reply.status(404).send(`${request.session.user}: no such page`))
        },
      },
    )
    await get('/in')
    expect((await get('/inner')).text).toBe('ada')
    expect((await get('/nowhere')).text).toBe('ada: no such page')
  })

  it('does not register @fastify/cookie when the application has done that', async () => {
    const { get } = await start(
      {
        ...routes,
        '/signed': (request, reply) => {
          reply.setCookie('own', 'value', { signed: true })
          return String(request.session.user)
        },
      },
      { before: (app) => app.register(fastifyCookie, { secret: 'of the application' }) },
    )
    await get('/in')
    expect((await get('/signed')).text).toBe('ada')
  })

  it('declares its name and the version of Fastify', async () => {
    const app = fastify()
    await app.register(dynamoSession, { secret: SECRET, store: { tableName } })
    expect(app.hasPlugin('dynamo-session-store')).toBe(true)
    expect(Reflect.get(dynamoSession, Symbol.for('plugin-meta'))).toMatchObject({ fastify: '5.x' })
    await app.close()
  })

  it('refuses a wrong configuration, and a missing secret', async () => {
    const wrong = async (options: object) => {
      const app = fastify()
      await app.register(dynamoSession, options)
    }
    await expect(wrong({ secret: SECRET, store: { maxAge: -1 } })).rejects.toThrow(ConfigurationError)
    await expect(wrong({ store: { tableName } })).rejects.toThrow(MissingSecretKeyError)
    await expect(wrong({ secret: 'short', store: { tableName } })).rejects.toThrow('length 32')
  })

  it('passes the options of @fastify/session on', async () => {
    const settings = { cookieName: 'sid', cookiePrefix: 's:', idGenerator: () => 'made by the application' }
    const { get, browser, item } = await start(routes, { session: settings })
    expect((await get('/in')).setCookie).toMatch(/^sid=s%3Amade%20by%20the%20application\./)
    expect((await get('/who')).text).toBe('ada')
    expect(browser.value).toMatch(/^s:/)
    expect(await item()).toBeUndefined()
    expect(await stored('made by the application')).toMatchObject({ data: { S: '{"user":"ada"}' } })
  })

  it('stores new sessions without data only with saveUninitialized', async () => {
    const some = await start(routes, { session: { saveUninitialized: undefined } })
    expect((await some.get('/who')).setCookie).toBeUndefined()
    const every = await start(routes, { session: { saveUninitialized: true } })
    expect((await every.get('/who')).setCookie).toBeDefined()
    expect(await every.item()).toMatchObject({ data: { S: '{}' } })
  })

  it('is named in the error when @fastify/session got the store without the plugin', async () => {
    const app = fastify()
    await app.register(fastifyCookie)
    const store = new DynamoSessionStore({ tableName })
    await app.register(fastifySession, { store, secret: SECRET, cookie: { secure: false } })
    app.get('/in', async (request) => signIn(request, {} as never))
    const { statusCode, body } = await app.inject('/in')
    expect(statusCode).toBe(500)
    expect(body).toContain('only with its plugin: app.register(dynamoSession')
    expect(JSON.parse(body).code).toBe('DYNAMO_SESSION')
    await app.close()
  })

  describe('without the option secret', () => {
    const signed = {
      session: { secret: undefined, saveUninitialized: false },
      store: { secretKey: ['new', 'a secret'] },
    } as const

    it('signs the ids themselves with secret_key, and refuses a forged one without asking DynamoDB', async () => {
      const { app, get, browser } = await start(routes, signed)
      await get('/in')
      expect(browser.value).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
      expect(await stored(browser.value)).toMatchObject({ data: { S: '{"user":"ada"}' } })
      expect((await get('/who')).text).toBe('ada')
      await settled()
      const forged = browser.value.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
      const port = Number(new URL(app.listeningOrigin).port)
      const forger = new Browser({ port }, 'sessionId', forged)
      expect((await forger.get('/who')).text).toBe('nobody')
      expect(await operations()).toEqual([])
      await forger.get('/in')
      expect(forger.value).not.toBe(forged)
      expect(await stored(forged)).toBeUndefined()
    })

    it.skipIf(encryptsByDefault())(
      'takes ids in the form of the Ruby gem, signed with any of the secrets',
      async () => {
        const store = { ...signed.store, sessionIdDigest: 'md5' } as const
        const { store: own, get, browser } = await start(routes, { ...signed, store })
        await get('/in')
        expect(browser.value).toMatch(/^[0-9a-f]{32}--[0-9a-f]{64}$/)
        const older = new DynamoSessionStore({ ...store, secretKey: 'a secret' }).genid()
        expect(own.signer.unsign(older)).toEqual({ valid: true, renew: false, value: older })
        expect(own.signer.sign(older)).toBe(older)
        const other = new DynamoSessionStore({ ...store, secretKey: 'another' }).genid()
        expect(own.signer.unsign(other)).toEqual({ valid: false, renew: false, value: null })
      },
    )

    it('refuses to store unsigned ids', async () => {
      const { get, failures } = await start(routes, {
        ...signed,
        session: { secret: undefined, idGenerator: () => 'x' },
      })
      expect((await get('/in')).status).toBe(500)
      expect(String(failures[0])).toContain('idGenerator: store.genid')
    })
  })
})

onEachEngine('a session object of Fastify', (engine) => {
  const bench = fastifyBench(engine)
  const { start, settled, operations, stored } = bench

  it('shows no members of this package, neither by its keys nor as JSON', async () => {
    const { get, item } = await start({
      ...routes,
      '/keys': (request) => {
        const { session } = request
        const { cookie: _, ...json } = JSON.parse(JSON.stringify(session))
        const inherited = []
        for (const key in session) inherited.push(key)
        return JSON.stringify([Object.keys(session), inherited, json, session.isModified()])
      },
    })
    await get('/in')
    expect((await get('/keys')).text).toBe('[["cookie","user"],["cookie","user"],{"user":"ada"},false]')
    expect((await item())?.data).toEqual({ S: '{"user":"ada"}' })
  })

  it('keeps its methods when data has their names, and a save keeps that data', async () => {
    const { get, change, item } = await start({
      ...routes,
      '/methods': (request) => {
        const { session } = request
        const prototype = Object.getPrototypeOf(session)
        const names = Object.getOwnPropertyNames(prototype).filter((name) => !/^(sessionId|encrypted)/.test(name))
        session.views = 1
        return JSON.stringify([
          names.filter((name) => session[name as 'save'] !== prototype[name]),
          Object.keys(session),
        ])
      },
    })
    await get('/in')
    const prototype = Object.getOwnPropertyNames(await sessionPrototype())
    expect(prototype).toContain('regenerate')
    const names = [...prototype, '__proto__', 'toString', 'cookie', 'mine']
    const data = `{${names.map((name) => `"${name}":{"polluted":true}`)}}`
    await change({ data: { S: data } })
    expect((await get('/methods')).text).toBe('[["regenerate","destroy","reload"],["cookie","mine","views"]]')
    expect(((await item())?.data?.S ?? '').replace(/,"views":1}$/, '}')).toBe(data)
    expect(({} as { polluted?: true }).polluted).toBeUndefined()
  })

  it('is saved by the handler, and again with later changes', async () => {
    const { get, item } = await start({
      ...routes,
      '/twice': async (request) => {
        request.session.views = 1
        await request.session.save()
        const { data } = (await item()) ?? {}
        request.session.user = 'grace'
        return data?.S
      },
    })
    await get('/in')
    await settled()
    expect((await get('/twice')).text).toBe('{"user":"ada","views":1}')
    expect((await item())?.data).toEqual({ S: '{"user":"grace","views":1}' })
    expect(await operations()).toEqual(['GetItem', 'UpdateItem', 'UpdateItem'])
  })

  it('is saved as new by the handler and again at the end', async () => {
    const { get, item } = await start({
      '/in': async (request) => {
        request.session.user = 'ada'
        await request.session.save()
        request.session.views = 1
        return 'in'
      },
    })
    await get('/in')
    expect((await item())?.data).toEqual({ S: '{"user":"ada","views":1}' })
    expect(await operations()).toEqual(['UpdateItem', 'UpdateItem'])
  })

  describe('when it is reloaded', () => {
    it.each(['callback', 'promise'])('has the stored data, and later changes are saved: by %s', async (way) => {
      const { get, change, item } = await start({
        ...routes,
        '/reload': async (request) => {
          request.session.views = 99
          await change({ data: { S: '{"user":"grace","save":1}' } })
          if (way === 'promise') await request.session.reload()
          else await new Promise((resolve) => request.session.reload(resolve))
          const { user, views } = request.session
          const keys = Object.keys(request.session)
          request.session.cart = []
          return `${user} ${views} ${keys}`
        },
      })
      await get('/in')
      expect((await get('/reload')).text).toBe('grace undefined cookie,user')
      expect((await item())?.data).toEqual({ S: '{"user":"grace","save":1,"cart":[]}' })
    })

    it('stays as it was when DynamoDB does not respond', async () => {
      const { get, item } = await start({
        ...routes,
        '/reload': async (request) => {
          bench.proxy.inject('GetItem', { error: 'ThrottlingException' })
          request.session.views = 1
          const failed = await request.session.reload().catch((error) => error.name)
          return `${failed} ${request.session.user}`
        },
      })
      await get('/in')
      expect((await get('/reload')).text).toBe('ThrottlingException ada')
      expect((await item())?.data).toEqual({ S: '{"user":"ada","views":1}' })
    })

    it('is empty when the session was deleted, and stays deleted', async () => {
      const { get, id, store } = await start({
        ...routes,
        '/reload': async (request) => {
          await store.destroy(request.session.sessionId)
          await request.session.reload()
          const { user } = request.session
          request.session.views = 1
          return String(user)
        },
      })
      await get('/in')
      expect((await get('/reload')).text).toBe('undefined')
      expect(await stored(id())).toBeUndefined()
    })
  })

  describe('when it is regenerated', () => {
    it.each(['callback', 'promise'])('keeps the named keys, and can be reloaded: by %s', async (way) => {
      const { get, id, item } = await start({
        ...routes,
        '/regenerate': async (request) => {
          request.session.views = 5
          if (way === 'promise') await request.session.regenerate(['user'])
          else await new Promise((resolve) => request.session.regenerate(['user'], resolve))
          const { user, views } = request.session
          await request.session.reload()
          request.session.cart = [user]
          return `${user} ${views} ${request.session.user}`
        },
      })
      await get('/in')
      const before = id()
      expect((await get('/regenerate')).text).toBe('ada undefined ada')
      expect(id()).not.toBe(before)
      expect(await stored(before)).toEqual(forwarderTo(id()))
      expect((await item())?.data).toEqual({ S: '{"user":"ada","cart":["ada"]}' })
    })

    it('is stored when it has data, with one request', async () => {
      const { get, item } = await start({
        ...routes,
        '/login': async (request) => {
          await request.session.regenerate()
          request.session.user = 'grace'
          return 'grace'
        },
        '/forget': async (request) => {
          await request.session.regenerate()
          return 'forgotten'
        },
      })
      await get('/in')
      await settled()
      await get('/login')
      expect(await operations()).toEqual(['GetItem', 'DeleteItem', 'UpdateItem'])
      expect((await item())?.data).toEqual({ S: '{"user":"grace"}' })
      await settled()
      expect((await get('/forget')).setCookie).toMatch(/^sessionId=;/)
      expect(await operations()).toEqual(['GetItem', 'DeleteItem'])
    })
  })

  it('belongs to its own request only', async () => {
    const { browser, get } = await start({
      ...routes,
      '/set': async (request) => {
        const { n = '' } = request.query as { n?: string }
        Object.assign(request.session, { [n]: n })
        await new Promise((resolve) => setImmediate(resolve))
        return n
      },
      '/all': (request) => JSON.stringify(request.session),
    })
    await get('/in')
    const strangers = Array.from({ length: 10 }, () => browser.clone())
    await Promise.all(strangers.map((stranger, n) => stranger.get(`/set?n=k${n}`)))
    const { cookie: _, ...all } = JSON.parse((await get('/all')).text)
    expect(Object.keys(all).sort()).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9', 'user'])
  })

  it('reports a conflict', async () => {
    const { get, change, store } = await start(
      {
        ...routes,
        '/change': async (request) => {
          await change({ data: { S: '{"user":"theirs"}' }, updated_at: { S: '1763832000.1' } })
          request.session.user = 'ours'
          return 'changed'
        },
      },
      { store: { locking: 'optimistic' } },
    )
    const conflicts: unknown[] = []
    store.on('conflict', (conflict) => conflicts.push(conflict))
    await get('/in')
    await get('/change')
    expect(conflicts).toEqual([{ keys: ['user'], sessionIdHash: expect.stringMatching(/^[0-9a-f]{16}$/) }])
  })
})

onEachEngine('the store of Fastify, for scripts', (engine) => {
  const { start, stored } = fastifyBench(engine)

  it('stores, reads, changes and deletes with promises, and with callbacks', async () => {
    const { store, get, id, change } = await start(routes)
    await get('/in')
    await change({ data: { S: '{"user":"ada","cookie":"of another writer"}' } })
    const session = await store.get(id())
    expect(session).toMatchObject({ user: 'ada', cookie: { httpOnly: true } })
    if (!session) throw new Error('there is none')
    session.user = 'grace'
    await store.set(id(), session)
    expect((await get('/who')).text).toBe('grace')
    expect((await stored(id()))?.data).toEqual({ S: '{"user":"grace","cookie":"of another writer"}' })
    await store.set('a copy', session)
    expect((await stored('a copy'))?.data).toEqual({ S: '{"user":"grace"}' })
    await store.set('made by hand', { user: 'eve' } as typeof session)
    const found = await new Promise((resolve) => store.get('made by hand', (_, found) => resolve(found)))
    expect(found).toMatchObject({ user: 'eve' })
    await new Promise((resolve) => store.destroy('made by hand', resolve))
    expect(await store.get('made by hand')).toBeNull()
    await store.destroy(id())
    await store.set(id(), session)
    expect(await stored(id())).toBeUndefined()
  })
})

async function sessionPrototype(): Promise<object> {
  const app = fastify()
  await app.register(dynamoSession, { secret: SECRET })
  const prototype = new Promise<object>((resolve) => {
    app.get('/', async (request) => resolve(Object.getPrototypeOf(request.session)))
  })
  await app.inject('/')
  await app.close()
  return prototype
}
