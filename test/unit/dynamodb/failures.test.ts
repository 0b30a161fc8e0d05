import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  ProvisionedThroughputExceededException,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb'
import { sign as aws4 } from 'aws4'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { both, connectionFor, failureOf, leanSend, type Send, sdkSend, sentBy } from '../../support/both-transports.js'
import { CREDENTIALS, type Stub, sendError, sendJson, startStub } from '../../support/dynamodb-stub.js'
import { freePort } from '../../support/engines-start.js'
import { requestTimeout } from '../../support/request-timeouts.js'
import { until } from '../../support/until.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }
vi.setConfig({ testTimeout: 30_000 })

const FEW = { maxAttempts: 3 }

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => stub.reset())
afterEach(() => void vi.useRealTimers())

/** Sends with the lean transport of a connection of this test. */
function sendWith(options: Options = FEW) {
  const connection = connectionFor(stub, options)
  onTestFinished(() => connection.close())
  return leanSend(connection)
}

/** The facts of an error that a caller can see. The SDK's error also lists its message and undefined members. */
function facts(error: Error & Record<string, unknown>) {
  const { $metadata, message, name, $response, ...more } = error
  const { totalRetryDelay: _, ...metadata } = ($metadata ?? {}) as Record<string, unknown>
  const { statusCode } = ($response ?? {}) as { statusCode?: number }
  const own = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined))
  return { own, metadata, name, message, statusCode, isShown: Object.keys(error).includes('$response') }
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
    const { sdk, lean } = await both(stub, FEW, (send) => failureOf(send('UpdateItem', INPUT)))
    expect(facts(lean.result)).toStrictEqual(facts(sdk.result))
    expect(sdk.result).toBeInstanceOf(DynamoDBServiceException)
    expect(lean.result).toBeInstanceOf(Error)
    expect(lean.requests).toHaveLength(sdk.requests.length)
  })

  it('counts as one of its class, with the item', async () => {
    const send = sendWith()
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
    expect(throttled).not.toBeInstanceOf(ConditionalCheckFailedException)
  })

  it('is as empty as the SDK’s for an empty response', async () => {
    stub.answer((_request, response) => void response.writeHead(500, { 'x-amzn-requestid': 'R' }).end())
    const { sdk, lean } = await both(stub, FEW, (send) => failureOf(send('GetItem', INPUT)))
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
  ])("is the SDK's for a connection that breaks %s", async (_, hurt) => {
    stub.answer((_request, response) => hurt(response.socket as Socket))
    const { sdk, lean } = await both(stub, FEW, (send) => failureOf(send('GetItem', INPUT)))
    const { name, code, $metadata } = lean.result
    expect({ name, code }).toEqual({ name: sdk.result.name, code: sdk.result.code })
    expect(lean.requests).toHaveLength(sdk.requests.length)
    const { attempts } = sdk.result.$metadata as { attempts: number }
    expect($metadata).toMatchObject({ attempts, totalRetryDelay: expect.any(Number) })
  })

  it("is the SDK's for a host that refuses connections", async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    const { sdk, lean } = await both(stub, { ...FEW, endpoint }, (send) => failureOf(send('GetItem', INPUT)))
    expect(facts(lean.result)).toMatchObject({ name: sdk.result.name, metadata: { attempts: 3 } })
    expect(lean.result).toMatchObject({ code: 'ECONNREFUSED', address: '127.0.0.1', port: sdk.result.port })
  })

  it("is the SDK's for a host that is not found", async () => {
    const { sdk, lean } = await both(stub, { ...FEW, endpoint: 'http://nowhere.invalid' }, (send) =>
      failureOf(send('GetItem', INPUT)),
    )
    expect(lean.result).toMatchObject({ name: sdk.result.name, code: sdk.result.code, hostname: 'nowhere.invalid' })
  })

  it('is a TimeoutError when no response comes within attempt_timeout, for each attempt', async () => {
    const timeout = requestTimeout()
    onTestFinished(timeout.end)
    stub.answer(() => timeout.runOut())
    const requestHandler = { requestTimeout: timeout.milliseconds, throwOnRequestTimeout: true }
    const lean = { attemptTimeout: timeout.milliseconds, requestTimeout: 2 ** 31 - 1 }
    const seen = await both(
      stub,
      FEW,
      async (send) => {
        const { name, code, message, $metadata } = await failureOf(send('GetItem', INPUT))
        return { name, code, message, attempts: ($metadata as { attempts: number }).attempts }
      },
      { sdk: { requestHandler }, lean },
    )
    expect(seen.lean.result).toMatchObject({ name: 'TimeoutError', code: 'ETIMEDOUT', attempts: 3 })
    expect(seen.lean.result.message).toContain(`${timeout.milliseconds} ms (attempt_timeout)`)
    expect(seen.sdk.result).toEqual({ ...seen.lean.result, message: expect.any(String) })
    expect(sentBy(seen.lean.requests)).toEqual(['lean', 'lean', 'lean'])
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
  })

  it('is a TimeoutError when the body stops coming', async () => {
    const timeout = requestTimeout()
    onTestFinished(timeout.end)
    stub.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': '100' })
      response.write('{"Item":', () => setTimeout(timeout.runOut, 20))
    })
    const error = await failureOf(
      sendWith({ maxAttempts: 2, attemptTimeout: timeout.milliseconds, requestTimeout: 2 ** 31 - 1 })('GetItem', INPUT),
    )
    expect(error).toMatchObject({ name: 'TimeoutError', $metadata: { attempts: 2 } })
    expect(error.message).toContain('attempt_timeout')
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
  })
})

describe('a connection that is not made within connect_timeout', () => {
  /** Advances the time to the limit as soon as the request tries to connect. */
  async function timedOut(endpoint: string, tries = () => true): Promise<Error & Record<string, unknown>> {
    const timeout = requestTimeout()
    onTestFinished(timeout.end)
    const long = 2 ** 31 - 1
    const options = { connectTimeout: timeout.milliseconds, attemptTimeout: long, requestTimeout: long }
    const failure = failureOf(sendWith({ endpoint, maxAttempts: 1, ...options })('GetItem', INPUT))
    await until(() => timeout.running > 0 && tries())
    timeout.runOut()
    const error = await failure
    expect(error.message).toContain(`${timeout.milliseconds} ms (connect_timeout)`)
    return error
  }

  it('is a TimeoutError when the TLS handshake gets no response', async () => {
    const silent = await silentServer()
    const error = await timedOut(silent.endpoint, () => silent.hellos() > 0)
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ETIMEDOUT', $metadata: { attempts: 1 } })
    await until(() => silent.open() === 0)
  })

  it.skipIf(process.platform === 'win32')('is a TimeoutError when no server accepts it', async () => {
    const full = await fullServer()
    const error = await timedOut(full)
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ETIMEDOUT', $metadata: { attempts: 1 } })
  })

  it('does not limit an established connection', async () => {
    const timeout = requestTimeout()
    onTestFinished(timeout.end)
    stub.answer((_, response) => {
      timeout.runOut()
      sendJson(response, {})
    })
    const { $metadata } = await sendWith({ connectTimeout: timeout.milliseconds })('GetItem', INPUT)
    expect($metadata.attempts).toBe(1)
  })
})

describe('retries of the lean transport', () => {
  it('carry the same invocation id and count their attempts', async () => {
    stub.answer((_, response, count) =>
      count < 3 ? sendError(response, 'InternalServerError', { status: 500 }) : sendJson(response, {}),
    )
    const { $metadata } = await sendWith()('GetItem', INPUT)
    expect($metadata).toMatchObject({ attempts: 3, httpStatusCode: 200, totalRetryDelay: expect.any(Number) })
    expect(stub.requests.map(({ headers }) => headers['amz-sdk-request'])).toEqual([
      'attempt=1; max=3',
      'attempt=2; max=3',
      'attempt=3; max=3',
    ])
    expect(new Set(stub.requests.map(({ headers }) => headers['amz-sdk-invocation-id'])).size).toBe(1)
  })

  it.each(['ThrottlingException', 'InternalServerError'])(
    'become fewer like the SDK’s when the quota is used up: %s',
    async (name) => {
      const status = name === 'InternalServerError' ? 500 : 400
      const { sdk, lean } = await both(stub, {}, async (send) => {
        const attempts: unknown[] = []
        stub.answer((_, response) => sendError(response, name, { status }))
        for (let count = 0; count < 36; count += 1) {
          attempts.push((await failureOf(send('GetItem', INPUT))).$metadata)
        }
        stub.answer((_, response) => sendJson(response, {}))
        for (let count = 0; count < 30; count += 1) await send('GetItem', INPUT)
        stub.answer((_, response) => sendError(response, name, { status }))
        attempts.push((await failureOf(send('GetItem', INPUT))).$metadata)
        return (attempts as { attempts: number }[]).map(({ attempts: count }) => count)
      })
      expect(lean.result).toEqual(sdk.result)
      expect([lean.result.at(0), lean.result.at(-2)]).toEqual([4, 1])
      expect(lean.result.at(-1)).toBeGreaterThan(1)
    },
  )
})

function sentAt(headers: IncomingHttpHeaders = {}): number {
  return Date.parse(String(headers['x-amz-date']).replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'))
}

/** A server with this time, which refuses signatures of other times. */
function refusing(serverTime: number): Parameters<Stub['answer']>[0] {
  const date = new Date(serverTime).toUTCString()
  const refusal = { __type: 'x#InvalidSignatureException', message: 'Signature not yet current: …' }
  return ({ headers }, response) => {
    if (Math.abs(sentAt(headers) - serverTime) <= 300_000) sendJson(response, {}, 200, { date })
    else sendJson(response, refusal, 400, { date })
  }
}

describe('the clock of the lean transport', () => {
  it('is corrected by the date of a response, as by the SDK, and the refused request is repeated', async () => {
    stub.answer(refusing(Date.now() + 3600_000))
    const { sdk, lean } = await both(stub, FEW, async (send) => {
      const { $metadata } = await send('GetItem', INPUT)
      const { $metadata: next } = await send('GetItem', INPUT)
      return [$metadata.attempts, next.attempts]
    })
    expect(lean.result).toEqual(sdk.result)
    expect(lean.result).toEqual([2, 1])
  })

  it('is corrected for all requests that were sent at the same moment', async () => {
    stub.answer(refusing(Date.now() - 3600_000))
    const send = sendWith()
    const answers = await Promise.all(Array.from({ length: 8 }, () => send('GetItem', INPUT)))
    expect(answers.map(({ $metadata }) => $metadata.attempts)).toEqual(Array(8).fill(2))
  })

  it('does not repeat a request that was refused for another reason', async () => {
    const date = () => new Date(Date.now() + 3600_000).toUTCString()
    const send = sendWith()
    stub.answer((_, response) => sendJson(response, {}, 200, { date: date() }))
    await send('GetItem', INPUT)
    stub.answer((_, response) => {
      response.setHeader('date', date())
      sendError(response, 'ConditionalCheckFailedException')
    })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2345 })
    expect(await failureOf(send('UpdateItem', INPUT))).toMatchObject({ $metadata: { attempts: 1 } })
  })

  it('is not corrected by an old response from a cache', async () => {
    const send = sendWith()
    const old = { date: new Date(Date.now() - 3600_000).toUTCString(), age: '3600' }
    stub.answer((_, response) => sendJson(response, {}, 200, old))
    for (let count = 0; count < 2; count += 1) await send('GetItem', INPUT)
    expect(Math.abs(sentAt(stub.requests[1]?.headers) - Date.now())).toBeLessThan(60_000)
  })
})

describe('credentials of the lean transport', () => {
  it('are renewed when they expire, before a request is signed', async () => {
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
    const send = sendWith({ credentials })
    await send('GetItem', INPUT)
    await send('GetItem', INPUT)
    vi.setSystemTime(Date.now() + 3590_000)
    await send('GetItem', INPUT)
    await vi.waitFor(() => expect(made).toBeGreaterThan(1))
    await send('GetItem', INPUT)
    vi.setSystemTime(Date.now() + 7200_000)
    await send('GetItem', INPUT)
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
    expect(made).toBe(3)
    expect(new Set(sentBy(stub.requests))).toEqual(new Set(['lean']))
  })

  it('are used as the application has changed them', async () => {
    const used = async (sendOf: (own: typeof CREDENTIALS) => Send) => {
      const own = { ...CREDENTIALS, sessionToken: 'T1' }
      const before = stub.requests.length
      const send = sendOf(own)
      await send('GetItem', INPUT)
      Object.assign(own, { accessKeyId: 'AKID2', secretAccessKey: 'other', sessionToken: 'T2' })
      await send('GetItem', INPUT)
      await send('GetItem', INPUT)
      return stub.requests.slice(before).map(({ headers, body, path }) => {
        const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
        const signed = Object.fromEntries(names.map((name) => [name, headers[name] as string]))
        const request = { service: 'dynamodb', region: 'eu-central-1', method: 'POST', path, headers: signed, body }
        const again = aws4({ ...request, headers: { ...signed } }, own).headers?.Authorization
        return { token: headers['x-amz-security-token'], right: again === headers.authorization }
      })
    }
    const [, ...later] = await used((credentials) => sendWith({ credentials }))
    expect(later).toEqual([
      { token: 'T2', right: true },
      { token: 'T2', right: true },
    ])
    const bySdk = await used((credentials) => {
      const client = stub.client({ credentials })
      onTestFinished(() => client.destroy())
      return sdkSend(client)
    })
    expect(bySdk.slice(1)).toEqual(later)
  })

  it('are requested once for many simultaneous first requests', async () => {
    const credentials = vi.fn(async () => CREDENTIALS)
    const send = sendWith({ credentials })
    await Promise.all(Array.from({ length: 40 }, () => send('GetItem', INPUT)))
    expect(credentials).toHaveBeenCalledTimes(1)
    expect(new Set(sentBy(stub.requests))).toEqual(new Set(['lean']))
  })

  it("cause the SDK's error when none are found", async () => {
    const credentials = async () => {
      throw Object.assign(new Error('none here'), { name: 'CredentialsProviderError' })
    }
    const { sdk, lean } = await both(stub, { credentials }, (send) => failureOf(send('GetItem', INPUT)))
    expect(facts(lean.result)).toStrictEqual(facts(sdk.result))
    expect(stub.requests).toHaveLength(0)
  })

  it('are requested again by the next request after one that failed without credentials', async () => {
    const refused = Object.assign(new Error('no connection'), { code: 'ECONNREFUSED' })
    const credentials = vi.fn(async () => CREDENTIALS).mockRejectedValueOnce(refused)
    const send = sendWith({ credentials })
    expect(await failureOf(send('GetItem', INPUT))).toBe(refused)
    expect(credentials).toHaveBeenCalledTimes(1)
    await send('GetItem', INPUT)
    expect(credentials).toHaveBeenCalledTimes(2)
  })
})

describe('a request of the lean transport that is aborted', () => {
  it.each([undefined, 'enough', new Error('enough')])(
    'rejects with an AbortError, and its socket is closed (reason %s)',
    async (reason) => {
      const { sdk, lean } = await both(stub, {}, async (send) => {
        const controller = new AbortController()
        stub.answer(() => void setTimeout(() => controller.abort(reason ?? null), 20))
        const { name, code } = await failureOf(send('GetItem', INPUT, { abortSignal: controller.signal }))
        return { name, code }
      })
      expect(lean.result).toEqual({ name: 'AbortError', code: undefined })
      expect(lean.result).toEqual(sdk.result)
      expect(lean.requests).toHaveLength(1)
      await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    },
  )

  it('rejects while the body is coming, and its socket is closed', async () => {
    const controller = new AbortController()
    stub.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': '100' })
      response.write('{"Item":', () => setTimeout(() => controller.abort(), 20))
    })
    const error = await failureOf(sendWith()('GetItem', INPUT, { abortSignal: controller.signal }))
    expect(error.name).toBe('AbortError')
    expect(stub.requests).toHaveLength(1)
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
  })

  it('is not sent when it was aborted before, and opens no connection', async () => {
    const send = sendWith()
    const aborted = () => send('GetItem', INPUT, { abortSignal: AbortSignal.abort() })
    expect((await failureOf(aborted())).name).toBe('AbortError')
    await send('GetItem', INPUT)
    // The connection is free a moment after the response.
    await new Promise((resolve) => setImmediate(resolve))
    expect((await failureOf(aborted())).name).toBe('AbortError')
    await send('GetItem', INPUT)
    expect([stub.requests.length, stub.connections]).toEqual([2, 1])
  })

  it('does not disturb the other requests and their connection', async () => {
    const controller = new AbortController()
    stub.answer((_, response, count) => {
      if (count === 1) setTimeout(() => controller.abort(), 5)
      else setTimeout(() => sendJson(response, {}), 30)
    })
    const send = sendWith()
    const failure = failureOf(send('GetItem', INPUT, { abortSignal: controller.signal }))
    await until(() => stub.requests.length === 1)
    const others = Array.from({ length: 5 }, () => send('GetItem', INPUT))
    expect((await failure).name).toBe('AbortError')
    for (const { $metadata } of await Promise.all(others)) expect($metadata.attempts).toBe(1)
  })

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    const send = sendWith()
    for (let count = 0; count < 20; count += 1) await send('GetItem', INPUT, { abortSignal: signal })
    expect(add.mock.calls.length).toBeGreaterThan(0)
    expect(remove.mock.calls.length).toBeGreaterThanOrEqual(add.mock.calls.length)
  })
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  return (server.address() as { port: number }).port
}

/** Accepts connections, and sends nothing. */
async function silentServer() {
  const sockets = new Set<Socket>()
  let hellos = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', () => void hellos++)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const endpoint = `https://127.0.0.1:${await listening(server)}`
  return { endpoint, hellos: () => hellos, open: () => sockets.size }
}

/** A server whose process is stopped, with a full queue of waiting connections. */
async function fullServer(): Promise<string> {
  const program = `const server = require('node:net').createServer()
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['-e', program])
  const [port] = await once(child.stdout, 'data')
  child.kill('SIGSTOP')
  const sockets = Array.from({ length: 8 }, () => connect(Number(port), '127.0.0.1'))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    child.kill('SIGKILL')
  })
  for (const socket of sockets) socket.on('error', () => {})
  await until(() => sockets.filter(({ connecting }) => !connecting).length >= 2)
  expect(sockets.some(({ connecting }) => connecting)).toBe(true)
  return `http://127.0.0.1:${Number(port)}`
}
