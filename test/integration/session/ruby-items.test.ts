import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { LockLostError, LockWaitTimeoutError, SessionDataError } from '../../../runtime/errors.js'
import type { Item, SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { GEM_KEYS } from '../../support/ruby/gem.js'
import { freshTable, readItem, writeItem } from '../../support/table.js'

const ID = 'd46cb2bd0ed09161f6a2e2d99a91932d--0e53d998c85bb287fef321042e6c60bdb22255eb3a2658c120070889d8b21d1f'

/** Measured raw items with their labels in brackets, all around the second 1795371590. */
const B1 = {
  data: { S: '{"user_id":42}' },
  created_at: { S: '1795371590.1679342' },
  updated_at: { S: '1795371590.1679482' },
  expire_at: { N: '1795375190' },
}
const D_LOCKED = {
  data: { S: '{"user_id":42}' },
  created_at: { S: '1795371592.9424715' },
  updated_at: { S: '1795371592.9424932' },
  expire_at: { N: '1795375192' },
  locked_at: { S: '1795371592.9546614' },
}
const D_RELEASED = {
  data: { S: '{"user_id":42}' },
  created_at: { S: '1795371592.9424715' },
  updated_at: { S: '1795371592.967961' },
  expire_at: { N: '1795375192' },
}
const H_BEFORE = {
  data: { S: '{"user_id":42}' },
  created_at: { S: '1795000000.123' },
  updated_at: { S: '1795000000.123' },
  expire_at: { N: '1895000000' },
}
const H_READ = { ...H_BEFORE, updated_at: { S: '1795371599.71796' }, expire_at: { N: '1795375199' } }
const H_WRITTEN = {
  ...H_BEFORE,
  data: { S: '{"user_id":42,"seen_by":"ruby"}' },
  updated_at: { S: '1795371599.722873' },
  expire_at: { N: '1795375199' },
}

onEachEngine('Items of the Ruby gem', (engine) => {
  let client: DynamoDBClient
  const tableName = uniqueTableName()
  let clock: number

  beforeEach(async () => {
    client = engine.client()
    clock = 1795371600_000
    await freshTable(client, tableName)
  })
  afterEach(() => client.destroy())

  function repository(options: Options = {}) {
    const configuration = resolveConfiguration({ ...GEM_KEYS, tableName, touchInterval: 0, maxStale: 3600, ...options })
    return new SessionRepository(configuration, connectionTo(client), { now: () => clock })
  }
  const put = (item: Item) => writeItem(client, tableName, { session_id: { S: ID }, ...item }, GEM_KEYS)
  const item = () => readItem(client, tableName, ID, GEM_KEYS)
  async function found(sessions = repository()): Promise<SessionRecord> {
    const record = await sessions.findForChange(ID)
    if (!record) throw new Error('there should be a session')
    return record
  }

  describe.each([
    ['a new session (B1)', B1],
    ['one that was released (D)', D_RELEASED],
    ['one that was read (H)', H_READ],
    ['one that was changed (H)', H_WRITTEN],
    ['whose last write was at a whole second (B11)', { ...B1, updated_at: { S: '1795371599.0' } }],
    ['with three digits of fraction', { ...B1, updated_at: { S: '1795371599.123' } }],
    ['without created_at (A14, I2)', { data: B1.data, updated_at: B1.updated_at, expire_at: B1.expire_at }],
  ])('%s', (_what, raw: Item) => {
    it('is read', async () => {
      await put(raw)
      expect((await found()).data).toEqual(JSON.parse(raw.data?.S ?? ''))
    })

    it('is touched: only its times change, its data stays byte for byte', async () => {
      await put(raw)
      await repository().touch(await found())
      const { updated_at, expire_at, ...others } = (await item()) ?? {}
      const { updated_at: before, expire_at: _, ...kept } = raw
      expect(others).toEqual({ session_id: { S: ID }, ...kept })
      expect(updated_at?.S).toMatch(/^1795371600\.\d{15}$/)
      expect((updated_at?.S ?? '') > (before?.S ?? '')).toBe(true)
      expect(expire_at).toEqual({ N: '1795375200' })
    })

    it('is changed with its created_at, and its next change expects the version that we wrote', async () => {
      await put(raw)
      const sessions = repository()
      const record = await found(sessions)
      const updated = await sessions.update(record, { ...record.data, node: 1 })
      await sessions.update(updated as SessionRecord, { ...record.data, node: 2 })
      const { data, created_at } = (await item()) ?? {}
      expect(JSON.parse(data?.S ?? '')).toEqual({ ...JSON.parse(raw.data?.S ?? ''), node: 2 })
      expect(created_at).toEqual(raw.created_at)
    })

    it('is merged where the gem wrote it meanwhile, also in the same microsecond', async () => {
      await put(raw)
      const sessions = repository()
      const record = await found(sessions)
      await put({ ...raw, data: { S: '{"user_id":42,"ruby":1.0}' }, updated_at: { S: `${raw.updated_at?.S}1` } })
      await sessions.update(record, { ...record.data, node: 1 })
      expect(JSON.parse((await item())?.data?.S ?? '')).toMatchObject({ user_id: 42, ruby: 1, node: 1 })
    })

    it('is deleted, and stays deleted', async () => {
      await put(raw)
      const sessions = repository()
      const record = await found(sessions)
      await sessions.delete(ID)
      expect(await sessions.update(record, { node: 1 })).toBeUndefined()
      expect(await item()).toBeUndefined()
    })
  })

  it('that expired long ago are loaded by the gem (C), not by us', async () => {
    await put(H_BEFORE)
    expect(await repository().find(ID)).toBeUndefined()
    expect(await repository({ maxStale: undefined, maxAge: 3600 }).find(ID)).toBeUndefined()
    expect(await repository({ maxStale: undefined }).find(ID)).toMatchObject({ data: { user_id: 42 } })
    expect(await item()).toEqual({ session_id: { S: ID }, ...H_BEFORE })
  })

  it('that Ruby writes as expired because it has no max_stale are loaded, and our next write corrects them (c)', async () => {
    await put({ ...B1, expire_at: { N: '1795371590' } })
    for (const options of [{}, { maxStale: undefined }]) {
      expect(await repository(options).find(ID)).toMatchObject({ data: { user_id: 42 } })
    }
    const sessions = repository({ touchInterval: 60 })
    await sessions.touch(await found(sessions))
    expect((await item())?.expire_at).toEqual({ N: '1795375200' })
  })

  describe('with a lock (D)', () => {
    const locking = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0.05 } as const

    it('are waited for, until their lock is older than lock_expiry_time and a second', async () => {
      await put(D_LOCKED)
      await expect(repository(locking).findForChange(ID)).rejects.toThrow(LockWaitTimeoutError)
      expect(await item()).toEqual({ session_id: { S: ID }, ...D_LOCKED })
      clock = 1795371592_954.662 + 61_000
      const sessions = repository({ ...locking, maxStale: undefined })
      const record = await found(sessions)
      expect((await item())?.locked_at).toEqual({ S: record.token })
      await sessions.update(record, { user_id: 43 })
      expect(await item()).not.toHaveProperty('locked_at')
    })

    it('cannot be saved after the gem took over the lock, even if the gem has released it', async () => {
      await put(D_RELEASED)
      const sessions = repository(locking)
      const record = await found(sessions)
      for (const taken of [D_LOCKED, { ...D_RELEASED, data: { S: '{"user_id":42,"ruby":1}' } }]) {
        await put(taken)
        await expect(sessions.update(record, { user_id: 42, node: 1 })).rejects.toThrow(LockLostError)
        expect(await item()).toEqual({ session_id: { S: ID }, ...taken })
      }
    })

    it('keep the lock when a request without locking changes them', async () => {
      await put(D_LOCKED)
      const sessions = repository()
      await sessions.update(await found(sessions), { user_id: 43 })
      expect((await item())?.locked_at).toEqual(D_LOCKED.locked_at)
    })
  })

  it('with attributes of other programs and times of other types keep them (G1, G26)', async () => {
    const others: Item = {
      user_id: { N: '7' },
      flags: { SS: ['a', 'b'] },
      nested: { M: { deep: { L: [{ NULL: true }, { BOOL: false }] } } },
      blob: { B: new Uint8Array([0, 255]) },
    }
    await put({
      ...others,
      data: B1.data,
      created_at: { N: '1795371590.5' },
      updated_at: { N: '1795371590.5' },
      expire_at: { S: 'never' },
    })
    const sessions = repository()
    const record = await found(sessions)
    expect(record).toMatchObject({ createdAt: '1795371590.5', updatedAt: '1795371590.5', expireAt: undefined })
    await sessions.update(record, { user_id: 43 })
    const written = await item()
    expect(written).toMatchObject({ ...others, created_at: { N: '1795371590.5' }, expire_at: { N: '1795375200' } })
    expect(written?.updated_at?.S).toMatch(/^1795371600\.\d{15}$/)
  })

  describe('without data', () => {
    const stubs: readonly [string, Item][] = [
      ['a locked stub that the gem made of a stale cookie (D5)', { locked_at: { S: '1795371590.1234567' } }],
      ['brought back by a touch after a logout (G28)', { updated_at: B1.updated_at, expire_at: B1.expire_at }],
      ['made by renewing the id (I3)', { updated_at: B1.updated_at, expire_at: { N: '1795371590' } }],
    ]
    it.each(stubs)('are empty sessions, and a save adds data: %s', async (_what, stub) => {
      for (const locking of ['none', 'optimistic', 'pessimistic'] as const) {
        await put(stub)
        const sessions = repository({ locking })
        const record = await found(sessions)
        expect(record.data).toEqual({})
        await sessions.update(record, { a: 1 })
        expect((await item())?.data).toEqual({ S: '{"a":1}' })
      }
    })

    it.each(stubs)('become readable for the gem with any write of this package: %s', async (_what, stub) => {
      for (const locking of ['none', 'optimistic', 'pessimistic'] as const) {
        const sessions = repository({ locking })
        await put(stub)
        await sessions.touch(await found(sessions))
        expect((await item())?.data).toEqual({ S: '{}' })
        await put(stub)
        await sessions.update(await found(sessions), {})
        expect((await item())?.data).toEqual({ S: '{}' })
      }
    })

    it('become readable for the gem even if another request touches them meanwhile', async () => {
      for (const locking of ['none', 'pessimistic'] as const) {
        const sessions = repository({ locking })
        await put({})
        const record = await found(sessions)
        await put({ updated_at: B1.updated_at, ...(record.token && { locked_at: { S: record.token } }) })
        await (record.token ? sessions.touch(record) : sessions.update(record, {}))
        expect((await item())?.data).toEqual({ S: '{}' })
      }
    })

    it('keep the data that another request writes meanwhile', async () => {
      for (const locking of ['none', 'optimistic'] as const) {
        const sessions = repository({ locking })
        await put({})
        const record = await found(sessions)
        await put({ data: { S: '{"ruby":1}' }, updated_at: B1.updated_at })
        await sessions.touch(record)
        expect((await item())?.data).toEqual({ S: '{"ruby":1}' })
        const stored = await sessions.update(record, {})
        expect((await item())?.data).toEqual({ S: '{"ruby":1}' })
        // The corrections of the record were for the version that it was read in.
        if (stored) await sessions.touch(stored)
        if (stored) await sessions.update(stored, {})
        expect((await item())?.data).toEqual({ S: '{"ruby":1}' })
      }
    })
  })

  it.each(['null', '{}'])('with data %s are empty sessions (G14, G15), and their text stays', async (text) => {
    await put({ ...B1, data: { S: text } })
    const sessions = repository()
    const record = await found(sessions)
    expect(record.data).toEqual({})
    const stored = (await sessions.update(record, {})) as SessionRecord
    expect((await item())?.data).toEqual({ S: text })
    await sessions.update(stored, { a: 1 })
    expect((await item())?.data).toEqual({ S: '{"a":1}' })
  })

  it.each<[string, AttributeValue]>([
    ['NULL', { NULL: true }],
    ['a map', { M: { user_id: { N: '42' } } }],
    ['a number', { N: '42' }],
    ['binary', { B: new Uint8Array([123, 125]) }],
    ['an empty string', { S: '' }],
    ['no JSON', { S: '{user_id: 42}' }],
    ['an array', { S: '[1]' }],
    ['a string', { S: '"text"' }],
    ['NaN, which the gem writes and cannot read (B10)', { S: '{"n":NaN}' }],
    ['a Marshal item of gem 3 (G25)', { S: 'BAh7BkkiDHVzZXJfaWQGOgZFVGkv\n' }],
  ])('with data %s are no sessions, and are never overwritten (G10 to G23)', async (_what, data) => {
    await put({ ...B1, data })
    const sessions = repository()
    await expect(sessions.find(ID)).rejects.toThrow(SessionDataError)
    expect(await sessions.create(ID, { a: 1 })).toBeUndefined()
    expect(await item()).toEqual({ session_id: { S: ID }, ...B1, data })
  })

  describe("Ruby's JSON", () => {
    const texts = [
      '{"a": 1.0}',
      '{ "n" : 1152921504606846977 , "e":1.0e+21, "small":1.0e-07, "zero":-0.0 }',
      '{"deep":{"list":[9007199254740993,{"f":2.0}]},"text":"ü😀\u2028\u007f/<","\\u00eb":"\\u00eb"}',
    ]
    it.each(texts)('stays byte for byte when nothing changes: %s', async (text) => {
      await put({ ...B1, data: { S: text } })
      const sessions = repository()
      const record = await found(sessions)
      const saved = (await sessions.update(record, { ...record.data })) as SessionRecord
      await sessions.touch(saved)
      expect((await item())?.data).toEqual({ S: text })
    })

    it.each(['none', 'optimistic', 'pessimistic'] as const)(
      'keeps the numbers that JavaScript does not have when another key changes (locking: %s)',
      async (locking) => {
        await put({ ...B1, data: { S: '{"user_id": 1152921504606846977,"rate": 1.0,"seen":1}' } })
        const sessions = repository({ locking })
        const record = await found(sessions)
        const saved = (await sessions.update(record, { ...record.data, seen: 2 })) as SessionRecord
        expect((await item())?.data).toEqual({ S: '{"user_id":1152921504606846977,"rate":1.0,"seen":2}' })
        await sessions.update(saved, { ...record.data, seen: 3 })
        expect((await item())?.data).toEqual({ S: '{"user_id":1152921504606846977,"rate":1.0,"seen":3}' })
      },
    )

    it('keeps its number texts in a merge, also those that the gem wrote meanwhile, and under a new id', async () => {
      await put({ ...B1, data: { S: '{"user_id":1152921504606846977,"seen":1}' } })
      const sessions = repository()
      const record = await found(sessions)
      const theirs = '{"user_id":1152921504606846979,"seen":1,"rate":1.0}'
      await put({ ...B1, data: { S: theirs }, updated_at: { S: '1795371595.5' } })
      const merged = (await sessions.update(record, { ...record.data, seen: 2 })) as SessionRecord
      expect((await item())?.data).toEqual({ S: '{"user_id":1152921504606846979,"seen":2,"rate":1.0}' })
      await sessions.regenerate(merged, 'new', { ...record.data, seen: 3 }, { keep: false })
      const moved = await readItem(client, tableName, 'new', GEM_KEYS)
      expect(moved?.data).toEqual({ S: '{"user_id":1152921504606846979,"seen":3,"rate":1.0}' })
      expect(moved?.created_at).toEqual(B1.created_at)
    })

    it('is read with a lone surrogate of another JSON.stringify, which our next write replaces (G8)', async () => {
      await put({ ...B1, data: { S: '{"a":"x\\ud800","b":1}' } })
      const sessions = repository()
      const record = await found(sessions)
      await sessions.update(record, record.data)
      expect((await item())?.data).toEqual({ S: '{"a":"x\ufffd","b":1}' })
    })
  })
})
