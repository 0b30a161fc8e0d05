import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Options, resolveConfiguration } from '../../../runtime/index.js'
import type { SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { forwarderTo } from '../../support/forwarder.js'
import { hiddenData } from '../../support/stored-data.js'
import { storedKey } from '../../support/stored-key.js'
import { deleteItem, makeTable, readItem, writeItem } from '../../support/table.js'

const OLD = 'old id'
const NEW = 'new id'
const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

onEachEngine('a session that gets another id', (engine) => {
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  let proxy: FaultProxy
  let conflicts: (readonly string[])[]

  beforeAll(async () => {
    client = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    await makeTable(client, tableName)
  })
  afterEach(async () => {
    proxy.reset()
    for (const id of [OLD, NEW]) await deleteItem(client, tableName, id)
  })
  afterAll(() => proxy.stop())

  const item = (id: string) => readItem(client, tableName, id)
  /** The old item is no session any more, and names the new one. */
  const expectMoved = async () => expect(await item(OLD)).toEqual(forwarderTo(NEW))

  /** Another program without locking writes the data. */
  const writeData = (data: string, updatedAt = '1999999999.5') =>
    client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: { session_id: { S: storedKey(OLD) } },
        UpdateExpression: 'SET #data = :data, updated_at = :time',
        ExpressionAttributeNames: { '#data': 'data' },
        ExpressionAttributeValues: {
          ':data': hiddenData({ S: data }, storedKey(OLD)),
          ':time': { S: updatedAt },
        },
      }),
    )

  /** A repository, and the loaded session under the old id. */
  async function load(options: Options = {}, data = '{"user":"ada","cart":[1]}', maxAttempts = 1) {
    const seconds = Math.floor(Date.now() / 1000)
    await writeItem(client, tableName, {
      session_id: { S: OLD },
      data: { S: data },
      created_at: { S: `${seconds - 600}.123456` },
      updated_at: { S: `${seconds - 10}.123456` },
    })
    const configuration = resolveConfiguration({ tableName, lockExpiryTime: 60_000, ...options })
    const patient = new DynamoDBClient({ ...LOCAL, endpoint: proxy.endpoint, maxAttempts })
    conflicts = []
    const onConflict = ({ keys }: { keys: readonly string[] }) => void conflicts.push(keys)
    const repository = new SessionRepository(configuration, connectionTo(patient), { onConflict })
    const record = await repository.findForChange(OLD)
    if (!record) throw new Error('there should be a session')
    proxy.reset()
    const regenerate = (changed: Record<string, unknown>, more: { id?: string; keep?: boolean } = {}) =>
      repository.regenerate(record, more.id ?? NEW, { ...record.data, ...changed }, { keep: more.keep ?? false })
    return { repository, record, regenerate }
  }

  /** Runs when the new item is stored, before the second write. */
  const meanwhile = (work: () => Promise<unknown>) =>
    proxy.inject(
      'UpdateItem',
      { delay: 0 },
      { meanwhile: work, when: ({ Key }) => Key.session_id.S === storedKey(NEW) },
    )

  const ofOld = ({ Key }: { Key: { session_id: { S: string } } }) => Key.session_id.S === storedKey(OLD)
  const dataOf = (stored: Awaited<ReturnType<typeof item>>) => JSON.parse(stored?.data?.S ?? 'null')

  it('is stored under the new id first, with its created_at, and then the old item becomes a forwarder', async () => {
    const { record, regenerate } = await load()
    const stored = await regenerate({ user: 'eve' })
    expect(proxy.requests.map(({ operation, input }) => [operation, input.Key.session_id.S])).toEqual([
      ['UpdateItem', storedKey(NEW)],
      ['UpdateItem', storedKey(OLD)],
    ])
    await expectMoved()
    expect(dataOf(await item(NEW))).toEqual({ user: 'eve', cart: [1] })
    expect((await item(NEW))?.created_at?.S).toBe(record.createdAt)
    expect(stored).toMatchObject({ id: NEW, createdAt: record.createdAt })
  })

  it('still expires by max_age as if its id had not changed', async () => {
    const { record, regenerate } = await load({ maxAge: 3600 })
    await regenerate({})
    expect(Number((await item(NEW))?.expire_at?.N)).toBe(Math.ceil(Number(record.createdAt) + 3600))
  })

  it('is saved as usual afterwards', async () => {
    const { repository, regenerate } = await load()
    const stored = (await regenerate({})) as SessionRecord
    await repository.update(stored, { user: 'ada', cart: [1, 2] })
    expect(dataOf(await item(NEW))).toEqual({ user: 'ada', cart: [1, 2] })
  })

  it('keeps the text of numbers that JavaScript can’t hold', async () => {
    const { regenerate } = await load({}, '{"n":12345678901234567890,"f":1.0,"user":"ada"}')
    await regenerate({ user: 'eve' })
    expect((await item(NEW))?.data?.S).toBe('{"n":12345678901234567890,"f":1.0,"user":"eve"}')
  })

  describe.each(['none', 'optimistic', 'pessimistic'] as const)('with locking: %s', (locking) => {
    it('stays deleted when another request deleted it meanwhile', async () => {
      const { regenerate } = await load({ locking })
      meanwhile(() => deleteItem(client, tableName, OLD))
      expect(await regenerate({ user: 'eve' })).toBeUndefined()
      expect(await item(OLD)).toBeUndefined()
      expect(await item(NEW)).toBeUndefined()
    })

    it('stays deleted also when the old item was to be kept', async () => {
      const { regenerate } = await load({ locking })
      meanwhile(() => deleteItem(client, tableName, OLD))
      expect(await regenerate({ user: 'eve' }, { keep: true })).toBeUndefined()
      expect(await item(OLD)).toBeUndefined()
      expect(await item(NEW)).toBeUndefined()
    })

    it('leaves a kept item as it was loaded, touched and unlocked', async () => {
      const { record, regenerate } = await load({ locking })
      expect(await regenerate({ user: 'eve' }, { keep: true })).toMatchObject({ id: NEW })
      expect((await item(OLD))?.data?.S).toBe(record.json)
      expect(Number((await item(OLD))?.updated_at?.S)).toBeGreaterThan(Number(record.updatedAt))
      expect((await item(OLD))?.locked_at).toBeUndefined()
      expect(dataOf(await item(NEW))).toEqual({ user: 'eve', cart: [1] })
    })

    it('stays as it is when the new item can’t be stored', async () => {
      const { record, regenerate } = await load({ locking })
      proxy.inject('UpdateItem', { error: 'ThrottlingException' })
      await expect(regenerate({ user: 'eve' })).rejects.toThrow(
        expect.objectContaining({ name: 'ThrottlingException' }),
      )
      expect((await item(OLD))?.data?.S).toBe(record.json)
      expect(await item(NEW)).toBeUndefined()
    })

    it('stays only under the old id when the old item can’t become a forwarder', async () => {
      const { record, regenerate } = await load({ locking })
      proxy.inject('UpdateItem', { error: 'ThrottlingException' }, { when: ofOld })
      await expect(regenerate({ user: 'eve' })).rejects.toThrow(
        expect.objectContaining({ name: 'ThrottlingException' }),
      )
      expect((await item(OLD))?.data?.S).toBe(record.json)
      expect(await item(NEW)).toBeUndefined()
    })

    it.each(['before', 'after'] as const)(
      'has its new id when the connection breaks %s the forwarder is written',
      async (drop) => {
        const { regenerate } = await load({ locking }, undefined, 3)
        proxy.inject('UpdateItem', { drop }, { when: ofOld })
        expect(await regenerate({ user: 'eve' })).toMatchObject({ id: NEW })
        await expectMoved()
        expect(dataOf(await item(NEW))).toEqual({ user: 'eve', cart: [1] })
      },
    )
  })

  describe('when another request changes it meanwhile', () => {
    it.each(['optimistic', 'pessimistic'] as const)(
      'includes the change of the other request, with locking: %s',
      async (locking) => {
        const { repository, regenerate } = await load({ locking })
        meanwhile(() => writeData('{"user":"ada","cart":[1,2]}'))
        const stored = (await regenerate({ user: 'eve' })) as SessionRecord
        await expectMoved()
        expect(dataOf(await item(NEW))).toEqual({ user: 'eve', cart: [1, 2] })
        expect(conflicts).toEqual([])
        await repository.update(stored, { user: 'eve', cart: [1], more: true })
        expect(dataOf(await item(NEW))).toEqual({ user: 'eve', cart: [1, 2], more: true })
      },
    )

    it('succeeds when another request only touched it', async () => {
      const { regenerate } = await load()
      meanwhile(() => writeData('{"user":"ada","cart":[1]}'))
      expect(await regenerate({ user: 'eve' })).toMatchObject({ id: NEW })
      expect(proxy.operations.filter((operation) => operation !== 'GetItem')).toEqual([
        'UpdateItem',
        'UpdateItem',
        'UpdateItem',
      ])
    })

    it('overwrites the other change of the same key, and reports the key', async () => {
      const { regenerate } = await load()
      meanwhile(() => writeData('{"user":"bob","cart":[1]}'))
      await regenerate({ user: 'eve' })
      expect(dataOf(await item(NEW))).toEqual({ user: 'eve', cart: [1] })
      expect(conflicts).toEqual([['user']])
    })

    it('is what the function of on_conflict returns', async () => {
      const { regenerate } = await load({ onConflict: ({ ours, theirs }) => ({ ...ours, ...theirs }) })
      meanwhile(() => writeData('{"user":"bob","cart":[1]}'))
      await regenerate({ user: 'eve' })
      expect(dataOf(await item(NEW))).toEqual({ user: 'bob', cart: [1] })
    })

    it('changes nothing with on_conflict: reject', async () => {
      const { regenerate } = await load({ onConflict: 'reject' })
      meanwhile(() => writeData('{"user":"bob","cart":[1]}'))
      await expect(regenerate({ user: 'eve' })).rejects.toThrow(
        expect.objectContaining({ name: 'SessionConflictError' }),
      )
      expect(dataOf(await item(OLD))).toEqual({ user: 'bob', cart: [1] })
      expect(await item(NEW)).toBeUndefined()
    })

    it('changes nothing when the lock was lost', async () => {
      const { record, regenerate } = await load({ locking: 'pessimistic' })
      expect((await item(OLD))?.locked_at?.S).toBe(record.token)
      meanwhile(async () => writeItem(client, tableName, { ...(await item(OLD)), locked_at: { S: 'of another' } }))
      await expect(regenerate({ user: 'eve' })).rejects.toThrow(expect.objectContaining({ name: 'LockLostError' }))
      expect((await item(OLD))?.data?.S).toBe(record.json)
      expect(await item(NEW)).toBeUndefined()
    })
  })

  it('does not overwrite another session', async () => {
    const { regenerate } = await load()
    await writeItem(client, tableName, { session_id: { S: NEW }, data: { S: '{"user":"bob"}' } })
    await expect(regenerate({ user: 'eve' })).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidSessionIdError' }),
    )
    expect(dataOf(await item(NEW))).toEqual({ user: 'bob' })
    expect(dataOf(await item(OLD))).toEqual({ user: 'ada', cart: [1] })
  })
})
