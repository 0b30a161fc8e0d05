import { createServer, type Server, type Socket } from 'node:net'
import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  GetItemCommand,
  ProvisionedThroughputExceededException,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb'
import { StandardRetryStrategy } from '@smithy/core/retry'
import { sign as aws4 } from 'aws4'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { both, failureOf, leanSend, sdkSend, sentBy } from '../../support/both-transports.js'
import { CREDENTIALS, type Stub, sendError, sendJson, startStub } from '../../support/dynamodb-stub.js'
import { freePort } from '../../support/engines-start.js'
import { requestTimeout } from '../../support/request-timeouts.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }
vi.setConfig({ testTimeout: 30_000 })

const FAST = () => ({ maxAttempts: 3, retryStrategy: new StandardRetryStrategy({ maxAttempts: 3, baseDelay: 1 }) })
const SHORT = { connectionTimeout: 200, throwOnRequestTimeout: true }

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => stub.reset())
afterEach(() => void vi.useRealTimers())

/** What a caller can find out about an error. */
function facts(error: Error & Record<string, unknown>) {
  const { $metadata, ...own } = error
  const { totalRetryDelay: _, ...metadata } = ($metadata ?? {}) as Record<string, unknown>
  const prototype = Object.getPrototypeOf(error)
  const { statusCode } = (error.$response ?? {}) as { statusCode?: number }
  return {
    own,
    metadata,
    prototype,
    name: error.name,
    message: error.message,
    statusCode,
    keys: Object.keys(error).sort(),
  }
}

describe('an error of DynamoDB through the lean transport', () => {
  it.each([
    ['ConditionalCheckFailedException', 400, { Item: { ...INPUT.Key, data: { S: 'x' }, b: { B: 'AAH6/w==' } } }],
    ['ResourceNotFoundException', 400, {}],
    ['ProvisionedThroughputExceededException', 400, {}],
    ['ThrottlingException', 400, { throttlingReasons: [{ reason: 'TableReadKeyRangeThroughputExceeded' }] }],
    ['InternalServerError', 500, {}],
    ['ServiceUnavailable', 503, {}],
    ['ValidationException', 400, {}],
    ['AccessDeniedException', 400, {}],
    ['SomethingNew', 418, { more: 1 }],
    ['ExpiredTokenException', 400, {}],
  ])('is the exception that the SDK throws: %s', async (name, status, more) => {
    stub.answer((_, response) => sendError(response, name, { status, ...more }))
    const { sdk, lean } = await both(stub, FAST(), (send) => failureOf(send('UpdateItem', INPUT)))
    expect(facts(lean.result)).toStrictEqual(facts(sdk.result))
    expect(lean.result).toBeInstanceOf(DynamoDBServiceException)
    expect(lean.requests).toHaveLength(sdk.requests.length)
  })

  it('has its class, with the item', async () => {
    const client = stub.client(FAST())
    const send = leanSend(client)
    stub.answer((_, response) => sendError(response, 'ConditionalCheckFailedException', { Item: INPUT.Key }))
    const error = await failureOf(send('UpdateItem', INPUT))
    expect(error).toBeInstanceOf(ConditionalCheckFailedException)
    expect(error).toMatchObject({ Item: INPUT.Key, $fault: 'client', $metadata: { attempts: 1 } })
    stub.answer((_, response) => sendError(response, 'ResourceNotFoundException'))
    expect(await failureOf(send('UpdateItem', INPUT))).toBeInstanceOf(ResourceNotFoundException)
    stub.answer((_, response) => sendError(response, 'ProvisionedThroughputExceededException'))
    const throttled = await failureOf(send('UpdateItem', INPUT))
    expect(throttled).toBeInstanceOf(ProvisionedThroughputExceededException)
    expect(throttled.$metadata).toMatchObject({ attempts: 3 })
    client.destroy()
  })

  it('is as empty as the SDK’s where nothing came with it', async () => {
    stub.answer((_request, response) => void response.writeHead(500, { 'x-amzn-requestid': 'R' }).end())
    const { sdk, lean } = await both(stub, FAST(), (send) => failureOf(send('GetItem', INPUT)))
    expect(facts(lean.result)).toStrictEqual(facts(sdk.result))
    expect(lean.requests).toHaveLength(sdk.requests.length)
  })
})

describe('an error of the network through the lean transport', () => {
  it.each([
    ['before an answer', (socket: Socket) => void socket.destroy()],
    ['reset before an answer', (socket: Socket) => void socket.resetAndDestroy()],
    [
      'in the middle of the body',
      (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"Item"')
        setTimeout(() => socket.destroy(), 30)
      },
    ],
    ['with something else than HTTP', (socket: Socket) => void socket.end('SSH-2.0\r\n\r\n')],
  ])('is what the SDK makes of a connection that breaks %s', async (_, hurt) => {
    stub.answer((_request, response) => hurt(response.socket as Socket))
    const { sdk, lean } = await both(stub, FAST(), (send) => failureOf(send('GetItem', INPUT)))
    const { name, code, $metadata } = lean.result
    expect({ name, code }).toEqual({ name: sdk.result.name, code: sdk.result.code })
    expect(lean.requests).toHaveLength(sdk.requests.length)
    const { attempts } = sdk.result.$metadata as { attempts: number }
    expect($metadata).toMatchObject({ attempts, totalRetryDelay: expect.any(Number) })
  })

  it('is what the SDK makes of a host where nobody listens', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    const { sdk, lean } = await both(stub, { ...FAST(), endpoint }, (send) => failureOf(send('GetItem', INPUT)))
    expect(facts(lean.result)).toMatchObject({ name: sdk.result.name, metadata: { attempts: 3 } })
    expect(lean.result).toMatchObject({ code: 'ECONNREFUSED', address: '127.0.0.1', port: sdk.result.port })
  })

  it('is what the SDK makes of a host that is not found', async () => {
    const { sdk, lean } = await both(stub, { ...FAST(), endpoint: 'http://nowhere.invalid' }, (send) =>
      failureOf(send('GetItem', INPUT)),
    )
    expect(lean.result).toMatchObject({ name: sdk.result.name, code: sdk.result.code, hostname: 'nowhere.invalid' })
  })

  it('is a TimeoutError when there is no answer within the request timeout, for each attempt', async () => {
    const timeout = requestTimeout()
    onTestFinished(timeout.end)
    stub.answer(() => timeout.runOut())
    const requestHandler = { ...SHORT, requestTimeout: timeout.milliseconds }
    const { sdk, lean } = await both(stub, { ...FAST(), requestHandler }, async (send) => {
      const { name, code, $metadata } = await failureOf(send('GetItem', INPUT))
      return { name, code, attempts: ($metadata as { attempts: number }).attempts }
    })
    expect(lean.result).toEqual({ name: 'TimeoutError', code: 'ETIMEDOUT', attempts: 3 })
    expect(sdk.result).toEqual(lean.result)
    expect(sentBy(lean.requests)).toEqual(['undici', 'undici', 'undici'])
  })

  it('is a TimeoutError when no secure connection comes about', async () => {
    const silent = await silentServer()
    const client = stub.client({
      maxAttempts: 1,
      endpoint: silent.endpoint,
      requestHandler: { ...SHORT, requestTimeout: 60_000 },
    })
    const error = await failureOf(leanSend(client)('GetItem', INPUT))
    client.destroy()
    silent.stop()
    expect(error.name).toBe('TimeoutError')
    expect(error.message).toContain('connection')
  })
})

describe('retries of the lean transport', () => {
  it('carry the same invocation id and count their attempts', async () => {
    stub.answer((_, response, count) =>
      count < 3 ? sendError(response, 'InternalServerError', { status: 500 }) : sendJson(response, {}),
    )
    const client = stub.client(FAST())
    const { $metadata } = await leanSend(client)('GetItem', INPUT)
    client.destroy()
    expect($metadata).toMatchObject({ attempts: 3, httpStatusCode: 200, totalRetryDelay: expect.any(Number) })
    expect(stub.requests.map(({ headers }) => headers['amz-sdk-request'])).toEqual([
      'attempt=1; max=3',
      'attempt=2; max=3',
      'attempt=3; max=3',
    ])
    expect(new Set(stub.requests.map(({ headers }) => headers['amz-sdk-invocation-id'])).size).toBe(1)
  })

  it('take from the bucket of tokens that the client has, and give back to it', async () => {
    stub.answer((_, response) => sendError(response, 'ThrottlingException'))
    const { sdk, lean } = await both(stub, {}, async (send, client) => {
      const strategy = (await client.config.retryStrategy()) as StandardRetryStrategy
      Object.assign(strategy, { capacity: 12 })
      await failureOf(send('GetItem', INPUT))
      await failureOf(send('GetItem', INPUT))
      return strategy.getCapacity()
    })
    expect(lean.result).toBe(sdk.result)
    expect(lean.result).toBeLessThan(12)
    expect(lean.requests).toHaveLength(sdk.requests.length)
  })

  it('are up to a strategy of the application, which sees the kind of error and the server’s wish', async () => {
    stub.answer((_, response) => sendJson(response, { __type: 'ThrottlingException' }, 400, { 'retry-after': '1' }))
    const run = () => {
      const told: unknown[] = []
      const token = { getRetryCount: () => told.length, getRetryDelay: () => 0 }
      const retryStrategy = {
        acquireInitialRetryToken: async (scope: string) => ({ ...token, scope }),
        refreshRetryTokenForRetry: async (_: unknown, info: { errorType: string; retryAfterHint?: Date }) => {
          told.push([info.errorType, info.retryAfterHint instanceof Date])
          if (told.length === 5) throw new Error('enough')
          return token
        },
        recordSuccess: () => {},
      }
      return { told, retryStrategy }
    }
    for (const side of ['sdk', 'lean'] as const) {
      const { told, retryStrategy } = run()
      const client = stub.client({ retryStrategy })
      const before = stub.requests.length
      const error =
        side === 'lean'
          ? await failureOf(leanSend(client)('GetItem', INPUT))
          : await failureOf(client.send(new (await import('@aws-sdk/client-dynamodb')).GetItemCommand(INPUT)))
      expect(told).toEqual(Array.from({ length: 5 }, () => ['THROTTLING', true]))
      expect(error).toMatchObject({ name: 'ThrottlingException', $metadata: { attempts: 5 } })
      expect(stub.requests.length - before).toBe(5)
      client.destroy()
    }
  })
})

describe('the clock of the lean transport', () => {
  it('is corrected by the date of an answer, as the SDK does, and the refused request repeated', async () => {
    const serverTime = Date.now() + 3600_000
    stub.answer((request, response) => {
      const date = new Date(serverTime).toUTCString()
      const sent = String(request.headers['x-amz-date']).replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5')
      const skewed = Math.abs(Date.parse(sent) - serverTime) > 300_000
      if (!skewed) return sendJson(response, {}, 200, { date })
      return sendJson(response, { __type: 'x#InvalidSignatureException', message: 'Signature expired: …' }, 400, {
        date,
      })
    })
    const { sdk, lean } = await both(stub, FAST(), async (send, client) => {
      const { $metadata } = await send('GetItem', INPUT)
      const offset = client.config.systemClockOffset
      const { $metadata: next } = await send('GetItem', INPUT)
      return { attempts: [$metadata.attempts, next.attempts], offset: Math.round(offset / 60_000) }
    })
    expect(lean.result).toEqual(sdk.result)
    expect(lean.result).toEqual({ attempts: [2, 1], offset: 60 })
  })
})

describe('credentials of the lean transport', () => {
  it('are refreshed when they expire, before a request is signed with old ones', async () => {
    let made = 0
    const credentials = async () => {
      made += 1
      return {
        ...CREDENTIALS,
        accessKeyId: `AKID${made}`,
        sessionToken: `T${made}`,
        expiration: new Date(Date.now() + 3600_000),
      }
    }
    vi.useFakeTimers({ toFake: ['Date'] })
    const client = stub.client({ credentials })
    const send = leanSend(client)
    await send('GetItem', INPUT)
    await send('GetItem', INPUT)
    vi.setSystemTime(Date.now() + 3590_000)
    await send('GetItem', INPUT)
    await vi.waitFor(() => expect(made).toBeGreaterThan(1))
    await send('GetItem', INPUT)
    vi.setSystemTime(Date.now() + 7200_000)
    await send('GetItem', INPUT)
    client.destroy()
    const keys = stub.requests.map(({ headers }) => [
      /Credential=(AKID\d)/.exec(headers.authorization ?? '')?.[1],
      headers['x-amz-security-token'],
    ])
    expect(keys.slice(0, 2)).toEqual([
      ['AKID1', 'T1'],
      ['AKID1', 'T1'],
    ])
    for (const [key, token] of keys) expect(key?.slice(4)).toBe(token?.slice(1))
    expect(keys[3]).not.toEqual(keys[0])
    expect(keys[4]).not.toEqual(keys[3])
    expect(sentBy(stub.requests)).not.toContain('node:http')
  })

  it.each([
    ['from a provider that renews what it gave before', (own: object) => async () => own],
    ['that the application changes', (own: object) => own],
  ])('are taken as they are now: %s', async (_, credentialsOf) => {
    const used = async (sendOf: typeof leanSend) => {
      const own = { ...CREDENTIALS, sessionToken: 'T1' }
      const client = stub.client({ credentials: credentialsOf(own) as never })
      const before = stub.requests.length
      const send = sendOf(client)
      await send('GetItem', INPUT)
      Object.assign(own, { accessKeyId: 'AKID2', secretAccessKey: 'other', sessionToken: 'T2' })
      await send('GetItem', INPUT)
      await send('GetItem', INPUT)
      client.destroy()
      return stub.requests.slice(before).map(({ headers, body, path }) => {
        const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
        const signed = Object.fromEntries(names.map((name) => [name, headers[name] as string]))
        const request = { service: 'dynamodb', region: 'eu-central-1', method: 'POST', path, headers: signed, body }
        const again = aws4({ ...request, headers: { ...signed } }, own).headers?.Authorization
        return { token: headers['x-amz-security-token'], right: again === headers.authorization }
      })
    }
    const [, ...later] = await used(leanSend)
    expect(later).toEqual([
      { token: 'T2', right: true },
      { token: 'T2', right: true },
    ])
    expect((await used(sdkSend)).slice(1)).toEqual(later)
  })

  it('are looked at once for many first requests at the same time', async () => {
    const resolve = vi.spyOn(GetItemCommand.prototype, 'resolveMiddleware')
    const client = stub.client()
    const send = leanSend(client)
    await Promise.all(Array.from({ length: 40 }, () => send('GetItem', INPUT)))
    client.destroy()
    expect(resolve).toHaveBeenCalledTimes(1)
    expect(new Set(sentBy(stub.requests))).toEqual(new Set(['undici']))
    resolve.mockRestore()
  })

  it('fail as with the SDK when there are none', async () => {
    const credentials = async () => {
      throw Object.assign(new Error('none here'), { name: 'CredentialsProviderError' })
    }
    const { sdk, lean } = await both(stub, { credentials }, (send) => failureOf(send('GetItem', INPUT)))
    expect(facts(lean.result)).toStrictEqual(facts(sdk.result))
    expect(stub.requests).toHaveLength(0)
  })
})

describe('a request of the lean transport that is aborted', () => {
  it('rejects with an AbortError, and its socket is closed', async () => {
    const controller = new AbortController()
    stub.answer(() => void setTimeout(() => controller.abort(), 20))
    const client = stub.client(FAST())
    const error = await failureOf(leanSend(client)('GetItem', INPUT, { abortSignal: controller.signal }))
    expect(error.name).toBe('AbortError')
    expect(stub.requests).toHaveLength(1)
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    client.destroy()
  })

  it('is not sent when it was aborted before', async () => {
    const client = stub.client(FAST())
    const error = await failureOf(leanSend(client)('GetItem', INPUT, { abortSignal: AbortSignal.abort() }))
    expect(error.name).toBe('AbortError')
    expect(stub.requests).toHaveLength(0)
    client.destroy()
  })

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    const client = stub.client(FAST())
    const send = leanSend(client)
    for (let count = 0; count < 20; count += 1) await send('GetItem', INPUT, { abortSignal: signal })
    expect(add.mock.calls.length).toBeGreaterThan(0)
    expect(remove.mock.calls.length).toBeGreaterThanOrEqual(add.mock.calls.length)
    client.destroy()
  })
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, resolve))
  return (server.address() as { port: number }).port
}

/** Takes connections, and says nothing. */
async function silentServer(): Promise<{ endpoint: string; stop(): void }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.on('error', () => {})))
  const endpoint = `https://127.0.0.1:${await listening(server)}`
  const stop = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { endpoint, stop }
}
