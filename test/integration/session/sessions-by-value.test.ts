import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { ConfigurationError, DestroyIncompleteError, IndexMissingError } from '../../../runtime/errors.js'
import { handleOf } from '../../../runtime/session/item/handle.js'
import type { SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../runtime/session/sessions-by-value.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { onEachEngine } from '../../support/engines.js'
import { expectNoSecrets } from '../../support/fault-matrix.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { createRawTable } from '../../support/raw-table.js'
import { readItem, writeItem } from '../../support/table.js'

const ALWAYS = { times: Number.POSITIVE_INFINITY }

import { changed, connectionTo } from '../../support/connection.js'
import { recordWaits } from '../../support/quick-sleep.js'
import { storedKey, storedKeys } from '../../support/stored-key.js'

onEachEngine('all sessions of a user', (engine) => {
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let options: ReturnType<typeof engine.options> & { indexKeys: string[] }
  let user = 0

  beforeAll(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    options = { ...engine.options(), indexKeys: ['user_id', 'account.id'] }
    await createTable({ ...options, ttl: false })
  })
  /** Each test has its own user. */
  beforeEach(() => {
    user += 1
    proxy.reset()
  })
  afterAll(async () => {
    direct.destroy()
    await proxy.stop()
  })

  const configured = (more: Options = {}) => resolveConfiguration({ ...options, touchInterval: 0, ...more })
  const index = (more: Options = {}) =>
    new SessionsByValue(configured(more), connectionTo(engine.client(proxy.endpoint)))
  const sessions = (more: Options = {}) =>
    new SessionRepository(configured(more), connectionTo(engine.client(proxy.endpoint)))
  const item = (id: string) => readItem(direct, options.tableName, id)
  const put = (id: string, attributes: Parameters<typeof writeItem>[2]) =>
    writeItem(direct, options.tableName, { session_id: { S: id }, updated_at: { S: '1800000000.5' }, ...attributes })
  /** Writes an item without the attribute, like the Ruby gem, or this package without the option. */
  const putUnindexed = (id: string, data: object, more: Parameters<typeof writeItem>[2] = {}) =>
    put(id, { data: { S: JSON.stringify(data) }, ...more })
  const name = (suffix: string | number) => `secret-id-${user}-${suffix}`

  async function signIn(count: number, of: string | number = user): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, number) => name(`${of}-${number}`))
    await Promise.all(ids.map((id) => sessions().create(id, { user_id: of, account: { id: `account ${of}` } })))
    return ids
  }
  const left = async (ids: readonly string[]) => (await Promise.all(ids.map(item))).filter((found) => found).length

  describe('keysBy', () => {
    it('gives the keys of only these sessions, for the number and for its text', async () => {
      const ids = await signIn(3)
      await signIn(1, `${user}0`)
      for (const value of [user, String(user), BigInt(user)]) {
        expect((await index().keysBy('user_id', value)).sort()).toEqual(storedKeys(ids))
      }
      expect((await index().keysBy('account.id', `account ${user}`)).sort()).toEqual(storedKeys(ids))
      expect(await index().keysBy('user_id', 'nobody')).toEqual([])
    })

    it('reads the index page by page, one request each', async () => {
      const ids = await signIn(120)
      proxy.reset()
      expect((await index().keysBy('user_id', user)).sort()).toEqual(storedKeys(ids))
      expect(proxy.operations).toEqual(['Query', 'Query'])
    })

    it('refuses a key that is not one of index_keys, and names them', async () => {
      const error = await index()
        .keysBy('tenant', 'x')
        .catch((error: unknown) => error)
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(String(error)).toMatch(/index_keys: "tenant" is not among them \(user_id, account\.id; code\).*scan: true/)
      expect(proxy.operations).toEqual([])
    })

    it.each([undefined, null, '', {}, Number.NaN, 2 ** 53, 'x'.repeat(2049)])(
      'refuses a value that no session can have: %j',
      async (value) => {
        const searching = index().keysBy('user_id', value as string)
        await expect(searching).rejects.toThrow(/No session can be found by a user_id of type/)
        await expect(index().destroyBy('user_id', value as string, { scan: true })).rejects.toThrow(TypeError)
        expect(proxy.operations).toEqual([])
      },
    )

    it('with scan finds sessions that the index lacks, by any key', async () => {
      const ids = await signIn(1)
      await putUnindexed(name('old'), { user_id: user, tenant: `t${user}` })
      await putUnindexed(name('ruby'), { user_id: user }, { user_id: { S: 'whoever was signed in before' } })
      await putUnindexed(name('gone'), {}, { user_id: { S: String(user) } })
      expect((await index().keysBy('user_id', user, { scan: true })).sort()).toEqual(
        storedKeys([...ids, name('old'), name('ruby')]),
      )
      expect(await index().keysBy('tenant', `t${user}`, { scan: true })).toEqual(storedKeys([name('old')]))
    })

    it('with scan uses the attribute where the data cannot be read', async () => {
      await put(name('broken'), { data: { S: '{no JSON' }, user_id: { S: String(user) } })
      await put(name('unknown'), { data: { B: Buffer.from('zz') }, user_id: { S: String(user) } })
      const keys = await index().keysBy('user_id', user, { scan: true })
      expect(keys.sort()).toEqual(storedKeys([name('broken'), name('unknown')]))
      expect(await index().destroyBy('user_id', user, { scan: true })).toBe(2)
      expect(await left(keys)).toBe(0)
    })
  })

  it('pages gives the times, and skips expired sessions', async () => {
    const [id = ''] = await signIn(1)
    const times = { updated_at: { S: '1700000000.000000000000001' }, expire_at: { N: '1700000900' } }
    await putUnindexed(name('dead'), { user_id: user }, { user_id: { S: String(user) }, ...times })
    for (const scan of [false, true]) {
      const pages = []
      for await (const page of index().pages('user_id', user, { scan })) pages.push(...page)
      const { created_at, updated_at } = (await item(id)) ?? {}
      const times = { createdAt: created_at?.S, updatedAt: updated_at?.S, expireAt: undefined }
      expect(pages).toEqual([{ id: storedKey(id), handle: handleOf(storedKey(id)), ...times }])
    }
  })

  describe('destroyBy', () => {
    it('deletes the sessions of only this user, and returns their number', async () => {
      const ids = await signIn(7)
      const others = await signIn(2, `${user}0`)
      expect(await index().destroyBy('user_id', user)).toBe(7)
      expect(await left(ids)).toBe(0)
      expect(await left(others)).toBe(2)
      expect(await index().destroyBy('user_id', user)).toBe(0)
    })

    it('sends at most five deletes at once', async () => {
      await signIn(12)
      let inFlight = 0
      let most = 0
      const client = changed(engine.client())
      client.middlewareStack.add(
        (next, { commandName }) =>
          async (args) => {
            if (commandName !== 'DeleteItemCommand') return next(args)
            inFlight += 1
            most = Math.max(most, inFlight)
            return next(args).finally(() => {
              inFlight -= 1
            })
          },
        { step: 'initialize' },
      )
      expect(await new SessionsByValue(configured(), connectionTo(client)).destroyBy('user_id', user)).toBe(12)
      expect(most).toBe(5)
    })

    it('keeps a deleted session deleted, whatever a request that loaded it does', async () => {
      const [id = ''] = await signIn(1)
      for (const locking of ['none', 'optimistic', 'pessimistic'] as const) {
        const repository = sessions({ locking })
        if (!(await item(id))) await repository.create(id, { user_id: user })
        const held = (await repository.findForChange(id)) as SessionRecord
        expect(await index().destroyBy('user_id', user)).toBe(1)
        expect(await repository.update(held, { user_id: user, cart: 1 })).toBeUndefined()
        expect(await repository.touch(held)).toBeUndefined()
        expect(await item(id)).toBeUndefined()
      }
    })

    it('keeps a session in which another user has signed in meanwhile', async () => {
      const [id = ''] = await signIn(1)
      const meanwhile = async () => {
        const held = (await sessions().find(id)) as SessionRecord
        await sessions().update(held, { user_id: 'another' })
      }
      proxy.inject('Query', { change: (answer) => answer }, { meanwhile })
      expect(await index().destroyBy('user_id', user)).toBe(0)
      expect(await item(id)).toMatchObject({ data: { S: '{"user_id":"another"}' } })
    })

    it('queries the index again after a second, for sessions that it lacked before', async () => {
      const [early = '', late = ''] = await signIn(2)
      const withoutLate = (answer: { Items: { session_id: { S: string } }[] }) => ({
        ...answer,
        Items: answer.Items.filter(({ session_id }) => session_id.S !== storedKey(late)),
      })
      proxy.inject('Query', { change: withoutLate })
      const waits = recordWaits()
      expect(await index().destroyBy('user_id', user)).toBe(2)
      expect(waits).toEqual([1000])
      expect(await left([early, late])).toBe(0)
    })

    it('counts a session once when the response to its delete was lost', async () => {
      await signIn(2)
      proxy.inject('DeleteItem', { drop: 'after' })
      expect(await index().destroyBy('user_id', user)).toBe(2)
    })

    it('does not count a deleted session that is still in the index', async () => {
      const [gone = ''] = await signIn(2)
      proxy.inject('Query', { change: (answer) => answer }, { meanwhile: () => sessions().delete(gone) })
      expect(await index().destroyBy('user_id', user)).toBe(1)
    })

    it.each([false, true])(
      'that fails half way says how many were deleted, and can be repeated (scan: %s)',
      async (scan) => {
        const ids = await signIn(9)
        const fault = { error: 'ProvisionedThroughputExceededException', message: 'slow down' }
        proxy.inject('DeleteItem', fault, { ...ALWAYS, after: 4 })
        const error = await index()
          .destroyBy('user_id', user, { scan })
          .catch((error: unknown) => error)
        expect(error).toBeInstanceOf(DestroyIncompleteError)
        expect(error).toMatchObject({ deleted: 4, cause: { name: fault.error } })
        expect(String(error)).toMatch(/4 sessions were deleted, then a request failed. Repeat the call .* slow down/)
        expectNoSecrets([error])
        expect(await left(ids)).toBe(5)
        proxy.reset()
        expect(await index().destroyBy('user_id', user, { scan })).toBe(5)
      },
    )

    it('that fails before it deleted a session rejects with that error', async () => {
      await signIn(1)
      proxy.inject('Query', { error: 'AccessDeniedException', message: 'not authorized to perform: dynamodb:Query' })
      await expect(index().destroyBy('user_id', user)).rejects.toMatchObject({ name: 'AccessDeniedException' })
      const other = { tableName: `${options.tableName}-none` }
      await expect(index(other).destroyBy('user_id', user)).rejects.toMatchObject({ name: 'TableMissingError' })
    })
  })

  describe('destroyBy with scan', () => {
    it('also deletes sessions that the index lacks, by their data', async () => {
      const ids = await signIn(2)
      await putUnindexed(name('old'), { user_id: user })
      await putUnindexed(name('ruby'), { user_id: user }, { user_id: { S: 'another' } })
      await putUnindexed(name('another'), { user_id: 'another' }, { user_id: { S: String(user) } })
      expect(await index().destroyBy('user_id', user, { scan: true })).toBe(4)
      expect(await left([...ids, name('old'), name('ruby')])).toBe(0)
      expect(await left([name('another')])).toBe(1)
    })

    it('deletes a session that is touched meanwhile, and keeps one in which another user has signed in', async () => {
      await putUnindexed(name('renewed'), { user_id: user })
      await putUnindexed(name('saved'), { user_id: user })
      await putUnindexed(name('another'), { user_id: user })
      const meanwhile = async () => {
        await sessions().touch((await sessions().find(name('renewed'))) as SessionRecord)
        await putUnindexed(name('saved'), { user_id: user, cart: 1 })
        await putUnindexed(name('another'), { user_id: 'another' })
      }
      proxy.inject('Scan', { change: (answer) => answer }, { meanwhile })
      expect(await index().destroyBy('user_id', user, { scan: true })).toBe(2)
      expect(await left([name('renewed'), name('saved')])).toBe(0)
      expect((await item(name('another')))?.data?.S).toBe('{"user_id":"another"}')
    })

    it('deletes sessions that were stored behind the scan, by the index', async () => {
      const meanwhile = () => signIn(1)
      proxy.inject('Scan', { change: (answer) => answer }, { meanwhile })
      expect(await index().destroyBy('user_id', user, { scan: true })).toBe(1)
    })

    it('needs no index', async () => {
      await putUnindexed(name('old'), { tenant: `t${user}` })
      expect(await index().destroyBy('tenant', `t${user}`, { scan: true })).toBe(1)
      const { tableName } = engine.options()
      await createRawTable(direct, tableName)
      await writeItem(direct, tableName, { session_id: { S: 'x' }, data: { S: '{"user_id":1}' } })
      expect(await index({ tableName }).destroyBy('user_id', 1, { scan: true })).toBe(1)
    })

    it('reads consistently, even with consistent_read: false', async () => {
      await index({ consistentRead: false }).keysBy('user_id', user, { scan: true })
      expect(proxy.requests.map(({ input }) => input.ConsistentRead)).toEqual([true])
    })
  })

  it('a missing index is an error that says how to create it', async () => {
    const { tableName } = engine.options()
    await createRawTable(direct, tableName)
    const error = await index({ tableName })
      .destroyBy('user_id', user)
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(IndexMissingError)
    expect(String(error)).toMatch(
      /"user_id-index" of the table "\S+" does not exist.*create-table.*session-migration -- --index user_id.*scan: true/,
    )
  })

  it('an index that is still being filled is an error that says to wait', async () => {
    const message = 'Cannot read from backfilling global secondary index: user_id-index'
    proxy.inject('Query', { error: 'ValidationException', message })
    const error = await index()
      .keysBy('user_id', user)
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(IndexMissingError)
    expect(String(error)).toMatch(/is still being built\. Try again when it is active/)
  })
})
