import { randomUUID } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { SessionDataError } from '../../../../runtime/index.js'
import type { Item } from '../../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../../runtime/session/sessions-by-value.js'
import { connectionTo, reaching } from '../../../support/connection.js'
import { onEachEngine, uniqueTableName } from '../../../support/engines.js'
import { storedKey, storedKeys } from '../../../support/stored-key.js'
import { makeTable, readItem, writeItem } from '../../../support/table.js'

/** Ruby: `[Marshal.dump({ "user_id" => 42, "price" => 1.0, "cart" => ["a"] })].pack("m")` */
const MARSHAL = 'BAh7CEkiDHVzZXJfaWQGOgZFVGkvSSIKcHJpY2UGOwBUZgYxSSIJY2FydAY7\nAFRbBkkiBmEGOwBU\n'
/** The same, and `"seen" => true`. */
const SEEN = 'BAh7CUkiDHVzZXJfaWQGOgZFVGkvSSIKcHJpY2UGOwBUZgYxSSIJY2FydAY7\nAFRbBkkiBmEGOwBUSSIJc2VlbgY7AFRU\n'
/** Ruby: `[Marshal.dump({ "user_id" => 2**70 })].pack("m")` */
const TOO_LARGE = 'BAh7BkkiDHVzZXJfaWQGOgZFVGwrCgAAAAAAAAAAQAA=\n'
const DATA = { user_id: 42, price: 1, cart: ['a'] }
const HOUR_AGO = `${Math.floor(Date.now() / 1000) - 3600}.1679482`

onEachEngine('sessions in the Marshal format of Ruby', (engine) => {
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  beforeAll(async () => {
    client = engine.client()
    await makeTable(client, tableName)
  })
  afterAll(() => client.destroy())

  const configure = (options: Options = {}) =>
    resolveConfiguration({
      tableName,
      ...reaching(client),
      maxStale: 86_400,
      serializer: 'json_allow_marshal',
      ...options,
    })
  const repository = (options: Options = {}) => new SessionRepository(configure(options), connectionTo(client))
  const stored = (id: string) => readItem(client, tableName, id)

  /** A session that the gem stored an hour ago. */
  async function written(data: string, id: string = randomUUID(), more: Item = {}): Promise<string> {
    const times = { created_at: { S: HOUR_AGO }, updated_at: { S: HOUR_AGO } }
    await writeItem(client, tableName, { session_id: { S: id }, data: { S: data }, ...times, ...more })
    return id
  }
  async function found(id: string, sessions = repository()) {
    const record = await sessions.findForChange(id)
    if (!record) throw new Error('there should be a session')
    return record
  }

  it('are no sessions without the option', async () => {
    const id = await written(MARSHAL)
    await expect(repository({ serializer: null }).find(id)).rejects.toThrow('serializer: json_allow_marshal reads it')
  })

  it('are read, and stay as they are when they are only touched', async () => {
    const id = await written(MARSHAL)
    const sessions = repository()
    const record = await found(id)
    expect(record.data).toEqual(DATA)
    expect(await sessions.touch(record)).toMatchObject({ json: record.json })
    expect((await stored(id))?.data).toEqual({ S: MARSHAL })
    expect((await stored(id))?.updated_at).not.toEqual({ S: HOUR_AGO })
  })

  it('stay as they are when they are saved unchanged', async () => {
    const id = await written(MARSHAL)
    await repository({ touchInterval: 0 }).update(await found(id), DATA)
    expect((await stored(id))?.data).toEqual({ S: MARSHAL })
  })

  it.each(['none', 'optimistic', 'pessimistic'] as const)('become JSON with their next change: %s', async (locking) => {
    const id = await written(MARSHAL)
    const sessions = repository({ locking })
    const saved = await sessions.update(await found(id, sessions), { ...DATA, cart: ['a', 'b'] })
    expect((await stored(id))?.data).toEqual({ S: '{"user_id":42,"price":1.0,"cart":["a","b"]}' })
    expect(await stored(id)).not.toHaveProperty('locked_at')
    if (!saved) throw new Error('it should be saved')
    await sessions.update(saved, DATA)
    expect((await stored(id))?.data).toEqual({ S: '{"user_id":42,"price":1.0,"cart":["a"]}' })
  })

  it('are reloaded under the lock of the request', async () => {
    const sessions = repository({ locking: 'pessimistic', lockExpiryTime: 60_000 })
    const record = await found(await written(MARSHAL), sessions)
    expect(await sessions.reload(record)).toMatchObject({ data: DATA, token: record.token })
  })

  it('are compressed with their next change, if the option is set', async () => {
    const id = await written(MARSHAL)
    await repository({ compress: 'gzip', compressThreshold: 0 }).update(await found(id), { cart: 'x'.repeat(1000) })
    const packed = (await stored(id))?.data?.B ?? new Uint8Array()
    expect(gunzipSync(packed).toString()).toBe(JSON.stringify({ cart: 'x'.repeat(1000) }))
  })

  it('are merged with data that Ruby has written meanwhile', async () => {
    const id = await written(MARSHAL)
    const record = await found(id)
    await written(SEEN, id, { updated_at: { S: `${HOUR_AGO}1` } })
    await repository().update(record, { ...DATA, cart: [] })
    expect((await stored(id))?.data).toEqual({ S: '{"user_id":42,"price":1.0,"cart":[],"seen":true}' })
  })

  it('count as unchanged when Ruby only stores them as JSON', async () => {
    const id = await written(MARSHAL)
    const sessions = repository({ onConflict: 'reject' })
    const record = await found(id)
    await written('{"user_id":42,"price":1.0,"cart":["a"]}', id, { updated_at: { S: `${HOUR_AGO}1` } })
    await sessions.update(record, { ...DATA, cart: [] })
    expect((await stored(id))?.data).toEqual({ S: '{"user_id":42,"price":1.0,"cart":[]}' })
  })

  it('become JSON under another id', async () => {
    const id = await written(MARSHAL)
    const next = randomUUID()
    await repository().regenerate(await found(id), next, DATA, { keep: false })
    expect((await stored(next))?.data).toEqual({ S: '{"user_id":42,"price":1.0,"cart":["a"]}' })
    expect(await repository().find(id)).toBeUndefined()
  })

  it('are merged under another id with data that Ruby has written meanwhile', async () => {
    const id = await written(MARSHAL)
    const record = await found(id)
    await written(SEEN, id, { updated_at: { S: `${HOUR_AGO}1` } })
    const next = randomUUID()
    await repository().regenerate(record, next, { ...DATA, cart: [] }, { keep: false })
    expect((await stored(next))?.data).toEqual({ S: '{"user_id":42,"price":1.0,"cart":[],"seen":true}' })
  })

  it('are found by their data, get the attribute of an index, and are deleted by it', async () => {
    const options = { indexKeys: ['user_id'] }
    const index = new SessionsByValue(configure(options), connectionTo(client))
    const [first, second] = [await written(MARSHAL), await written(MARSHAL)]
    expect(await index.keysBy('user_id', 42, { scan: true })).toEqual(
      expect.arrayContaining(storedKeys([first, second])),
    )
    const sessions = repository(options)
    await sessions.touch(await found(first, sessions))
    expect(await stored(first)).toMatchObject({ data: { S: MARSHAL }, user_id: { S: '42' } })
    await index.destroyBy('user_id', 42, { scan: true })
    expect([await stored(first), await stored(second)]).toEqual([undefined, undefined])
  })

  it('are among all sessions', async () => {
    const id = await written(MARSHAL)
    const all = []
    for await (const record of repository().all()) all.push(record)
    expect(all.find((record) => record.id === storedKey(id))?.data).toEqual(DATA)
  })

  describe('with a value that JSON cannot hold', () => {
    it.each(['optimistic', 'pessimistic'] as const)('are no sessions, and stay as they are: %s', async (locking) => {
      const id = await written(TOO_LARGE)
      const before = await stored(id)
      await expect(repository({ locking }).findForChange(id)).rejects.toThrow(SessionDataError)
      expect(await stored(id)).toEqual(before)
    })

    it('are reported, and not overwritten', async () => {
      const id = await written(TOO_LARGE)
      const reported: Error[] = []
      const errorHandler = { handle: (error: Error) => void reported.push(error) }
      const store = new DynamoSessionStore({
        tableName,
        ...reaching(client),
        serializer: 'json_allow_marshal',
        errorHandler,
      })
      expect(await store.get(id)).toBeNull()
      expect(reported.map(String)).toEqual([expect.stringContaining('holds an Integer beyond 2^53')])
      expect((await stored(id))?.data).toEqual({ S: TOO_LARGE })
    })
  })
})
