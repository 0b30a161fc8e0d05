import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isExpired } from '../../../runtime/cleaning/is-expired.js'
import { createTable, type Options, resolveConfiguration } from '../../../runtime/index.js'
import type { Item, SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../runtime/session/sessions-by-value.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { forwarderTo } from '../../support/forwarder.js'
import { storedKey, storedKeys } from '../../support/stored-key.js'
import { readItem, writeItem } from '../../support/table.js'

const PESSIMISTIC = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const
const LOCKINGS = ['none', 'optimistic', 'pessimistic'] as const

onEachEngine('a session that another request gave another id', (engine) => {
  let options: Options & { tableName: string }
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let client: DynamoDBClient
  let test = 0
  let [before, after] = ['', '']

  beforeAll(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    client = engine.client(proxy.endpoint)
    options = { ...engine.options(), indexKeys: ['user'], touchInterval: 0 }
    await createTable({ ...options, ttl: false })
  })
  beforeEach(() => {
    test += 1
    ;[before, after] = [`old-${test}`, `new-${test}`]
    proxy.reset()
  })
  afterAll(async () => {
    direct.destroy()
    client.destroy()
    await proxy.stop()
  })

  const sessions = (more: Options = {}) =>
    new SessionRepository(resolveConfiguration({ ...options, ...PESSIMISTIC, ...more }), connectionTo(client))
  const item = (id: string) => readItem(direct, options.tableName, id)
  const user = () => `ada-${test}`

  async function loaded(repository: SessionRepository, more: Item = {}): Promise<SessionRecord> {
    await repository.put(before, { user: user(), cart: [1] }, { cookie: '{"path":"/"}' })
    if (Object.keys(more).length > 0) {
      await writeItem(direct, options.tableName, { ...(await item(before)), ...more })
    }
    return (await repository.find(before)) as SessionRecord
  }
  /** Another request loads the session and gives it another id. */
  async function move(from = before, to = after, more: Options = {}): Promise<SessionRecord | undefined> {
    const others = new SessionRepository(
      resolveConfiguration({ ...options, ...PESSIMISTIC, ...more }),
      connectionTo(direct),
    )
    const record = (await others.findForChange(from)) as SessionRecord
    return others.regenerate(record, to, { ...record.data, moved: true }, { keep: false })
  }
  const operations = () => proxy.operations

  it('leaves a forwarder to the new id for 15 minutes, which keeps only unknown attributes', async () => {
    await loaded(sessions(), { saves: { S: 'x' }, of_another_program: { S: 'stays' } })
    const since = Date.now()
    await move()
    const stored = await item(before)
    expect(stored).toEqual({ ...forwarderTo(after), of_another_program: { S: 'stays' } })
    const left = Number(stored?.expire_at?.N) * 1000 - since
    expect(left).toBeGreaterThanOrEqual(15 * 60_000)
    expect(left).toBeLessThan(16 * 60_000)
  })

  describe.each(LOCKINGS)('with locking: %s', (locking) => {
    it('is ended by a logout that loaded it before, with one more request for each forwarder', async () => {
      const repository = sessions({ locking })
      await loaded(repository)
      await move()
      proxy.reset()
      await repository.delete(before)
      expect(await repository.find(after)).toBeUndefined()
      expect(await item(before)).toEqual(forwarderTo(after))
      expect(operations().filter((name) => name === 'DeleteItem')).toHaveLength(2)
    })

    it('is deleted for saves, touches and locks of requests that loaded it before', async () => {
      const repository = sessions({ locking })
      const record = await loaded(repository)
      await move()
      const forwarder = await item(before)
      expect(await repository.update(record, { user: 'eve' })).toBeUndefined()
      expect(await repository.touch(record)).toBeUndefined()
      expect(await repository.find(before)).toBeUndefined()
      expect(await repository.findForChange(before)).toBeUndefined()
      expect(await repository.regenerate(record, `one-${test}`, { user: 'eve' }, { keep: false })).toBeUndefined()
      expect(await repository.regenerate(record, `two-${test}`, { user: 'eve' }, { keep: true })).toBeUndefined()
      await repository.touchUnseen(before)
      expect(await repository.create(before, { user: 'eve' })).toBeUndefined()
      expect(await item(before)).toEqual(forwarder)
      for (const id of [`one-${test}`, `two-${test}`]) expect(await repository.find(id)).toBeUndefined()
      expect((await repository.find(after))?.data).toEqual({ user: user(), cart: [1], moved: true })
    })

    it('keeps the new id of the faster of two changes, to which the new id of the slower one forwards', async () => {
      const repository = sessions({ locking })
      const record = await loaded(repository)
      proxy.inject(
        'UpdateItem',
        { delay: 0 },
        { meanwhile: () => move(), when: ({ Key }) => Key.session_id.S === storedKey(`mine-${test}`) },
      )
      expect(await repository.regenerate(record, `mine-${test}`, { user: 'eve' }, { keep: false })).toBeUndefined()
      expect(await item(`mine-${test}`)).toEqual(forwarderTo(after))
      expect(await item(before)).toEqual(forwarderTo(after))
      await repository.delete(`mine-${test}`)
      expect(await item(after)).toBeUndefined()
    })
  })

  it('is not brought back after a logout by the repeat of a request whose response was lost', async () => {
    const repository = sessions()
    const record = await loaded(repository)
    const logout = () => new SessionRepository(resolveConfiguration(options), connectionTo(direct)).delete(before)
    const isOld = ({ Key }: { Key: { session_id: { S: string } } }) => Key.session_id.S === storedKey(before)
    for (const fault of [{ error: 'InternalServerError', status: 500 }, { drop: 'after' }] as const) {
      proxy.inject('UpdateItem', fault, { when: isOld, meanwhile: logout })
      await repository.regenerate(record, after, { user: 'ada' }, { keep: false })
      expect(await item(after)).toBeUndefined()
      await loaded(repository)
    }
  })

  it('has its new id when the last response is lost but the old item forwards to the new one', async () => {
    const repository = sessions()
    const record = await loaded(repository)
    const isOld = ({ Key }: { Key: { session_id: { S: string } } }) => Key.session_id.S === storedKey(before)
    proxy.inject('UpdateItem', { drop: 'after' }, { when: isOld, times: Number.POSITIVE_INFINITY })
    expect(await repository.regenerate(record, after, { user: 'ada' }, { keep: false })).toMatchObject({ id: after })
    expect(await item(before)).toEqual(forwarderTo(after))
    expect((await repository.find(after))?.data).toEqual({ user: 'ada' })
  })

  it('stays under its old id when the last attempt was not applied', async () => {
    const repository = sessions()
    const record = await loaded(repository)
    const isOld = ({ Key }: { Key: { session_id: { S: string } } }) => Key.session_id.S === storedKey(before)
    proxy.inject('UpdateItem', { drop: 'before' }, { when: isOld, times: Number.POSITIVE_INFINITY })
    await expect(repository.regenerate(record, after, { user: 'eve' }, { keep: false })).rejects.toThrow()
    expect(await item(after)).toBeUndefined()
    expect((await repository.find(before))?.data).toEqual({ user: user(), cart: [1] })
  })

  it('is found by a logout after 20 changes of id, not after 21', async () => {
    const repository = sessions()
    await loaded(repository)
    await move(before, 'link-1')
    for (let link = 1; link < 20; link += 1) await move(`link-${link}`, `link-${link + 1}`)
    await repository.delete(before)
    expect(await repository.find('link-20')).toBeUndefined()
    await writeItem(direct, options.tableName, { session_id: { S: 'link-20' }, successor: { S: storedKey(before) } })
    await expect(repository.delete(before)).rejects.toThrow(expect.objectContaining({ name: 'SessionConflictError' }))
    const index = new SessionsByValue(resolveConfiguration(options), connectionTo(client))
    expect(await index.destroyBy('user', user(), { scan: true })).toBe(0)
  })

  it('is in no list under its old id, even if Ruby writes to the forwarder', async () => {
    const repository = sessions()
    await loaded(repository)
    await move()
    await direct.send(
      new UpdateItemCommand({
        TableName: options.tableName,
        Key: { session_id: { S: storedKey(before) } },
        UpdateExpression: 'SET #data = :data, updated_at = :time, #user = :user',
        ExpressionAttributeNames: { '#data': 'data', '#user': 'user' },
        ExpressionAttributeValues: {
          ':data': { S: JSON.stringify({ user: user() }) },
          ':time': { S: '1999999999.5' },
          ':user': { S: user() },
        },
      }),
    )
    const index = new SessionsByValue(resolveConfiguration(options), connectionTo(client))
    const all: string[] = []
    for await (const { id } of repository.all()) all.push(id)
    expect(all.filter((id) => id === storedKey(before))).toEqual([])
    expect(all.filter((id) => id === storedKey(after))).toHaveLength(1)
    for (const scan of [false, true]) {
      const found: string[] = []
      for await (const page of index.pages('user', user(), { scan })) found.push(...page.map(({ id }) => id))
      expect(found).toEqual(storedKeys([after]))
    }
    expect(await index.keysBy('user', user(), { scan: true })).toEqual(storedKeys([after]))
    expect(await repository.find(before)).toBeUndefined()
    await repository.delete(before)
    expect(await item(after)).toBeUndefined()
  })

  it.each([false, true])('is deleted with all sessions of its user, found before it moved (scan: %s)', async (scan) => {
    const repository = sessions()
    await loaded(repository)
    const index = new SessionsByValue(resolveConfiguration(options), connectionTo(client))
    const again = `again-${test}`
    proxy.inject(scan ? 'Scan' : 'Query', { delay: 0 }, { meanwhile: () => move() })
    // The index is queried again after a second, which would hide that the forwarder was not followed.
    const meanwhile = async () => void ((await item(after)) && (await move(after, again)))
    proxy.inject('Query', { delay: 0 }, { meanwhile })
    expect(await index.destroyBy('user', user(), { scan })).toBe(1)
    expect(await item(after)).toBeUndefined()
    expect(await item(again)).toBeUndefined()
    expect(await item(before)).toEqual(forwarderTo(after))
  })

  it('can be put under its old id by a script', async () => {
    const repository = sessions()
    await loaded(repository)
    await move()
    await repository.put(before, { user: 'script' })
    expect((await repository.find(before))?.data).toEqual({ user: 'script' })
    expect(await item(before)).not.toHaveProperty('successor')
  })

  it('leaves a forwarder that clean keeps for 15 minutes, whatever max_stale is', async () => {
    await loaded(sessions())
    await move()
    const forwarder = (await item(before)) as Item
    const old = { maxAge: 1, maxStale: 1, lockExpiryTime: 0 }
    const end = Number(forwarder.expire_at?.N) * 1000
    expect(isExpired(forwarder, old, end - 1)).toBe(false)
    expect(isExpired(forwarder, old, end)).toBe(true)
  })
})
