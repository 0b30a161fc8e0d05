import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { monotonic } from '../../../runtime/async/clock.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { RequestTimeoutError } from '../../../runtime/errors.js'
import { connectionFor, failureOf, leanSend, sentBy } from '../../support/both-transports.js'
import { CREDENTIALS, type Stub, sendError, sendJson, startStub } from '../../support/dynamodb-stub.js'
import { recordWaits, skipWaits } from '../../support/quick-sleep.js'
import { until } from '../../support/until.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => {
  stub.reset()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => void vi.useRealTimers())

function connect(options: Options = {}) {
  const connection = connectionFor(stub, options)
  onTestFinished(() => connection.close())
  return { ...connection, send: leanSend(connection), close: () => connection.close() }
}

/** Whether the promise is settled. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return await Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))])
}

/** Expects a rejection after at least this much time. */
async function failsAfter(milliseconds: number, failure: Promise<Error & Record<string, unknown>>) {
  await vi.advanceTimersByTimeAsync(milliseconds - 1)
  expect(await isSettled(failure)).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  return await failure
}

describe('a request without a response', () => {
  it.each([
    ['GetItem', false, 'GetItem for the table "sessions"'],
    ['UpdateItem', true, 'Whether the request was carried out is not known.'],
    ['DeleteItem', true, 'DeleteItem for the table "sessions"'],
  ] as const)(
    'ends by request_timeout, in an error that names the option: %s',
    async (operation, maybeWritten, text) => {
      stub.answer(() => {})
      const { send } = connect({ attemptTimeout: 60_000 })
      const failure = failureOf(send(operation, INPUT))
      await until(() => stub.requests.length === 1)
      const error = await failsAfter(5000, failure)
      expect(error).toBeInstanceOf(RequestTimeoutError)
      expect(error).toMatchObject({ name: 'RequestTimeoutError', code: 'ETIMEDOUT', maybeWritten })
      expect(error.message).toContain('not finished within 5000 ms (request_timeout)')
      expect(error.message).toContain(text)
      await until(() => stub.sockets.size === 0)
      expect(stub.requests).toHaveLength(1)
    },
  )

  it('ends by request_timeout even if each attempt is shorter', async () => {
    stub.answer(() => {})
    const { send } = connect({ attemptTimeout: 2000, requestTimeout: 5000 })
    const failure = failureOf(send('PutItem', { TableName: 'sessions', Item: INPUT.Key }))
    for (const attempts of [1, 2]) {
      await until(() => stub.requests.length === attempts)
      await vi.advanceTimersByTimeAsync(2000)
    }
    await until(() => stub.requests.length === 3)
    const error = await failsAfter(1000, failure)
    expect(error).toMatchObject({ name: 'RequestTimeoutError', maybeWritten: true })
    expect(stub.requests).toHaveLength(3)
  })

  it('ends by the deadline of its caller', async () => {
    stub.answer(() => {})
    const { send } = connect()
    const failure = failureOf(send('GetItem', INPUT, { deadline: monotonic() + 300 }))
    await until(() => stub.requests.length === 1)
    expect(await failsAfter(300, failure)).toBeInstanceOf(RequestTimeoutError)
  })

  it('is not sent at all when its deadline has passed', async () => {
    const { send } = connect()
    await send('GetItem', INPUT)
    for (const late of [0, 1, 10_000]) {
      const error = await failureOf(send('UpdateItem', INPUT, { deadline: monotonic() - late }))
      expect(error).toMatchObject({ name: 'RequestTimeoutError', maybeWritten: false })
    }
    expect(stub.requests).toHaveLength(1)
  })

  it.each([
    ['before the end of its headers', (response: ServerResponse) => response.socket?.write('HTTP/1.1 200 OK\r\nx-a: ')],
    ['in the middle of its body', (response: ServerResponse) => response.write('{"Item"')],
  ])('ends by request_timeout while a response comes slowly, %s', async (_, drip) => {
    let stop = () => {}
    stub.answer((_request, response) => {
      if (stub.requests.length > 1) return sendJson(response, {})
      const more = () => {
        if (response.socket?.destroyed !== false) return
        drip(response)
        setImmediate(more)
      }
      stop = () => response.destroy()
      more()
    })
    onTestFinished(() => stop())
    const { send } = connect({ attemptTimeout: 60_000 })
    const failure = failureOf(send('GetItem', INPUT))
    await until(() => stub.requests.length === 1)
    for (let count = 0; count < 10; count += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(await failsAfter(5000, failure)).toBeInstanceOf(RequestTimeoutError)
    await until(() => stub.sockets.size === 0)
    expect((await send('GetItem', INPUT)).$metadata.attempts).toBe(1)
  })

  it('ends by request_timeout unsent while the credentials provider does not return', async () => {
    const credentials = vi.fn(() => new Promise<never>(() => {}))
    const { send } = connect({ credentials })
    const failures = [failureOf(send('GetItem', INPUT)), failureOf(send('UpdateItem', INPUT))]
    await failsAfter(5000, failures[0] as (typeof failures)[0])
    for (const error of await Promise.all(failures)) {
      expect(error).toMatchObject({ name: 'RequestTimeoutError', maybeWritten: false })
    }
    expect(credentials).toHaveBeenCalledTimes(1)
    expect(stub.requests).toHaveLength(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is aborted at once while the credentials provider does not return', async () => {
    const controller = new AbortController()
    const remove = vi.spyOn(controller.signal, 'removeEventListener')
    const { send } = connect({ credentials: () => new Promise<never>(() => {}) })
    const failure = failureOf(send('GetItem', INPUT, { abortSignal: controller.signal }))
    controller.abort()
    expect((await failure).name).toBe('AbortError')
    expect(remove).toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not disturb the next requests, and leaves no timer', async () => {
    stub.answer(() => {})
    const { send } = connect()
    const failure = failureOf(send('GetItem', INPUT, { deadline: monotonic() + 100 }))
    await until(() => stub.requests.length === 1)
    await failsAfter(100, failure)
    stub.answer((_, response) => sendJson(response, {}))
    for (let count = 0; count < 20; count += 1) await send('GetItem', INPUT)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('pauses between attempts', () => {
  /** The pauses that began, and the error. */
  async function paused(options: Options) {
    const waits = recordWaits()
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    onTestFinished(() => void vi.restoreAllMocks())
    stub.answer((_, response) => sendError(response, 'ThrottlingException'))
    const error = await failureOf(connect({ maxAttempts: 10, ...options }).send('GetItem', INPUT))
    return { waits: [...waits], name: error.name }
  }

  it('do not begin when they would last until request_timeout', async () => {
    vi.useRealTimers()
    skipWaits()
    expect(await paused({ requestTimeout: 60_000 })).toMatchObject({ waits: [999, 1998, 3996, 7992, 15_984, 19_980] })
    stub.reset()
    expect(await paused({})).toEqual({ waits: [999, 1998], name: 'ThrottlingException' })
    expect(stub.requests).toHaveLength(3)
    stub.reset()
    expect(await paused({ requestTimeout: 500 })).toEqual({ waits: [], name: 'ThrottlingException' })
    expect(stub.requests).toHaveLength(1)
  })
})

describe('the queue for connections', () => {
  /** Holds responses back until the test releases them. */
  function held(): { answerAll(): void } {
    const waiting: ServerResponse[] = []
    stub.answer((_, response) => void waiting.push(response))
    return {
      answerAll() {
        for (const response of waiting.splice(0)) sendJson(response, {})
      },
    }
  }
  const inputOf = (id: string) => ({ TableName: 'sessions', Key: { session_id: { S: id } } })
  const ids = () => stub.requests.map(({ body }) => JSON.parse(body).Key.session_id.S)

  it.each([1, 3, 50])('opens at most max_connections, each with one request at a time: %s', async (most) => {
    const answers = held()
    const { send } = connect(most === 50 ? {} : { maxConnections: most })
    const all = Array.from({ length: 4 * most }, (_, count) => send('GetItem', inputOf(String(count))))
    for (let round = 1; round <= 4; round += 1) {
      await until(() => stub.requests.length === round * most)
      await new Promise((resolve) => setImmediate(resolve))
      expect([stub.requests.length, stub.sockets.size, stub.connections]).toEqual([round * most, most, most])
      answers.answerAll()
    }
    await Promise.all(all)
    expect(ids()).toEqual(Array.from({ length: 4 * most }, (_, count) => String(count)))
  })

  it('counts into request_timeout, and a request that timed out is not sent', async () => {
    const answers = held()
    const { send } = connect({ maxConnections: 1, attemptTimeout: 60_000 })
    const first = failureOf(send('GetItem', inputOf('first')))
    await until(() => stub.requests.length === 1)
    await vi.advanceTimersByTimeAsync(100)
    const waiting = failureOf(send('UpdateItem', inputOf('late')))
    const other = send('GetItem', inputOf('patient'), { deadline: monotonic() + 60_000 })
    await vi.advanceTimersByTimeAsync(4900)
    expect(await first).toBeInstanceOf(RequestTimeoutError)
    // The first request of the queue got the connection, and keeps its own deadline.
    await until(() => stub.requests.length === 2)
    expect(await failsAfter(100, waiting)).toMatchObject({ name: 'RequestTimeoutError', maybeWritten: true })
    await until(() => stub.requests.length === 3)
    answers.answerAll()
    await other
    expect(ids()).toEqual(['first', 'late', 'patient'])
  })

  it('is left at once by a request that times out or is aborted, which is not sent', async () => {
    const answers = held()
    const { send } = connect({ maxConnections: 1 })
    const first = send('GetItem', inputOf('first'))
    await until(() => stub.requests.length === 1)
    const controller = new AbortController()
    const { signal } = controller
    const remove = vi.spyOn(signal, 'removeEventListener')
    const timed = failureOf(send('UpdateItem', inputOf('timed'), { deadline: monotonic() + 100 }))
    const aborted = failureOf(send('UpdateItem', inputOf('aborted'), { abortSignal: signal }))
    const before = failureOf(send('UpdateItem', inputOf('before'), { abortSignal: AbortSignal.abort() }))
    const last = send('GetItem', inputOf('last'))
    expect((await before).name).toBe('AbortError')
    controller.abort()
    expect((await aborted).name).toBe('AbortError')
    expect(remove).toHaveBeenCalled()
    expect(await failsAfter(100, timed)).toMatchObject({ name: 'RequestTimeoutError', maybeWritten: false })
    answers.answerAll()
    await first
    await until(() => stub.requests.length === 2)
    answers.answerAll()
    await last
    expect(ids()).toEqual(['first', 'last'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is left when the caller cancels inTurn', async () => {
    const answers = held()
    const connection = connect({ maxConnections: 1 })
    const { transport } = connection
    const first = connection.send('GetItem', inputOf('first'))
    await until(() => stub.requests.length === 1)
    const started: string[] = []
    const leave = transport.inTurn(() => void started.push('left'))
    const sent: Promise<unknown>[] = []
    transport.inTurn(() => {
      started.push('stayed')
      sent.push(transport.send('GetItem', inputOf('stayed')))
    })
    leave()
    expect(started).toEqual([])
    answers.answerAll()
    await first
    await until(() => stub.requests.length === 2)
    answers.answerAll()
    await Promise.all(sent)
    expect(started).toEqual(['stayed'])
  })

  it('holds nothing of thousands of requests that timed out', async () => {
    held()
    const { send } = connect({ maxConnections: 1, attemptTimeout: 60_000 })
    const failures = Array.from({ length: 3000 }, () => failureOf(send('GetItem', INPUT)))
    await until(() => stub.requests.length === 1)
    await vi.advanceTimersByTimeAsync(5000)
    const names = new Set((await Promise.all(failures)).map(({ name }) => name))
    expect(names).toEqual(new Set(['RequestTimeoutError']))
    expect(vi.getTimerCount()).toBe(0)
    await until(() => stub.sockets.size === 0)
    expect(stub.requests).toHaveLength(1)
    stub.answer((_, response) => sendJson(response, {}))
    await send('GetItem', INPUT)
    expect(sentBy(stub.requests)).toEqual(['lean', 'lean'])
  })

  it('continues after the process was stopped for longer than request_timeout', async () => {
    const answers = held()
    const { send } = connect({ maxConnections: 1 })
    const first = send('GetItem', inputOf('first'))
    await until(() => stub.requests.length === 1)
    const late = failureOf(send('UpdateItem', inputOf('late')))
    // Time passes, but no timer fires before the response is read.
    const spy = vi.spyOn(performance, 'now').mockReturnValue(monotonic() + 60_000)
    answers.answerAll()
    await first
    expect(await late).toMatchObject({ name: 'RequestTimeoutError', maybeWritten: false })
    spy.mockRestore()
    expect(ids()).toEqual(['first'])
  })
})

it('the first request waits only for credentials', async () => {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  const { send } = connect({ credentials: () => given.then(() => CREDENTIALS) })
  const answers = Array.from({ length: 3 }, () => send('GetItem', INPUT))
  await vi.advanceTimersByTimeAsync(1000)
  give()
  for (const { $metadata } of await Promise.all(answers)) expect($metadata.attempts).toBe(1)
})
