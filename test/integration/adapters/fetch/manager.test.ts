import { describe, expect, it } from 'vitest'
import { createSessionManager, type ManagerOptions } from '../../../../runtime/fetch.js'
import type { Options } from '../../../../runtime/index.js'
import { makeSessionId } from '../../../../runtime/session/item/session-id.js'
import { onEachEngine } from '../../../support/engines.js'
import { fetchTable } from '../../../support/fetch-table.js'
import { forwarderTo } from '../../../support/forwarder.js'
import { encryptsByDefault } from '../../../support/stored-data.js'

const SIGNING = { secretKey: 'a secret of thirty-two characters or more', sessionIdDigest: 'sha256' } as const
const PESSIMISTIC = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const
const HTTPS = 'https://example.com/'

onEachEngine('createSessionManager', (engine) => {
  const table = fetchTable(engine)
  const { item, data, remove, requests, options, reported } = table

  const open = ({ client, ...more }: ManagerOptions = {}) =>
    createSessionManager({ ...(options() as Options), ...SIGNING, ...more })

  /** A stored session. */
  async function signedIn(more: ManagerOptions = {}) {
    const manager = open(more)
    const { session, commit } = await manager.load(null)
    session.set('user', 'ada')
    const setCookie = (await commit()) ?? ''
    const id = setCookie.slice('session='.length).split(';')[0] ?? ''
    await requests()
    return { manager, setCookie, id, cookie: `session=${id}` }
  }

  describe('from Cookie header to Set-Cookie header', () => {
    it('stores a new session under a signed id, which is the cookie', async () => {
      const { id, setCookie, manager, cookie } = await signedIn()
      expect(id).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
      expect(setCookie).toBe(`session=${id}; Path=/; HttpOnly; Secure; SameSite=Lax`)
      expect(await data(id)).toEqual({ user: 'ada' })
      const { session } = await manager.load(cookie)
      expect(session.get('user')).toBe('ada')
    })

    it.skipIf(encryptsByDefault())('makes the cookie of the Ruby gem with session_id_digest: md5', async () => {
      const { id } = await signedIn({ sessionIdDigest: 'md5' })
      expect(id).toMatch(/^[0-9a-f]{32}--[0-9a-f]{64}$/)
    })

    it('sends no cookie that the browser has already, and reads the item once', async () => {
      const { manager, cookie, id } = await signedIn()
      const unchanged = await manager.load(cookie)
      expect(await unchanged.commit()).toBeUndefined()
      expect(await requests()).toEqual(['GetItem'])
      const changed = await manager.load(cookie)
      changed.session.set('user', 'eve')
      expect(await changed.commit()).toBeUndefined()
      expect(await data(id)).toEqual({ user: 'eve' })
    })

    it('percent-decodes the cookie', async () => {
      const { manager, id } = await signedIn()
      const encoded = `theme=dark; session=${encodeURIComponent(id).replaceAll('-', '%2D')}`
      expect((await manager.load(encoded)).session.get('user')).toBe('ada')
    })

    it.each([
      ['no header', () => undefined],
      ['other cookies', () => 'theme=dark'],
      ['an empty cookie', () => 'session='],
      ['another secret', () => `session=${makeSessionId({ ...SIGNING, secretKey: 'another' })}`],
      ['a digest in capitals', (id: string) => `session=${id.slice(0, 64).toUpperCase()}${id.slice(64)}`],
      ['no digest', (id: string) => `session=${id.slice(66)}`],
      ['the digest alone', (id: string) => `session=${id.slice(0, 64)}`],
      ['something behind it', (id: string) => `session=${id}--junk`],
    ])('makes a new session without a request to DynamoDB: %s', async (_, header) => {
      const { manager, id } = await signedIn()
      const { session, commit } = await manager.load(header(id))
      expect(session.size).toBe(0)
      expect(await commit()).toBeUndefined()
      expect(await requests()).toEqual([])
      session.set('user', 'eve')
      expect(await commit()).toMatch(/^session=[0-9a-f]{64}--/)
      expect(await data(id)).toEqual({ user: 'ada' })
    })

    it('makes another id when a signed id has no item', async () => {
      const id = makeSessionId(SIGNING)
      const { session, commit } = await open().load(`session=${id}`)
      session.set('user', 'ada')
      expect(await commit()).not.toContain(id)
      expect(await item(id)).toBeUndefined()
    })

    it('accepts cookies that were signed with older secrets', async () => {
      const { cookie } = await signedIn()
      const { session } = await open({ secretKey: ['a new one', SIGNING.secretKey] }).load(cookie)
      expect(session.get('user')).toBe('ada')
    })

    it('deletes the cookie of a session that was destroyed', async () => {
      const { manager, cookie, id } = await signedIn({ domain: 'example.com', path: '/shop', secure: true })
      const { session, commit } = await manager.load(cookie)
      session.destroy()
      expect(await commit()).toBe(
        'session=; Max-Age=0; Domain=example.com; Path=/shop; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
      )
      expect(await item(id)).toBeUndefined()
    })

    it('sends no deletion to a browser that has no cookie', async () => {
      const { session, commit } = await open().load(null)
      session.destroy()
      expect(await commit()).toBeUndefined()
    })

    it('leaves the cookie when another request deleted the session, because the browser may have a new cookie', async () => {
      const { manager, cookie, id } = await signedIn({ expireAfter: 60 })
      const { session, commit } = await manager.load(cookie)
      await remove(id)
      session.set('user', 'eve')
      expect(await commit()).toBeUndefined()
      expect(await item(id)).toBeUndefined()
    })

    it('keeps the cookie of a session that could not be read, and refuses to save it', async () => {
      const { manager, cookie, id } = await signedIn({ expireAfter: 60 })
      table.proxy.inject('GetItem', { error: 'ThrottlingException' })
      const { session, options, commit } = await manager.load(cookie)
      options.renew = true
      expect(await commit()).toBeUndefined()
      session.set('user', 'eve')
      await expect(commit()).rejects.toThrow(expect.objectContaining({ name: 'SessionUnreadError' }))
      expect(await data(id)).toEqual({ user: 'ada' })
    })

    it('emits conflict from its storage', async () => {
      const { manager, cookie, id } = await signedIn()
      const conflicts: unknown[] = []
      manager.storage.on('conflict', ({ keys }) => conflicts.push(keys))
      const { session, commit } = await manager.load(cookie)
      await table.change(id, { data: { S: '{"user":"bob"}' }, updated_at: { S: '1999999999.5' } })
      session.set('user', 'eve')
      await commit()
      expect(conflicts).toEqual([['user']])
    })
  })

  describe('Rack’s options', () => {
    it.each<[ManagerOptions, string]>([
      [{ path: '/shop' }, 'Path=/shop; HttpOnly; Secure; SameSite=Lax'],
      [{ domain: 'example.com' }, 'Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax'],
      [{ secure: true, sameSite: 'none' }, 'Path=/; HttpOnly; Secure; SameSite=None'],
      [{ sameSite: 'strict', httponly: false }, 'Path=/; Secure; SameSite=Strict'],
      [{ sameSite: false, secure: false }, 'Path=/; HttpOnly'],
      [{ secure: true, partitioned: true }, 'Path=/; HttpOnly; Secure; Partitioned; SameSite=Lax'],
      [
        { path: null, domain: null, expireAfter: null, httponly: null, sameSite: null, secure: null },
        'Path=/; HttpOnly; Secure; SameSite=Lax',
      ],
    ])('%j', async (given, attributes) => {
      const { setCookie, id } = await signedIn(given)
      expect(setCookie).toBe(`session=${id}; ${attributes}`)
    })

    it('key names the cookie', async () => {
      const manager = open({ key: 'shop.session' })
      const first = await manager.load(null)
      first.session.set('user', 'ada')
      const setCookie = (await first.commit()) ?? ''
      expect(setCookie).toMatch(/^shop\.session=/)
      expect((await manager.load(setCookie.split(';')[0])).session.get('user')).toBe('ada')
    })

    it('expireAfter ends cookie and item, and sends the cookie with every response', async () => {
      const { manager, setCookie, cookie, id } = await signedIn({ expireAfter: 600 })
      const expires = (header: string) => (Date.parse(/Expires=([^;]+)/.exec(header)?.[1] ?? '') - Date.now()) / 1000
      expect(expires(setCookie)).toBeGreaterThan(590)
      expect(expires(setCookie)).toBeLessThan(601)
      const left = Number((await item(id))?.expire_at?.N) - Date.now() / 1000
      expect(left).toBeGreaterThan(590)
      expect(left).toBeLessThan(602)
      const again = (await (await manager.load(cookie)).commit()) ?? ''
      expect(again).toContain(`${cookie}; Path=/; Expires=`)
      expect(expires(again)).toBeGreaterThan(590)
      expect(await requests()).toEqual(['GetItem'])
      expect(await (await manager.load(null)).commit()).toBeUndefined()
    })

    it('expireAfter of one request wins over that of the manager', async () => {
      const manager = open({ expireAfter: 60 })
      const { session, options, commit } = await manager.load(null)
      session.set('user', 'ada')
      options.expireAfter = 3600
      const id = (await commit())?.split(/[=;]/)[1] ?? ''
      expect(Number((await item(id))?.expire_at?.N)).toBeGreaterThan(Date.now() / 1000 + 3500)
      expect((await manager.load(null)).options.expireAfter).toBe(60)
    })

    it('expireAfter moves the end that another adapter stored with its cookie settings', async () => {
      const { manager, cookie, id } = await signedIn({ expireAfter: 600, touchInterval: 0 })
      const expires = new Date(Date.now() + 5000)
      await table.change(id, { cookie: { S: JSON.stringify({ originalMaxAge: 5000, expires, path: '/' }) } })
      await (await manager.load(cookie)).commit()
      const { cookie: settings, expire_at } = (await item(id)) ?? {}
      const moved = JSON.parse(settings?.S ?? '')
      expect(moved).toMatchObject({ originalMaxAge: 600_000, path: '/' })
      expect(Math.ceil(Date.parse(moved.expires) / 1000)).toBe(Number(expire_at?.N))
      expect(Number(expire_at?.N)).toBeGreaterThan(Date.now() / 1000 + 590)
    })

    it('secure: over http nothing is loaded, stored or sent, with one warning', async () => {
      const { manager, cookie, id } = await signedIn({ secure: true })
      expect(await (await manager.load(cookie, { secure: false })).commit()).toBeUndefined()
      expect(reported).toEqual([])
      for (const _ of [1, 2]) {
        const { session, commit } = await manager.load(cookie, { secure: false })
        expect(session.size).toBe(0)
        session.set('user', 'eve')
        expect(await commit()).toBeUndefined()
      }
      expect(await requests()).toEqual([])
      expect(await data(id)).toEqual({ user: 'ada' })
      expect(reported).toEqual(['commit: ConfigurationError'])
      expect((await manager.load(cookie, { secure: true })).session.get('user')).toBe('ada')
    })

    it.each([false, true])(
      'secure: over http a handler can set it, and a logout is final (login after it: %j)',
      async (login) => {
        const { manager, cookie, id } = await signedIn()
        const { session, options, commit } = await manager.load(cookie, { secure: false })
        options.secure = true
        session.destroy()
        if (login) session.set('user', 'eve')
        expect(await commit()).toBeUndefined()
        expect(await item(id)).toBeUndefined()
        expect(await requests()).toEqual(['GetItem', 'DeleteItem'])
        expect(reported).toEqual(login ? ['commit: ConfigurationError'] : [])
      },
    )

    it('assumeSsl: every request counts as one over https', async () => {
      const { manager, cookie } = await signedIn({ secure: true, assumeSsl: true })
      expect((await manager.load(cookie, { secure: false })).session.get('user')).toBe('ada')
    })

    it('defer: stores the session, and sends no cookie', async () => {
      const manager = open()
      const { session, options, commit } = await manager.load(null)
      session.set('user', 'ada')
      options.defer = true
      expect(await commit()).toBeUndefined()
      expect(await data(session.id)).toEqual({ user: 'ada' })
    })

    it('skip: stores nothing, sends no cookie, and releases the lock; a logout still works', async () => {
      const { manager, cookie, id } = await signedIn(PESSIMISTIC)
      const { session, options, commit } = await manager.load(cookie)
      session.set('user', 'eve')
      options.skip = true
      expect(await commit()).toBeUndefined()
      expect(await data(id)).toEqual({ user: 'ada' })
      await table.unlocked(id)
      session.destroy()
      expect(await commit()).toMatch(/Max-Age=0/)
      expect(await item(id)).toBeUndefined()
    })

    it('renew: moves the session to another id once', async () => {
      const { manager, cookie, id } = await signedIn()
      const { options, commit, session } = await manager.load(cookie)
      options.renew = true
      const setCookie = (await commit()) ?? ''
      const next = setCookie.split(/[=;]/)[1] ?? ''
      expect(next).not.toBe(id)
      expect(await item(id)).toEqual(forwarderTo(next))
      expect(await data(next)).toEqual({ user: 'ada' })
      session.set('user', 'eve')
      expect((await commit())?.split(/[=;]/)[1]).toBe(next)
      expect(await data(next)).toEqual({ user: 'eve' })
    })

    it('renew with defer still sends the cookie', async () => {
      const { manager, cookie } = await signedIn()
      const { options, commit } = await manager.load(cookie)
      Object.assign(options, { renew: true, defer: true })
      expect(await commit()).toMatch(/^session=/)
    })

    it('drop: deletes the session, and sends no cookie', async () => {
      const { manager, cookie, id } = await signedIn()
      const { options, commit } = await manager.load(cookie)
      options.drop = true
      expect(await commit()).toBeUndefined()
      expect(await item(id)).toBeUndefined()
    })

    it('an option of the manager applies to all requests', async () => {
      const { id } = await signedIn()
      const { session, commit } = await open({ skip: true }).load(`session=${id}`)
      session.set('user', 'eve')
      expect(await commit()).toBeUndefined()
      expect(await data(id)).toEqual({ user: 'ada' })
    })

    it('refuses wrong options of a request before it stores anything, and releases the lock', async () => {
      const { manager, cookie, id } = await signedIn(PESSIMISTIC)
      const { session, options, commit } = await manager.load(cookie)
      session.set('user', 'eve')
      Object.assign(options, { expireAfter: '1 day', rnew: true })
      await expect(commit()).rejects.toThrow(
        /2 problems[\s\S]*option expireAfter[\s\S]*option rnew.*did you mean "renew"/,
      )
      expect(await data(id)).toEqual({ user: 'ada' })
      await table.unlocked(id)
    })
  })

  describe('run', () => {
    const request = (cookie?: string, init: RequestInit = {}) =>
      new Request(HTTPS, { ...init, headers: cookie ? { cookie } : {} })

    it('loads before the handler, stores after it, and sends the cookie beside those of the handler', async () => {
      const manager = open()
      const response = await manager.run(request(), async (session) => {
        session.set('user', 'ada')
        return new Response('in', { status: 201, headers: { 'set-cookie': 'theme=dark' } })
      })
      expect([response.status, await response.text()]).toEqual([201, 'in'])
      const cookies = response.headers.getSetCookie()
      expect(cookies).toEqual(['theme=dark', expect.stringMatching(/^session=/)])
      const next = await manager.run(request(cookies[1]?.split(';')[0]), (session) =>
        Response.json({ user: session.get('user') }),
      )
      expect(await next.json()).toEqual({ user: 'ada' })
      expect(next.headers.getSetCookie()).toEqual([])
    })

    it('sends the cookie with an immutable response', async () => {
      const response = await open().run(request(), (session) => {
        session.set('user', 'ada')
        return Response.redirect(HTTPS, 302)
      })
      expect([response.status, response.headers.get('location')]).toEqual([302, HTTPS])
      expect(response.headers.getSetCookie()).toHaveLength(1)
    })

    it('sends a thrown response', async () => {
      const run = open().run(request(), (session) => {
        session.flash('notice', 'sign in first')
        throw Response.redirect(HTTPS, 302)
      })
      const thrown = await run.then(
        () => 'nothing was thrown',
        (response) => response,
      )
      expect(thrown).toBeInstanceOf(Response)
      expect(thrown.headers.getSetCookie()).toHaveLength(1)
    })

    it('passes the options to the handler', async () => {
      const { manager, cookie, id } = await signedIn()
      const response = await manager.run(request(cookie), (_session, options) => {
        options.renew = true
        return new Response()
      })
      expect(response.headers.getSetCookie()).toHaveLength(1)
      expect(await item(id)).toEqual(forwarderTo())
    })

    it('takes secure from the URL, unless the caller sets it', async () => {
      const manager = open({ secure: true })
      const sign = (url: string, facts = {}) =>
        manager.run(
          new Request(url),
          (session) => {
            session.set('user', 'ada')
            return new Response()
          },
          facts,
        )
      expect((await sign('http://example.com/')).headers.getSetCookie()).toEqual([])
      expect((await sign('http://example.com/', { secure: true })).headers.getSetCookie()).toHaveLength(1)
      expect((await sign(HTTPS)).headers.getSetCookie()).toHaveLength(1)
    })

    it('stores nothing when the handler throws, releases the lock, and throws the same error', async () => {
      const { manager, cookie, id } = await signedIn(PESSIMISTIC)
      const error = new Error('of the handler')
      const run = manager.run(request(cookie), async (session) => {
        session.set('user', 'eve')
        throw error
      })
      await expect(run).rejects.toBe(error)
      expect((await item(id))?.locked_at).toBeUndefined()
      expect(await data(id)).toEqual({ user: 'ada' })
    })

    it('throws an error of the save, and releases the lock', async () => {
      const { manager, cookie, id } = await signedIn(PESSIMISTIC)
      const run = manager.run(request(cookie), (session) => {
        session.set('large', 'x'.repeat(500_000))
        return new Response()
      })
      await expect(run).rejects.toThrow(expect.objectContaining({ name: 'SessionTooLargeError' }))
      await table.unlocked(id)
    })

    it('releases the lock when the request is aborted, and still stores later changes', async () => {
      const { manager, cookie, id } = await signedIn(PESSIMISTIC)
      const controller = new AbortController()
      await manager.run(request(cookie, { signal: controller.signal }), async (session) => {
        expect((await item(id))?.locked_at).toBeDefined()
        controller.abort()
        await table.unlocked(id)
        session.set('user', 'eve')
        return new Response()
      })
      expect(await data(id)).toEqual({ user: 'eve' })
    })

    it('leaves no lock of a request that was aborted before', async () => {
      const { manager, cookie, id } = await signedIn(PESSIMISTIC)
      await manager.run(request(cookie, { signal: AbortSignal.abort() }), async () => {
        await table.unlocked(id)
        return new Response()
      })
    })
  })

  describe('use', () => {
    it('returns the handler’s result and the cookie to send', async () => {
      const manager = open()
      const { result, setCookie } = await manager.use(null, async (session) => {
        session.set('user', 'ada')
        return 42
      })
      expect(result).toBe(42)
      expect(await manager.use(setCookie?.split(';')[0], (session) => session.get('user'))).toEqual({
        result: 'ada',
        setCookie: undefined,
        headers: { Vary: 'Cookie' },
      })
    })

    it('throws the handler’s error after it has released the lock', async () => {
      const { manager, cookie, id } = await signedIn(PESSIMISTIC)
      const use = manager.use(cookie, () => {
        throw new Error('of the handler')
      })
      await expect(use).rejects.toThrow('of the handler')
      expect((await item(id))?.locked_at).toBeUndefined()
    })
  })
})
