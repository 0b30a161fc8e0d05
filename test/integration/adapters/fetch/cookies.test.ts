import { Session } from '@remix-run/session'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSessionManager, createSessionStorage, type ManagerOptions } from '../../../../runtime/fetch.js'
import { makeSessionId } from '../../../../runtime/session/item/session-id.js'
import { anyEngine } from '../../../support/engines.js'
import { fetchTable } from '../../../support/fetch-table.js'
import { forwarderTo } from '../../../support/forwarder.js'
import { readItem } from '../../../support/table.js'

const secretKey = 'long enough, and nobody has guessed it yet'
const SIGNING = { secretKey, sessionIdDigest: 'sha256' } as const
const HTTP = { secure: false }

const engine = anyEngine()
const table = fetchTable(engine)
const { item, data, reported, requests } = table

afterEach(() => vi.unstubAllEnvs())

const open = (options: ManagerOptions = {}) => createSessionManager({ ...table.options(), secretKey, ...options })

/** A stored session of the user. */
async function signedIn(user: string, manager = open()) {
  const { setCookie = '' } = await manager.use(null, (session) => session.set('user', user))
  const cookie = setCookie.split(';')[0] ?? ''
  const id = cookie.slice(cookie.indexOf('=') + 1)
  await requests()
  return { cookie, id, setCookie }
}

describe('the cookie', () => {
  it.each<[ManagerOptions, string, string | undefined]>([
    [{}, 'session=…; Path=/; HttpOnly; Secure; SameSite=Lax', 'session=…; Path=/; HttpOnly; SameSite=Lax'],
    [
      { assumeSsl: true },
      'session=…; Path=/; HttpOnly; Secure; SameSite=Lax',
      'session=…; Path=/; HttpOnly; Secure; SameSite=Lax',
    ],
    [{ secure: true }, 'session=…; Path=/; HttpOnly; Secure; SameSite=Lax', undefined],
    [{ secure: false }, 'session=…; Path=/; HttpOnly; SameSite=Lax', 'session=…; Path=/; HttpOnly; SameSite=Lax'],
    [{ key: '__Host-id' }, '__Host-id=…; Path=/; HttpOnly; Secure; SameSite=Lax', undefined],
    [
      { key: '__Secure-id', domain: 'example.com' },
      '__Secure-id=…; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
      undefined,
    ],
    [{ sameSite: 'none' }, 'session=…; Path=/; HttpOnly; Secure; SameSite=None', undefined],
    [{ partitioned: true }, 'session=…; Path=/; HttpOnly; Secure; Partitioned; SameSite=Lax', undefined],
    [{ rails: true }, '_session_id=…; Path=/; HttpOnly; Secure', '_session_id=…; Path=/; HttpOnly'],
    [
      { rails: true, key: 'rack.session', sameSite: 'lax' },
      'rack.session=…; Path=/; HttpOnly; Secure; SameSite=Lax',
      'rack.session=…; Path=/; HttpOnly; SameSite=Lax',
    ],
  ])('with %j, over https and over http', async (options, https, http) => {
    const manager = open(options)
    const given = async (facts = {}) => {
      const { setCookie } = await manager.use(null, (session) => session.set('user', 'ada'), facts)
      return setCookie?.replace(/=[0-9a-f]+--[0-9a-f]+/, '=…')
    }
    expect([await given(), await given(HTTP)]).toEqual([https, http])
  })

  it('holds an id in Rails’ form with rails: true, which is also the key in the table', async () => {
    const { id } = await signedIn('ada', open({ rails: true }))
    expect(id).toMatch(/^[0-9a-f]{32}--[0-9a-f]{64}$/)
    const { tableName = '' } = table.options()
    const stored = await readItem(engine.client(), String(tableName), id, { hashSessionIds: false })
    expect(stored?.data?.S).toBe('{"user":"ada"}')
  })

  it.each<[ManagerOptions, object, string]>([
    [{ key: '__Host-id' }, { domain: 'example.com' }, 'option domain'],
    [{ key: '__Host-id' }, { path: '/shop' }, 'option path'],
    [{ key: '__Secure-id' }, { secure: false }, 'option secure'],
    [{ secure: false }, { sameSite: 'none' }, 'option secure'],
    [{}, { partitioned: true, secure: false }, 'option secure'],
  ])('%j: a request can’t set %j', async (options, changes, place) => {
    const used = open(options).use(null, (session, own) => {
      session.set('user', 'ada')
      Object.assign(own, changes)
    })
    await expect(used).rejects.toThrow(place)
    expect(await requests()).toEqual([])
  })

  it('is refused over http, if one request makes it need Secure', async () => {
    const { setCookie } = await open().use(
      null,
      (session, options) => {
        session.set('user', 'ada')
        options.sameSite = 'none'
      },
      HTTP,
    )
    expect(setCookie).toBeUndefined()
    expect(await requests()).toEqual([])
    expect(reported).toEqual(['commit: ConfigurationError'])
  })

  it.each([
    ['production', 1],
    ['development', 0],
  ])('without Secure leads to one warning in production, and none elsewhere: %s', async (environment, warnings) => {
    const manager = open({ environment })
    const sign = (facts: object) => manager.use(null, (session) => session.set('user', 'ada'), facts)
    await sign({ secure: true })
    expect(reported).toEqual([])
    await sign(HTTP)
    await sign(HTTP)
    expect(reported).toHaveLength(warnings)
  })

  it('without Secure leads to a warning by NODE_ENV too', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    await open({ environment: 'blue' }).use(null, (session) => session.set('user', 'ada'), HTTP)
    expect(reported).toEqual(['commit: ConfigurationError'])
  })
})

describe('several cookies of the name', () => {
  const forged = () => makeSessionId({ ...SIGNING, secretKey: 'the secret of somebody else' })
  const dead = () => makeSessionId(SIGNING)
  const header = (...ids: string[]) => ids.map((id) => `session=${id}`).join('; ')
  const userOf = async (cookies: string) => {
    const { result, setCookie } = await open().use(cookies, (session) => session.get('user'))
    return { user: result, setCookie }
  }

  it('the first that belongs to a session wins, and is not sent again', async () => {
    const { id } = await signedIn('ada')
    const { id: later } = await signedIn('eve')
    expect(await userOf(header(dead(), 'x', forged(), id, later))).toEqual({ user: 'ada', setCookie: undefined })
    expect(await requests()).toEqual(['GetItem', 'GetItem'])
  })

  it('at most three with a valid signature are tried', async () => {
    const { id } = await signedIn('ada')
    expect(await userOf(header(dead(), forged(), dead(), id))).toMatchObject({ user: 'ada' })
    await requests()
    expect(await userOf(header(dead(), dead(), dead(), id))).toMatchObject({ user: undefined })
    expect(await requests()).toEqual(['GetItem', 'GetItem', 'GetItem'])
  })

  it('the same value twice is tried once', async () => {
    const id = dead()
    await userOf(header(id, id, id))
    expect(await requests()).toEqual(['GetItem'])
  })

  it('a session that could not be read is not skipped', async () => {
    const [first, second] = [await signedIn('ada'), await signedIn('eve')]
    table.proxy.inject('GetItem', { error: 'ThrottlingException' })
    expect(await userOf(header(first.id, second.id))).toMatchObject({ user: undefined })
    expect(await requests()).toEqual(['GetItem'])
  })

  it('a logout ends the sessions of all of them, so that none is signed in afterwards', async () => {
    const [first, second] = [await signedIn('ada'), await signedIn('ada of before')]
    const { setCookie } = await open().use(header(dead(), first.id, second.id), (session) => session.destroy())
    expect(setCookie).toMatch(/^session=; Max-Age=0/)
    expect([await item(first.id), await item(second.id)]).toEqual([undefined, undefined])
  })

  it('a new id replaces the cookie of the session that won', async () => {
    const [first, second] = [await signedIn('ada'), await signedIn('eve')]
    const { setCookie = '' } = await open().use(header(dead(), first.id, second.id), (_session, options) => {
      options.renew = true
    })
    expect(await item(first.id)).toEqual(forwarderTo(setCookie.split(/[=;]/)[1] ?? ''))
    expect(await data(second.id)).toEqual({ user: 'eve' })
  })
})

describe('after destroy()', () => {
  it.each<[string, (session: Session) => unknown, unknown]>([
    ['set', (session) => session.set('user', 'eve'), { user: 'eve' }],
    ['flash', (session) => session.flash('notice', 'hello'), { _flash: { notice: 'hello' } }],
    [
      'regenerateId and set',
      (session) => {
        session.regenerateId(true)
        session.set('user', 'eve')
      },
      { user: 'eve' },
    ],
  ])('%s begins a new session: Rails’ reset_session, then log in', async (_, write, stored) => {
    const { cookie, id } = await signedIn('ada')
    const { setCookie = '', result } = await open().use(cookie, (session) => {
      const before = session.id
      session.destroy()
      expect([session.destroyed, session.get('user'), session.size]).toEqual([true, undefined, 0])
      write(session)
      expect(session.destroyed).toBe(false)
      expect(session.id).not.toBe(before)
      return session
    })
    expect(result).toBeInstanceOf(Session)
    const next = setCookie.split(/[=;]/)[1] ?? ''
    expect(next).toMatch(/^[0-9a-f]{64}--/)
    expect(next).not.toBe(id)
    expect(await item(id)).toBeUndefined()
    expect(await data(next)).toEqual(stored)
  })

  it.each<[string, (session: Session) => unknown]>([
    ['nothing more', () => undefined],
    [
      'only reads',
      (session) => [session.get('user'), session.has('user'), session.data, session.dirty, session.deleteId],
    ],
    ['unset', (session) => session.unset('user')],
    [
      'a new session that is destroyed too',
      (session) => {
        session.set('user', 'eve')
        session.destroy()
      },
    ],
  ])('%s: the session and its cookie end', async (_, more) => {
    const { cookie, id } = await signedIn('ada')
    const { setCookie } = await open().use(cookie, (session) => {
      session.destroy()
      more(session)
    })
    expect(setCookie).toMatch(/^session=; Max-Age=0/)
    expect(await item(id)).toBeUndefined()
    expect(await requests()).toEqual(['GetItem', 'DeleteItem'])
  })

  it('also after commit', async () => {
    const { cookie, id } = await signedIn('ada')
    const { session, commit } = await open().load(cookie)
    session.destroy()
    expect(await commit()).toMatch(/Max-Age=0/)
    session.set('user', 'eve')
    const setCookie = (await commit()) ?? ''
    expect(setCookie).toMatch(/^session=[0-9a-f]{64}--/)
    expect(await commit()).toBe(setCookie)
    expect(await item(id)).toBeUndefined()
    expect(await requests()).toEqual(['GetItem', 'DeleteItem', 'UpdateItem'])
  })

  it('with skip, the logout is stored, and the new session is not', async () => {
    const { cookie, id } = await signedIn('ada')
    const { setCookie } = await open().use(cookie, (session, options) => {
      session.destroy()
      session.set('user', 'eve')
      options.skip = true
    })
    expect(setCookie).toMatch(/Max-Age=0/)
    expect(await item(id)).toBeUndefined()
    expect(await requests()).toEqual(['GetItem', 'DeleteItem'])
  })

  it('the lock is released', async () => {
    const locking = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const
    const manager = open(locking)
    const { cookie, id } = await signedIn('ada', manager)
    const { session, release } = await manager.load(cookie)
    session.destroy()
    session.set('user', 'eve')
    await release()
    expect((await item(id))?.locked_at).toBeUndefined()
    expect(await data(id)).toEqual({ user: 'ada' })
  })

  it('a session storage keeps Remix’ contract', async () => {
    const storage = createSessionStorage({ ...table.options(), secretKey })
    const session = await storage.read((await signedIn('ada')).id)
    session.destroy()
    expect(() => session.set('user', 'eve')).toThrow('Session has been destroyed')
  })

  it('the storage of a manager can save and release the object that its manager handed out', async () => {
    const manager = open()
    const { cookie, id } = await signedIn('ada', manager)
    const { session } = await manager.load(cookie)
    session.set('user', 'eve')
    expect(await manager.storage.save(session)).toBe(id)
    await manager.storage.release(session)
    expect(await data(id)).toEqual({ user: 'eve' })
  })
})
