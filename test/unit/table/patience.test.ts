import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { isTransient } from '../../../runtime/dynamodb/error-facts.js'
import type { Transport } from '../../../runtime/dynamodb/transport.js'
import { ConfigurationError, RequestTimeoutError, TableRequestError } from '../../../runtime/errors.js'
import { describeTable } from '../../../runtime/index.js'
import { Patience, withTimeout } from '../../../runtime/table/patience.js'
import { environmentWith } from '../../support/folder.js'

beforeEach(() => {
  environmentWith()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
})

/** A request without a response, which ignores the signal. */
const silence =
  (seen: AbortSignal[] = []) =>
  (signal: AbortSignal) => {
    seen.push(signal)
    return new Promise<never>(() => {})
  }

function patienceOf(options: Options = { endpoint: 'http://localhost:8123' }, requestTimeout?: number) {
  const lines: string[] = []
  const configuration = resolveConfiguration({ root: '/nowhere', ...options })
  const patience = new Patience(configuration, { requestTimeout, tell: (line) => lines.push(line) })
  return { patience, lines }
}

/** The error of a promise, once it has rejected. */
function ending(promise: Promise<unknown>) {
  const end: { error?: unknown } = {}
  promise.catch((error: unknown) => {
    end.error = error
  })
  return end
}

describe('a request without a response', () => {
  it('ends after 30 seconds with an error that names request and server, and says what to do', async () => {
    const { patience } = patienceOf()
    const seen: AbortSignal[] = []
    const end = ending(patience.within('CreateTable', silence(seen)))
    await vi.advanceTimersByTimeAsync(29_999)
    expect(end.error).toBeUndefined()
    expect(seen[0]?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(end.error).toBeInstanceOf(TableRequestError)
    expect(end.error).toMatchObject({
      code: 'TABLE_REQUEST',
      cause: { code: 'ETIMEDOUT' },
      message:
        'dynamodb:CreateTable for table "sessions" failed: no response within 30 seconds from DynamoDB at ' +
        'http://localhost:8123; check the network (VPC endpoint, firewall, proxy), or give it more time with --timeout (in code ' +
        'requestTimeout)',
    })
    expect(isTransient(end.error)).toBe(true)
    expect(seen[0]?.aborted).toBe(true)
  })

  it('ends after the given time', async () => {
    const { patience, lines } = patienceOf(undefined, 1000)
    const end = ending(patience.within('Scan', silence()))
    await vi.advanceTimersByTimeAsync(1000)
    expect(end.error).toMatchObject({ message: expect.stringContaining('no response within 1 second from') })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(lines).toEqual([])
  })

  it('is logged after three seconds, and only the first one', async () => {
    const { patience, lines } = patienceOf()
    const requests = ['DescribeTable', 'Scan'].map((name) => ending(patience.within(name, silence())))
    await vi.advanceTimersByTimeAsync(2999)
    expect(lines).toEqual([])
    await vi.advanceTimersByTimeAsync(60_000)
    ending(patience.within('Query', silence()))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(requests.every(({ error }) => error !== undefined)).toBe(true)
    expect(lines).toEqual([
      'waiting for the response to DescribeTable from DynamoDB at http://localhost:8123 (30 seconds at most)',
    ])
  })

  it.each([
    ['the region of the configuration', { region: 'eu-central-1' }, 'DynamoDB in eu-central-1'],
    ['the region of ENV', {}, 'DynamoDB in eu-north-1'],
    ['no password', { endpoint: 'https://user:hidden@db.example/x' }, 'DynamoDB at https://db.example/x'],
    [
      'nothing of a client',
      { client: new DynamoDBClient({ region: 'us-west-2' }), region: 'eu-central-1' },
      'DynamoDB',
    ],
  ])('is named with %s', async (_, options, place) => {
    environmentWith({ AWS_REGION: 'eu-north-1' })
    const { patience, lines } = patienceOf(options)
    ending(patience.within('Scan', silence()))
    await vi.advanceTimersByTimeAsync(3000)
    expect(lines).toEqual([`waiting for the response to Scan from ${place} (30 seconds at most)`])
  })
})

describe('a response in time', () => {
  it('is returned or thrown, and leaves no timer', async () => {
    const { patience, lines } = patienceOf()
    expect(await patience.within('Scan', async () => 'answer')).toBe('answer')
    const failure = new Error('refused')
    await expect(patience.within('Scan', () => Promise.reject(failure))).rejects.toBe(failure)
    await expect(
      patience.within('Scan', () => {
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(vi.getTimerCount()).toBe(0)
    expect(lines).toEqual([])
  })
})

describe('a transport with patience', () => {
  function transportOf(respond = () => new Promise<never>(() => {})) {
    const signals: AbortSignal[] = []
    const send = (_operation: string, _input: object, { abortSignal }: { abortSignal?: AbortSignal } = {}) => {
      if (abortSignal) signals.push(abortSignal)
      return respond()
    }
    const stub = { isLean: true, inTurn: (start: () => void) => start, send }
    const { patience, lines } = patienceOf()
    return { transport: patience.transport(stub as unknown as Transport), signals, lines }
  }
  const input = { TableName: 'sessions', Key: {} }

  it('has the properties of the inner transport', () => {
    const { transport } = transportOf()
    const start = () => undefined
    expect(transport).toMatchObject({ isLean: true })
    expect(transport.inTurn(start)).toBe(start)
  })

  it("names the awaited response, and passes the caller's signal on", async () => {
    const { transport, signals, lines } = transportOf()
    const { signal } = new AbortController()
    ending(transport.send('GetItem', input, { abortSignal: signal }))
    expect(signals).toEqual([signal])
    await vi.advanceTimersByTimeAsync(3_000)
    expect(lines).toHaveLength(1)
  })

  it('explains the timeout of the inner transport', async () => {
    const late = new RequestTimeoutError('too late', false)
    const { transport } = transportOf(() => Promise.reject(late))
    await expect(transport.send('GetItem', input)).rejects.toThrow(/^dynamodb:GetItem .* --timeout/)
  })
})

describe('the time of requests for items', () => {
  const timesOf = (options: Options, requestTimeout?: number) => {
    const configuration = resolveConfiguration({ root: '/nowhere', ...options })
    const timed = withTimeout(configuration, requestTimeout)
    expect(resolveConfiguration(timed)).toBe(timed)
    expect(timed.tableName).toBe(configuration.tableName)
    return [timed.requestTimeout, timed.attemptTimeout]
  }

  it('is that of requests for tables, not that of sessions', () => {
    expect(timesOf({})).toEqual([30_000, 10_000])
    expect(timesOf({ requestTimeout: 100, attemptTimeout: 20 })).toEqual([30_000, 10_000])
    expect(timesOf({ attemptTimeout: 20_000 })).toEqual([30_000, 20_000])
    expect(timesOf({ attemptTimeout: 60_000 })).toEqual([30_000, 30_000])
    expect(timesOf({}, 500)).toEqual([500, 500])
  })

  it.each([0, -1, 0.5, Number.NaN, 2 ** 31])("can't be %d", async (requestTimeout) => {
    const error = await describeTable({}, { requestTimeout }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({
      message: `requestTimeout: must be milliseconds, 1 to 2147483647, not ${requestTimeout}`,
    })
  })
})
