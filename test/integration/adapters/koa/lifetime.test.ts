import { describe, expect, it } from 'vitest'
import { onEachEngine } from '../../../support/engines.js'
import { type Browsed, count, type Handle, koaBench, signIn, who } from '../../../support/koa-app.js'

const HOUR = 3_600_000

onEachEngine('the lifetime of sessions in Koa', (engine) => {
  const bench = koaBench(engine)
  const { start, settled } = bench

  const settingsOf = async (app: Browsed) => JSON.parse((await app.item())?.cookie?.S ?? 'null')
  const endOf = async (app: Browsed) => new Date((await settingsOf(app)).expires).getTime()
  /** The cookie's end in the browser. undefined: the cookie lives as long as the browser. */
  const browserEnd = ({ setCookie }: { setCookie: readonly string[] }) => {
    const expires = setCookie.map((line) => /^koa\.sess=.*expires=([^;]+)/i.exec(line)?.[1]).find(Boolean)
    return expires === undefined ? undefined : new Date(expires).getTime()
  }
  /** Makes a session older by this time, in milliseconds. */
  const age = async (app: Browsed, by: number, { lastWrite = by } = {}) => {
    const { originalMaxAge } = await settingsOf(app)
    const end = (await endOf(app)) - by
    await app.change({
      cookie: { S: JSON.stringify({ originalMaxAge, expires: new Date(end).toISOString() }) },
      expire_at: { N: String(Math.ceil(end / 1000)) },
      updated_at: { S: `${Math.floor((Date.now() - lastWrite) / 1000)}.123456123456789` },
    })
  }
  const about = (milliseconds: number) => expect.closeTo(Date.now() + milliseconds, -4)

  describe('with an end', () => {
    it('is one day without maxAge', async () => {
      const app = await start({ '/in': signIn, '/who': who })
      await app.get('/in')
      expect(await settingsOf(app)).toMatchObject({ originalMaxAge: 86_400_000 })
      expect((await app.get('/who')).text).toBe('ada')
    })

    it('ends at that very time, although the item stays for up to a second more', async () => {
      const app = await start({ '/in': signIn, '/who': who }, { session: { maxAge: 1200 } })
      await app.get('/in')
      const cookie = app.cookie()
      const end = await endOf(app)
      expect(Number((await app.item())?.expire_at?.N) * 1000).toBeGreaterThanOrEqual(end)
      expect((await app.get('/who')).text).toBe('ada')
      await app.change({ expire_at: { N: String(Math.ceil(end / 1000) + 100) } })
      await new Promise((resolve) => setTimeout(resolve, end - Date.now()))
      expect((await app.get('/who', { headers: { cookie } })).text).toBe('nobody')
    })

    it('is not extended by a touch, because the browser gets no cookie', async () => {
      const app = await start({ '/in': signIn, '/who': who }, { session: { maxAge: HOUR } })
      await app.get('/in')
      await age(app, HOUR / 4)
      const before = await app.item()
      await settled()
      expect((await app.get('/who')).setCookie).toEqual([])
      const updatedAt = async () => Number((await app.item())?.updated_at?.S)
      await expect.poll(updatedAt).toBeGreaterThan(Date.now() / 1000 - 100)
      await settled()
      const after = await app.item()
      expect(after).toEqual({ ...before, updated_at: after?.updated_at })
    })

    it('is not extended by a touch with max_stale, which extends only the time of max_stale', async () => {
      const app = await start(
        { '/in': signIn, '/who': who },
        { session: { maxAge: HOUR }, store: { maxStale: 600, touchInterval: 0 } },
      )
      await app.get('/in')
      const before = await app.item()
      await app.change({ expire_at: { N: String(Math.ceil(Date.now() / 1000) + 60) } })
      await app.get('/who')
      await settled()
      const after = await app.item()
      expect(after?.cookie).toEqual(before?.cookie)
      expect(Number(after?.expire_at?.N) * 1000).toEqual(about(600_000))
    })

    it('is extended by a change, as the cookie in the browser is', async () => {
      const app = await start({ '/in': signIn, '/count': count }, { session: { maxAge: HOUR } })
      await app.get('/in')
      await age(app, HOUR / 4)
      expect(browserEnd(await app.get('/count'))).toEqual(about(HOUR))
      expect(await endOf(app)).toEqual(about(HOUR))
    })
  })

  describe('with rolling', () => {
    it('is extended with every response, and written after touch_interval', async () => {
      const app = await start({ '/in': signIn, '/who': who }, { session: { maxAge: HOUR, rolling: true } })
      await app.get('/in')
      await settled()
      expect(browserEnd(await app.get('/who'))).toEqual(about(HOUR))
      await bench.proxy.quiet()
      expect(bench.proxy.operations).toEqual(['GetItem'])
      await age(app, 90_000)
      expect(browserEnd(await app.get('/who'))).toEqual(about(HOUR))
      expect(await endOf(app)).toEqual(about(HOUR))
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
    })
  })

  describe('with renew', () => {
    const renewing = { maxAge: HOUR, renew: true }

    it('is not extended in its first half', async () => {
      const app = await start({ '/in': signIn, '/who': who }, { session: renewing })
      await app.get('/in')
      await age(app, HOUR / 2 - 60_000)
      expect((await app.get('/who')).setCookie).toEqual([])
    })

    it('is extended in its second half, also when the session was touched a moment ago', async () => {
      const app = await start({ '/in': signIn, '/who': who }, { session: renewing })
      await app.get('/in')
      await age(app, HOUR / 2 + 60_000, { lastWrite: 0 })
      const { created_at, data } = (await app.item()) ?? {}
      expect(browserEnd(await app.get('/who'))).toEqual(about(HOUR))
      expect(await endOf(app)).toEqual(about(HOUR))
      expect(await app.item()).toMatchObject({ created_at, data })
    })
  })

  describe('of a single session', () => {
    const remember: Handle = (ctx) => {
      ctx.session.maxAge = 10 * HOUR
      return 'remembered'
    }

    it('is kept over requests, and stored although koa-session reports no change', async () => {
      const app = await start({ '/in': signIn, '/remember': remember, '/count': count }, { session: { maxAge: HOUR } })
      await app.get('/in')
      await settled()
      expect(browserEnd(await app.get('/remember'))).toEqual(about(10 * HOUR))
      expect(bench.proxy.operations).toEqual(['GetItem', 'UpdateItem'])
      expect(await settingsOf(app)).toMatchObject({ originalMaxAge: 10 * HOUR })
      await age(app, HOUR)
      expect(browserEnd(await app.get('/count'))).toEqual(about(10 * HOUR))
      expect(await endOf(app)).toEqual(about(10 * HOUR))
    })

    it('can become shorter', async () => {
      const shorten: Handle = (ctx) => {
        ctx.session.maxAge = HOUR / 6
        return 'ok'
      }
      const app = await start({ '/in': signIn, '/shorten': shorten }, { session: { maxAge: HOUR } })
      await app.get('/in')
      expect(browserEnd(await app.get('/shorten'))).toEqual(about(HOUR / 6))
      expect(await endOf(app)).toEqual(about(HOUR / 6))
    })

    it('can be that of the browser session', async () => {
      const app = await start(
        {
          '/in': signIn,
          '/forget': (ctx) => Object.assign(ctx.session, { maxAge: 'session' }) && 'ok',
          '/count': count,
        },
        { session: { maxAge: HOUR } },
      )
      await app.get('/in')
      expect(browserEnd(await app.get('/forget'))).toBeUndefined()
      expect(await settingsOf(app)).toEqual({ originalMaxAge: null })
      expect(await app.item()).not.toHaveProperty('expire_at')
      expect(browserEnd(await app.get('/count'))).toBeUndefined()
      expect(await settingsOf(app)).toEqual({ originalMaxAge: null })
    })
  })

  describe('of the browser session', () => {
    it('stays the same when a request saves twice, although koa-session alone would then use one day', async () => {
      const login: Handle = async (ctx) => {
        await ctx.session.regenerate()
        ctx.session.user = 'grace'
        return 'ok'
      }
      const app = await start({ '/in': signIn, '/login': login, '/count': count }, { session: { maxAge: 'session' } })
      await app.get('/in')
      expect(await settingsOf(app)).toEqual({ originalMaxAge: null })
      await app.get('/login')
      expect((await app.item())?.data).toEqual({ S: '{"user":"grace"}' })
      expect(await settingsOf(app)).toEqual({ originalMaxAge: null })
      expect(await app.item()).not.toHaveProperty('expire_at')
      expect(browserEnd(await app.get('/count'))).toBeUndefined()
    })

    it('ends for the server with max_stale', async () => {
      const settings = { session: { maxAge: 'session' as const }, store: { maxStale: 60 } }
      const app = await start({ '/in': signIn, '/who': who }, settings)
      await app.get('/in')
      expect(Number((await app.item())?.expire_at?.N) * 1000).toEqual(about(60_000))
      await app.change({ updated_at: { S: `${Math.floor(Date.now() / 1000) - 61}.5` } })
      expect((await app.get('/who')).text).toBe('nobody')
    })
  })

  describe('of sessions of other writers', () => {
    it('is that of Express’s cookie, whose other settings stay', async () => {
      const app = await start({ '/in': signIn, '/count': count, '/who': who }, { session: { maxAge: HOUR } })
      await app.get('/in')
      const expressCookie = { originalMaxAge: 2 * HOUR, expires: new Date(Date.now() + HOUR), secure: true, path: '/x' }
      await app.change({ cookie: { S: JSON.stringify(expressCookie) } })
      expect((await app.get('/who')).text).toBe('ada')
      expect(browserEnd(await app.get('/count'))).toEqual(about(2 * HOUR))
      const { expires, ...settings } = await settingsOf(app)
      expect(settings).toEqual({ originalMaxAge: 2 * HOUR, secure: true, path: '/x' })
      expect(new Date(expires).getTime()).toEqual(about(2 * HOUR))
      await app.change({ cookie: { S: JSON.stringify({ ...expressCookie, expires: new Date(Date.now() - 1) }) } })
      expect((await app.get('/who')).text).toBe('nobody')
    })

    it.each([
      ['nothing is stored of a cookie', undefined],
      ['what is stored is none', { S: 'no JSON' }],
      ['what is stored says nothing', { S: '{}' }],
    ])('is the application’s when %s', async (_, cookie) => {
      const app = await start(
        { '/in': signIn, '/count': count, '/who': who },
        { session: { maxAge: HOUR, renew: true } },
      )
      await app.get('/in')
      await app.change({ cookie, expire_at: undefined })
      expect((await app.get('/who')).text).toBe('ada')
      expect(browserEnd(await app.get('/count'))).toEqual(about(HOUR))
      expect(await settingsOf(app)).toMatchObject({ originalMaxAge: HOUR })
    })
  })
})
