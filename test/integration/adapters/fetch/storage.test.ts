import { createSession, Session } from '@remix-run/session'
import { describe, expect, it } from 'vitest'
import { createSessionStorage } from '../../../../runtime/fetch.js'
import type { Options } from '../../../../runtime/index.js'
import { makeSessionId } from '../../../../runtime/session/item/session-id.js'
import { onEachEngine } from '../../../support/engines.js'
import { fetchTable } from '../../../support/fetch-table.js'
import { forwarderTo } from '../../../support/forwarder.js'

const SIGNING = { secretKey: 'a secret of thirty-two characters or more', sessionIdDigest: 'sha256' } as const
const THROTTLED = { error: 'ThrottlingException' }
const PESSIMISTIC = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const

onEachEngine('createSessionStorage', (engine) => {
  const table = fetchTable(engine)
  const { item, data, change, remove, requests, options, reported } = table
  const open = (more: Options = {}) => createSessionStorage(options(more))

  /** Stores a session, and reads it as the next request does. */
  async function signedIn(more: Options = {}, values: Record<string, unknown> = { user: 'ada', cart: [1] }) {
    const storage = open(more)
    const session = await storage.read(null)
    for (const [key, value] of Object.entries(values)) session.set(key, value)
    const id = (await storage.save(session)) ?? ''
    await requests()
    return { storage, id }
  }

  describe('read', () => {
    it.each([
      ['no cookie', null],
      ['an empty one', ''],
      ['one that is too long', 'x'.repeat(3000)],
    ])('makes a new session with an id of its own for %s, without asking DynamoDB', async (_, cookie) => {
      const session = await open().read(cookie)
      expect(session).toBeInstanceOf(Session)
      expect(session.id).toMatch(/^[0-9a-f]{64}$/)
      expect(session.size).toBe(0)
      expect(await requests()).toEqual([])
    })

    it('does not take over an id that it does not know', async () => {
      const storage = open()
      const session = await storage.read('chosen by an attacker')
      session.set('user', 'ada')
      const id = await storage.save(session)
      expect(id).not.toBe('chosen by an attacker')
      expect(await item('chosen by an attacker')).toBeUndefined()
      expect(await data(id ?? '')).toEqual({ user: 'ada' })
    })

    it('signs ids where there is a secret, and sends no request for a forged id', async () => {
      const { storage, id } = await signedIn(SIGNING)
      expect(id).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
      expect((await storage.read(id)).get('user')).toBe('ada')
      expect(await requests()).toEqual(['GetItem'])
      const session = await storage.read(`${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`)
      expect(session.get('user')).toBeUndefined()
      expect(await requests()).toEqual([])
    })

    it('keeps the values of other writers, also values under their key _flash', async () => {
      const { storage, id } = await signedIn()
      await change(id, { data: { S: '{"_flash":["a","b"],"nothing":null,"constructor":1}' } })
      const session = await storage.read(id)
      expect(session.get('_flash')).toEqual(['a', 'b'])
      expect(session.has('nothing')).toBe(true)
      expect(await storage.save(session)).toBeNull()
      session.set('user', 'eve')
      await storage.save(session)
      expect(await data(id)).toEqual({ _flash: ['a', 'b'], nothing: null, constructor: 1, user: 'eve' })
    })
  })

  describe('save', () => {
    it.each([
      ['untouched', () => undefined],
      ['only read', (session: Session) => session.get('user')],
      ['emptied', (session: Session) => session.unset('user')],
      ['given another id', (session: Session) => session.regenerateId(true)],
    ])('stores nothing for a new session that was %s', async (_, use) => {
      const storage = open()
      const session = await storage.read(null)
      use(session)
      expect(await storage.save(session)).toBeNull()
      expect(await requests()).toEqual([])
    })

    it('stores a new session under its id, with values at the top level', async () => {
      const storage = open()
      const session = await storage.read(null)
      session.set('user', 'ada')
      expect(await storage.save(session)).toBe(session.id)
      expect(await requests()).toEqual(['UpdateItem'])
      expect(await data(session.id)).toEqual({ user: 'ada' })
    })

    it('stores a session once, and then its changes', async () => {
      const storage = open()
      const session = await storage.read(null)
      session.set('user', 'ada')
      const id = await storage.save(session)
      expect(await storage.save(session)).toBe(id)
      session.set('user', 'eve')
      expect(await storage.save(session)).toBe(id)
      expect(await requests()).toEqual(['UpdateItem', 'UpdateItem'])
      expect(await data(id ?? '')).toEqual({ user: 'eve' })
    })

    it('makes one item of overlapping saves, also after regenerateId', async () => {
      const storage = open(SIGNING)
      const session = await storage.read(null)
      session.set('user', 'ada')
      const ids = await Promise.all([storage.save(session), storage.save(session)])
      expect(ids[0]).toBe(ids[1])
      session.regenerateId(true)
      const others = await Promise.all([storage.save(session), storage.save(session)])
      expect(others[0]).toBe(others[1])
      expect(others[0]).not.toBe(ids[0])
      expect(await requests()).toEqual(['UpdateItem', 'UpdateItem', 'UpdateItem'])
    })

    it('writes nothing when a value was set to the same value', async () => {
      const { storage, id } = await signedIn()
      const session = await storage.read(id)
      session.set('user', 'ada')
      expect(await storage.save(session)).toBe(id)
      expect(await requests()).toEqual(['GetItem'])
    })

    it('stores a change within a value, which the session object does not notice', async () => {
      const { storage, id } = await signedIn()
      const session = await storage.read(id)
      const cart = session.get('cart') as number[]
      cart.push(2)
      expect(await storage.save(session)).toBeNull()
      expect(await data(id)).toEqual({ user: 'ada', cart: [1, 2] })
    })

    it('touches an unchanged session after touch_interval, and survives an error', async () => {
      const { storage, id } = await signedIn({ touchInterval: 0, maxStale: 60 })
      await change(id, { expire_at: { N: String(Math.floor(Date.now() / 1000) + 5) } })
      expect(await storage.save(await storage.read(id))).toBeNull()
      expect(Number((await item(id))?.expire_at?.N)).toBeGreaterThan(Date.now() / 1000 + 50)
      table.proxy.inject('UpdateItem', THROTTLED)
      expect(await storage.save(await storage.read(id))).toBeNull()
      expect(reported).toEqual(['touch: ThrottlingException'])
    })

    it('leaves the cookie, and stores nothing, when another request deleted the session', async () => {
      const { storage, id } = await signedIn()
      const session = await storage.read(id)
      await remove(id)
      session.set('user', 'eve')
      expect(await storage.save(session)).toBeNull()
      expect(await storage.save(session)).toBeNull()
      expect(await item(id)).toBeUndefined()
    })

    it('merges with changes of other requests, and emits conflict for the same keys', async () => {
      const { storage, id } = await signedIn()
      const conflicts: unknown[] = []
      storage.on('conflict', ({ keys }) => conflicts.push(keys))
      const session = await storage.read(id)
      await change(id, { data: { S: '{"user":"bob","cart":[1],"seen":true}' }, updated_at: { S: '1999999999.5' } })
      session.set('user', 'eve')
      await storage.save(session)
      expect(await data(id)).toEqual({ user: 'eve', cart: [1], seen: true })
      expect(conflicts).toEqual([['user']])
    })
  })

  describe('a session that another adapter stored with the settings of its cookie', () => {
    const settings = (end: number) => ({
      cookie: { S: JSON.stringify({ originalMaxAge: 600_000, expires: new Date(end), path: '/' }) },
    })

    it('expires with the cookie', async () => {
      const { storage, id } = await signedIn(PESSIMISTIC)
      await change(id, settings(Date.now() - 1))
      const session = await storage.read(id)
      expect([session.id === id, session.size]).toEqual([false, 0])
      await table.unlocked(id)
    })

    it('still expires with the cookie after it was saved, touched, or moved to another id', async () => {
      const { storage, id } = await signedIn({ touchInterval: 0 })
      const end = Date.now() + 300_000
      await change(id, settings(end))
      const expireAt = { N: String(Math.ceil(end / 1000)) }
      await storage.save(await storage.read(id))
      expect(await item(id)).toMatchObject({ expire_at: expireAt, ...settings(end) })
      const session = await storage.read(id)
      session.set('user', 'eve')
      await storage.save(session)
      expect(await item(id)).toMatchObject({ expire_at: expireAt, ...settings(end) })
      session.regenerateId(true)
      const next = await storage.save(session)
      expect(await item(next ?? '')).toMatchObject({ expire_at: expireAt, ...settings(end) })
    })
  })

  describe('flash', () => {
    it('is readable only in the next request', async () => {
      const { storage, id } = await signedIn()
      const first = await storage.read(id)
      first.flash('notice', 'saved')
      await storage.save(first)
      expect(await data(id)).toEqual({ user: 'ada', cart: [1], _flash: { notice: 'saved' } })
      const second = await storage.read(id)
      expect(second.get('notice')).toBe('saved')
      expect(await storage.save(second)).toBe(id)
      expect(await data(id)).toEqual({ user: 'ada', cart: [1] })
      expect((await storage.read(id)).get('notice')).toBeUndefined()
    })

    it('makes a session that has no other data', async () => {
      const storage = open()
      const session = await storage.read(null)
      session.flash('notice', 'welcome')
      const id = await storage.save(session)
      expect((await storage.read(id)).get('notice')).toBe('welcome')
    })
  })

  describe('destroy', () => {
    it('deletes the item and the cookie', async () => {
      const { storage, id } = await signedIn()
      const session = await storage.read(id)
      session.destroy()
      expect(await storage.save(session)).toBe('')
      expect(await storage.save(session)).toBe('')
      expect(await item(id)).toBeUndefined()
      expect(await requests()).toEqual(['GetItem', 'DeleteItem'])
    })

    it('deletes a session after regenerateId, under its stored id', async () => {
      const { storage, id } = await signedIn()
      const session = await storage.read(id)
      session.regenerateId()
      session.destroy()
      expect(await storage.save(session)).toBe('')
      expect(await item(id)).toBeUndefined()
    })

    it('sends no request when the session was never stored', async () => {
      const storage = open()
      const session = await storage.read(null)
      session.destroy()
      expect(await storage.save(session)).toBe('')
      expect(await requests()).toEqual([])
    })

    it('works also when the session could not be read', async () => {
      const { storage, id } = await signedIn()
      table.proxy.inject('GetItem', THROTTLED)
      const session = await storage.read(id)
      session.destroy()
      expect(await storage.save(session)).toBe('')
      expect(await item(id)).toBeUndefined()
    })

    it('can be repeated when it fails', async () => {
      const { storage, id } = await signedIn()
      const session = await storage.read(id)
      session.destroy()
      table.proxy.inject('DeleteItem', THROTTLED)
      await expect(storage.save(session)).rejects.toThrow(expect.objectContaining({ name: 'ThrottlingException' }))
      expect(await item(id)).toBeDefined()
      expect(await storage.save(session)).toBe('')
      expect(await item(id)).toBeUndefined()
    })
  })

  describe('regenerateId', () => {
    it('stores the session under another id, and leaves a forwarder', async () => {
      const { storage, id } = await signedIn()
      const session = await storage.read(id)
      session.regenerateId(true)
      session.set('user', 'eve')
      const next = (await storage.save(session)) ?? ''
      expect(next).toBe(session.id)
      expect(await item(id)).toEqual(forwarderTo(next))
      expect(await data(next)).toEqual({ user: 'eve', cart: [1] })
      expect((await storage.read(next)).get('user')).toBe('eve')
    })

    it('makes a signed id where ids are signed, the same at every save', async () => {
      const { storage, id } = await signedIn(SIGNING)
      const session = await storage.read(id)
      session.regenerateId(true)
      const next = await storage.save(session)
      expect(next).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
      session.set('user', 'eve')
      expect(await storage.save(session)).toBe(next)
      expect(await requests()).toEqual(['GetItem', 'UpdateItem', 'UpdateItem', 'UpdateItem'])
      expect((await storage.read(next)).get('user')).toBe('eve')
    })

    it('can be done again in the same request', async () => {
      const { storage, id } = await signedIn(SIGNING)
      const session = await storage.read(id)
      session.regenerateId(true)
      const second = await storage.save(session)
      session.regenerateId(true)
      const third = await storage.save(session)
      expect(new Set([id, second, third]).size).toBe(3)
      expect(await item(second ?? '')).toEqual(forwarderTo(third ?? ''))
      expect(await data(third ?? '')).toEqual({ user: 'ada', cart: [1] })
    })

    it('keeps the old item on demand, and releases its lock', async () => {
      const { storage, id } = await signedIn(PESSIMISTIC)
      const session = await storage.read(id)
      expect((await item(id))?.locked_at).toBeDefined()
      session.regenerateId()
      session.set('user', 'eve')
      const next = await storage.save(session)
      expect(await data(id)).toEqual({ user: 'ada', cart: [1] })
      expect((await item(id))?.locked_at).toBeUndefined()
      expect(await data(next ?? '')).toEqual({ user: 'eve', cart: [1] })
    })

    it('does not undo a logout, and leaves the cookie then', async () => {
      const { storage, id } = await signedIn()
      const session = await storage.read(id)
      await remove(id)
      session.regenerateId(true)
      expect(await storage.save(session)).toBeNull()
      expect(await item(id)).toBeUndefined()
      expect(await item(session.id)).toBeUndefined()
    })
  })

  describe('a session that could not be read', () => {
    it.each([
      ['set', (session: Session) => session.set('user', 'eve')],
      ['unset, as at a logout,', (session: Session) => session.unset('user')],
      ['flashed', (session: Session) => session.flash('notice', 'x')],
      ['given another id', (session: Session) => session.regenerateId(true)],
    ])('is empty under the same id, and is not saved when something was %s', async (_, use) => {
      const { storage, id } = await signedIn()
      table.proxy.inject('GetItem', THROTTLED)
      const session = await storage.read(id)
      expect([session.id, session.size]).toEqual([id, 0])
      expect(reported).toEqual(['get: ThrottlingException'])
      expect(await storage.save(session)).toBeNull()
      use(session)
      await expect(storage.save(session)).rejects.toThrow(expect.objectContaining({ name: 'SessionUnreadError' }))
      expect(await data(id)).toEqual({ user: 'ada', cart: [1] })
    })
  })

  describe('locks', () => {
    it.each([
      ['saved', (session: Session) => session.set('user', 'eve')],
      ['unchanged', () => undefined],
      ['given another id', (session: Session) => session.regenerateId(true)],
      ['destroyed', (session: Session) => session.destroy()],
    ])('end with the save of a session that was %s', async (_, use) => {
      const { storage, id } = await signedIn(PESSIMISTIC)
      const session = await storage.read(id)
      expect((await item(id))?.locked_at).toBeDefined()
      use(session)
      const cookie = await storage.save(session)
      for (const at of [id, cookie || id]) expect((await item(at))?.locked_at).toBeUndefined()
    })

    it('end with a save that fails', async () => {
      const { storage, id } = await signedIn(PESSIMISTIC)
      const session = await storage.read(id)
      session.set('large', 'x'.repeat(500_000))
      await expect(storage.save(session)).rejects.toThrow(expect.objectContaining({ name: 'SessionTooLargeError' }))
      await table.unlocked(id)
    })

    it('are released by release, and a save can follow', async () => {
      const { storage, id } = await signedIn(PESSIMISTIC)
      const session = await storage.read(id)
      await storage.release(session)
      expect((await item(id))?.locked_at).toBeUndefined()
      session.set('user', 'eve')
      await storage.save(session)
      expect(await data(id)).toEqual({ user: 'eve', cart: [1] })
    })

    it('never make release reject, even for an unknown session or without a response of DynamoDB', async () => {
      const { storage, id } = await signedIn(PESSIMISTIC)
      await storage.release(createSession())
      const session = await storage.read(id)
      table.proxy.inject('UpdateItem', THROTTLED)
      await storage.release(session)
      expect(reported).toEqual(['unlock: ThrottlingException'])
    })
  })

  describe('a session object that the application made', () => {
    it('is stored as a new session', async () => {
      const storage = open()
      const session = createSession()
      session.set('user', 'ada')
      expect(await storage.save(session)).toBe(session.id)
      expect(await data(session.id)).toEqual({ user: 'ada' })
    })

    it('gets a signed id where ids are signed', async () => {
      const storage = open(SIGNING)
      const session = createSession()
      session.set('user', 'ada')
      const id = await storage.save(session)
      expect(id).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
      expect((await storage.read(id)).get('user')).toBe('ada')
      const own = createSession(makeSessionId(SIGNING))
      own.set('user', 'eve')
      expect(await storage.save(own)).toBe(own.id)
    })

    it('never overwrites a stored session', async () => {
      const { storage, id } = await signedIn()
      const session = createSession(id)
      session.set('user', 'eve')
      await expect(storage.save(session)).rejects.toThrow(expect.objectContaining({ name: 'InvalidSessionIdError' }))
      expect(await data(id)).toEqual({ user: 'ada', cart: [1] })
    })

    it('deletes the stored session with its id when it was destroyed, as scripts do', async () => {
      const { storage, id } = await signedIn()
      const session = createSession(id)
      session.destroy()
      expect(await storage.save(session)).toBe('')
      expect(await item(id)).toBeUndefined()
    })
  })

  it('gets another id when the id of a new session is taken', async () => {
    const storage = open()
    const session = await storage.read(null)
    await change(session.id, { data: { S: '{"user":"bob"}' } })
    session.set('user', 'ada')
    const id = (await storage.save(session)) ?? ''
    expect(id).not.toBe(session.id)
    expect(await data(session.id)).toEqual({ user: 'bob' })
    session.set('user', 'eve')
    expect(await storage.save(session)).toBe(id)
    expect(await data(id)).toEqual({ user: 'eve' })
  })
})
