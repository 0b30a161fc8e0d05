import { createRequire } from 'node:module'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { monotonic } from '../../../../runtime/async/clock.js'
import { DEFAULT_ATTEMPTS, Retries } from '../../../../runtime/dynamodb/lean/retries.js'
import { unreadableResponse } from '../../../../runtime/dynamodb/request-errors.js'
import type { SendOptions } from '../../../../runtime/dynamodb/transport.js'
import { failureOf } from '../../../support/both-transports.js'
import { Choices } from '../../../support/model/choices.js'
import { recordWaits, sleepUntilAborted } from '../../../support/quick-sleep.js'

/** A copy of the SDK's retries with its real pauses. quick-setup.ts shortens those of the shared copy. */
const { retryMiddleware, StandardRetryStrategy } = pristine()

interface Metadata {
  attempts?: number
  totalRetryDelay?: number
}

/** The outcome of one attempt: undefined is a success. */
type Outcome = () => Error | undefined

/** Times of the attempts since the first one, and the outcome of the request. */
interface Trace {
  readonly times: number[]
  readonly end: unknown
  readonly metadata: Metadata
}

/** Sends requests one after the other. Their attempts have these outcomes. The last outcome of a request is repeated. */
type Side = (requests: readonly (readonly Outcome[])[], random: () => number, attempts?: number) => Promise<Trace[]>

const sdk: Side = async (requests, random, maxAttempts = DEFAULT_ATTEMPTS) => {
  vi.stubGlobal('Math', Object.assign(Object.create(Math), { random }))
  vi.stubGlobal('setTimeout', (callback: () => void, milliseconds: number) => void skip(milliseconds).then(callback))
  const strategy = new Reference({ maxAttempts, baseDelay })
  const options = { retryStrategy: async () => strategy, maxAttempts: async () => maxAttempts }
  const traces = await trace(requests, async (attempt) => {
    const next = async () => ({ response: {}, output: await attempt() })
    return (await retryMiddleware(options)(next, {})({})).output
  })
  vi.unstubAllGlobals()
  return traces
}

const ours: Side = async (requests, random, maxAttempts = DEFAULT_ATTEMPTS) => {
  const retries = new Retries(maxAttempts, { random, sleep: skip })
  return await trace(requests, (attempt) => retries.run(attempt))
}

async function trace(
  requests: readonly (readonly Outcome[])[],
  send: (attempt: () => Promise<{ $metadata: Metadata }>) => Promise<{ $metadata: Metadata }>,
): Promise<Trace[]> {
  vi.setSystemTime(NOW)
  const traces: Trace[] = []
  for (const outcomes of requests) {
    const times: number[] = []
    const start = Date.now()
    const attempt = async () => {
      const error = outcomes[Math.min(times.length, outcomes.length - 1)]?.()
      times.push(Date.now() - start)
      if (error) throw error
      return { $metadata: {} }
    }
    const end = await send(attempt).catch((error) => error)
    const { attempts, totalRetryDelay } = end.$metadata
    traces.push({ times, end: end instanceof Error ? end.name : 'success', metadata: { attempts, totalRetryDelay } })
  }
  return traces
}

const FAILURES = failures()
const NOW = Date.parse('2026-11-28T12:00:00Z')
let baseDelay: number

beforeAll(async () => {
  const client = new DynamoDBClient({ region: 'eu-central-1' })
  const strategy = (await client.config.retryStrategy()) as unknown as { mode: string; baseDelay: number }
  expect(strategy.mode).toBe('standard')
  baseDelay = strategy.baseDelay
})
beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

it('makes as many attempts as the SDK’s client for DynamoDB', async () => {
  const client = new DynamoDBClient({ region: 'eu-central-1' })
  expect(await client.config.maxAttempts()).toBe(DEFAULT_ATTEMPTS)
})

describe('retries', () => {
  it.each(Object.keys(FAILURES))('are those of the SDK after: %s', async (name) => {
    const failure = () => FAILURES[name]?.()
    const requests = [[failure], [failure, success], [failure, failure, success]]
    const expected = await sdk(requests, () => 0.5)
    expect(await ours(requests, () => 0.5)).toEqual(expected)
  })

  it('are those of the SDK after any sequence of errors', async () => {
    const retried = new Set<number>()
    for (let seed = 0; seed < 400; seed += 1) {
      const run = (side: Side) => {
        const choices = Choices.ofSeed(seed)
        const requests = Array.from({ length: 1 + choices.below(6) }, () =>
          Array.from({ length: 1 + choices.below(4) }, () => (choices.below(8) === 0 ? success : anyFailure(choices))),
        )
        return side(requests, () => choices.below(1000) / 1000)
      }
      const expected = await run(sdk)
      expect(await run(ours), `seed ${seed}`).toEqual(expected)
      for (const { times } of expected) retried.add(times.length)
    }
    expect([...retried].sort()).toEqual([1, 2, 3, 4])
  })

  it.each([1, 2, 9])('are those of the SDK with %s attempts at most', async (attempts) => {
    const requests = ['ThrottlingException', 'InternalServerError'].map((name) => [named(name, 500)])
    const expected = await sdk(requests, () => 0.9, attempts)
    expect(await ours(requests, () => 0.9, attempts)).toEqual(expected)
    expect(expected.map(({ times }) => times.length)).toEqual([attempts, attempts])
  })

  it('end like the SDK’s when the quota is used up, and begin again after successes', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const run = (side: Side) => {
        const choices = Choices.ofSeed(seed)
        const requests = Array.from({ length: 300 }, (_, count) => {
          const isWell = count > 150 && choices.below(3) > 0
          return isWell ? [success] : Array.from({ length: 1 + choices.below(4) }, () => anyFailure(choices))
        })
        return side(requests, () => choices.below(1000) / 1000)
      }
      const expected = await run(sdk)
      expect(await run(ours), `seed ${seed}`).toEqual(expected)
    }
    const down = Array.from({ length: 40 }, () => [named('InternalServerError', 500)])
    const attempts = (await ours(down, () => 0)).map(({ times }) => times.length)
    expect([attempts.at(0), attempts.at(-1)]).toEqual([4, 1])
  })

  it('give quota back for a failed condition as for a success', async () => {
    const down = Array.from({ length: 40 }, () => [named('InternalServerError', 500)])
    const failedCondition = [named('ConditionalCheckFailedException', 400)]
    const attemptsAfter = async (answers: Outcome[][]) => {
      const requests = [...down, ...answers, [named('InternalServerError', 500)]]
      return (await ours(requests, () => 0)).at(-1)?.times.length
    }
    expect(await attemptsAfter([])).toBe(1)
    expect(await attemptsAfter(Array.from({ length: 60 }, () => failedCondition))).toBe(4)
    expect(await attemptsAfter(Array.from({ length: 60 }, () => [success]))).toBe(4)
    expect(await attemptsAfter(Array.from({ length: 60 }, () => [named('ValidationException', 400)]))).toBe(1)
  })

  it('repeat a request whose response is not DynamoDB’s, and keep its error', async () => {
    const error = unreadableResponse('PutItem', { TableName: 't', Item: {} }, 200)
    const [trace] = await ours([[() => error]], () => 0)
    expect(trace).toMatchObject({ end: 'UnreadableAnswerError', metadata: { attempts: 4, totalRetryDelay: 0 } })
    expect(Object.keys(error)).not.toContain('$metadata')
  })

  it('pass its number to each attempt', async () => {
    const counts: number[] = []
    const attempt = async (count: number) => {
      counts.push(count)
      throw Object.assign(new Error('no'), { code: 'ECONNRESET' })
    }
    await failureOf(new Retries(3, { random: () => 0, sleep: skip }).run(attempt))
    expect(counts).toEqual([1, 2, 3])
  })
})

describe('a retry', () => {
  const run = async (
    options: SendOptions,
    quota = new Retries(DEFAULT_ATTEMPTS, { random: () => 0.999, sleep: fakeSleep }),
  ) => {
    let attempts = 0
    const attempt = async () => {
      attempts += 1
      throw named('ThrottlingException', 400)()
    }
    const failure = failureOf(quota.run(attempt, options))
    await vi.runAllTimersAsync()
    return { attempts, error: await failure }
  }

  it('is not awaited when it would begin at the deadline or later', async () => {
    const pause = 999
    expect(await run({ deadline: monotonic() + pause })).toMatchObject({
      attempts: 1,
      error: { name: 'ThrottlingException', $metadata: { attempts: 1, totalRetryDelay: 0 } },
    })
    expect(await run({ deadline: monotonic() + pause + 1 })).toMatchObject({
      attempts: 2,
      error: { name: 'ThrottlingException', $metadata: { attempts: 2, totalRetryDelay: pause } },
    })
  })

  it('takes nothing from the quota when there is no time for it', async () => {
    const retries = new Retries(DEFAULT_ATTEMPTS, { random: () => 0.999, sleep: fakeSleep })
    for (let count = 0; count < 200; count += 1) await run({ deadline: monotonic() + 10 }, retries)
    expect(await run({}, retries)).toMatchObject({ attempts: 4 })
  })

  it('does not begin when the process was stopped until after the deadline', async () => {
    const deadline = monotonic() + 5000
    const sleep = async () => void vi.advanceTimersByTime(6000)
    const retries = new Retries(DEFAULT_ATTEMPTS, { random: () => 0.5, sleep: sleep as typeof skip })
    expect(await run({ deadline }, retries)).toMatchObject({
      attempts: 1,
      error: { name: 'ThrottlingException', $metadata: { attempts: 1, totalRetryDelay: 500 } },
    })
  })

  it.each([
    [undefined, { message: 'Request aborted' }],
    [new Error('enough'), { message: 'Request aborted', cause: new Error('enough') }],
    ['enough', { message: 'enough' }],
  ])('ends at once when its request is aborted (reason %s)', async (reason, expected) => {
    vi.useRealTimers()
    sleepUntilAborted()
    const waits = recordWaits()
    const controller = new AbortController()
    const removed = vi.spyOn(controller.signal, 'removeEventListener')
    const retries = new Retries(DEFAULT_ATTEMPTS, { random: () => 0.999 })
    const attempt = async () => {
      throw named('ThrottlingException', 400)()
    }
    const failure = failureOf(retries.run(attempt, { abortSignal: controller.signal }))
    await vi.waitFor(() => expect(waits).toEqual([999]))
    controller.abort(reason ?? null)
    expect(await failure).toMatchObject({ name: 'AbortError', ...expected })
    expect(removed).toHaveBeenCalled()
  })

  it.each(['RequestTimeoutError', 'AbortError'])(
    'does not follow an error that ends the whole request: %s',
    async (name) => {
      let attempts = 0
      const attempt = async () => {
        attempts += 1
        throw coded('ETIMEDOUT', name)()
      }
      const error = await failureOf(new Retries(4, { sleep: skip }).run(attempt))
      expect({ attempts, name: error.name }).toEqual({ attempts: 1, name })
    },
  )

  it.each(['attempt', 'pause'])('does not follow when retries are stopped during the %s before', async (during) => {
    const sleep = async () => void (during === 'pause' && retries.stop())
    const retries = new Retries(4, { sleep: sleep as typeof skip })
    let attempts = 0
    const attempt = async () => {
      attempts += 1
      if (during === 'attempt') retries.stop()
      throw coded('ECONNRESET')()
    }
    expect(await failureOf(retries.run(attempt))).toMatchObject({ code: 'ECONNRESET' })
    expect(attempts).toBe(1)
  })

  it.each(['ThrottlingException', 'ValidationException'])(
    'does not follow an attempt during which its request was aborted (%s)',
    async (name) => {
      const controller = new AbortController()
      let attempts = 0
      const attempt = async () => {
        attempts += 1
        controller.abort()
        throw named(name, 400)()
      }
      const error = await failureOf(new Retries(4).run(attempt, { abortSignal: controller.signal }))
      expect({ attempts, error: error.name }).toEqual({ attempts: 1, error: 'AbortError' })
    },
  )
})

function success(): undefined {}

function named(name: string, status?: number, more: object = {}): Outcome {
  const $metadata = { httpStatusCode: status }
  return () => Object.assign(new Error(`it is ${name}`), { name, ...(status && { $metadata }), ...more })
}

/** An error with a response that has these headers, as the SDK attaches it. */
function answered(headers: () => Record<string, string>, name = 'ThrottlingException', status = 400): Outcome {
  return () => Object.assign(named(name, status)() as Error, { $response: { statusCode: status, headers: headers() } })
}

function coded(code: string, name = 'Error'): Outcome {
  return () => Object.assign(new Error(code), { name, code })
}

function anyFailure(choices: Choices): Outcome {
  return FAILURES[choices.of(Object.keys(FAILURES))] as Outcome
}

/** Sleeps by the clock of the test. */
async function fakeSleep<T>(milliseconds = 0, value?: T): Promise<T> {
  return await new Promise((resolve) => setTimeout(() => resolve(value as T), milliseconds))
}

/** Advances the clock of the test to the end of the pause. Only one request runs at a time. */
async function skip<T>(milliseconds = 0, value?: T): Promise<T> {
  vi.setSystemTime(Date.now() + milliseconds)
  return value as T
}

interface ErrorInfo {
  readonly error: { readonly name: string }
}

interface Strategy {
  refreshRetryTokenForRetry(token: object, info: ErrorInfo): Promise<object>
  recordSuccess(token: object): void
}

interface Pristine {
  readonly StandardRetryStrategy: new (options: object) => Strategy
  readonly retryMiddleware: (
    options: object,
  ) => (next: () => Promise<object>, context: object) => (args: object) => Promise<{ output: { $metadata: Metadata } }>
}

/** The SDK's strategy, for which a failed condition is also a success. */
class Reference extends StandardRetryStrategy {
  override refreshRetryTokenForRetry(token: object, info: ErrorInfo): Promise<object> {
    if (info.error.name === 'ConditionalCheckFailedException') this.recordSuccess(token)
    return super.refreshRetryTokenForRetry(token, info)
  }
}

function pristine(): Pristine {
  const require = createRequire(import.meta.url)
  const path = require.resolve('@smithy/core/retry')
  const shared = require.cache[path]
  delete require.cache[path]
  const own = require(path)
  if (shared) require.cache[path] = shared
  return own
}

/** All kinds of errors. */
function failures(): Record<string, Outcome> {
  const soon = (milliseconds: number) => new Date(Date.now() + milliseconds).toUTCString()
  const statuses = [400, 403, 413, 429, 500, 501, 502, 503, 504, 505]
  const names = [
    ['BandwidthLimitExceeded', 'EC2ThrottledException', 'LimitExceededException', 'PriorRequestNotComplete'],
    ['ProvisionedThroughputExceededException', 'RequestLimitExceeded', 'RequestThrottled', 'RequestThrottledException'],
    ['SlowDown', 'ThrottledException', 'Throttling', 'ThrottlingException', 'TooManyRequestsException'],
    ['TransactionInProgressException', 'RequestTimeout', 'RequestTimeoutException', 'TimeoutError', 'AbortError'],
    ['AccessDeniedException', 'AuthFailure', 'InvalidSignatureException', 'RequestExpired', 'RequestInTheFuture'],
    ['RequestTimeTooSkewed', 'SignatureDoesNotMatch', 'ConditionalCheckFailedException', 'ValidationException'],
    ['ResourceNotFoundException', 'ItemCollectionSizeLimitExceededException', 'ExpiredTokenException', 'SyntaxError'],
  ].flat()
  const codes = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND']
  const others = ['EAI_AGAIN', 'EPROTO', 'CERT_HAS_EXPIRED', 'ABORT_ERR', 'HPE_INVALID_CONSTANT']
  const hints: (() => Record<string, string>)[] = [
    ...['0', '1', '2.5', '2.50061', '0.0004', '120', 'soon', '', '-5'].map((value) => () => ({ 'retry-after': value })),
    ...[3000, -3000, 60_000].map((after) => () => ({ 'retry-after': soon(after) })),
    () => ({ 'retry-after': `${soon(0)}, 3` }),
    () => ({ 'retry-after': new Date(Date.now() + 2000).toISOString() }),
    ...['0', '1500', '12.7', '1512.7', '999999', 'soon', '', '-5'].map((value) => () => ({
      'x-amz-retry-after': value,
    })),
    () => ({ 'x-amz-retry-after': '700', 'retry-after': '4' }),
    () => ({ 'retry-after': 'soon', 'x-amz-retry-after': '700' }),
  ]
  return {
    ...Object.fromEntries(statuses.map((status) => [`status ${status}`, named('Unknown', status)])),
    ...Object.fromEntries(names.map((name) => [name, named(name, 400)])),
    ...Object.fromEntries([...codes, ...others].map((code) => [code, coded(code)])),
    ...Object.fromEntries(codes.map((code) => [`TimeoutError ${code}`, coded(code, 'TimeoutError')])),
    ...Object.fromEntries(hints.map((hint, index) => [`hint ${index}`, answered(hint)])),
    'a hint with a server error': answered(() => ({ 'retry-after': '1' }), 'ServiceUnavailable', 503),
    'a hint with a refusal': answered(() => ({ 'retry-after': '1' }), 'ValidationException', 400),
    'an expired signature': named('InvalidSignatureException', 400, { message: 'Signature expired: 2025…' }),
    'a corrected clock': named('RequestTimeTooSkewed', 400, {
      $metadata: { httpStatusCode: 400, clockSkewCorrected: true },
    }),
    'an error that says it may be repeated': named('ReplicatedWriteConflictException', 400, { $retryable: {} }),
    'one that says it is throttling': named('Unknown', 400, { $retryable: { throttling: true } }),
    'one with a cause that may be repeated': named('Error', undefined, { cause: coded('ECONNRESET')() }),
    'one with a cause of a cause': named('Error', undefined, { cause: new Error('', { cause: coded('EPIPE')() }) }),
    'one with a cause that was aborted': named('Error', undefined, { cause: coded('EPIPE', 'AbortError')() }),
    'one with a cause for nothing': named('Error', undefined, { cause: new Error('no') }),
    'an answer that is not DynamoDB’s': () => unreadableResponse('GetItem', { TableName: 't', Key: {} }, 200),
    'a page that says 503': answered(() => ({ 'content-type': 'text/html' }), 'SyntaxError', 503),
  }
}
