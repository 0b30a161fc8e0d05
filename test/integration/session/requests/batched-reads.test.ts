import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { SessionData } from 'express-session'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { Connection } from '../../../../runtime/dynamodb/connection.js'
import { TableMissingError } from '../../../../runtime/errors.js'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import type { SessionRecord } from '../../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../../runtime/session/session-repository.js'
import { onEachEngine, uniqueTableName } from '../../../support/engines.js'
import { type Fault, type FaultProxy, startFaultProxy } from '../../../support/fault-proxy.js'
import { encrypted } from '../../../support/stored-data.js'
import { storedKey, storedKeys } from '../../../support/stored-key.js'
import { makeTable, readItem, writeItem } from '../../../support/table.js'

const COUNT = 20
const IDS = Array.from({ length: COUNT }, (_, number) => `s${number}`)
const ALONE = IDS.map(() => 'GetItem')

onEachEngine('sessions that are read at the same moment', (engine) => {
  const tableName = uniqueTableName()
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let connections: Connection[]
  /** The clock stands still in all rounds of a test. It has no fractions, so that sums are exact. */
  let start: number

  beforeAll(async () => {
    direct = engine.client()
    await makeTable(direct, tableName)
  })
  afterAll(() => direct.destroy())
  beforeEach(async () => {
    proxy = await startFaultProxy(engine.endpoint)
    connections = []
    start = Math.round(performance.now())
    await Promise.all(IDS.map((id) => put(id)))
  })
  afterEach(async () => {
    vi.useRealTimers()
    for (const connection of connections) connection.close()
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    await proxy.stop()
  })

  const put = (id: string, attributes: Parameters<typeof writeItem>[2] = {}) =>
    writeItem(direct, tableName, { session_id: { S: id }, data: { S: JSON.stringify({ of: id }) }, ...attributes })

  function made(options: Options = {}) {
    const place = { ...engine.options(), endpoint: proxy.endpoint, tableName }
    const configuration = resolveConfiguration({ ...place, transport: 'lean', ...options })
    const connection = new Connection(configuration)
    connections.push(connection)
    return { sessions: new SessionRepository(configuration, connection), connection }
  }

  /** A repository whose client has already sent a request, as in a running server. */
  async function repository(options: Options = {}) {
    return (await warm(options)).sessions
  }

  async function warm(options: Options = {}) {
    const { sessions, connection } = made(options)
    await sessions.find('s0')
    proxy.reset()
    return { sessions, connection }
  }

  const find = (sessions: SessionRepository, ids = IDS) => Promise.all(ids.map((id) => sessions.find(id)))
  const settled = (sessions: SessionRepository, ids = IDS) => Promise.allSettled(ids.map((id) => sessions.find(id)))
  const reasons = (ends: readonly PromiseSettledResult<unknown>[]) =>
    ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []))
  const owners = (records: readonly (SessionRecord | undefined)[]) => records.map((record) => record?.data.of)
  const keysOf = (index = 0) =>
    proxy.requests[index]?.input.RequestItems?.[tableName]?.Keys?.map(
      (key: { session_id: { S: string } }) => key.session_id.S,
    )

  /** Reads all sessions at a time of the test, in milliseconds. Returns the operations that were sent. */
  async function round(sessions: SessionRepository, { fault, later = 0 }: { fault?: Fault; later?: number } = {}) {
    proxy.reset()
    if (fault) proxy.inject('BatchGetItem', fault, { times: 99 })
    const clock = vi.spyOn(performance, 'now').mockReturnValue(start + later)
    expect(owners(await find(sessions))).toEqual(IDS)
    clock.mockRestore()
    return proxy.operations
  }

  it('are read with one request, and each reader gets its own', async () => {
    const sessions = await repository()
    const records = await find(sessions)
    expect(owners(records)).toEqual(IDS)
    expect(records.map((record) => record?.id)).toEqual(IDS)
    expect(proxy.operations).toEqual(['BatchGetItem'])
    expect(proxy.requests[0]?.input.RequestItems[tableName].ConsistentRead).toBe(true)
  })

  it('are read as consistently as the configuration says', async () => {
    const sessions = await repository({ consistentRead: false })
    await find(sessions)
    expect(proxy.requests[0]?.input.RequestItems[tableName].ConsistentRead).toBe(false)
  })

  it('are read by the configured table key', async () => {
    const other = uniqueTableName()
    await makeTable(direct, other, 'sid')
    for (const id of ['a', 'b'])
      await writeItem(
        direct,
        other,
        encrypted({ sid: { S: storedKey(id) }, data: { S: JSON.stringify({ of: id }) } }, storedKey(id)),
      )
    const sessions = await repository({ tableName: other, tableKey: 'sid' })
    expect(owners(await find(sessions, ['b', 'missing', 'a']))).toEqual(['b', undefined, 'a'])
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  it('are undefined where there is none', async () => {
    const sessions = await repository()
    expect(owners(await find(sessions, ['missing', 's1', 'gone', 's2']))).toEqual([undefined, 's1', undefined, 's2'])
    expect(proxy.operations).toEqual(['BatchGetItem'])
    proxy.reset()
    expect(owners(await find(sessions, ['missing', 'gone']))).toEqual([undefined, undefined])
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  it('are read in batches of at most 25', async () => {
    const many = Array.from({ length: 60 }, (_, number) => `m${number}`)
    await Promise.all(many.map((id) => put(id)))
    const sessions = await repository()
    expect(owners(await find(sessions, many))).toEqual(many)
    expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem', 'BatchGetItem'])
    expect(new Set([0, 1, 2].flatMap(keysOf))).toEqual(new Set(storedKeys(many)))
  })

  it('are separate objects for each reader, also of the same session, which is read once', async () => {
    await put('s1', { updated_at: { L: [{ S: 'A1' }] } })
    const sessions = await repository()
    const records = await find(sessions, ['s1', 's2', 's1', 's1'])
    expect(owners(records)).toEqual(['s1', 's2', 's1', 's1'])
    expect(keysOf()).toEqual(['s1', 's2'].map((id) => storedKey(id)))
    const [first, , ...others] = records as SessionRecord[]
    first?.version?.L?.push({ S: 'B2' })
    Object.assign(first?.data ?? {}, { of: 'changed' })
    for (const other of others) {
      expect(other.version).toEqual({ L: [{ S: 'A1' }] })
      expect(other.data).toEqual({ of: 's1' })
    }
    proxy.reset()
    expect(owners(await find(sessions, ['s3', 's3']))).toEqual(['s3', 's3'])
    expect(keysOf()).toEqual([storedKey('s3')])
    proxy.reset()
    expect(owners(await find(sessions, ['s3']))).toEqual(['s3'])
    expect(proxy.operations).toEqual(['GetItem'])
  })

  it('are read again for a later reader', async () => {
    const sessions = await repository()
    const before = find(sessions, ['s1', 's2'])
    await before
    await put('s1', { data: { S: '{"of":"changed"}' } })
    expect(owners(await find(sessions, ['s1', 's2']))).toEqual(['changed', 's2'])
    expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem'])
  })

  it('can be compressed', async () => {
    const writer = await repository({ compress: 'brotli', compressThreshold: 0 })
    const text = 'x'.repeat(3000)
    for (const id of ['c1', 'c2']) await writer.create(id, { of: id, text })
    expect((await readItem(direct, tableName, 'c1'))?.data?.B).toBeDefined()
    proxy.reset()
    expect(owners(await find(writer, ['c1', 's1', 'c2']))).toEqual(['c1', 's1', 'c2'])
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  it('fail only for the reader of an item that is no session', async () => {
    await put('s2', { data: { S: 'no JSON' } })
    const sessions = await repository()
    const [one, two, three] = await settled(sessions, ['s1', 's2', 's3'])
    expect(one).toMatchObject({ status: 'fulfilled', value: { id: 's1' } })
    expect(two).toMatchObject({ status: 'rejected', reason: { name: 'SessionDataError' } })
    expect(three).toMatchObject({ status: 'fulfilled', value: { id: 's3' } })
  })

  it('reach the right request through the store, with a thousand at a time', async () => {
    const store = new DynamoSessionStore({
      ...engine.options(),
      tableName,
      endpoint: proxy.endpoint,
      transport: 'lean',
    })
    await store.get('s0')
    const ids = Array.from({ length: 1000 }, (_, number) => `s${(number * 7919) % (COUNT + 5)}`)
    const sessions = (await Promise.all(ids.map((id) => store.get(id)))) as (SessionData & { of?: string })[]
    expect(sessions.map((session) => session?.of)).toEqual(ids.map((id) => (IDS.includes(id) ? id : undefined)))
    expect(proxy.operations).toEqual(['GetItem', 'BatchGetItem'])
  })

  describe('when DynamoDB returns only some of them', () => {
    const leaveOut = (out: readonly string[]) => (answer: Answer) => ({
      Responses: {
        [tableName]: answer.Responses[tableName]?.filter(({ session_id }) => !storedKeys(out).includes(session_id.S)),
      },
      UnprocessedKeys: {
        [tableName]: { Keys: storedKeys(out).map((key) => ({ session_id: { S: key } })), ConsistentRead: true },
      },
    })

    it('reads the remaining ones one by one', async () => {
      const sessions = await repository()
      proxy.inject('BatchGetItem', { change: leaveOut(['s3', 's4']) })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(['BatchGetItem', 'GetItem', 'GetItem'])
      proxy.reset()
      await find(sessions)
      expect(proxy.operations).toEqual(['BatchGetItem'])
    })

    it('fails only those that cannot be read one by one either', async () => {
      const sessions = await repository()
      proxy.inject('BatchGetItem', { change: leaveOut(['s3', 's4']) })
      const isS3 = ({ Key }: { Key: { session_id: { S: string } } }) => Key.session_id.S === storedKey('s3')
      proxy.inject('GetItem', { error: 'ProvisionedThroughputExceededException' }, { times: 99, when: isS3 })
      const ends = await settled(sessions)
      expect(ends.map(({ status }) => status === 'fulfilled')).toEqual(IDS.map((id) => id !== 's3'))
      expect(ends[3]).toMatchObject({ reason: { name: 'ProvisionedThroughputExceededException' } })
    })

    it('reads all of them one by one when DynamoDB returns none', async () => {
      const sessions = await repository()
      proxy.inject('BatchGetItem', { change: leaveOut(IDS) })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(['BatchGetItem', ...ALONE])
    })
  })

  describe('when batches are not possible', () => {
    const allOf = (ids: readonly string[]) =>
      ids.map((id) => ({ session_id: { S: storedKey(id) }, data: { S: `{"of":"${id}"}` } }))
    const stranger = allOf(['stranger'])

    it.each([
      ['it is not allowed', { error: 'AccessDeniedException', message: 'not authorized: dynamodb:BatchGetItem' }],
      ['there is no such operation', { error: 'UnknownOperationException' }],
      ['it is not implemented', { error: 'NotImplementedException', status: 501 }],
      ['something in between wants no such request', { error: 'Forbidden', status: 403 }],
      ['HTML comes instead', { garbage: 'before' }],
      ['a gateway fails at it', { error: 'BadGateway', status: 502 }],
      ['the connection breaks', { drop: 'after' }],
    ] as const)('reads one by one, and pauses batching for a minute: %s', async (_, fault) => {
      vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
      const sessions = await repository()
      expect(await round(sessions, { fault })).toEqual(['BatchGetItem', ...ALONE])
      expect(await round(sessions)).toEqual(ALONE)
      expect(await round(sessions, { later: 59_999 })).toEqual(ALONE)
      expect(await round(sessions, { later: 60_000, fault })).toEqual(['BatchGetItem', ...ALONE])
      expect(await round(sessions, { later: 119_999 })).toEqual(ALONE)
      expect(await round(sessions, { later: 120_000 })).toEqual(['BatchGetItem'])
    })

    it('fails with the error of GetItem where that fails too', async () => {
      const sessions = await repository()
      proxy.inject('*', { error: 'AccessDeniedException', message: 'not authorized' }, { times: 99 })
      for (const end of await settled(sessions)) {
        expect(end).toMatchObject({ status: 'rejected', reason: { name: 'AccessDeniedException' } })
      }
      expect(proxy.operations).toEqual(['BatchGetItem', ...ALONE])
    })

    it.each([
      ['nothing', () => ({})],
      ['another table', () => ({ Responses: { other: [] }, UnprocessedKeys: {} })],
      ['no list', (table: string) => ({ Responses: { [table]: 'none' } })],
      [
        'only what is left',
        (table: string) => ({ Responses: {}, UnprocessedKeys: { [table]: { Keys: allOf(['s1']) } } }),
      ],
      ['an item that nobody asked for', (table: string) => ({ Responses: { [table]: stranger } })],
      ['an item without its key', (table: string) => ({ Responses: { [table]: [{ data: { S: '{}' } }] } })],
      ['null in place of an item', (table: string) => ({ Responses: { [table]: [null] } })],
      [
        'as left what nobody asked for',
        (table: string) => ({ Responses: { [table]: [] }, UnprocessedKeys: { [table]: { Keys: stranger } } }),
      ],
    ] as [string, (table: string) => object][])(
      'never takes sessions for missing when the answer has %s',
      async (_, answer) => {
        vi.stubEnv('AWS_MAX_ATTEMPTS', '2')
        const sessions = await repository()
        proxy.inject('BatchGetItem', { answer: answer(tableName) })
        expect(owners(await find(sessions))).toEqual(IDS)
        expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem'])
        proxy.reset()
        proxy.inject('BatchGetItem', { answer: answer(tableName) }, { times: 2 })
        expect(owners(await find(sessions))).toEqual(IDS)
        expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem', ...ALONE])
      },
    )

    it('reads unprocessed keys under any name of the table', async () => {
      const sessions = await repository()
      const answer = { Responses: { [tableName]: [] }, UnprocessedKeys: { 'arn:of:it': { Keys: allOf(IDS) } } }
      proxy.inject('BatchGetItem', { answer })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(['BatchGetItem', ...ALONE])
    })
  })

  it('do not all fail for one id that DynamoDB refuses', async () => {
    const sessions = await repository()
    const tooLong = 'x'.repeat(2049)
    const ends = await settled(sessions, ['s1', tooLong, 's2'])
    expect(ends[0]).toMatchObject({ value: { id: 's1' } })
    expect(ends[1]).toMatchObject({ reason: { name: 'InvalidSessionIdError' } })
    expect(ends[2]).toMatchObject({ value: { id: 's2' } })
  })

  it('all fail when they are throttled, without a request for each', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '2')
    const sessions = await repository()
    proxy.inject('BatchGetItem', { error: 'ThrottlingException', message: 'too many' }, { times: 99 })
    const errors = reasons(await settled(sessions))
    expect(errors).toHaveLength(COUNT)
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'ThrottlingException', message: 'too many', $metadata: { attempts: 2 } })
    }
    expect(new Set(errors).size).toBe(COUNT)
    expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem'])
    proxy.reset()
    expect(owners(await find(sessions))).toEqual(IDS)
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  it('are read again after a passing failure', async () => {
    const sessions = await repository()
    proxy.inject('BatchGetItem', { error: 'InternalServerError', status: 500 })
    expect(owners(await find(sessions))).toEqual(IDS)
    expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem'])
  })

  it('fail with a TableMissingError where the table is missing', async () => {
    const sessions = await repository()
    proxy.inject('BatchGetItem', { error: 'ResourceNotFoundException' })
    const ends = await settled(sessions)
    for (const end of ends) expect(end).toMatchObject({ reason: expect.any(TableMissingError) })
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  describe('are read one by one', () => {
    it.each([
      ['with batch_reads off', { batchReads: false }],
      ['with transport sdk', { transport: 'sdk' }],
    ] as const)('%s', async (_, options) => {
      const sessions = await repository(options)
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(ALONE)
    })

    it('with a client of the application', async () => {
      const client = engine.client(proxy.endpoint)
      const sessions = await repository({ client, endpoint: undefined, region: undefined })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(ALONE)
    })
  })

  it('are read while timers are fake', async () => {
    const sessions = await repository()
    vi.useFakeTimers()
    for (let round = 0; round < 2; round += 1) expect(owners(await find(sessions))).toEqual(IDS)
  })

  it('are read even if the client is destroyed before or meanwhile', async () => {
    const { sessions, connection } = await warm()
    const before = find(sessions)
    connection.close()
    expect(owners(await before)).toEqual(IDS)
    const ends = settled(sessions)
    proxy.inject('BatchGetItem', { delay: 50 })
    setTimeout(() => connection.close(), 20)
    for (const { status } of await ends) expect(['fulfilled', 'rejected']).toContain(status)
    expect(owners(await find(sessions))).toEqual(IDS)
  })
})

interface Answer {
  readonly Responses: Readonly<Record<string, readonly { readonly session_id: { readonly S: string } }[]>>
}
