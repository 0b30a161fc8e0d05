import { AsyncLocalStorage } from 'node:async_hooks'
import { types } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { requestTimedOut } from '../../../../runtime/dynamodb/request-errors.js'
import { BatchedReads } from '../../../../runtime/session/requests/batched-reads.js'
import { FakeTransport } from '../../../support/fake-transport.js'

const TABLE = 'sessions'
/** The option `request_timeout`. Milliseconds. */
const TIMEOUT = 1_000

const { setImmediate: soon } = globalThis
const isAsked = () => new Promise((resolve) => soon(resolve))
const errorOf = (name: string) => Object.assign(new Error(`it is ${name}`), { name, $fault: 'client' })
const timeout = () => requestTimedOut('BatchGetItem', { RequestItems: { [TABLE]: { Keys: [] } } }, TIMEOUT)
const keys = (count: number, prefix = 'k') => Array.from({ length: count }, (_, number) => `${prefix}${number}`)

let transport: FakeTransport
let reads: BatchedReads
/** So many requests are answered, or need no answer. */
let answered: number

beforeEach(() => {
  answered = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  transport = new FakeTransport()
  for (const key of ['a', 'b', 'c', 'd'])
    transport.items.set(key, { session_id: { S: key }, of: { M: { key: { S: key } } } })
  reads = made()
})
afterEach(() => {
  vi.useRealTimers()
})

function made({ batchReads = true, tableKey = 'session_id', consistent = true } = {}): BatchedReads {
  const options = { region: 'us-east-1', tableName: TABLE, requestTimeout: TIMEOUT, batchReads, tableKey }
  return new BatchedReads(transport, resolveConfiguration(options), consistent)
}

/** How reads ended so far: the key of the item, `none`, the name of the error, or `waits`. */
interface Asked {
  readonly ends: string[]
  readonly errors: unknown[]
}

/** Reads all keys in one turn of the event loop. */
async function ask(...asked: string[]): Promise<Asked> {
  const ends = asked.map(() => 'waits')
  const errors: unknown[] = []
  for (const [index, key] of asked.entries()) {
    reads.get(key).then(
      (item) => {
        ends[index] = item?.session_id?.S ?? 'none'
      },
      (error) => {
        ends[index] = error.name
        errors.push(error)
      },
    )
  }
  await isAsked()
  return { ends, errors }
}

/** Answers all requests that have a connection, and those that get one then. */
async function answerAll(): Promise<string[]> {
  for (; answered < transport.requests.length; answered += 1) {
    transport.requests[answered]?.answer()
    await isAsked()
  }
  return transport.sent()
}

const last = () => {
  const request = transport.requests.at(-1)
  if (!request) throw new Error('no request was sent')
  return request
}

/** Makes the last request fail. */
async function fail(error: unknown): Promise<void> {
  answered = transport.requests.length
  last().fail(error)
  await isAsked()
}

describe('reads of one turn of the event loop', () => {
  it('share one BatchGetItem, and each gets the item of its key', async () => {
    const { ends } = await ask('a', 'missing', 'b')
    expect(transport.sent()).toEqual(['BatchGetItem a missing b'])
    last().answer({ Responses: { [TABLE]: [transport.items.get('b'), transport.items.get('a')] } })
    await isAsked()
    expect(ends).toEqual(['a', 'none', 'b'])
  })

  it('share it also where they begin in different ticks', async () => {
    void reads.get('a')
    await Promise.resolve()
    void reads.get('b')
    process.nextTick(() => void reads.get('c'))
    expect(transport.sent()).toEqual([])
    await isAsked()
    expect(transport.sent()).toEqual(['BatchGetItem a b c'])
  })

  it('are a GetItem at the end of the turn where there is only one', async () => {
    const { ends } = await ask('a')
    expect(await answerAll()).toEqual(['GetItem a'])
    expect(ends).toEqual(['a'])
  })

  it.each([true, false])('are as consistent as the configuration says: %s', async (consistent) => {
    reads = made({ consistent, tableKey: 'sid' })
    await ask('a', 'b')
    const Keys = [{ sid: { S: 'a' } }, { sid: { S: 'b' } }]
    expect(last().input).toEqual({ RequestItems: { [TABLE]: { Keys, ConsistentRead: consistent } } })
    await ask('a')
    expect(last().input).toEqual({ TableName: TABLE, Key: { sid: { S: 'a' } }, ConsistentRead: consistent })
  })

  it('are sent while the application uses fake timers', async () => {
    vi.useFakeTimers()
    const found = Promise.all([reads.get('a'), reads.get('b')])
    await isAsked()
    expect(transport.sent()).toEqual(['BatchGetItem a b'])
    last().answer()
    expect(await found).toEqual([transport.items.get('a'), transport.items.get('b')])
  })

  it('are at most 25 in a batch', async () => {
    await ask(...keys(51))
    expect(transport.requests.map((request) => request.keys)).toEqual([keys(25), keys(50).slice(25), ['k50']])
    expect(transport.sent().at(-1)).toBe('GetItem k50')
  })

  it('read an item once for all its readers, and each gets a copy', async () => {
    const found = Promise.all(['a', 'b', 'a', 'a'].map((key) => reads.get(key)))
    await isAsked()
    expect(await answerAll()).toEqual(['BatchGetItem a b'])
    const [first, , ...others] = await found
    Object.assign(first?.of?.M ?? {}, { key: { S: 'changed' } })
    for (const other of others) expect(other).toEqual({ session_id: { S: 'a' }, of: { M: { key: { S: 'a' } } } })
    expect(others[0]).not.toBe(others[1])
  })

  it('share a BatchGetItem also where all read the same item', async () => {
    const { ends } = await ask('a', 'a')
    expect(await answerAll()).toEqual(['BatchGetItem a'])
    expect(ends).toEqual(['a', 'a'])
  })

  it('read an item again for a later reader', async () => {
    await ask('a', 'b')
    await ask('a', 'b')
    expect(await answerAll()).toEqual(['BatchGetItem a b', 'BatchGetItem a b'])
  })

  it.each([
    ['with batch_reads off', () => (reads = made({ batchReads: false }))],
    ['where the transport is the SDK, as with a client of the application', () => (transport.isLean = false)],
  ])('are sent one by one, at once, %s', async (_, prepare) => {
    prepare()
    const asked = ask('a', 'b', 'a')
    expect(transport.sent()).toEqual(['GetItem a', 'GetItem b', 'GetItem a'])
    const { ends } = await asked
    await answerAll()
    expect(ends).toEqual(['a', 'b', 'a'])
  })

  it('are sent one by one where the SDK has become the transport', async () => {
    const asked = ask('a', 'b')
    transport.isLean = false
    const { ends } = await asked
    expect(await answerAll()).toEqual(['GetItem a', 'GetItem b'])
    expect(ends).toEqual(['a', 'b'])
  })
})

describe('reads that wait for a connection', () => {
  beforeEach(async () => {
    transport.connections = 1
    await ask('busy')
    expect(transport.sent()).toEqual(['GetItem busy'])
  })

  it('are merged with reads that begin meanwhile', async () => {
    const waits = [await ask('a'), await ask('b', 'a'), await ask('c')]
    expect(transport.sent()).toEqual([])
    expect(await answerAll()).toEqual(['BatchGetItem a b c'])
    expect(waits.map(({ ends }) => ends)).toEqual([['a'], ['b', 'a'], ['c']])
  })

  it('are merged with reads of a turn that has not ended', async () => {
    await ask('a')
    const asked = ask('b')
    transport.requests[0]?.answer()
    expect(transport.sent()).toEqual(['BatchGetItem a b'])
    await asked
    last().answer()
    expect(vi.getTimerCount()).toBe(1)
    await ask('c')
    expect(transport.sent()).toEqual(['GetItem c'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are a GetItem where only one read waits', async () => {
    const { ends } = await ask('a')
    expect(vi.getTimerCount()).toBe(1)
    expect(await answerAll()).toEqual(['GetItem a'])
    expect(ends).toEqual(['a'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keep their places in the queue, one for every 25 reads', async () => {
    await ask(...keys(24))
    void transport.send('GetItem', { TableName: TABLE, Key: { session_id: { S: 'other' } } })
    for (const key of keys(7, 'l')) await ask(key)
    expect(transport.queue).toHaveLength(3)
    expect((await answerAll()).map((sent) => sent.split(' ').length - 1)).toEqual([25, 1, 6])
    expect(transport.requests[2]?.keys).toEqual(['other'])
    expect(transport.requests[3]?.keys).toEqual(keys(7, 'l').slice(1))
    expect(transport.queue).toEqual([])
  })

  it('take no connection from other requests when many read the same item', async () => {
    await ask(...keys(60).map(() => 'a'))
    void transport.send('GetItem', { TableName: TABLE, Key: { session_id: { S: 'other' } } })
    expect(await answerAll()).toEqual(['BatchGetItem a', 'GetItem other'])
    const { ends } = await ask('b', 'c')
    expect(await answerAll()).toEqual(['BatchGetItem b c'])
    expect(ends).toEqual(['b', 'c'])
  })

  it('are sent in the asynchronous context of the first read', async () => {
    const caller = new AsyncLocalStorage<string>()
    const send = vi.spyOn(transport, 'send').mockImplementation(() => {
      callers.push(caller.getStore())
      return new Promise(() => {})
    })
    const callers: (string | undefined)[] = []
    for (const name of ['a', 'b']) {
      void caller.run(name, () => reads.get(name))
      await isAsked()
    }
    caller.run('busy', () => transport.requests[0]?.answer())
    void caller.run('c', () => reads.get('c'))
    await isAsked()
    expect(send.mock.calls.map(([operation]) => operation)).toEqual(['BatchGetItem', 'GetItem'])
    expect(callers).toEqual(['a', 'c'])
  })

  it('are sent in their own asynchronous context where they are sent alone', async () => {
    const caller = new AsyncLocalStorage<string>()
    const callers: (string | undefined)[] = []
    void caller.run('a', () => reads.get('a'))
    await isAsked()
    vi.spyOn(transport, 'send').mockImplementation(() => {
      callers.push(caller.getStore())
      return new Promise(() => {})
    })
    caller.run('busy', () => transport.requests[0]?.answer())
    expect(callers).toEqual(['a'])
  })
})

describe('the deadline of a read', () => {
  const start = () => performance.now()

  it('is request_timeout after the call, also for a read that is sent alone', async () => {
    const began = start()
    await ask('a')
    expect(last().deadline).toBe(began + TIMEOUT)
    reads = made({ batchReads: false })
    await ask('a')
    expect(last().deadline).toBe(began + TIMEOUT)
  })

  it('is left to the transport, without a timer, where no read waits for a connection', async () => {
    const { ends } = await ask('a', 'b')
    await ask('c')
    expect(vi.getTimerCount()).toBe(0)
    await answerAll()
    expect(ends).toEqual(['a', 'b'])
  })

  describe('that waits for a connection', () => {
    beforeEach(async () => {
      transport.connections = 1
      await ask('busy')
      transport.sent()
    })

    it('ends the read, and leaves it out of the batch', async () => {
      const early = await ask('a', 'b')
      await vi.advanceTimersByTimeAsync(TIMEOUT / 2)
      const later = await ask('c', 'b', 'd')
      await vi.advanceTimersByTimeAsync(TIMEOUT / 2)
      expect(early.ends).toEqual(['RequestTimeoutError', 'RequestTimeoutError'])
      expect(early.errors[0]).toMatchObject({ code: 'ETIMEDOUT', maybeWritten: false })
      expect((early.errors[0] as Error).message).toMatch(/"sessions".*1000 ms.*request_timeout/)
      expect(later.ends).toEqual(['waits', 'waits', 'waits'])
      expect(await answerAll()).toEqual(['BatchGetItem c b d'])
      expect(later.ends).toEqual(['c', 'b', 'd'])
      expect(vi.getTimerCount()).toBe(0)
    })

    it('ends the read, and the only other one is sent alone', async () => {
      await ask('a')
      await vi.advanceTimersByTimeAsync(1)
      const { ends } = await ask('b')
      await vi.advanceTimersByTimeAsync(TIMEOUT - 1)
      expect(await answerAll()).toEqual(['GetItem b'])
      expect(ends).toEqual(['b'])
    })

    it('ends all reads, and nothing is sent', async () => {
      const { ends } = await ask(...keys(60))
      await vi.advanceTimersByTimeAsync(TIMEOUT)
      expect(new Set(ends)).toEqual(new Set(['RequestTimeoutError']))
      expect(await answerAll()).toEqual([])
      expect(transport.queue).toEqual([])
      await ask('a', 'b')
      expect(await answerAll()).toEqual(['BatchGetItem a b'])
    })

    it('ends the read also while its batch is running until the latest deadline', async () => {
      const early = await ask('a')
      await vi.advanceTimersByTimeAsync(TIMEOUT / 2)
      const later = await ask('b', 'a')
      const latest = performance.now() + TIMEOUT
      transport.requests[0]?.answer()
      expect(transport.sent()).toEqual(['BatchGetItem a b'])
      expect(last().deadline).toBe(latest)
      await vi.advanceTimersByTimeAsync(TIMEOUT / 2)
      expect(early.ends).toEqual(['RequestTimeoutError'])
      last().answer()
      await isAsked()
      expect(later.ends).toEqual(['b', 'a'])
      expect(early.ends).toEqual(['RequestTimeoutError'])
    })

    it('leaves the read out after its batch failed, and sends the remaining reads one by one', async () => {
      await ask('a')
      await vi.advanceTimersByTimeAsync(TIMEOUT / 2)
      const { ends } = await ask('b', 'c')
      transport.requests[0]?.answer()
      await vi.advanceTimersByTimeAsync(TIMEOUT / 2)
      expect(transport.sent()).toEqual(['BatchGetItem a b c'])
      await fail(errorOf('AccessDeniedException'))
      expect(await answerAll()).toEqual(['GetItem b', 'GetItem c'])
      expect(ends).toEqual(['b', 'c'])
      expect(vi.getTimerCount()).toBe(0)
    })
  })

  it('leaves no time for a GetItem after a batch failed late', async () => {
    const { ends } = await ask('a', 'b')
    transport.sent()
    await vi.advanceTimersByTimeAsync(TIMEOUT)
    await fail(errorOf('InternalServerError'))
    expect(transport.sent()).toEqual([])
    expect(ends).toEqual(['RequestTimeoutError', 'RequestTimeoutError'])
  })

  it('stays the same when the read is sent alone after a batch', async () => {
    const began = start()
    await ask('a', 'b')
    await vi.advanceTimersByTimeAsync(TIMEOUT / 2)
    await fail(errorOf('AccessDeniedException'))
    expect(last().deadline).toBe(began + TIMEOUT)
  })
})

describe('keys that DynamoDB leaves unprocessed', () => {
  const left = (...those: string[]) => ({ [TABLE]: { Keys: those.map((key) => ({ session_id: { S: key } })) } })

  it('are read one by one, and batching continues', async () => {
    const { ends } = await ask('a', 'b', 'c', 'b')
    expect(transport.sent()).toEqual(['BatchGetItem a b c'])
    answered = 1
    last().answer({ Responses: { [TABLE]: [transport.items.get('a')] }, UnprocessedKeys: left('b', 'c') })
    await isAsked()
    expect(await answerAll()).toEqual(['GetItem b', 'GetItem c', 'GetItem b'])
    expect(ends).toEqual(['a', 'b', 'c', 'b'])
    await ask('a', 'b')
    expect(transport.sent()).toEqual(['BatchGetItem a b'])
  })

  it('fail by themselves', async () => {
    const { ends } = await ask('a', 'b')
    last().answer({ Responses: { [TABLE]: [transport.items.get('a')] }, UnprocessedKeys: left('b') })
    await isAsked()
    await fail(errorOf('ProvisionedThroughputExceededException'))
    expect(ends).toEqual(['a', 'ProvisionedThroughputExceededException'])
  })
})

/** Reads two items, and tells whether they were read together or one by one. */
async function way(): Promise<'together' | 'one by one'> {
  transport.sent()
  const { ends } = await ask('a', 'b')
  const sent = await answerAll()
  expect(ends).toEqual(['a', 'b'])
  if (sent.length === 1) expect(sent).toEqual(['BatchGetItem a b'])
  else expect(sent).toEqual(['GetItem a', 'GetItem b'])
  return sent.length === 1 ? 'together' : 'one by one'
}

describe('a batch that is throttled, finds no table, or is ended by close()', () => {
  it.each(['ThrottlingException', 'ProvisionedThroughputExceededException', 'ResourceNotFoundException', 'AbortError'])(
    'fails all of its readers, each with its own error, and batching continues: %s',
    async (name) => {
      const { ends, errors } = await ask('a', 'b', 'a')
      transport.sent()
      await fail(errorOf(name))
      expect(ends).toEqual([name, name, name])
      expect(new Set(errors).size).toBe(3)
      for (const error of errors) {
        expect(error).toMatchObject({ name, message: `it is ${name}`, $fault: 'client' })
        expect((error as Error).stack).toContain(`it is ${name}`)
        expect(types.isNativeError(error)).toBe(true)
      }
      expect(transport.sent()).toEqual([])
      expect(await way()).toBe('together')
    },
  )

  it('fails all of its readers even if the error cannot be copied', async () => {
    const { prepareStackTrace } = Error
    const error = errorOf('ThrottlingException')
    const { ends } = await ask('a', 'b')
    Error.prepareStackTrace = () => {
      throw new Error('by the application')
    }
    await fail(error).finally(() => {
      Error.prepareStackTrace = prepareStackTrace
    })
    expect(ends).toEqual(['ThrottlingException', 'ThrottlingException'])
  })
})

describe('a batch that fails with another error', () => {
  it.each(['AccessDeniedException', 'UnknownOperationException', 'InternalServerError', 'UnreadableAnswerError'])(
    'is read one by one, and batching pauses for a minute: %s',
    async (name) => {
      const { ends } = await ask('a', 'b', 'a')
      await fail(errorOf(name))
      expect(await answerAll()).toEqual(['BatchGetItem a b', 'GetItem a', 'GetItem b', 'GetItem a'])
      expect(ends).toEqual(['a', 'b', 'a'])
      expect(await way()).toBe('one by one')
      await vi.advanceTimersByTimeAsync(59_999)
      expect(await way()).toBe('one by one')
      await vi.advanceTimersByTimeAsync(1)
      expect(await way()).toBe('together')
    },
  )

  it('pauses batching also where the GetItems fail', async () => {
    transport.connections = 1
    const { ends } = await ask('a', 'b')
    await fail(errorOf('AccessDeniedException'))
    await fail(errorOf('AccessDeniedException'))
    await fail(errorOf('TimeoutError'))
    expect(ends).toEqual(['AccessDeniedException', 'TimeoutError'])
    expect(await way()).toBe('one by one')
  })

  it('is read in the asynchronous context of each caller', async () => {
    const caller = new AsyncLocalStorage<string>()
    const callers: unknown[] = []
    const { send } = transport
    vi.spyOn(transport, 'send').mockImplementation(function (this: FakeTransport, operation, input, options) {
      callers.push([operation, caller.getStore()])
      return send.call(this, operation, input, options) as never
    })
    for (const key of ['a', 'b', 'c']) void caller.run(key, () => reads.get(key))
    await isAsked()
    await caller.run('nobody', () => fail(errorOf('AccessDeniedException')))
    expect(callers).toEqual([
      ['BatchGetItem', 'a'],
      ['GetItem', 'a'],
      ['GetItem', 'b'],
      ['GetItem', 'c'],
    ])
  })

  it('makes reads that wait for a connection go one by one, too', async () => {
    transport.connections = 2
    void transport.send('GetItem', { TableName: TABLE, Key: { session_id: { S: 'busy' } } })
    await ask('a', 'b')
    const { ends } = await ask(...keys(25), 'c', 'd')
    transport.sent()
    await fail(errorOf('AccessDeniedException')) // its connection is given away before the error is known
    expect(transport.sent()).toEqual([`BatchGetItem ${keys(25).join(' ')}`])
    transport.requests[0]?.answer()
    expect(transport.sent()).toEqual(['GetItem c'])
    expect(await answerAll()).toEqual(['GetItem a', 'GetItem b', 'GetItem d'])
    expect(ends.slice(25)).toEqual(['c', 'd'])
  })
})

describe('a batch that reaches its deadline', () => {
  /** Sends a batch that is not answered in time. */
  async function late(): Promise<Asked> {
    const asked = await ask('a', 'b', 'a')
    expect(transport.sent()).toEqual(['BatchGetItem a b'])
    await vi.advanceTimersByTimeAsync(TIMEOUT)
    await fail(timeout())
    return asked
  }

  it('fails all of its readers, each with its own error', async () => {
    const { ends, errors } = await late()
    expect(ends).toEqual(['RequestTimeoutError', 'RequestTimeoutError', 'RequestTimeoutError'])
    expect(new Set(errors).size).toBe(3)
    for (const error of errors) expect(error).toMatchObject({ code: 'ETIMEDOUT', maybeWritten: false })
    expect(transport.sent()).toEqual([])
  })

  it('sends reads one by one until a GetItem gets a response; then batching pauses for a minute', async () => {
    await late()
    await vi.advanceTimersByTimeAsync(2 * TIMEOUT)
    await ask('a', 'b')
    expect(transport.sent()).toEqual(['GetItem a', 'GetItem b'])
    await answerAll()
    await vi.advanceTimersByTimeAsync(59_999)
    expect(await way()).toBe('one by one')
    await vi.advanceTimersByTimeAsync(1)
    expect(await way()).toBe('together')
  })

  it('makes reads go one by one until a GetItem times out; then batching continues', async () => {
    await late()
    const { ends } = await ask('c')
    await vi.advanceTimersByTimeAsync(TIMEOUT)
    await fail(timeout())
    expect(ends).toEqual(['RequestTimeoutError'])
    expect(await way()).toBe('together')
  })

  it('leaves the decision open when a GetItem fails for another reason', async () => {
    await late()
    await ask('c')
    await fail(errorOf('ThrottlingException'))
    await ask('d', 'c')
    expect(transport.sent()).toEqual(['GetItem c', 'GetItem d', 'GetItem c'])
  })

  it('leaves the decision open for a GetItem that was sent before', async () => {
    await ask('c')
    await ask('d')
    transport.sent()
    await vi.advanceTimersByTimeAsync(TIMEOUT / 2)
    await late()
    transport.requests[0]?.fail(timeout())
    transport.requests[1]?.answer()
    await isAsked()
    await ask('a', 'b')
    expect(transport.sent()).toEqual(['GetItem a', 'GetItem b'])
    await fail(timeout())
    expect(await way()).toBe('together')
  })

  it('leaves the decision to the first GetItem after it, even if later batches time out too', async () => {
    const early = await ask('a', 'b')
    await vi.advanceTimersByTimeAsync(10)
    await ask('c', 'd')
    await vi.advanceTimersByTimeAsync(TIMEOUT - 10)
    transport.requests[0]?.fail(timeout())
    await isAsked()
    expect(early.ends).toEqual(['RequestTimeoutError', 'RequestTimeoutError'])
    await ask('a')
    await vi.advanceTimersByTimeAsync(10)
    transport.requests[1]?.fail(timeout())
    transport.requests[2]?.fail(timeout())
    await isAsked()
    answered = 3
    expect(await way()).toBe('together')
  })

  it('never ends the pause, also when a GetItem times out', async () => {
    await ask('a', 'b')
    await ask('c', 'd')
    transport.requests[0]?.fail(errorOf('AccessDeniedException'))
    await isAsked()
    transport.requests[1]?.fail(timeout())
    await isAsked()
    transport.sent()
    await ask('a')
    await fail(timeout())
    answered = transport.requests.length
    expect(await way()).toBe('one by one')
  })

  it('makes reads that wait for a connection go one by one, too', async () => {
    transport.connections = 2
    void transport.send('GetItem', { TableName: TABLE, Key: { session_id: { S: 'busy' } } })
    transport.sent()
    await ask('a', 'b')
    await vi.advanceTimersByTimeAsync(TIMEOUT - 1)
    const { ends } = await ask(...keys(25), 'c', 'd')
    await vi.advanceTimersByTimeAsync(1)
    await fail(timeout())
    expect(transport.requests.map(({ operation }) => operation)).toEqual(['GetItem', 'BatchGetItem', 'BatchGetItem'])
    transport.sent()
    transport.requests[0]?.answer()
    expect(transport.sent()).toEqual(['GetItem c'])
    transport.requests[3]?.answer()
    transport.requests[4]?.answer()
    await isAsked()
    expect(transport.sent()).toEqual(['GetItem d'])
    expect(ends.slice(25)).toEqual(['c', 'd'])
  })
})
