import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { encryptsByDefault } from '../../support/stored-data.js'
import { storedKey } from '../../support/stored-key.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const DATA = { data: { S: '{"a":1}' } }
const THEIRS = { data: { S: '{"a":1,"theirs":true}' }, updated_at: { S: '1763832005.5' } }
const PESSIMISTIC = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const

onEachEngine('SessionRepository with lost or damaged answers', (engine) => {
  const tableName = uniqueTableName()
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let client: DynamoDBClient
  let id: string

  beforeAll(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    client = engine.client(proxy.endpoint)
    await makeTable(direct, tableName)
  })
  beforeEach(() => {
    id = `s-${Math.random()}`
  })
  afterEach(() => proxy.reset())
  afterAll(async () => {
    direct.destroy()
    client.destroy()
    await proxy.stop()
  })

  const sessions = (options: Options = {}) =>
    new SessionRepository(resolveConfiguration({ tableName, touchInterval: 0, ...options }), connectionTo(client))
  const item = () => readItem(direct, tableName, id)
  const put = (attributes: Parameters<typeof writeItem>[2]) =>
    writeItem(direct, tableName, { session_id: { S: id }, ...attributes })
  const remove = () => new SessionRepository(resolveConfiguration({ tableName }), connectionTo(direct)).delete(id)

  async function loaded(options: Options = {}): Promise<SessionRecord> {
    await put(DATA)
    const record = await sessions(options).findForChange(id)
    if (!record) throw new Error('there should be a session')
    return record
  }

  /** Loses the answer to the next request, and runs `meanwhile` after the request was carried out. */
  const lose = (meanwhile: () => Promise<unknown>) => proxy.inject('UpdateItem', { drop: 'after' }, { meanwhile })

  describe('when a response was lost, and another request writes before the repeat', () => {
    it('create: the session is created, and the changes of the other request stay', async () => {
      lose(async () => put({ ...(await item()), ...THEIRS }))
      expect(await sessions().create(id, { a: 1 })).toMatchObject({ id, data: { a: 1 } })
      expect(await item()).toMatchObject(THEIRS)
    })

    it('create: an id that belongs to another session stays with it', async () => {
      await put(THEIRS)
      lose(async () => undefined)
      expect(await sessions().create(id, { a: 1 })).toBeUndefined()
      expect(await item()).toEqual({ session_id: { S: storedKey(id) }, ...THEIRS })
    })

    it('update (optimistic): both changes are stored', async () => {
      const record = await loaded()
      lose(() => put(THEIRS))
      await sessions().update(record, { a: 1, ours: true })
      expect(await item()).toMatchObject({ data: { S: '{"a":1,"theirs":true,"ours":true}' } })
    })

    it.each(['optimistic', 'pessimistic'] as const)(
      'update (%s): it is not repeated when others set its key back',
      async (locking) => {
        const options = { ...PESSIMISTIC, locking }
        const record = await loaded(options)
        lose(async () => {
          const others = new SessionRepository(resolveConfiguration({ tableName, ...options }), connectionTo(direct))
          const written = (await others.findForChange(id)) as SessionRecord
          expect(written.data).toEqual({ a: 2 })
          await others.update(written, { a: 1 })
        })
        expect(await sessions(options).update(record, { a: 2 })).toMatchObject({ id })
        expect(await item()).toMatchObject({ data: { S: '{"a":1}' } })
      },
    )

    it('update (optimistic): it is a conflict when other requests saved so often that the outcome is unknown', async () => {
      const record = await loaded()
      lose(async () => {
        const others = new SessionRepository(resolveConfiguration({ tableName }), connectionTo(direct))
        for (let n = 0; n < 12; n += 1) await others.update((await others.find(id)) as SessionRecord, { a: n % 2 })
      })
      const error = await sessions()
        .update(record, { a: 5 })
        .catch((reason) => reason)
      expect(error).toMatchObject({ name: 'SessionConflictError', maybeWritten: true })
      expect(await item()).toMatchObject({ data: { S: '{"a":1}' } })
    })

    it('update (pessimistic): LockLostError says that the save may have been written, and the other change stays', async () => {
      const record = await loaded(PESSIMISTIC)
      lose(() => put({ ...THEIRS, locked_at: { S: '1763832004.5' } }))
      const updated = sessions(PESSIMISTIC).update(record, { a: 1, ours: true })
      await expect(updated).rejects.toMatchObject({ name: 'LockLostError', maybeWritten: true })
      expect(await item()).toEqual({ session_id: { S: storedKey(id) }, ...THEIRS, locked_at: { S: '1763832004.5' } })
    })

    it('update (pessimistic): it is known to be written if another request only took over the lock', async () => {
      const record = await loaded(PESSIMISTIC)
      lose(async () => put({ ...(await item()), locked_at: { S: '1763832004.5' } }))
      const updated = await sessions(PESSIMISTIC).update(record, { a: 1, ours: true })
      expect(updated).toMatchObject({
        data: { a: 1 },
        json: '{"a":1,"ours":true}',
        version: (await item())?.updated_at,
      })
      expect(await item()).toMatchObject({ data: { S: '{"a":1,"ours":true}' }, locked_at: { S: '1763832004.5' } })
    })

    it.each(['none', 'optimistic', 'pessimistic'] as const)(
      'update and touch (%s): a session that was deleted stays deleted',
      async (locking) => {
        const options = { ...PESSIMISTIC, locking }
        for (const write of ['update', 'touch'] as const) {
          const record = await loaded(options)
          lose(remove)
          const tested = sessions(options)
          const written = write === 'update' ? tested.update(record, { a: 2 }) : tested.touch(record)
          expect(await written).toBeUndefined()
          expect(await item()).toBeUndefined()
        }
      },
    )

    it('touch (pessimistic): a lock that another request took over stays with it', async () => {
      const record = await loaded(PESSIMISTIC)
      lose(() => put({ ...THEIRS, locked_at: { S: '1763832004.5' } }))
      await sessions(PESSIMISTIC).touch(record)
      expect(await item()).toEqual({ session_id: { S: storedKey(id) }, ...THEIRS, locked_at: { S: '1763832004.5' } })
    })

    it.each([
      ['optimistic', 'touch'],
      ['optimistic', 'touchUnseen'],
      ['pessimistic', 'touch'],
      ['pessimistic', 'touchUnseen'],
    ] as const)('%s, %s: a version that others have replaced does not come back', async (locking, way) => {
      await put(DATA)
      const tested = sessions({ locking })
      const record = (await tested.find(id)) as SessionRecord
      const others = new SessionRepository(resolveConfiguration({ tableName, locking }), connectionTo(direct))
      let slow: SessionRecord | undefined
      lose(async () => {
        slow = await others.find(id)
        await others.update((await others.find(id)) as SessionRecord, { a: 1, quick: true })
      })
      await (way === 'touch' ? tested.touch(record) : tested.touchUnseen(id))
      await others.update(slow as SessionRecord, { a: 1, slow: true })
      expect(await item()).toMatchObject({ data: { S: '{"a":1,"quick":true,"slow":true}' } })
    })

    it('lock: a deleted session is not created again', async () => {
      await put(DATA)
      lose(remove)
      expect(await sessions(PESSIMISTIC).findForChange(id)).toBeUndefined()
      expect(await item()).toBeUndefined()
    })

    it('lock: a lock that another request took over stays with it', async () => {
      await put(DATA)
      lose(() => put({ ...DATA, locked_at: { S: `${Math.floor(Date.now() / 1000)}.5` } }))
      await expect(sessions(PESSIMISTIC).findForChange(id)).rejects.toMatchObject({ name: 'LockWaitTimeoutError' })
    })

    it('unlock: a lock that another request took over stays with it', async () => {
      const record = await loaded(PESSIMISTIC)
      lose(() => put({ ...DATA, locked_at: { S: '1763832004.5' } }))
      await sessions(PESSIMISTIC).release(record)
      expect(await item()).toMatchObject({ locked_at: { S: '1763832004.5' } })
    })
  })

  it('does not take an older response for the same session as the response to its lock', async () => {
    await put(DATA)
    const older = { data: { S: '{"a":0}' }, locked_at: { S: '1763832000.5' } }
    const change = (answer: { Attributes?: object }) =>
      JSON.stringify({ ...answer, Attributes: { ...answer.Attributes, ...older } })
    proxy.inject('UpdateItem', { change })
    const record = await sessions(PESSIMISTIC).findForChange(id)
    expect(record?.data).toEqual({ a: 1 })
    expect((await item())?.locked_at?.S).toBe(record?.token)
  })

  it('leaves no lock on an expired session', async () => {
    await put({ ...DATA, updated_at: { S: '1763832000.5' } })
    const settings = { ...PESSIMISTIC, maxStale: 60 }
    expect(await sessions(settings).findForChange(id)).toBeUndefined()
    expect(await sessions(settings).findForChange(id)).toBeUndefined()
    expect(await item()).not.toHaveProperty('locked_at')
  })

  it.skipIf(encryptsByDefault())('shows nothing of the session in the error about a damaged response', async () => {
    await put({ data: { S: '{"a":"hush"}' } })
    const damage = (answer: object) => JSON.stringify(answer).replace('"hush', 'hush').replace('\\"hush', 'hush')
    proxy.inject('GetItem', { change: (answer) => damage(answer).replace('"{', '{') }, { times: 9 })
    const error = await sessions()
      .find(id)
      .catch((reason) => reason)
    expect(error).toMatchObject({ name: 'UnreadableAnswerError', status: 200 })
    expect(`${error.stack} ${error.cause}`).not.toContain('hush')
  })
})
