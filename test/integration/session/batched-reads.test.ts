import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { SessionData } from 'express-session'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { TableMissingError } from '../../../runtime/errors.js'
import { DynamoSessionStore } from '../../../runtime/express.js'
import type { SessionRecord } from '../../../runtime/session/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const COUNT = 20
const IDS = Array.from({ length: COUNT }, (_, number) => `s${number}`)

onEachEngine('sessions that are asked for at the same moment', (engine) => {
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let tableName: string
  let clients: DynamoDBClient[]

  beforeEach(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    tableName = uniqueTableName()
    clients = []
    await makeTable(direct, tableName)
    await Promise.all(IDS.map((id) => put(id)))
  })
  afterEach(async () => {
    for (const client of [direct, ...clients]) client.destroy()
    await proxy.stop()
  })

  const put = (id: string, attributes: Parameters<typeof writeItem>[2] = {}) =>
    writeItem(direct, tableName, { session_id: { S: id }, data: { S: JSON.stringify({ of: id }) }, ...attributes })

  function client(): DynamoDBClient {
    const made = engine.client(proxy.endpoint)
    clients.push(made)
    return made
  }

  /** One whose client has sent a request already, as it has in a server after its first one. */
  async function repository(options: Options = {}, of = client()) {
    const configuration = resolveConfiguration({ tableName, transport: 'lean', ...options })
    const sessions = new SessionRepository(configuration, of)
    await sessions.find('s0')
    proxy.reset()
    return sessions
  }

  const find = (sessions: SessionRepository, ids = IDS) => Promise.all(ids.map((id) => sessions.find(id)))
  const settled = (sessions: SessionRepository, ids = IDS) => Promise.allSettled(ids.map((id) => sessions.find(id)))
  const owners = (records: readonly (SessionRecord | undefined)[]) => records.map((record) => record?.data.of)
  const keysOf = (index = 0) =>
    proxy.requests[index]?.input.RequestItems?.[tableName]?.Keys?.map(
      (key: { session_id: { S: string } }) => key.session_id.S,
    )

  it('are read with one request, and each gets its own', async () => {
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

  it('are read by the table key that is configured', async () => {
    const other = uniqueTableName()
    await makeTable(direct, other, 'sid')
    for (const id of ['a', 'b'])
      await writeItem(direct, other, { sid: { S: id }, data: { S: JSON.stringify({ of: id }) } })
    const sessions = await repository({ tableName: other, tableKey: 'sid' })
    expect(owners(await find(sessions, ['b', 'missing', 'a']))).toEqual(['b', undefined, 'a'])
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  it('are none where there is none', async () => {
    const sessions = await repository()
    expect(owners(await find(sessions, ['missing', 's1', 'gone', 's2']))).toEqual([undefined, 's1', undefined, 's2'])
    expect(proxy.operations).toEqual(['BatchGetItem'])
    proxy.reset()
    expect(owners(await find(sessions, ['missing', 'gone']))).toEqual([undefined, undefined])
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  it('are read in batches of at most 100, the limit of DynamoDB', async () => {
    const many = Array.from({ length: 250 }, (_, number) => `m${number}`)
    await Promise.all(many.map((id) => put(id)))
    const sessions = await repository()
    expect(owners(await find(sessions, many))).toEqual(many)
    expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem', 'BatchGetItem'])
    expect(new Set([0, 1, 2].flatMap(keysOf))).toEqual(new Set(many))
  })

  it('are each of their own, also when several ask for the same, which is read once', async () => {
    await put('s1', { seats: { L: [{ S: 'A1' }] } })
    const sessions = await repository()
    const records = await find(sessions, ['s1', 's2', 's1', 's1'])
    expect(owners(records)).toEqual(['s1', 's2', 's1', 's1'])
    expect(keysOf()).toEqual(['s1', 's2'])
    const [first, , ...others] = records as SessionRecord[]
    first?.others.seats?.L?.push({ S: 'B2' })
    Object.assign(first?.data ?? {}, { of: 'changed' })
    for (const other of others) {
      expect(other.others.seats).toEqual({ L: [{ S: 'A1' }] })
      expect(other.data).toEqual({ of: 's1' })
    }
    proxy.reset()
    expect(owners(await find(sessions, ['s3', 's3']))).toEqual(['s3', 's3'])
    expect(proxy.operations).toEqual(['GetItem'])
  })

  it('are read again by whoever asks later', async () => {
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

  it('fail each by itself where what is stored is no session', async () => {
    await put('s2', { data: { S: 'no JSON' } })
    const sessions = await repository()
    const [one, two, three] = await settled(sessions, ['s1', 's2', 's3'])
    expect(one).toMatchObject({ status: 'fulfilled', value: { id: 's1' } })
    expect(two).toMatchObject({ status: 'rejected', reason: { name: 'SessionDataError' } })
    expect(three).toMatchObject({ status: 'fulfilled', value: { id: 's3' } })
  })

  it('go through the store to the request that asked, with a thousand at a time', async () => {
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

  describe('when DynamoDB answers only a part of them', () => {
    const leaveOut = (out: readonly string[]) => (answer: Answer) => ({
      Responses: { [tableName]: answer.Responses[tableName]?.filter(({ session_id }) => !out.includes(session_id.S)) },
      UnprocessedKeys: {
        [tableName]: { Keys: out.map((id) => ({ session_id: { S: id } })), ConsistentRead: true },
      },
    })

    it('reads the others one by one', async () => {
      const sessions = await repository()
      proxy.inject('BatchGetItem', { change: leaveOut(['s3', 's4']) })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(['BatchGetItem', 'GetItem', 'GetItem'])
      proxy.reset()
      await find(sessions)
      expect(proxy.operations).toEqual(['BatchGetItem'])
    })

    it('fails only those that can not be read then either', async () => {
      const sessions = await repository()
      proxy.inject('BatchGetItem', { change: leaveOut(['s3', 's4']) })
      const isS3 = ({ Key }: { Key: { session_id: { S: string } } }) => Key.session_id.S === 's3'
      proxy.inject('GetItem', { error: 'ProvisionedThroughputExceededException' }, { times: 99, when: isS3 })
      const ends = await settled(sessions)
      expect(ends.map(({ status }) => status === 'fulfilled')).toEqual(IDS.map((id) => id !== 's3'))
      expect(ends[3]).toMatchObject({ reason: { name: 'ProvisionedThroughputExceededException' } })
    })

    it('reads all one by one where it answers none', async () => {
      const sessions = await repository()
      proxy.inject('BatchGetItem', { change: leaveOut(IDS) })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(['BatchGetItem', ...IDS.map(() => 'GetItem')])
    })
  })

  describe('when batches can not be had', () => {
    it.each(['AccessDeniedException', 'UnknownOperationException'])(
      'reads one by one from then on: %s',
      async (error) => {
        const sessions = await repository()
        proxy.inject('BatchGetItem', { error, message: 'User: x is not authorized to perform: dynamodb:BatchGetItem' })
        expect(owners(await find(sessions))).toEqual(IDS)
        expect(proxy.operations).toEqual(['BatchGetItem', ...IDS.map(() => 'GetItem')])
        proxy.reset()
        expect(owners(await find(sessions))).toEqual(IDS)
        expect(proxy.operations).toEqual(IDS.map(() => 'GetItem'))
      },
    )

    it('says what GetItem says when that is not allowed either', async () => {
      const sessions = await repository()
      proxy.inject('*', { error: 'AccessDeniedException', message: 'not authorized' }, { times: 99 })
      for (const end of await settled(sessions)) {
        expect(end).toMatchObject({ status: 'rejected', reason: { name: 'AccessDeniedException' } })
      }
    })

    it.each([
      ['without answers', {}],
      ['with an answer for another table', { Responses: { other: [] }, UnprocessedKeys: {} }],
      ['with answers that are no list', { Responses: 'none' }],
    ])('reads one by one from then on: %s', async (_, answer) => {
      const sessions = await repository()
      proxy.inject('BatchGetItem', { answer })
      expect(owners(await find(sessions))).toEqual(IDS)
      proxy.reset()
      await find(sessions)
      expect(proxy.operations).toEqual(IDS.map(() => 'GetItem'))
    })

    it('trusts no answer with a session that nobody asked for', async () => {
      const sessions = await repository()
      const stranger = { session_id: { S: 'stranger' }, data: { S: '{"of":"stranger"}' } }
      proxy.inject('BatchGetItem', { answer: { Responses: { [tableName]: [stranger] }, UnprocessedKeys: {} } })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(['BatchGetItem', ...IDS.map(() => 'GetItem')])
    })
  })

  it('do not fail for one id that DynamoDB refuses', async () => {
    const sessions = await repository()
    const tooLong = 'x'.repeat(2049)
    const ends = await settled(sessions, ['s1', tooLong, 's2'])
    expect(ends[0]).toMatchObject({ value: { id: 's1' } })
    expect(ends[1]).toMatchObject({ reason: { name: 'ValidationException' } })
    expect(ends[2]).toMatchObject({ value: { id: 's2' } })
    proxy.reset()
    await find(sessions)
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  it.each([
    ['throttling', { error: 'ThrottlingException' }, 'ThrottlingException'],
    ['a fault inside AWS', { error: 'InternalServerError', status: 500 }, 'InternalServerError'],
    ['a broken connection', { drop: 'after' }, undefined],
    ['HTML', { garbage: 'before' }, 'UnreadableAnswerError'],
  ] as const)('fail all when the request fails, without another one for each: %s', async (_, fault, name) => {
    const sessions = await repository()
    proxy.inject('BatchGetItem', fault, { times: 99 })
    const ends = await settled(sessions)
    for (const end of ends) {
      expect(end).toMatchObject({ status: 'rejected', reason: name === undefined ? expect.any(Error) : { name } })
    }
    expect(new Set(proxy.operations)).toEqual(new Set(['BatchGetItem']))
    expect(proxy.operations.length).toBeLessThan(COUNT)
    proxy.reset()
    expect(owners(await find(sessions))).toEqual(IDS)
  })

  it('are sent again when a failure passes', async () => {
    const sessions = await repository()
    proxy.inject('BatchGetItem', { error: 'InternalServerError', status: 500 })
    expect(owners(await find(sessions))).toEqual(IDS)
    expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem'])
  })

  it('say that the table is missing', async () => {
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
      expect(proxy.operations).toEqual(IDS.map(() => 'GetItem'))
    })

    it('with the first requests of a process, until it is known how they are sent', async () => {
      const configuration = resolveConfiguration({ tableName, transport: 'lean' })
      const sessions = new SessionRepository(configuration, client())
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(IDS.map(() => 'GetItem'))
    })

    it('with middleware in the client, also when it comes later', async () => {
      const own = client()
      const sessions = await repository({}, own)
      const names: (string | undefined)[] = []
      const middleware =
        (next: (args: never) => Promise<never>, context: { commandName?: string }) => (args: never) => {
          names.push(context.commandName)
          return next(args)
        }
      own.middlewareStack.add(middleware as never, { step: 'initialize' })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(names).toEqual([...IDS, ...IDS].map(() => 'GetItemCommand'))
    })

    it('with a mocked send', async () => {
      const sessions = await repository()
      const send = vi.spyOn(DynamoDBClient.prototype, 'send')
      try {
        expect(owners(await find(sessions))).toEqual(IDS)
        expect(send).toHaveBeenCalledTimes(COUNT)
      } finally {
        send.mockRestore()
      }
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations.at(-1)).toBe('BatchGetItem')
    })
  })

  it('are read while timers are fake', async () => {
    const sessions = await repository()
    vi.useFakeTimers()
    try {
      expect(owners(await find(sessions, ['s1', 's2']))).toEqual(['s1', 's2'])
    } finally {
      vi.useRealTimers()
    }
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })
})

interface Answer {
  readonly Responses: Readonly<Record<string, readonly { readonly session_id: { readonly S: string } }[]>>
}
