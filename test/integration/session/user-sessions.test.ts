import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { ConfigurationError, InvalidSessionIdError } from '../../../runtime/errors.js'
import { handleOf } from '../../../runtime/session/item/handle.js'
import { storedTexts } from '../../../runtime/session/item/index-attributes.js'
import { keyOf } from '../../../runtime/session/item/session-key.js'
import type { Item, SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../runtime/session/sessions-by-value.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { connectionTo } from '../../support/connection.js'
import { newKey } from '../../support/encryption.js'
import { onEachEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'

const [K1, K2] = [newKey('k1'), newKey('k2')]
const FORMS = {
  'hashed ids': { hashSessionIds: true },
  'plain ids': { hashSessionIds: false },
  'encrypted data': { encryptionKeys: [K1] },
}

/** 2027-01-15T08:00:00Z. The tests set the clock. */
const START = 1_800_000_000_000
const SECOND = 1000
const PHONE = '{"userAgent":"phone","address":"192.0.2.1"}'

onEachEngine('the sessions of a user', (engine) => {
  describe.each(Object.entries(FORMS))('with %s', (named, form: Options) => {
    let direct: DynamoDBClient
    let proxy: FaultProxy
    let options: ReturnType<typeof engine.options> & { indexKeys: string[] }
    let user = 0
    let now = START

    beforeAll(async () => {
      direct = engine.client()
      proxy = await startFaultProxy(engine.endpoint)
      options = { ...engine.options(), indexKeys: ['user_id', 'account.id'] }
      await createTable({ ...options, ttl: false })
    })
    beforeEach(() => {
      user += 1
      now = START
      proxy.reset()
    })
    afterAll(async () => {
      direct.destroy()
      await proxy.stop()
    })

    const configured = (more: Options = {}) => resolveConfiguration({ ...options, ...form, touchInterval: 0, ...more })
    const parts = (more: Options = {}) =>
      [configured(more), connectionTo(engine.client(proxy.endpoint)), { now: () => now }] as const
    const index = (more: Options = {}) => new SessionsByValue(...parts(more))
    const sessions = (more: Options = {}) => new SessionRepository(...parts(more))
    const name = (suffix: string | number) => `secret-id-${user}-${suffix}`
    const keyed = (id: string) => keyOf(id, configured())
    const handle = (id: string) => handleOf(keyed(id))
    const put = (Item: Item) => direct.send(new PutItemCommand({ TableName: options.tableName, Item }))
    const isThere = async (id: string) => (await sessions().find(id)) !== undefined

    async function signIn(suffix: string | number, more: object = {}, client?: string): Promise<string> {
      const id = name(suffix)
      await sessions().create(id, { user_id: user, account: { id: `account ${user}` }, ...more }, { client })
      now += SECOND
      return id
    }
    const signInAll = async (count: number) => {
      const ids: string[] = []
      for (let number = 0; number < count; number += 1) ids.push(await signIn(number))
      return ids
    }
    async function move(from: string, to: string): Promise<void> {
      const record = (await sessions().find(from)) as SessionRecord
      await sessions().regenerate(record, to, record.data, { keep: false })
    }
    /** The value in the index. */
    const indexed = () => ({ S: storedTexts(String(user), 'user_id', configured())[0] ?? '' })
    /** Makes the index return these keys, like an index that is behind the table. */
    const indexGives = (...ids: string[]) => {
      const Items = ids.map((id) => ({ session_id: { S: keyed(id) }, user_id: indexed() }))
      proxy.inject('Query', { change: (page) => ({ ...page, Items, Count: Items.length }) })
    }

    describe('sessionsBy', () => {
      it('gives handles, times, the current session and what describe recorded, the last used first', async () => {
        const [phone, laptop] = [await signIn('phone', {}, PHONE), await signIn('laptop')]
        const record = (await sessions().find(phone)) as SessionRecord
        now = START + 60 * SECOND
        await sessions().touch(record)
        proxy.reset()
        const found = await index({ maxStale: 3600, maxAge: 7200 }).sessionsBy('user_id', user, { current: laptop })
        expect(found).toEqual([
          {
            handle: handle(phone),
            createdAt: new Date(START),
            lastSeenAt: new Date(START + 60 * SECOND),
            expiresAt: new Date(START + 3660 * SECOND),
            current: false,
            userAgent: 'phone',
            address: '192.0.2.1',
          },
          {
            handle: handle(laptop),
            createdAt: new Date(START + SECOND),
            lastSeenAt: new Date(START + SECOND),
            expiresAt: new Date(START + 3601 * SECOND),
            current: true,
          },
        ])
        expect(proxy.operations).toEqual(['Query', 'BatchGetItem'])
        expect(JSON.stringify(found)).not.toMatch(/secret-id|sha256:/)
      })

      it('reads at most 25 sessions with a request, consistently, and only what it gives', async () => {
        const repository = sessions()
        const ids = Array.from({ length: 27 }, (_, number) => name(number))
        const data = { account: { id: `account ${user}` } }
        await Promise.all(ids.map((id) => repository.create(id, data)))
        proxy.reset()
        const found = await index({ consistentRead: false }).sessionsBy('account.id', `account ${user}`)
        expect(found.map((session) => session.handle).toSorted()).toEqual(ids.map(handle).toSorted())
        const batches = proxy.requests.filter(({ operation }) => operation === 'BatchGetItem')
        const requested = batches.map(({ input }) => input.RequestItems[options.tableName])
        expect(requested.map(({ Keys }) => Keys.length).toSorted()).toEqual([2, 25])
        for (const { ConsistentRead, ExpressionAttributeNames } of requested) {
          expect(ConsistentRead).toBe(true)
          const times = ['created_at', 'updated_at', 'expire_at', 'client', 'successor']
          // Without hashed ids, only the data shows that an item is a session.
          const data = configured().hashSessionIds ? [] : ['data']
          const names = ['session_id', ...times, ...data, 'account.id']
          expect(Object.values(ExpressionAttributeNames).toSorted()).toEqual(names.toSorted())
        }
      })

      it('leaves out sessions of other users, expired ones, and items that are no sessions', async () => {
        const id = await signIn('mine')
        await sessions({ maxStale: 10 }).create(name('expired'), { user_id: user })
        now += 10 * SECOND
        await signIn('other', { user_id: 'another' })
        const foreign = { session_id: { S: `foreign-${user}` }, user_id: indexed(), data: { S: 'hello' } }
        await put(foreign)
        expect((await index().sessionsBy('user_id', user)).map((session) => session.handle)).toEqual([handle(id)])
        expect(await index().sessionsBy('user_id', 'nobody')).toEqual([])
      })

      it('leaves out a session in which another user has signed in since, although the index still has it', async () => {
        const [id, other] = [await signIn('mine'), await signIn('other', { user_id: 'another' })]
        indexGives(id, other)
        expect((await index().sessionsBy('user_id', user)).map((session) => session.handle)).toEqual([handle(id)])
      })

      it('has the current session even if the index lacks it, and has others at their new id', async () => {
        const [here, there] = [await signIn('here'), await signIn('there')]
        await move(there, name('moved'))
        indexGives(there)
        const found = await index().sessionsBy('user_id', user, { current: here })
        const shown = found.map((session) => [session.handle, session.current])
        expect(shown).toEqual([
          [handle(name('moved')), false],
          [handle(here), true],
        ])
      })

      it('knows the current session by its old id, if another request gave it another one', async () => {
        const here = await signIn('here')
        await move(here, name('moved'))
        const found = await index().sessionsBy('user_id', user, { current: here })
        expect(found).toEqual([expect.objectContaining({ handle: handle(name('moved')), current: true })])
      })

      it('marks no session if the current one belongs to another user, or is not stored', async () => {
        const [id, other] = [await signIn('mine'), await signIn('other', { user_id: 'another' })]
        for (const current of [other, 'not stored', undefined]) {
          const found = await index().sessionsBy('user_id', user, { current })
          expect(found).toEqual([expect.objectContaining({ handle: handle(id), current: false })])
        }
      })

      it('with scan finds the same by any key of the data', async () => {
        const id = await signIn('mine', { tenant: `t${user}` }, PHONE)
        const found = await index().sessionsBy('tenant', `t${user}`, { scan: true, current: id })
        expect(found).toEqual([
          expect.objectContaining({
            handle: handle(id),
            current: true,
            createdAt: new Date(START),
            userAgent: 'phone',
          }),
        ])
      })

      it('refuses keys and values by which no session can be found', async () => {
        const sought = index().sessionsBy('tenant', user)
        await expect(sought).rejects.toThrow(ConfigurationError)
        await expect(index().sessionsBy('user_id', '')).rejects.toThrow(TypeError)
        await expect(index().sessionsBy('user_id', user, { current: '' })).rejects.toThrow(InvalidSessionIdError)
        expect(proxy.operations).toEqual([])
      })
    })

    describe('exportBy', () => {
      it.each([false, true])('gives all that is stored, expired sessions too, and no ids (scan: %s)', async (scan) => {
        const cookie = { path: '/', originalMaxAge: 60_000 }
        const data = { user_id: user, cart: [1, { two: 'x' }] }
        await sessions({ maxStale: 60 }).create(name('one'), data, { client: PHONE, cookie: JSON.stringify(cookie) })
        now += 3600 * SECOND
        proxy.reset()
        const exported = await index().exportBy('user_id', user, { scan })
        expect(exported).toEqual([
          {
            handle: handle(name('one')),
            createdAt: new Date(START),
            lastSeenAt: new Date(START),
            expiresAt: new Date(START + 60 * SECOND),
            data,
            cookie,
            client: { userAgent: 'phone', address: '192.0.2.1' },
          },
        ])
        expect(JSON.stringify(exported)).not.toMatch(/secret-id|sha256:/)
        expect(proxy.operations).toEqual(scan ? ['Scan'] : ['Query', 'BatchGetItem'])
      })

      it('also has a session whose data cannot be read', async () => {
        const broken = { data: { S: '{no JSON' }, user_id: indexed(), cookie: { S: 'no JSON' } }
        await put({ session_id: { S: keyed(name('broken')) }, ...broken })
        const nothing = { createdAt: undefined, lastSeenAt: undefined, expiresAt: undefined, client: {} }
        expect(await index().exportBy('user_id', user)).toEqual([
          { handle: handle(name('broken')), data: undefined, cookie: undefined, ...nothing },
        ])
      })
    })

    if (named === 'encrypted data')
      it('still gives the description after a write encrypted it with a new first key', async () => {
        const id = await signIn('phone', {}, PHONE)
        const rotated = sessions({ encryptionKeys: [K2, K1] })
        await rotated.touch((await rotated.find(id)) as SessionRecord)
        const found = await index({ encryptionKeys: [K2] }).sessionsBy('user_id', user)
        expect(found).toMatchObject([{ userAgent: 'phone' }])
        const record = (await rotated.find(id)) as SessionRecord
        await rotated.regenerate(record, name('moved'), record.data, { keep: false })
        expect(await index({ encryptionKeys: [K2] }).sessionsBy('user_id', user)).toMatchObject([
          { userAgent: 'phone' },
        ])
      })

    // The other methods accept keys of any form.
    if (named !== 'hashed ids') return

    describe('destroyHandle', () => {
      it.each([false, true])('ends this session of the user, and no other (scan: %s)', async (scan) => {
        const [one, two] = [await signIn('one'), await signIn('two')]
        expect(await index().destroyHandle('user_id', user, handle(one), { scan })).toBe(true)
        expect([await isThere(one), await isThere(two)]).toEqual([false, true])
        expect(await index().destroyHandle('user_id', user, handle(one), { scan })).toBe(false)
      })

      it.each([false, true])(
        "ends no session of another user, even by the session's handle (scan: %s)",
        async (scan) => {
          const mine = await signIn('mine')
          const other = await signIn('other', { user_id: 'another' })
          expect(await index().destroyHandle('user_id', user, handle(other), { scan })).toBe(false)
          for (const wrong of [other, keyed(mine), mine, '', undefined]) {
            expect(await index().destroyHandle('user_id', user, wrong as string, { scan })).toBe(false)
          }
          expect([await isThere(mine), await isThere(other)]).toEqual([true, true])
        },
      )

      it('ends a session at its new id if the index still has the old one, and none that changed its user', async () => {
        const [moved, changed] = [await signIn('old'), await signIn('changed', { user_id: 'another' })]
        await move(moved, name('new'))
        indexGives(moved)
        expect(await index().destroyHandle('user_id', user, handle(moved))).toBe(true)
        expect(await isThere(name('new'))).toBe(false)
        indexGives(changed)
        expect(await index().destroyHandle('user_id', user, handle(changed))).toBe(false)
        expect(await isThere(changed)).toBe(true)
      })

      it('sends a Query and a DeleteItem', async () => {
        const id = await signIn('one')
        proxy.reset()
        await index().destroyHandle('user_id', user, handle(id))
        expect(proxy.operations).toEqual(['Query', 'DeleteItem'])
      })
    })

    describe('destroyOthers', () => {
      it.each([false, true])('ends all sessions of the user except one (scan: %s)', async (scan) => {
        const ids = await signInAll(4)
        const other = await signIn('other', { user_id: 'another' })
        expect(await index().destroyOthers('user_id', user, ids[2] as string, { scan })).toBe(3)
        expect(await Promise.all(ids.map(isThere))).toEqual([false, false, true, false])
        expect(await isThere(other)).toBe(true)
        expect(await index().destroyOthers('user_id', user, ids[2] as string, { scan })).toBe(0)
      })

      it.each([false, true])('keeps a session that another request has given another id (scan: %s)', async (scan) => {
        const [here] = [await signIn('here'), await signIn('there')]
        await move(here, name('moved'))
        expect(await index().destroyOthers('user_id', user, here, { scan })).toBe(1)
        expect(await isThere(name('moved'))).toBe(true)
      })

      it('keeps a session that gets another id before the second query', async () => {
        const here = await signIn('here')
        proxy.inject('Query', { change: (page) => page }, { meanwhile: () => move(here, name('moved')) })
        expect(await index().destroyOthers('user_id', user, here)).toBe(0)
        expect(await isThere(name('moved'))).toBe(true)
      })

      it('keeps a session whose old id the index still has', async () => {
        const before = await signIn('before')
        await move(before, name('here'))
        indexGives(before)
        expect(await index().destroyOthers('user_id', user, name('here'))).toBe(0)
        expect(await isThere(name('here'))).toBe(true)
      })

      it('ends all if the session of the request is not stored yet, and refuses what can be no id', async () => {
        const ids = await signInAll(2)
        for (const wrong of [undefined, '', null]) {
          const destroying = index().destroyOthers('user_id', user, wrong as unknown as string)
          await expect(destroying).rejects.toThrow(InvalidSessionIdError)
        }
        expect(await Promise.all(ids.map(isThere))).toEqual([true, true])
        expect(await index().destroyOthers('user_id', user, 'not stored yet')).toBe(2)
      })
    })
  })
})
