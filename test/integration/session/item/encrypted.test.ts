import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { collectGarbage } from '../../../../runtime/cleaning/collect-garbage.js'
import type { Options } from '../../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { EncryptionKeyError, SessionDataError } from '../../../../runtime/errors.js'
import type { Item, SessionRecord } from '../../../../runtime/session/item/session-record.js'
import type { Hidden } from '../../../../runtime/session/requests/session-items.js'
import { SessionRepository } from '../../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../../runtime/session/sessions-by-value.js'
import { createTable } from '../../../../runtime/table/create-table.js'
import { connectionTo } from '../../../support/connection.js'
import { newKey } from '../../../support/encryption.js'
import { onEachEngine } from '../../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../../support/fault-proxy.js'
import { environmentWith } from '../../../support/folder.js'
import { storedKey } from '../../../support/stored-key.js'
import { readItem, writeItem } from '../../../support/table.js'

const [K1, K2, K3] = [newKey('k1'), newKey('k2'), newKey('k3')]
const LOCKINGS = ['none', 'optimistic', 'pessimistic'] as const
const NOTES = 'ein Wort, das öfter kommt; '.repeat(100)

onEachEngine('encrypted sessions', (engine) => {
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let options: Options & { tableName: string }
  let test = 0
  let id = ''
  /** Each test has its own user. */
  let user = ''

  beforeAll(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    options = {
      ...engine.options(),
      indexKeys: ['user_id'],
      touchInterval: 0,
      lockRetryDelay: 20,
      lockExpiryTime: 60_000,
    }
    await createTable({ ...options, ttl: false })
  })
  beforeEach(() => {
    test += 1
    id = `session-${test}`
    user = `user-${test}`
    proxy.reset()
  })
  afterAll(async () => {
    direct.destroy()
    await proxy.stop()
  })

  /** The session classes of an application with these keys. */
  const application = (encryptionKeys: string[], more: Options = {}) => {
    const keys = encryptionKeys.length > 0 ? { encryptionKeys } : {}
    const configuration = resolveConfiguration({ ...options, ...keys, ...more })
    const connection = connectionTo(engine.client(proxy.endpoint))
    return {
      configuration,
      sessions: new SessionRepository(configuration, connection),
      index: new SessionsByValue(configuration, connection),
    }
  }
  const repository = (...given: Parameters<typeof application>) => application(...given).sessions
  const item = async (of = id) => (await readItem(direct, options.tableName, of)) as Item
  const put = (attributes: Item, of = id) =>
    writeItem(direct, options.tableName, {
      session_id: { S: of },
      updated_at: { S: '1900000000.5' },
      ...attributes,
    })
  const keyIdOf = ({ data }: Item) => Buffer.from(data?.B ?? []).toString('latin1', 2, 4)

  async function found(sessions: SessionRepository, of = id): Promise<SessionRecord> {
    const record = await sessions.findForChange(of)
    if (!record) throw new Error('there should be a session')
    return record
  }
  async function all(sessions: SessionRepository): Promise<SessionRecord[]> {
    const records: SessionRecord[] = []
    for await (const record of sessions.all()) records.push(record)
    return records
  }

  it.each(LOCKINGS)(
    'are created, found, changed, overwritten, listed and given another id (locking: %s)',
    async (locking) => {
      const data = { user_id: user, notes: NOTES }
      const sessions = repository([K1], { locking })
      expect(await sessions.create(id, data)).toMatchObject({ data, json: JSON.stringify(data) })
      const stored = Buffer.from((await item()).data?.B ?? [])
      for (const secret of [user, 'user_id', 'Wort']) expect(stored.includes(secret)).toBe(false)
      expect((await item()).user_id?.S).toMatch(/^hmac-sha256:[\w-]{43}$/)
      const changed = { ...data, added: 'ä' }
      expect(await sessions.update(await found(sessions), changed)).toMatchObject({ json: JSON.stringify(changed) })
      expect((await sessions.find(id))?.data).toEqual(changed)
      await sessions.put(id, { ...data, put: true })
      expect(await all(sessions)).toContainEqual(expect.objectContaining({ data: { ...data, put: true } }))
      const moved = await sessions.regenerate(
        await found(sessions),
        `new ${id}`,
        { ...data, put: false },
        { keep: false },
      )
      expect(moved?.data).toEqual({ ...data, put: false })
      expect((await sessions.find(`new ${id}`))?.data).toEqual({ ...data, put: false })
      expect(await sessions.find(id)).toBeUndefined()
    },
  )

  it('keep the changes of other requests, also when they get another id', async () => {
    const sessions = repository([K1])
    await sessions.create(id, { a: 1, b: 1 })
    const [ours, theirs] = [await found(sessions), await found(sessions)]
    await sessions.update(theirs, { a: 1, b: 2 })
    expect((await sessions.update(ours, { a: 2, b: 1 }))?.data).toBeDefined()
    expect((await sessions.find(id))?.data).toEqual({ a: 2, b: 2 })
    const [moving, other] = [await found(sessions), await found(sessions)]
    await sessions.update(other, { a: 2, b: 3 })
    await sessions.regenerate(moving, `new ${id}`, { a: 3, b: 2 }, { keep: false })
    expect((await sessions.find(`new ${id}`))?.data).toEqual({ a: 3, b: 3 })
  })

  it.each(['gzip', 'brotli'] as const)(
    'are compressed with %s first, and read with any value of compress',
    async (compress) => {
      const data = { notes: NOTES }
      await repository([K1], { compress }).create(id, data)
      expect((await item()).data?.B?.length).toBeLessThan(NOTES.length / 4)
      for (const reader of ['none', 'gzip', 'brotli'] as const) {
        expect((await repository([K1], { compress: reader }).find(id))?.data).toEqual(data)
      }
    },
  )

  it('are not sent again when only the times change', async () => {
    const sessions = repository([K1])
    await sessions.create(id, { user_id: user })
    const before = await item()
    proxy.reset()
    await sessions.update(await found(sessions), { user_id: user })
    await sessions.touch(await found(sessions))
    expect(proxy.operations).toEqual(['GetItem', 'UpdateItem', 'GetItem', 'UpdateItem'])
    expect(await item()).toMatchObject({ data: before.data, user_id: before.user_id })
    expect((await item()).updated_at).not.toEqual(before.updated_at)
  })

  describe('while keys change', () => {
    it('are read and saved by both halves of a deploy, and found by their user', async () => {
      const [before, during, after] = [application([K1, K2]), application([K2, K1]), application([K2])]
      await before.sessions.create(id, { user_id: user, n: 0 })
      await during.sessions.create(`${id} b`, { user_id: user, n: 0 })
      for (const [n, { sessions }] of [before, during, before, during].entries()) {
        for (const of of [id, `${id} b`]) await sessions.update(await found(sessions, of), { user_id: user, n })
        for (const { sessions: others, index } of [before, during]) {
          expect((await others.find(id))?.data).toEqual({ user_id: user, n })
          expect(await index.keysBy('user_id', user)).toHaveLength(2)
        }
      }
      expect((await after.sessions.find(id))?.data).toEqual({ user_id: user, n: 3 })
      expect(await after.index.keysBy('user_id', user)).toHaveLength(2)
    })

    it.each(LOCKINGS)(
      'go over to the first key with a touch that is due anyway, once (locking: %s)',
      async (locking) => {
        await repository([K1]).create(id, { user_id: user })
        const before = await item()
        const lazy = repository([K2, K1], { locking, touchInterval: 3600 })
        if (locking !== 'pessimistic') {
          await lazy.touch(await found(lazy))
          expect(await item()).toEqual(before)
        }
        const { sessions, index } = application([K2, K1], { locking })
        const touched = await sessions.touch(await found(sessions))
        expect(keyIdOf(await item())).toBe('k2')
        proxy.reset()
        if (touched) await sessions.touch(touched)
        expect(JSON.stringify(proxy.requests.map(({ input }) => input))).not.toMatch(/"data"|"user_id"/)
        expect((await item()).user_id).not.toEqual(before.user_id)
        expect(await index.keysBy('user_id', user)).toHaveLength(1)
        const after = await item()
        await sessions.update(await found(sessions), { user_id: user })
        expect(await item()).toMatchObject({ data: after.data, user_id: after.user_id })
        expect((await repository([K2]).find(id))?.data).toEqual({ user_id: user })
      },
    )

    it('are not overwritten by the touch of a request with older data', async () => {
      for (const locking of LOCKINGS) {
        await repository([K1]).put(id, { n: 1 })
        const sessions = repository([K2, K1], { locking })
        const record = await found(sessions)
        await repository([K1], { locking: 'none' }).update({ ...record, token: undefined }, { n: 2 })
        await sessions.touch(record)
        expect((await sessions.find(id))?.data).toEqual({ n: 2 })
      }
    })
  })

  describe('that cannot be decrypted', () => {
    it('without their key are an error, stay unlocked, and are never overwritten', async () => {
      await repository([K1]).create(id, { user_id: user })
      const before = await item()
      for (const locking of LOCKINGS) {
        for (const keys of [[K2], [K3, K2], []]) {
          const sessions = repository(keys, { locking })
          await expect(sessions.find(id)).rejects.toThrow(EncryptionKeyError)
          await expect(sessions.findForChange(id)).rejects.toThrow(keys.length > 0 ? 'the key "k1"' : 'no keys are set')
          await expect(sessions.touchUnseen(id)).rejects.toThrow(EncryptionKeyError)
          await expect(all(sessions)).rejects.toThrow(EncryptionKeyError)
        }
      }
      expect(await item()).toEqual(before)
    })

    it('without their key, or in plain form, have expired all the same', async () => {
      const limits = { maxStale: 60, tableName: engine.options().tableName }
      await createTable({ ...options, ...limits, ttl: false })
      const old = { updated_at: { S: '1000000000.5' } }
      const key = storedKey(id)
      const writer = application([K1], limits)
      const readers = LOCKINGS.map((locking) => application([K2], { ...limits, locking }))
      for (const form of ['sealed', 'plain']) {
        await writer.sessions.put(id, { user_id: user })
        const sealed = (await readItem(direct, limits.tableName, id)) as Item
        const data = form === 'plain' ? { S: JSON.stringify({ user_id: user }) } : (sealed.data as Item[string])
        const stored = { ...sealed, session_id: { S: key }, data, ...old }
        await direct.send(new PutItemCommand({ TableName: limits.tableName, Item: stored }))
        for (const { sessions, index } of readers) {
          for (const load of ['find', 'findForChange'] as const) {
            const why: Hidden[] = []
            expect(await sessions[load](id, { onHidden: (reason) => why.push(reason) })).toBeUndefined()
            expect(why).toEqual(['expired'])
          }
          expect(await sessions.reload({ id, token: undefined })).toBeUndefined()
          expect(await all(sessions)).toEqual([])
          expect(await index.keysBy('user_id', 'somebody', { scan: true })).toEqual([])
        }
        expect(await readItem(direct, limits.tableName, id)).toEqual(stored)
      }
    })

    it('without their key stop the save of a request that loaded the session before', async () => {
      const ours = repository([K1])
      await ours.create(id, { n: 1 })
      const record = await found(ours)
      await repository([K3, K1]).put(id, { n: 2 })
      const before = await item()
      await expect(ours.update(record, { n: 3 })).rejects.toThrow('the key "k3"')
      await expect(ours.touch(record)).resolves.toBeDefined()
      await expect(ours.regenerate(record, `new ${id}`, { n: 3 }, { keep: false })).rejects.toThrow(EncryptionKeyError)
      expect((await item()).data).toEqual(before.data)
      expect(await item(`new ${id}`)).toBeUndefined()
    })

    it('count as no session after a change, in another item, and under another key of the same id', async () => {
      const sessions = repository([K1])
      await sessions.create(id, { admin: true })
      await sessions.create(`${id} b`, { admin: false })
      const { data } = await item()
      await put({ data: data ?? {} } as Item, `${id} b`)
      await expect(sessions.find(`${id} b`)).rejects.toThrow(
        'was changed or belongs to another item. It counts as no session',
      )
      await expect(sessions.find(`${id} b`)).rejects.toThrow(SessionDataError)
      await expect(repository([newKey('k1')]).find(id)).rejects.toThrow(SessionDataError)
      const changed = Uint8Array.from(data?.B ?? [], (byte, at) => (at === 40 ? byte ^ 1 : byte))
      await put({ data: { B: changed } })
      await expect(sessions.find(id)).rejects.toThrow(SessionDataError)
    })

    it('because keys() fails send no request', async () => {
      const { sessions, index } = application([], {
        encryption: { keys: () => Promise.reject(new Error('KMS is away')) },
      })
      const encryption = { keys: () => Promise.reject(new Error('KMS is away')) }
      const { sessions: locking } = application([], { encryption, locking: 'pessimistic' })
      proxy.reset()
      const calls = [
        () => locking.findForChange(id),
        () => sessions.find(id),
        () => sessions.findForChange(id),
        () => sessions.create(id, { a: 1 }),
        () => sessions.put(id, { a: 1 }),
        () => all(sessions),
        () => index.keysBy('user_id', user),
        () => index.destroyBy('user_id', user),
        () => index.destroyBy('user_id', user, { scan: true }),
      ]
      for (const call of calls) await expect(call()).rejects.toThrow('could not be loaded')
      expect(proxy.operations).toEqual([])
      await sessions.delete(id)
    })

    it('are deleted by clean with a short max_stale, and sessions that were written since stay', async () => {
      const tableName = engine.options().tableName
      await createTable({ ...options, tableName, ttl: false })
      const sessions = repository([K2], { tableName })
      const leaked = new SessionRepository(
        resolveConfiguration({ ...options, tableName, encryptionKeys: [K1], maxStale: 86_400 }),
        connectionTo(direct),
        { now: () => Date.now() - 700_000 },
      )
      await leaked.create('a', { n: 1 })
      await sessions.create('b', { n: 1 })
      await expect(sessions.find('a')).rejects.toThrow(EncryptionKeyError)
      environmentWith({ AWS_DYNAMO_DB_SESSION_MAX_STALE: '600' })
      const cleaned = await collectGarbage({ ...options, tableName, encryptionKeys: [K2] })
      expect(cleaned).toMatchObject({ deleted: 1, kept: 1 })
      expect(await sessions.find('a')).toBeUndefined()
      expect(await sessions.find('b')).toBeDefined()
    })

    it('are still deleted, by their id and with all sessions', async () => {
      const tableName = engine.options().tableName
      await createTable({ ...options, tableName, ttl: false })
      const writer = repository([K1], { tableName })
      for (const of of ['a', 'b', 'c']) await writer.create(of, { n: 1 })
      const reader = repository([K2], { tableName })
      await reader.delete('a')
      expect(await writer.find('a')).toBeUndefined()
      await reader.clear()
      expect(await all(writer)).toEqual([])
    })

    it('do not matter in the forwarder of a session that moved to another id', async () => {
      await repository([K3]).create(id, { n: 1 })
      await put({ ...(await item()), successor: { S: 'elsewhere' } })
      const { sessions, index } = application([K1])
      expect(await sessions.find(id)).toBeUndefined()
      expect(await sessions.findForChange(id)).toBeUndefined()
      expect(await index.keysBy('user_id', user)).toEqual([])
      await sessions.clear()
    })
  })

  describe('in a table that moves to encryption', () => {
    const PLAIN = () => ({ data: { S: JSON.stringify({ user_id: user }) }, user_id: { S: user } })

    it('refuse plain data without accept_plain_data, in any form', async () => {
      const sessions = repository([K1])
      const forms: Item[] = [PLAIN(), { data: { S: 'null' } }, {}, { data: { S: 'BAh7AA==' } }]
      for (const form of forms) {
        await put(form)
        await expect(sessions.find(id)).rejects.toThrow('is not encrypted (accept_plain_data')
        await expect(sessions.find(id)).rejects.toThrow(SessionDataError)
      }
      await repository([], { compress: 'gzip' }).put(id, { notes: NOTES })
      await expect(sessions.find(id)).rejects.toThrow('is not encrypted (accept_plain_data')
    })

    it('read plain data with accept_plain_data, and encrypt it with the next write', async () => {
      const { sessions, index } = application([K1], { acceptPlainData: true })
      for (const [form, data] of [
        [PLAIN(), { user_id: user }],
        [{}, {}],
      ]) {
        await put(form as Item)
        expect((await sessions.find(id))?.data).toEqual(data)
        await sessions.touch(await found(sessions))
        expect(keyIdOf(await item())).toBe('k1')
        expect(JSON.stringify(await item())).not.toContain(user)
      }
      await put(PLAIN())
      expect(await index.keysBy('user_id', user)).toHaveLength(1)
      await repository([K1]).create(`${id} b`, { user_id: user })
      expect(await index.keysBy('user_id', user)).toHaveLength(2)
      expect(await index.keysBy('user_id', user, { scan: true })).toHaveLength(2)
      expect(await index.destroyBy('user_id', user)).toBe(2)
    })

    /** @see CVE-2026-39324 rack-session: a cookie that could not be decrypted was read without any check */
    it('never read an encrypted value as plain data', async () => {
      await repository([K1]).create(id, { n: 1 })
      const { data } = await item()
      const sealed = Buffer.from(data?.B ?? [])
      for (const text of [sealed.toString('latin1'), sealed.toString('base64')]) {
        await put({ data: { S: text } })
        await expect(repository([K1], { acceptPlainData: true }).find(id)).rejects.toThrow(SessionDataError)
      }
      await put({ data: data ?? {} } as Item)
      await expect(repository([]).find(id)).rejects.toThrow(EncryptionKeyError)
      await expect(repository([K2], { acceptPlainData: true }).find(id)).rejects.toThrow(EncryptionKeyError)
    })
  })

  describe('of a user', () => {
    const signIn = (suffix: string, ...keys: string[]) => repository(keys).create(`${id} ${suffix}`, { user_id: user })

    it.each([false, true])('are found and deleted under every key (scan: %s)', async (scan) => {
      for (const [at, key] of [K1, K2, K1, K2].entries()) await signIn(`${at}`, key)
      await repository([K2]).create(id, { user_id: 'somebody else' })
      const { index } = application([K2, K1])
      expect(await index.keysBy('user_id', user, { scan })).toHaveLength(4)
      const pages = []
      for await (const page of index.pages('user_id', user, { scan })) pages.push(...page)
      expect(pages).toHaveLength(4)
      expect(await index.destroyBy('user_id', user, { scan })).toBe(4)
      expect(await index.keysBy('user_id', user, { scan })).toEqual([])
      expect((await repository([K2]).find(id))?.data).toEqual({ user_id: 'somebody else' })
    })

    it.each([false, true])(
      'are found by a name in the form of an HMAC, and nobody else by it (plain: %s)',
      async (acceptPlainData) => {
        await signIn('a', K1)
        const { index, sessions } = application([K1], { acceptPlainData })
        const name = (await item(`${id} a`)).user_id?.S ?? ''
        await sessions.create(id, { user_id: name })
        expect(await index.keysBy('user_id', name)).toHaveLength(1)
        expect(await index.destroyBy('user_id', name)).toBe(1)
        expect(await sessions.find(id)).toBeUndefined()
        expect((await sessions.find(`${id} a`))?.data).toEqual({ user_id: user })
      },
    )

    it('are not found by the HMAC in the table, without keys', async () => {
      await signIn('a', K1)
      const { index, sessions } = application([])
      const hmac = (await item(`${id} a`)).user_id?.S ?? ''
      const { handle = '' } = (await application([K1]).index.sessionsBy('user_id', user))[0] ?? {}
      await sessions.create(id, { user_id: hmac })
      const searches = [
        () => index.keysBy('user_id', hmac),
        () => index.sessionsBy('user_id', hmac),
        () => index.exportBy('user_id', hmac),
        () => index.destroyHandle('user_id', hmac, handle),
        () => index.destroyOthers('user_id', hmac, id),
        () => index.destroyBy('user_id', hmac),
      ]
      for (const search of searches) await expect(search).rejects.toThrow('not an HMAC from the table')
      expect((await repository([K1]).find(`${id} a`))?.data).toEqual({ user_id: user })
    })

    it('are ended by their handle with scan, although the key of another session is unknown', async () => {
      await signIn('a', K1)
      await repository([K3]).create(`${id} other`, { user_id: 'somebody' })
      const { index } = application([K1])
      const [session] = await index.sessionsBy('user_id', user)
      expect(await index.destroyHandle('user_id', user, session?.handle ?? '', { scan: true })).toBe(true)
      expect(await index.keysBy('user_id', user)).toEqual([])
      await repository([K3]).delete(`${id} other`)
    })

    it('are deleted when another request writes them under another key meanwhile', async () => {
      await signIn('a', K1)
      const { index, sessions } = application([K2, K1])
      const meanwhile = async () => void (await sessions.touch(await found(sessions, `${id} a`)))
      proxy.inject('Query', { change: (answer) => answer }, { meanwhile })
      expect(await index.destroyBy('user_id', user)).toBe(1)
    })

    it('stay when another request gives them another value under an unknown key meanwhile', async () => {
      await signIn('a', K1)
      const { index } = application([K2, K1])
      const meanwhile = () => repository([K3]).put(`${id} a`, { user_id: 'somebody' })
      proxy.inject('Query', { change: (answer) => answer }, { meanwhile })
      expect(await index.destroyBy('user_id', user)).toBe(0)
      expect((await repository([K3]).find(`${id} a`))?.data).toEqual({ user_id: 'somebody' })
      await repository([K3]).delete(`${id} a`)
    })

    it('are found once when another request writes them under another key between two queries', async () => {
      await signIn('a', K1)
      const { index, sessions } = application([K2, K1])
      const meanwhile = async () => void (await sessions.touch(await found(sessions, `${id} a`)))
      proxy.inject('Query', { change: (answer) => answer }, { meanwhile })
      expect(await index.keysBy('user_id', user)).toHaveLength(1)
    })

    it('make a scan fail if their key is missing', async () => {
      await signIn('a', K1)
      const { index } = application([K2])
      await expect(index.keysBy('user_id', user, { scan: true })).rejects.toThrow(EncryptionKeyError)
      await expect(index.destroyBy('user_id', user, { scan: true })).rejects.toThrow(EncryptionKeyError)
      await repository([]).clear()
    })

    it('are deleted by a scan also beside sessions whose key is unknown, which stay and are an error at the end', async () => {
      await signIn('a', K1)
      for (const suffix of ['b', 'c', 'd']) await signIn(suffix, K2)
      const { index, sessions } = application([K2])
      const error = await index.destroyBy('user_id', user, { scan: true }).catch((thrown) => thrown)
      expect(error).toMatchObject({ name: 'DestroyIncompleteError', deleted: 3, cause: expect.any(EncryptionKeyError) })
      expect(String(error)).toMatch(/3 sessions were deleted, but a key was missing\. Repeat .* the key "k1"/)
      for (const suffix of ['b', 'c', 'd']) expect(await sessions.find(`${id} ${suffix}`)).toBeUndefined()
      expect(await item(`${id} a`)).toBeDefined()
      expect(await application([K2, K1]).index.destroyBy('user_id', user, { scan: true })).toBe(1)
    })

    it('may have values of up to 2 048 bytes, as without encryption', async () => {
      const { index, sessions } = application([K1])
      await sessions.create(id, { user_id: 'x'.repeat(2048) })
      expect(await index.keysBy('user_id', 'x'.repeat(2048))).toHaveLength(1)
      await sessions.put(id, { user_id: 'x'.repeat(2049) })
      expect(await item()).not.toHaveProperty('user_id')
      await expect(index.keysBy('user_id', 'x'.repeat(2049))).rejects.toThrow(TypeError)
    })
  })
})
