import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { types } from 'node:util'
import { DynamoDBClient, DynamoDBServiceException } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { SessionData } from 'express-session'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { clientFor } from '../../../runtime/dynamodb/client.js'
import { TableMissingError } from '../../../runtime/errors.js'
import { DynamoSessionStore } from '../../../runtime/express.js'
import type { SessionRecord } from '../../../runtime/session/session-record.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type Fault, type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { requestTimeout } from '../../support/request-timeouts.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const COUNT = 20
const IDS = Array.from({ length: COUNT }, (_, number) => `s${number}`)
const ALONE = IDS.map(() => 'GetItem')

onEachEngine('sessions that are asked for at the same moment', (engine) => {
  const tableName = uniqueTableName()
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let clients: DynamoDBClient[]
  /** The clock stands still in all rounds of a test. */
  let start: number

  beforeAll(async () => {
    direct = engine.client()
    await makeTable(direct, tableName)
  })
  afterAll(() => direct.destroy())
  beforeEach(async () => {
    proxy = await startFaultProxy(engine.endpoint)
    clients = []
    start = performance.now()
    await Promise.all(IDS.map((id) => put(id)))
  })
  afterEach(async () => {
    vi.useRealTimers()
    for (const client of clients) client.destroy()
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    await proxy.stop()
  })

  const put = (id: string, attributes: Parameters<typeof writeItem>[2] = {}) =>
    writeItem(direct, tableName, { session_id: { S: id }, data: { S: JSON.stringify({ of: id }) }, ...attributes })

  function made(options: Options = {}) {
    const place = { ...engine.options(), endpoint: proxy.endpoint, tableName }
    const configuration = resolveConfiguration({ ...place, transport: 'lean', ...options })
    const client = clientFor(configuration)
    clients.push(client)
    return { sessions: new SessionRepository(configuration, connectionTo(client)), client }
  }

  /** One whose client has sent a request already, as it has in a server after its first one. */
  async function repository(options: Options = {}) {
    return (await warm(options)).sessions
  }

  async function warm(options: Options = {}) {
    const { sessions, client } = made(options)
    await sessions.find('s0')
    proxy.reset()
    return { sessions, client }
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

  /** A repository whose requests are given up when the test says so, without being repeated. */
  async function impatient() {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    const { sessions, client } = await warm()
    const timeout = requestTimeout()
    onTestFinished(timeout.end)
    const handler = client.config.requestHandler as NodeHttpHandler
    handler.updateHttpClientConfig('requestTimeout', timeout.milliseconds)
    await find(sessions)
    proxy.reset()
    return { sessions, timeout }
  }

  /** Waits until what nobody waits for was answered. */
  async function quiet() {
    for (let seen = -1; seen !== proxy.operations.length; ) {
      seen = proxy.operations.length
      await sleep(15)
      await proxy.quiet()
    }
    await sleep(5)
  }

  /** Asks for all of them, so many milliseconds after the start of the test, with a fault of batches; gives the operations that were sent. */
  async function round(sessions: SessionRepository, { fault, later = 0 }: { fault?: Fault; later?: number } = {}) {
    proxy.reset()
    if (fault) proxy.inject('BatchGetItem', fault, { times: 99 })
    const clock = vi.spyOn(performance, 'now').mockReturnValue(start + later)
    expect(owners(await find(sessions))).toEqual(IDS)
    await quiet() // a batch for nobody may still fail
    clock.mockRestore()
    return [...proxy.operations].sort()
  }

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

  it('are read in batches of at most 25', async () => {
    const many = Array.from({ length: 60 }, (_, number) => `m${number}`)
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
    expect(keysOf()).toEqual(['s3'])
    proxy.reset()
    expect(owners(await find(sessions, ['s3']))).toEqual(['s3'])
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
      expect(proxy.operations).toEqual(['BatchGetItem', ...ALONE])
    })
  })

  describe('when batches can not be had', () => {
    const allOf = (ids: readonly string[]) =>
      ids.map((id) => ({ session_id: { S: id }, data: { S: `{"of":"${id}"}` } }))
    const stranger = allOf(['stranger'])

    it.each([
      ['it is not allowed', { error: 'AccessDeniedException', message: 'not authorized: dynamodb:BatchGetItem' }],
      ['there is no such operation', { error: 'UnknownOperationException' }],
      ['it is not implemented', { error: 'NotImplementedException', status: 501 }],
      ['something in between wants no such request', { error: 'Forbidden', status: 403 }],
      ['HTML comes instead', { garbage: 'before' }],
      ['a gateway fails at it', { error: 'BadGateway', status: 502 }],
      ['the connection breaks', { drop: 'after' }],
    ] as const)('reads one by one, and tries again at once and every minute, for nobody: %s', async (_, fault) => {
      vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
      const sessions = await repository()
      expect(await round(sessions, { fault })).toEqual(['BatchGetItem', ...ALONE])
      expect(await round(sessions, { fault })).toEqual(['BatchGetItem', ...ALONE])
      expect(await round(sessions)).toEqual(ALONE)
      expect(await round(sessions, { later: 59_000 })).toEqual(ALONE)
      expect(await round(sessions, { later: 61_000, fault })).toEqual(['BatchGetItem', ...ALONE])
      expect(await round(sessions, { later: 119_000 })).toEqual(ALONE)
      expect(await round(sessions, { later: 123_000 })).toEqual(['BatchGetItem', ...ALONE])
      expect(await round(sessions)).toEqual(['BatchGetItem'])
    })

    it('reads them together again at once when it had passed', async () => {
      const sessions = await repository()
      expect(await round(sessions, { fault: { error: 'AccessDeniedException' } })).toEqual(['BatchGetItem', ...ALONE])
      expect(await round(sessions)).toEqual(['BatchGetItem', ...ALONE])
      expect(await round(sessions)).toEqual(['BatchGetItem'])
    })

    it('has one try under way at a time, and nobody waits for it', async () => {
      const sessions = await repository()
      await round(sessions, { fault: { error: 'AccessDeniedException' } })
      proxy.reset()
      let answer = () => {}
      const asked = new Promise<void>((resolve) => {
        answer = resolve
      })
      proxy.inject('BatchGetItem', { delay: 0 }, { meanwhile: () => asked })
      for (let number = 0; number < 3; number += 1) expect(owners(await find(sessions))).toEqual(IDS)
      answer()
      await quiet()
      expect([...proxy.operations].sort()).toEqual(['BatchGetItem', ...ALONE, ...ALONE, ...ALONE])
      expect(await round(sessions)).toEqual(['BatchGetItem'])
    })

    it('reads them together again when GetItems are not answered either', async () => {
      const { sessions, timeout } = await impatient()
      const fault = { error: 'AccessDeniedException' }
      await round(sessions, { fault })
      await round(sessions, { fault })
      expect(await round(sessions)).toEqual(ALONE)
      proxy.reset()
      proxy.inject('GetItem', { hang: 'before' }, { times: COUNT })
      let fail = () => {}
      const late = new Promise<void>((resolve) => {
        fail = resolve
      })
      proxy.inject('BatchGetItem', fault, { meanwhile: () => late })
      const unanswered = settled(sessions)
      await expect.poll(() => proxy.operations).toEqual(ALONE)
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 61_000)
      expect(owners(await find(sessions))).toEqual(IDS) // and tries a batch, which fails when GetItems had timed out
      vi.restoreAllMocks()
      timeout.runOut(COUNT)
      expect(reasons(await unanswered)).toHaveLength(COUNT)
      fail()
      await quiet()
      expect(await round(sessions)).toEqual(['BatchGetItem'])
    })

    it('fails with what GetItem says when that is not possible either, and tries again later', async () => {
      const sessions = await repository()
      proxy.inject('*', { error: 'AccessDeniedException', message: 'not authorized' }, { times: 99 })
      for (const end of await settled(sessions)) {
        expect(end).toMatchObject({ status: 'rejected', reason: { name: 'AccessDeniedException' } })
      }
      expect(proxy.operations).toEqual(['BatchGetItem', ...ALONE])
      proxy.reset()
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(['BatchGetItem'])
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

    it('reads what the answer leaves under whatever name of the table', async () => {
      const sessions = await repository()
      const answer = { Responses: { [tableName]: [] }, UnprocessedKeys: { 'arn:of:it': { Keys: allOf(IDS) } } }
      proxy.inject('BatchGetItem', { answer })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(['BatchGetItem', ...ALONE])
    })
  })

  it('do not fail for one id that DynamoDB refuses', async () => {
    const sessions = await repository()
    const tooLong = 'x'.repeat(2049)
    const ends = await settled(sessions, ['s1', tooLong, 's2'])
    expect(ends[0]).toMatchObject({ value: { id: 's1' } })
    expect(ends[1]).toMatchObject({ reason: { name: 'InvalidSessionIdError' } })
    expect(ends[2]).toMatchObject({ value: { id: 's2' } })
  })

  it('fail all when they are throttled, without another request for each, and each with an error of its own', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '2')
    const sessions = await repository()
    proxy.inject('BatchGetItem', { error: 'ThrottlingException', message: 'too many' }, { times: 99 })
    const errors = reasons(await settled(sessions))
    expect(errors).toHaveLength(COUNT)
    for (const error of errors) {
      expect(error).toBeInstanceOf(DynamoDBServiceException)
      expect(error).toMatchObject({ name: 'ThrottlingException', message: 'too many', $metadata: { attempts: 2 } })
      expect((error as Error).stack).toContain('too many')
      expect(types.isNativeError(error)).toBe(true)
    }
    expect(new Set(errors).size).toBe(COUNT)
    expect(proxy.operations).toEqual(['BatchGetItem', 'BatchGetItem'])
    proxy.reset()
    expect(owners(await find(sessions))).toEqual(IDS)
    expect(proxy.operations).toEqual(['BatchGetItem'])
  })

  it('fail all, and do not hang, when their error can not be copied', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    const sessions = await repository()
    proxy.inject('BatchGetItem', { error: 'ThrottlingException' })
    const { prepareStackTrace } = Error
    const ends = settled(sessions)
    Error.prepareStackTrace = () => {
      throw new Error('by the application')
    }
    await Promise.race([ends, sleep(500)])
    Error.prepareStackTrace = prepareStackTrace
    expect((await ends).map(({ status }) => status)).toEqual(ALONE.map(() => 'rejected'))
  })

  it('fail all when no answer comes, so that nobody waits as long again, and are then read one by one', async () => {
    const { sessions, timeout } = await impatient()
    const fault: Fault = { hang: 'before' }
    proxy.inject('BatchGetItem', fault, { meanwhile: async () => timeout.runOut() })
    const errors = reasons(await settled(sessions))
    expect(errors).toHaveLength(COUNT)
    for (const error of errors) expect(error).toMatchObject({ name: 'TimeoutError' })
    await expect.poll(() => proxy.operations).toEqual(['BatchGetItem', 'GetItem'])
    await quiet()
    start = performance.now()
    expect(await round(sessions, { fault })).toEqual(['BatchGetItem', ...ALONE])
    timeout.runOut()
    await quiet()
    expect(await round(sessions)).toEqual(ALONE)
  })

  it('fail all when no answer comes, and are read together again when GetItem had none either', async () => {
    const { sessions, timeout } = await impatient()
    proxy.inject('*', { hang: 'before' }, { times: 2, meanwhile: async () => timeout.runOut() })
    expect(reasons(await settled(sessions))).toHaveLength(COUNT)
    await expect.poll(() => proxy.operations).toEqual(['BatchGetItem', 'GetItem'])
    await quiet()
    expect(await round(sessions)).toEqual(['BatchGetItem'])
  })

  it('fail all when a failure comes late, so that nobody waits as long again', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    const sessions = await repository()
    const now = performance.now()
    const meanwhile = async () => void vi.spyOn(performance, 'now').mockReturnValue(now + 6_000)
    proxy.inject('BatchGetItem', { error: 'GatewayTimeout', status: 504 }, { meanwhile })
    const errors = reasons(await settled(sessions))
    expect(errors).toHaveLength(COUNT)
    for (const error of errors) expect(error).toMatchObject({ $metadata: { httpStatusCode: 504 } })
    await expect.poll(() => proxy.operations).toEqual(['BatchGetItem', 'GetItem'])
    await quiet()
  })

  it('are read together again after throttling, also when that comes late', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    const sessions = await repository()
    const now = performance.now()
    const meanwhile = async () => void vi.spyOn(performance, 'now').mockReturnValue(now + 6_000)
    proxy.inject('BatchGetItem', { error: 'ThrottlingException' }, { meanwhile })
    expect(reasons(await settled(sessions))).toHaveLength(COUNT)
    await quiet()
    expect(proxy.operations).toEqual(['BatchGetItem'])
    expect(await round(sessions)).toEqual(['BatchGetItem'])
  })

  it('are read by whoever asked, with its own credentials, when they are read one by one', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', proxy.endpoint)
    const asker = new AsyncLocalStorage<string>()
    const memoized = true // so the SDK asks for each request
    const credentials = async () => ({ accessKeyId: asker.getStore() ?? 'nobody', secretAccessKey: 'local' })
    const client = new DynamoDBClient({ region: 'us-east-1', credentials: Object.assign(credentials, { memoized }) })
    const sessions = await repository({ client, endpoint: undefined, region: undefined })
    const ids = IDS.slice(0, 5)
    for (const _ of ['learning how', 'knowing how']) {
      proxy.reset()
      proxy.inject('BatchGetItem', { error: 'AccessDeniedException' })
      expect(owners(await Promise.all(ids.map((id) => asker.run(id, () => sessions.find(id)))))).toEqual(ids)
      const reads = proxy.requests.filter(({ operation }) => operation === 'GetItem')
      const signers = reads.map(({ headers }) => /Credential=(\w+)/.exec(String(headers.authorization))?.[1])
      expect(signers).toEqual(reads.map(({ input }) => input.Key.session_id.S))
    }
    client.destroy()
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
      expect(proxy.operations).toEqual(ALONE)
    })

    it('with the first requests of a process, until it is known how they are sent', async () => {
      const { sessions } = made()
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(ALONE)
    })

    it('with middleware in the client, also when it comes later', async () => {
      const { sessions, client } = await warm()
      const names: (string | undefined)[] = []
      const middleware =
        (next: (args: never) => Promise<never>, context: { commandName?: string }) => (args: never) => {
          names.push(context.commandName)
          return next(args)
        }
      client.middlewareStack.add(middleware as never, { step: 'initialize' })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(names).toEqual([...IDS, ...IDS].map(() => 'GetItemCommand'))
    })

    it('with a client that has an endpoint of its own, which may be another one for each request', async () => {
      const { hostname, port } = new URL(proxy.endpoint)
      const client = new DynamoDBClient({
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        endpoint: async () => ({ protocol: 'http:', hostname, port: Number(port), path: '/' }),
      })
      const sessions = await repository({ client, endpoint: undefined, region: undefined })
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(ALONE)
    })

    it('with a client that has a request handler of its own', async () => {
      const { sessions, client } = await warm()
      const handler = new NodeHttpHandler()
      client.config.requestHandler = {
        handle: (...given: Parameters<NodeHttpHandler['handle']>) => handler.handle(...given),
      } as never
      await sessions.find('s0')
      proxy.reset()
      expect(owners(await find(sessions))).toEqual(IDS)
      expect(proxy.operations).toEqual(ALONE)
      handler.destroy()
    })

    it('when middleware comes between asking and sending', async () => {
      const { sessions, client } = await warm()
      const found = find(sessions)
      client.middlewareStack.add(((next: unknown) => next) as never, { step: 'initialize' })
      expect(owners(await found)).toEqual(IDS)
      expect(proxy.operations).toEqual(ALONE)
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
    for (let round = 0; round < 2; round += 1) expect(owners(await find(sessions))).toEqual(IDS)
  })

  it('are read when the client is destroyed before or while they are', async () => {
    const { sessions, client } = await warm()
    const before = find(sessions)
    client.destroy()
    expect(owners(await before)).toEqual(IDS)
    const ends = settled(sessions)
    proxy.inject('BatchGetItem', { delay: 50 })
    setTimeout(() => client.destroy(), 20)
    for (const { status } of await ends) expect(['fulfilled', 'rejected']).toContain(status)
    expect(owners(await find(sessions))).toEqual(IDS)
  })
})

interface Answer {
  readonly Responses: Readonly<Record<string, readonly { readonly session_id: { readonly S: string } }[]>>
}
