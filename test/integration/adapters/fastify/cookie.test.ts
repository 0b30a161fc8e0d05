import { Signer } from '@fastify/cookie'
import { describe, expect, it } from 'vitest'
import { onEachEngine } from '../../../support/engines.js'
import {
  type Browsed,
  count,
  fastifyBench,
  type Handle,
  SECRET,
  type Settings,
  signIn,
  signOut,
  who,
} from '../../../support/fastify-app.js'
import { encryptsByDefault } from '../../../support/stored-data.js'
import { writeItem } from '../../../support/table.js'

const routes = { '/in': signIn, '/who': who, '/count': count }
const seconds = (setCookie: string | undefined) => {
  const [, expires] = /Expires=([^;]+)/i.exec(setCookie ?? '') ?? []
  return expires ? (Date.parse(expires) - Date.now()) / 1000 : undefined
}
const ago = (seconds: number) => ({ S: `${Math.floor(Date.now() / 1000) - seconds}.123456123456789` })

onEachEngine('cookies of sessions in Fastify', (engine) => {
  const bench = fastifyBench(engine)
  const { start, settled, operations, stored } = bench

  const settingsOf = async (app: Browsed) => JSON.parse((await app.item())?.cookie?.S ?? 'null')
  const left = async (app: Browsed) => Number((await app.item())?.expire_at?.N) - Date.now() / 1000

  it.each<[string, Handle]>([
    [
      'session.cookie.maxAge',
      (request) => {
        request.session.user = 'ada'
        request.session.cookie.maxAge = 900_000
        return 'in'
      },
    ],
    [
      'session.options',
      (request) => {
        request.session.user = 'ada'
        request.session.options({ maxAge: 900_000 })
        return 'in'
      },
    ],
  ])('keep a lifetime of their own over requests: by %s', async (_way, remember) => {
    const app = await start(
      { ...routes, '/remember': remember },
      { session: { cookie: { secure: false, maxAge: 60_000 } } },
    )
    expect(seconds((await app.get('/remember')).setCookie)).toBeCloseTo(900, -1)
    expect(await left(app)).toBeCloseTo(900, -1)
    await app.get('/count')
    expect(await left(app)).toBeCloseTo(900, -1)
    expect(seconds((await app.get('/who')).setCookie)).toBeCloseTo(900, -1)
    expect(await settingsOf(app)).toMatchObject({ originalMaxAge: 900_000, path: '/', httpOnly: true })
  })

  it('can get another lifetime in a request that changes nothing else', async () => {
    const app = await start(
      {
        ...routes,
        '/remember': (request) => {
          request.session.cookie.maxAge = 900_000
          return 'x'
        },
      },
      { session: { cookie: { secure: false, maxAge: 60_000 } } },
    )
    await app.get('/in')
    expect(await left(app)).toBeCloseTo(60, -1)
    await app.get('/remember')
    expect(await left(app)).toBeCloseTo(900, -1)
    expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
  })

  it('cost no write when only their end moves', async () => {
    const app = await start(routes, { session: { cookie: { secure: false, maxAge: 60_000 } } })
    await app.get('/in')
    await settled()
    for (let request = 0; request < 3; request += 1) {
      expect(seconds((await app.get('/who')).setCookie)).toBeCloseTo(60, -1)
    }
    expect(await operations()).toEqual(['GetItem', 'GetItem', 'GetItem'])
    expect(await settingsOf(app)).not.toHaveProperty('originalExpires')
  })

  it('move the end of the item when a tenth of their lifetime has passed', async () => {
    const app = await start(routes, { session: { cookie: { secure: false, maxAge: 60_000 } } })
    await app.get('/in')
    await app.change({ updated_at: ago(7), expire_at: { N: String(Math.floor(Date.now() / 1000) + 53) } })
    await app.get('/who')
    expect(await left(app)).toBeGreaterThan(57)
    expect(Date.parse((await settingsOf(app)).expires) - Date.now()).toBeGreaterThan(57_000)
  })

  it('end the session, even if its item is still there', async () => {
    const app = await start(routes, {
      session: { cookie: { secure: false, maxAge: 60_000 } },
      store: { locking: 'pessimistic' },
    })
    await app.get('/in')
    const before = app.id()
    const cookie = { ...(await settingsOf(app)), expires: new Date(Date.now() - 1000).toISOString() }
    const later = { N: String(Math.floor(Date.now() / 1000) + 100) }
    await app.change({ cookie: { S: JSON.stringify(cookie) }, expire_at: later })
    expect(await app.store.get(before)).toBeNull()
    expect((await app.get('/who')).text).toBe('nobody')
    await expect.poll(() => stored(before)).not.toHaveProperty('locked_at')
    await app.get('/in')
    expect(app.id()).not.toBe(before)
  })

  it('end the session also for a reload', async () => {
    const reload: Handle = async (request) => {
      const ended = { ...(await settingsOf(app)), expires: new Date(Date.now() - 1000).toISOString() }
      await app.change({ cookie: { S: JSON.stringify(ended) } })
      await request.session.reload()
      return String(request.session.user)
    }
    const settings = { session: { cookie: { secure: false, maxAge: 60_000 } } }
    const app: Browsed = await start({ ...routes, '/reload': reload }, settings)
    await app.get('/in')
    expect((await app.get('/reload')).text).toBe('undefined')
  })

  it.each(['{', '[]', '{"expires":"never"}', '{"__proto__":{"polluted":true},"path":7}'])(
    "have the application's settings where %s is stored",
    async (cookie) => {
      const app = await start(routes)
      await app.get('/in')
      await app.change({ cookie: { S: cookie } })
      expect(await app.get('/who')).toMatchObject({ status: 200, text: 'ada' })
      expect(({} as { polluted?: true }).polluted).toBeUndefined()
    },
  )

  it("have the application's settings for sessions of other writers", async () => {
    const app = await start(routes, { session: { cookie: { secure: false, maxAge: 60_000, sameSite: 'strict' } } })
    await app.get('/in')
    const { cookie: _, ...item } = (await app.item()) ?? {}
    const id = 'of another writer'
    const client = engine.client()
    await writeItem(client, bench.tableName, { ...item, session_id: { S: id } })
    client.destroy()
    const { headers } = await app.app.inject({ url: '/who', cookies: { sessionId: new Signer(SECRET).sign(id) } })
    expect(headers['set-cookie']).toMatch(/SameSite=Strict/)
    expect(seconds(String(headers['set-cookie']))).toBeCloseTo(60, -1)
  })

  describe.skipIf(encryptsByDefault())('of an item that the Ruby gem wrote', () => {
    const secretKey = 'a secret of both sides'
    const settings: Settings = {
      store: { secretKey, sessionIdDigest: 'md5', maxStale: 3600 },
      session: { secret: undefined, cookie: { secure: false, maxAge: 3_600_000 } },
    }

    /** Requests a path with the cookie of a session that Ruby wrote this many seconds ago. */
    async function visit(path: string, age: number, routes: Record<string, Handle>) {
      const app = await start(routes, settings)
      const id = app.store.genid()
      const client = engine.client()
      const at = (Math.floor(Date.now() / 1000) - age).toString()
      const item = {
        data: { S: '{"user":"ada","price":1.0}' },
        created_at: { S: `${at}.1679342` },
        updated_at: { S: `${at}.1679482` },
        expire_at: { N: String(Number(at) + 3600) },
      }
      await writeItem(client, bench.tableName, { session_id: { S: id }, ...item }, settings.store)
      client.destroy()
      await settled()
      const { body, headers } = await app.app.inject({ url: path, cookies: { sessionId: id } })
      return { body, setCookie: String(headers['set-cookie']), item, id }
    }

    it('are not stored by a first read', async () => {
      const { body, setCookie, item, id } = await visit('/who', 1, routes)
      expect(body).toBe('ada')
      expect(seconds(setCookie)).toBeCloseTo(3600, -1)
      expect(await operations()).toEqual(['GetItem'])
      expect(await stored(id, settings.store)).toEqual({ session_id: { S: id }, ...item })
    })

    it('are stored by the first touch after touch_interval', async () => {
      const { item, id } = await visit('/who', 100, routes)
      expect(await operations()).toEqual(['GetItem', 'UpdateItem'])
      const now = await stored(id, settings.store)
      expect(now?.data).toEqual(item.data)
      expect(JSON.parse(now?.cookie?.S ?? '')).toMatchObject({ originalMaxAge: 3_600_000 })
    })

    it('are stored when the application changes them', async () => {
      const remember: Handle = (request) => {
        request.session.cookie.maxAge = 900_000
        return 'remembered'
      }
      const { item, id } = await visit('/remember', 1, { '/remember': remember })
      expect(await operations()).toEqual(['GetItem', 'UpdateItem'])
      const now = await stored(id, settings.store)
      expect(now?.data).toEqual(item.data)
      expect(JSON.parse(now?.cookie?.S ?? '')).toMatchObject({ originalMaxAge: 900_000 })
    })
  })

  describe('of a session that the application destroys', () => {
    const attributes = { path: '/shop', domain: 'shop.example', sameSite: 'strict', secure: true } as const
    const deleted = /^sessionId=; /

    it('are deleted in the browser, with the attributes that they have', async () => {
      const { app } = await start(
        { '/shop/in': signIn, '/shop/out': signOut },
        { session: { cookie: attributes }, server: { trustProxy: true } },
      )
      const headers = { 'x-forwarded-proto': 'https' }
      const [cookie] = (await app.inject({ url: '/shop/in', headers })).cookies
      const response = await app.inject({ url: '/shop/out', headers, cookies: { sessionId: cookie?.value ?? '' } })
      expect(response.cookies).toEqual([{ ...cookie, value: '', expires: new Date(0), maxAge: 0 }])
    })

    it.each<[string, Handle]>([
      ['a promise', signOut],
      [
        'a callback',
        (request) => new Promise((resolve) => request.session.destroy((error) => resolve(error ? 'failed' : 'out'))),
      ],
      [
        'a new id before',
        async (request) => {
          await request.session.regenerate(['user'])
          await request.session.destroy()
          return 'out'
        },
      ],
    ])('are deleted in the browser: with %s', async (_way, destroy) => {
      const app = await start({ ...routes, '/out': destroy })
      await app.get('/in')
      const id = app.id()
      const answered = await app.get('/out')
      expect(answered.text).toBe('out')
      expect(answered.setCookie).toMatch(deleted)
      expect(seconds(answered.setCookie)).toBeLessThan(-1000)
      expect(await app.store.get(id)).toBeNull()
    })

    it('are not deleted when the browser sent none', async () => {
      const app = await start({ ...routes, '/out': signOut })
      expect(await app.get('/out')).toEqual({ status: 200, text: 'out', setCookie: undefined })
    })

    it('stay when the session could not be deleted, so that the user can try again', async () => {
      const app = await start({ ...routes, '/out': signOut })
      await app.get('/in')
      const id = app.id()
      bench.proxy.inject('DeleteItem', { error: 'ThrottlingException' })
      expect(await app.get('/out')).toMatchObject({ status: 500, setCookie: undefined })
      expect((await app.get('/out')).setCookie).toMatch(deleted)
      expect(await stored(id)).toBeUndefined()
    })
  })

  describe('with rolling: false', () => {
    const session = { rolling: false, cookie: { secure: false, maxAge: 600_000 } }

    it('touches the session after the response, and leaves the cookie’s end', async () => {
      const app = await start(routes, { session, store: { touchInterval: 60, maxStale: 300 } })
      await app.get('/in')
      const expires = new Date(Date.now() + 200_000).toISOString()
      const cookie = { S: JSON.stringify({ ...(await settingsOf(app)), expires }) }
      await app.change({ updated_at: ago(120), cookie, expire_at: { N: String(Math.floor(Date.now() / 1000) + 20) } })
      await settled()
      expect(await app.get('/who')).toMatchObject({ text: 'ada', setCookie: undefined })
      await expect.poll(() => left(app)).toBeGreaterThan(195)
      expect(await left(app)).toBeLessThan(201)
      expect((await app.item())?.cookie).toEqual(cookie)
      expect(await operations()).toEqual(['GetItem', 'UpdateItem'])
    })

    it('costs no write within touch_interval', async () => {
      const app = await start(routes, { session })
      await app.get('/in')
      await settled()
      await app.get('/who')
      expect(await operations()).toEqual(['GetItem'])
    })

    it('writes a changed session once, with touch_interval: 0', async () => {
      const app = await start(routes, { session, store: { touchInterval: 0 } })
      await app.get('/in')
      await settled()
      await app.get('/count')
      expect(await operations()).toEqual(['GetItem', 'UpdateItem'])
    })

    it('does not touch a deleted session', async () => {
      const app = await start({ ...routes, '/out': signOut }, { session, store: { touchInterval: 0 } })
      await app.get('/in')
      await settled()
      await app.get('/out')
      expect(await operations()).toEqual(['GetItem', 'DeleteItem'])
    })

    it.each([true, false])(
      'passes an error of the touch only to the error handler (raise_errors: %s)',
      async (raiseErrors) => {
        const app = await start(routes, { session, store: { touchInterval: 0, raiseErrors } })
        await app.get('/in')
        bench.proxy.inject('UpdateItem', { error: 'ThrottlingException' })
        expect((await app.get('/who')).text).toBe('ada')
        await expect
          .poll(() => app.reported.map(({ operation, error }) => [operation, error.name]))
          .toEqual([['touch', 'ThrottlingException']])
        expect(app.failures).toEqual([])
      },
    )
  })

  describe('when the secret is rotated', () => {
    const newer = 'another secret of thirty-two characters or more'

    it.each([true, false])('stay valid and are signed anew (rolling: %s)', async (rolling) => {
      const settings = { secret: [SECRET], rolling, cookie: { secure: false } }
      const app = await start(
        { ...routes, '/modified': (request) => String(request.session.isModified()) },
        { session: settings },
      )
      await app.get('/in')
      const { value } = app.browser
      settings.secret.unshift(newer)
      const rotated = await start({ ...routes, '/modified': who }, { session: settings })
      const answer = await rotated.app.inject({ url: '/modified', cookies: { sessionId: value } })
      expect(answer.body).toBe('ada')
      expect(answer.cookies.map(({ value }) => value)).toEqual([new Signer(newer).sign(app.id())])
      const again = await rotated.app.inject({ url: '/who', cookies: { sessionId: answer.cookies[0]?.value ?? '' } })
      expect(again.body).toBe('ada')
    })

    it('do not make the session look modified to the application', async () => {
      const secret = [SECRET]
      const handle: Handle = (request) =>
        `${request.session.isModified()} ${Object.hasOwn(request.session, 'isModified')}`
      const app = await start({ ...routes, '/modified': handle }, { session: { secret, cookie: { secure: false } } })
      await app.get('/in')
      const rotated = await start({ '/modified': handle }, { session: { secret: [newer, SECRET] } })
      const cookies = { sessionId: app.browser.value }
      expect((await rotated.app.inject({ url: '/modified', cookies })).body).toBe('false false')
    })
  })

  it.each([
    ['over http: no session by default', {}, {}, undefined],
    ["over http: a cookie without Secure by cookie.secure 'auto'", { cookie: { secure: 'auto' } }, {}, false],
    ['behind a proxy: no session without trustProxy', {}, { 'x-forwarded-proto': 'https' }, undefined],
    ['behind a proxy: a Secure cookie by trustProxy', {}, { 'x-forwarded-proto': 'https' }, true],
  ] as const)('%s', async (_what, session, headers, secure) => {
    const app = await start(routes, { session: { cookie: {}, ...session }, server: { trustProxy: secure === true } })
    const { status, setCookie } = await app.get('/in', { headers })
    expect({ status, secure: setCookie?.includes('; Secure') }).toEqual({ status: 200, secure })
    expect((await operations()).length).toBe(secure === undefined ? 0 : 1)
  })
})
