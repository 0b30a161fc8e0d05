import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import {
  LockLostError,
  LockWaitTimeoutError,
  SessionConflictError,
  SessionDataError,
  SessionTooLargeError,
} from '../../../runtime/errors.js'
import type { SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { encryptsByDefault } from '../../support/stored-data.js'
import { storedKey, storedKeys } from '../../support/stored-key.js'
import { freshTable, makeTable, readItem, writeItem } from '../../support/table.js'

onEachEngine('SessionRepository', (engine) => {
  let direct: DynamoDBClient
  let proxy: FaultProxy
  const tableName = uniqueTableName()
  let clock: number
  let conflicts: (readonly string[])[]

  beforeEach(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    clock = 1_800_000_000_000
    conflicts = []
    await freshTable(direct, tableName)
  })
  afterEach(async () => {
    direct.destroy()
    await proxy.stop()
  })

  function repository(options: Options = {}) {
    const configuration = resolveConfiguration({ tableName, touchInterval: 0, ...options })
    const client = engine.client(proxy.endpoint)
    return new SessionRepository(configuration, connectionTo(client), {
      now: () => clock,
      onConflict: ({ keys }) => conflicts.push(keys),
    })
  }

  const item = (id = 's1') => readItem(direct, tableName, id)
  const data = async (id = 's1') => JSON.parse((await item(id))?.data?.S ?? 'null')
  const put = (attributes: Parameters<typeof writeItem>[2], id = 's1') =>
    writeItem(direct, tableName, { session_id: { S: id }, data: { S: '{"a":1}' }, ...attributes })

  async function found(sessions: SessionRepository, id = 's1'): Promise<SessionRecord> {
    const record = await sessions.findForChange(id)
    if (!record) throw new Error('there should be a session')
    return record
  }

  describe('requests', () => {
    it('are one round trip each, and none goes to the control plane', async () => {
      const sessions = repository()
      const created = (await sessions.create('s1', { a: 1 })) as SessionRecord
      const updated = (await sessions.update(created, { a: 2 })) as SessionRecord
      await sessions.touch(updated)
      await sessions.find('s1')
      await sessions.delete('s1')
      expect(proxy.operations).toEqual(['UpdateItem', 'UpdateItem', 'UpdateItem', 'GetItem', 'DeleteItem'])
    })

    it('send data only when its JSON changed, also to {}', async () => {
      const sessions = repository()
      await put({ data: { S: '{ "a" : 1.0 }' } })
      const record = await found(sessions)
      const stored = (await sessions.update(record, { a: 1 })) as SessionRecord
      expect(JSON.stringify(proxy.requests.at(-1)?.input)).not.toContain('data')
      expect((await item())?.data).toEqual({ S: '{ "a" : 1.0 }' })
      await sessions.update(stored, {})
      expect((await item())?.data).toEqual({ S: '{}' })
    })

    it('keep unknown attributes and created_at', async () => {
      const sessions = repository()
      await put({ user_id: { N: '7' }, created_at: { S: '1799999999.5' } })
      await sessions.update(await found(sessions), { a: 2 })
      expect(await item()).toMatchObject({
        user_id: { N: '7' },
        created_at: { S: '1799999999.5' },
        data: { S: '{"a":2}' },
      })
    })

    it('work with every name of the partition key', async () => {
      const other = uniqueTableName()
      await makeTable(direct, other, 'my.key-1')
      const sessions = repository({ tableName: other, tableKey: 'my.key-1' })
      const created = (await sessions.create('s1', { a: 1 })) as SessionRecord
      expect(await sessions.update(created, { a: 2 })).toMatchObject({ json: '{"a":2}' })
      expect(await sessions.find('s1')).toMatchObject({ data: { a: 2 } })
    })
  })

  describe('updated_at', () => {
    it('increases as text, even when the clock of another writer is ahead or Ruby wrote it', async () => {
      const sessions = repository()
      for (const before of ['1800000000.0000001', '1800000030.1234567', '1799999999.9']) {
        await put({ updated_at: { S: before } })
        await sessions.update(await found(sessions), { a: before })
        expect(((await item())?.updated_at?.S ?? '') > before).toBe(true)
      }
    })

    it('of more than a minute ahead is not continued', async () => {
      const sessions = repository()
      await put({ updated_at: { S: '1800000100.5' } })
      await sessions.update(await found(sessions), { a: 2 })
      expect((await item())?.updated_at?.S).toMatch(/^1800000000\.000000\d{9}$/)
    })

    it.each([
      ['absent', {}],
      ['a number', { updated_at: { N: '1799999999.25' } }],
    ])('that is %s is expected exactly as it was found', async (_what, attributes) => {
      const sessions = repository()
      await put(attributes)
      const record = await found(sessions)
      await sessions.update(record, { a: 2 })
      expect(await data()).toEqual({ a: 2 })
      await put({ ...attributes, updated_at: { S: '1799999999.75' }, data: { S: '{"a":1,"b":1}' } })
      await sessions.update(record, { a: 3 })
      expect(await data()).toEqual({ a: 3, b: 1 })
    })
  })

  describe('a new session', () => {
    it('never replaces an item', async () => {
      await put({})
      expect(await repository().create('s1', { a: 2 })).toBeUndefined()
      expect(await data()).toEqual({ a: 1 })
    })

    it('gets another id where the caller gives a maker of ids', async () => {
      await put({})
      const ids = ['s1', 's1', 's2']
      expect(await repository().create(() => ids.shift() ?? '', { a: 2 })).toMatchObject({ id: 's2' })
      expect(await data()).toEqual({ a: 1 })
    })

    it('that is too large is refused before it is sent', async () => {
      await expect(repository().create('s1', { a: 'x'.repeat(409_600) })).rejects.toThrow(SessionTooLargeError)
      expect(proxy.operations).toEqual([])
    })

    it('that only DynamoDB finds too large is refused in the same way', async () => {
      await put({ other: { S: 'x'.repeat(300_000) } })
      const sessions = repository()
      const record = await found(sessions)
      await expect(sessions.update(record, { a: 'x'.repeat(200_000) })).rejects.toThrow(SessionTooLargeError)
      expect(await data()).toEqual({ a: 1 })
    })
  })

  describe('a session that was deleted', () => {
    it.each(['none', 'optimistic', 'pessimistic'] as const)('stays deleted (locking: %s)', async (locking) => {
      const sessions = repository({ locking })
      await put({})
      const record = await found(sessions)
      await sessions.delete('s1')
      expect(await sessions.update(record, { a: 2 })).toBeUndefined()
      expect(await sessions.touch(record)).toBeUndefined()
      await sessions.touchUnseen('s1')
      await sessions.release(record)
      expect(await item()).toBeUndefined()
    })

    it('is not created by a read, with any locking', async () => {
      for (const locking of ['none', 'optimistic', 'pessimistic'] as const) {
        expect(await repository({ locking }).findForChange('s1')).toBeUndefined()
      }
      expect(await item()).toBeUndefined()
    })
  })

  describe('touch_interval', () => {
    const minute = 60_000

    async function loaded(options: Options) {
      const sessions = repository(options)
      await sessions.create('s1', { a: 1 })
      const record = await found(sessions)
      proxy.reset()
      return { sessions, record }
    }

    it('keeps an unchanged session from being written until the interval is over', async () => {
      const { sessions, record } = await loaded({ touchInterval: 60 })
      clock += minute - 1
      expect(await sessions.touch(record)).toBe(record)
      expect(await sessions.update(record, { a: 1 })).toBe(record)
      expect(proxy.operations).toEqual([])
      clock += 2
      await sessions.touch(record)
      expect(proxy.operations).toEqual(['UpdateItem'])
    })

    it('is at most a tenth of the shortest lifetime', async () => {
      const { sessions, record } = await loaded({ touchInterval: 60, maxStale: 100 })
      clock += 9_999
      await sessions.touch(record)
      expect(proxy.operations).toEqual([])
      expect(sessions.isTouchDue(record, { ownLifetime: 50_000, ownEnd: clock + 50_000 })).toBe(true)
      clock += 2
      await sessions.touch(record)
      expect(proxy.operations).toHaveLength(1)
    })

    it('keeps a session from being written that another request has touched, unless settings of the cookie changed', async () => {
      for (const touchInterval of [0, 60]) {
        const { sessions, record } = await loaded({ touchInterval })
        clock += minute
        await sessions.update((await sessions.find('s1')) as SessionRecord, { a: 2 })
        const before = await item()
        clock += 500
        expect(await sessions.touch(record)).toEqual(record)
        expect(await item()).toEqual(before)
        const touched = (await sessions.touch(record, { changed: true, cookie: '{}' })) as SessionRecord
        expect(await item()).toMatchObject({
          data: { S: '{"a":2}' },
          cookie: { S: '{}' },
          updated_at: { S: touched.updatedAt },
        })
        expect(await sessions.update(touched, { a: 1, b: 1 })).toMatchObject({ json: '{"a":2,"b":1}' })
        expect(await sessions.touch(record, { changed: true, cookie: '{}' })).toEqual(record)
        await sessions.delete('s1')
      }
    })

    it('does not delay a change of the data or of the settings of the cookie', async () => {
      const { sessions, record } = await loaded({ touchInterval: 60 })
      await sessions.touch(record, { changed: true, cookie: '{}' })
      await sessions.update(record, { a: 2 })
      expect((await item())?.cookie).toEqual({ S: '{}' })
      expect(await data()).toEqual({ a: 2 })
    })

    it("replaces the gem's current time in expire_at at once", async () => {
      const sessions = repository({ touchInterval: 60 })
      await put({ updated_at: { S: '1799999999.1234567' }, expire_at: { N: '1799999999' } })
      await sessions.touch(await found(sessions))
      expect(await item()).not.toHaveProperty('expire_at')
    })
  })

  describe('locking: optimistic', () => {
    const settings = { locking: 'optimistic' } as const

    it('keeps the changes of both requests to different keys, including deletions', async () => {
      const sessions = repository(settings)
      await put({ data: { S: '{"a":1,"b":1,"c":1}' } })
      const [one, two] = [await found(sessions), await found(sessions)]
      await sessions.update(one, { a: 2, b: 1, c: 1 })
      await sessions.update(two, { a: 1, b: 1, d: 4 })
      expect(await data()).toEqual({ a: 2, b: 1, d: 4 })
      expect(conflicts).toEqual([])
    })

    it('keeps changes that other requests made before a touch, in a save after the touch', async () => {
      const sessions = repository(settings)
      await put({})
      const [one, two] = [await found(sessions), await found(sessions)]
      await sessions.update(one, { a: 1, theirs: true })
      const touched = (await sessions.touch(two)) as SessionRecord
      const saved = (await sessions.update(touched, { a: 1, ours: 1 })) as SessionRecord
      await sessions.update(saved, { a: 1, ours: 2 })
      expect(await data()).toEqual({ a: 1, theirs: true, ours: 2 })
    })

    it('stores our value where both changed the same key, and reports the key', async () => {
      const sessions = repository(settings)
      await put({})
      const [one, two] = [await found(sessions), await found(sessions)]
      await sessions.update(one, { a: 'theirs' })
      await sessions.update(two, { a: 'ours' })
      expect(await data()).toEqual({ a: 'ours' })
      expect(conflicts).toEqual([['a']])
    })

    it('compares a second save of the same request with the data of its session object', async () => {
      const sessions = repository(settings)
      await put({})
      const [one, two] = [await found(sessions), await found(sessions)]
      await sessions.update(one, { a: 1, theirs: true })
      const saved = (await sessions.update(two, { a: 1, ours: 1 })) as SessionRecord
      await sessions.update(saved, { a: 1, ours: 2 })
      expect(await data()).toEqual({ a: 1, theirs: true, ours: 2 })
    })

    it('reports no conflict where only times changed, even with on_conflict: reject', async () => {
      const sessions = repository({ ...settings, onConflict: 'reject' })
      await put({})
      const [one, two] = [await found(sessions), await found(sessions)]
      await sessions.touch(one)
      await sessions.update(two, { a: 2 })
      expect(await data()).toEqual({ a: 2 })
    })

    it('refuses with on_conflict: reject, and nothing is written', async () => {
      const sessions = repository({ ...settings, onConflict: 'reject' })
      await put({})
      const [one, two] = [await found(sessions), await found(sessions)]
      await sessions.update(one, { a: 2 })
      await expect(sessions.update(two, { b: 3 })).rejects.toThrow(SessionConflictError)
      expect(await data()).toEqual({ a: 2 })
    })

    it('stores what the function of on_conflict returns', async () => {
      const asked: unknown[] = []
      const sessions = repository({
        ...settings,
        onConflict: (conflict) => {
          asked.push(conflict)
          return { a: Number(conflict.ours.a) + Number(conflict.theirs.a) - Number(conflict.base.a) }
        },
      })
      await put({})
      const [one, two] = [await found(sessions), await found(sessions)]
      await sessions.update(one, { a: 11 })
      await sessions.update(two, { a: 101 })
      expect(asked).toEqual([{ base: { a: 1 }, ours: { a: 101 }, theirs: { a: 11 } }])
      expect(await data()).toEqual({ a: 111 })
    })

    it.skipIf(encryptsByDefault())('gives up after ten attempts, and writes nothing', async () => {
      const sessions = repository(settings)
      await put({})
      const record = await found(sessions)
      let changes = 0
      proxy.inject('UpdateItem', { error: 'ConditionalCheckFailedException' }, { times: Number.POSITIVE_INFINITY })
      proxy.inject(
        'GetItem',
        {
          change: (answer) => {
            changes += 1
            return { Item: { ...answer.Item, data: { S: `{"changes":${changes}}` } } }
          },
        },
        { times: Number.POSITIVE_INFINITY },
      )
      vi.spyOn(Math, 'random').mockReturnValue(0) // then it waits for no time between attempts
      await expect(sessions.update(record, { ours: true })).rejects.toThrow(SessionConflictError)
      vi.restoreAllMocks()
      expect(proxy.operations.filter((operation) => operation === 'UpdateItem')).toHaveLength(11)
      expect(await data()).toEqual({ a: 1 })
    })

    it('loses no change of fifty requests that each write their own key', { timeout: 180_000 }, async () => {
      const sessions = repository(settings)
      await put({ data: { S: '{}' } })
      const records = await Promise.all(Array.from({ length: 50 }, () => found(sessions)))
      await Promise.all(records.map((record, n) => sessions.update(record, { [`k${n}`]: n })))
      expect(Object.keys(await data())).toHaveLength(50)
    })
  })

  it('lets the last write win with locking: none', async () => {
    const sessions = repository({ locking: 'none' })
    await put({})
    const [one, two] = [await found(sessions), await found(sessions)]
    await sessions.update(one, { a: 1, theirs: true })
    await sessions.update(two, { a: 2 })
    expect(await data()).toEqual({ a: 2 })
  })

  describe('locking: pessimistic', () => {
    const settings = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0.1 } as const

    it('finds and locks in one request, and releases with the save', async () => {
      const sessions = repository(settings)
      await put({ user_id: { N: '7' } })
      const record = await found(sessions)
      expect((await item())?.locked_at).toEqual({ S: record.token })
      await sessions.update(record, { a: 2 })
      expect(proxy.operations).toEqual(['UpdateItem', 'UpdateItem'])
      expect(await item()).toMatchObject({ data: { S: '{"a":2}' }, user_id: { N: '7' } })
      expect(await item()).not.toHaveProperty('locked_at')
    })

    it('releases with a touch, with a save that changes nothing, and by itself', async () => {
      const sessions = repository({ ...settings, touchInterval: 60 })
      await put({})
      await sessions.touch(await found(sessions))
      expect(await item()).not.toHaveProperty('locked_at')
      await sessions.update(await found(sessions), { a: 1 })
      expect(await item()).not.toHaveProperty('locked_at')
      await sessions.release(await found(sessions))
      expect(await item()).not.toHaveProperty('locked_at')
    })

    it('makes the second request wait for the first, and see its change', async () => {
      const sessions = repository({ ...settings, lockMaxWaitTime: 5 })
      await put({})
      const first = await found(sessions)
      const waiting = found(sessions)
      await new Promise((resolve) => setTimeout(resolve, 50))
      await sessions.update(first, { a: 2 })
      expect((await waiting).data).toEqual({ a: 2 })
    })

    it('fails after lock_max_wait_time, and changes nothing', async () => {
      const sessions = repository(settings)
      await put({ locked_at: { S: '1800000000.5' } })
      await expect(sessions.findForChange('s1')).rejects.toThrow(LockWaitTimeoutError)
      await expect(sessions.findForChange('s1')).rejects.not.toThrow('s1')
      expect((await item())?.locked_at).toEqual({ S: '1800000000.5' })
    })

    it('takes over a lock whose time is older than lock_expiry_time and a second', async () => {
      const sessions = repository(settings)
      await put({ locked_at: { S: '1799999938.9999999' } })
      expect((await found(sessions)).token).toBe((await item())?.locked_at?.S)
      await put({ locked_at: { S: '1799999939.1' } })
      await expect(sessions.findForChange('s1')).rejects.toThrow(LockWaitTimeoutError)
    })

    it.each([
      ['a number', { N: '1800000000' }],
      ['a time in the future', { S: '9999999999.5' }],
      ['an ISO date', { S: '2027-01-15T08:00:00Z' }],
      ['NULL', { NULL: true }],
    ])('takes over a lock that did not change for lock_expiry_time by its own clock: %s', async (_what, locked_at) => {
      const sessions = repository({ ...settings, lockExpiryTime: 100, lockMaxWaitTime: 5 })
      await put({ locked_at: locked_at as { S: string } })
      const started = performance.now()
      const record = await found(sessions)
      expect(performance.now() - started).toBeGreaterThan(95)
      expect((await item())?.locked_at).toEqual({ S: record.token })
    })

    it('lets only one of many waiting requests take over a lock that was left behind', async () => {
      const sessions = repository({ ...settings, lockMaxWaitTime: 0 })
      await put({ locked_at: { S: '1.5' } })
      const tries = await Promise.allSettled(Array.from({ length: 10 }, () => found(sessions)))
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('writes nothing when the lock was lost: a save fails, a touch and a release succeed', async () => {
      const sessions = repository(settings)
      await put({})
      const record = await found(sessions)
      await put({ locked_at: { S: '1800000001.5' } })
      await expect(sessions.update(record, { a: 2 })).rejects.toThrow(LockLostError)
      await expect(sessions.update(record, { a: 2 })).rejects.toMatchObject({ maybeWritten: false })
      expect(await sessions.touch(record)).toMatchObject({ token: undefined })
      await sessions.release(record)
      expect(await item()).toEqual({
        session_id: { S: storedKey('s1') },
        data: { S: '{"a":1}' },
        locked_at: { S: '1800000001.5' },
      })
    })

    it('merges with writers that ignore locks', async () => {
      const sessions = repository(settings)
      await put({})
      const record = await found(sessions)
      const careless = repository({ locking: 'none' })
      await careless.update((await careless.find('s1')) as SessionRecord, { a: 1, theirs: true })
      await sessions.update(record, { a: 1, ours: true })
      expect(await data()).toEqual({ a: 1, theirs: true, ours: true })
      expect(await item()).not.toHaveProperty('locked_at')
    })

    it('deletes a session whoever holds its lock', async () => {
      const sessions = repository(settings)
      await put({ locked_at: { S: '1800000000.5' } })
      await sessions.delete('s1')
      expect(await item()).toBeUndefined()
    })

    it('does not leave an item locked that is no session', async () => {
      await put({ data: { S: 'no JSON' } })
      await expect(repository(settings).findForChange('s1')).rejects.toThrow(SessionDataError)
      expect(await item()).not.toHaveProperty('locked_at')
    })

    it('reads without a lock where nothing will be changed', async () => {
      await put({ locked_at: { S: '1800000000.5' } })
      expect(await repository(settings).find('s1')).toMatchObject({ data: { a: 1 }, token: undefined })
    })
  })

  describe('a request that was applied although its response was lost', () => {
    it('is recognised: create', async () => {
      proxy.inject('UpdateItem', { drop: 'after' })
      expect(await repository().create('s1', { a: 2 })).toMatchObject({ json: '{"a":2}' })
      expect(proxy.operations.filter((operation) => operation === 'UpdateItem')).toHaveLength(2)
    })

    it.each(['none', 'optimistic', 'pessimistic'] as const)(
      'is recognised: update with locking %s',
      async (locking) => {
        const sessions = repository({ locking })
        await put({})
        const record = await found(sessions)
        proxy.inject('UpdateItem', { drop: 'after' })
        expect(await sessions.update(record, { a: 2 })).toMatchObject({ json: '{"a":2}', token: undefined })
        expect(await data()).toEqual({ a: 2 })
        expect(conflicts).toEqual([])
      },
    )

    it('is recognised: touch, release, delete', async () => {
      const sessions = repository({ locking: 'pessimistic' })
      await put({})
      const record = await found(sessions)
      proxy.inject('UpdateItem', { drop: 'after' })
      expect((await sessions.touch(record))?.updatedAt).toBe((await item())?.updated_at?.S)
      const again = await found(sessions)
      proxy.inject('UpdateItem', { drop: 'after' })
      await sessions.release(again)
      expect(await item()).not.toHaveProperty('locked_at')
      proxy.inject('DeleteItem', { drop: 'after' })
      await sessions.delete('s1')
      expect(await item()).toBeUndefined()
    })

    it('is recognised: lock', async () => {
      const sessions = repository({ locking: 'pessimistic', lockMaxWaitTime: 0, lockExpiryTime: 60_000 })
      await put({})
      proxy.inject('UpdateItem', { drop: 'after' })
      const record = await found(sessions)
      expect((await item())?.locked_at).toEqual({ S: record.token })
    })

    /** Another request's save, between a save whose response is lost and its repeat. */
    const meanwhile = () => put({ data: { S: '{"a":1,"theirs":true}' }, updated_at: { S: '1800000005.5' } })

    it('is not recognised when other requests have written since: optimistic merges again', async () => {
      const sessions = repository()
      await put({})
      const record = await found(sessions)
      proxy.inject('UpdateItem', { drop: 'after' }, { meanwhile })
      await sessions.update(record, { a: 1, ours: true })
      expect(await data()).toEqual({ a: 1, theirs: true, ours: true })
    })

    it('is not recognised when other requests have written since: pessimistic fails', async () => {
      const sessions = repository({ locking: 'pessimistic' })
      await put({})
      const record = await found(sessions)
      proxy.inject('UpdateItem', { drop: 'after' }, { meanwhile })
      const saving = sessions.update(record, { a: 1, ours: true })
      await expect(saving).rejects.toMatchObject({ name: 'LockLostError', maybeWritten: true })
      expect(await data()).toEqual({ a: 1, theirs: true })
    })
  })

  it('lists the sessions that have not expired, page by page, and skips other items', async () => {
    const sessions = repository({ maxStale: 60 })
    await Promise.all(Array.from({ length: 20 }, (_, n) => sessions.create(`live${n}`, { a: 'x'.repeat(100_000) })))
    await put({ updated_at: { S: '1799999000.5' } }, 'stale')
    await put({ data: { S: 'no JSON' } }, 'broken')
    await writeItem(direct, tableName, { session_id: { S: 'no data' }, locked_at: { S: '1.5' } })
    const live: string[] = []
    for await (const { id } of sessions.all()) live.push(id)
    expect(live.toSorted()).toEqual(storedKeys(Array.from({ length: 20 }, (_, n) => `live${n}`)))
    expect(proxy.operations.filter((operation) => operation === 'Scan').length).toBeGreaterThan(1)
  })
})
