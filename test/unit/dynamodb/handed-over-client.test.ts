import type { ServerResponse } from 'node:http'
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { Connection } from '../../../runtime/dynamodb/connection.js'
import { RequestTimeoutError } from '../../../runtime/errors.js'
import { connectionFor, failureOf, leanSend, sentBy } from '../../support/both-transports.js'
import { type Stub, startStub } from '../../support/dynamodb-stub.js'
import { environmentWith } from '../../support/folder.js'
import { until } from '../../support/until.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => stub.reset())
afterEach(() => void vi.useRealTimers())

function handOver(client: DynamoDBClient) {
  const connection = new Connection(resolveConfiguration({ client, tableName: 'sessions' }))
  onTestFinished(() => connection.close())
  return connection
}

function newClient(config?: DynamoDBClientConfig): DynamoDBClient {
  const client = stub.client(config)
  onTestFinished(() => client.destroy())
  return client
}

describe('a client that is handed over', () => {
  it('sends every request by its own method, without merging requests', async () => {
    const client = newClient()
    const send = vi.spyOn(client, 'send')
    const connection = handOver(client)
    const { transport } = connection
    expect(transport.isLean).toBe(false)
    expect(connection.whySdk).toBe('the option client is set')
    expect(await connection.client()).toBe(client)
    for (const operation of ['GetItem', 'UpdateItem', 'DeleteItem'] as const) await transport.send(operation, INPUT)
    expect(send).toHaveBeenCalledTimes(3)
    expect(send.mock.calls.map(([command]) => (command as { input: object }).input)).toEqual([INPUT, INPUT, INPUT])
    expect(sentBy(stub.requests)).toEqual(['sdk', 'sdk', 'sdk'])
  })

  it('sends by a `send` or middleware that the application adds later', async () => {
    const client = newClient()
    const { transport } = handOver(client)
    await transport.send('GetItem', INPUT)
    let seen = 0
    client.middlewareStack.add(
      (next) => async (args) => {
        seen += 1
        return await next(args)
      },
      { step: 'build' },
    )
    await transport.send('GetItem', INPUT)
    expect([seen, stub.requests.length]).toEqual([1, 2])
    vi.spyOn(client, 'send').mockImplementation((async () => ({ Item: INPUT.Key })) as never)
    expect(await transport.send('GetItem', INPUT)).toEqual({ Item: INPUT.Key })
    expect(stub.requests).toHaveLength(2)
  })

  it("may be another object than the SDK's client", async () => {
    const send = vi.fn(async () => ({ Item: INPUT.Key }))
    const { transport } = handOver({ send } as unknown as DynamoDBClient)
    expect(await transport.send('GetItem', INPUT)).toEqual({ Item: INPUT.Key })
    expect(send).toHaveBeenCalledTimes(1)
  })

  it('has its own queue, so inTurn calls start at once', () => {
    const start = vi.fn()
    const leave = handOver(newClient()).transport.inTurn(start)
    expect(start).toHaveBeenCalledTimes(1)
    leave()
  })

  it('is not destroyed with the connection', async () => {
    const client = newClient()
    const destroy = vi.spyOn(client, 'destroy')
    const connection = handOver(client)
    await connection.transport.send('GetItem', INPUT)
    connection.close()
    await connection.transport.send('GetItem', INPUT)
    expect(destroy).not.toHaveBeenCalled()
  })
})

describe('the deadline of a request by a client that is handed over', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))

  /** Sends a response without end. */
  function drip(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
    const more = () => {
      if (response.destroyed) return
      response.write(' ')
      setImmediate(more)
    }
    more()
  }

  it.each([
    ['hangs', 'GetItem', () => {}],
    ['hangs', 'UpdateItem', () => {}],
    ['drips', 'GetItem', drip],
    ['drips', 'UpdateItem', drip],
  ] as const)('ends a request whose response %s, and its connection: %s', async (_, operation, answer) => {
    stub.answer((_request, response) => answer(response))
    const failure = failureOf(handOver(newClient()).transport.send(operation, INPUT))
    await until(() => stub.requests.length === 1)
    await vi.advanceTimersByTimeAsync(5000)
    const error = await failure
    expect(error).toBeInstanceOf(RequestTimeoutError)
    expect(error).toMatchObject({ name: 'RequestTimeoutError', maybeWritten: operation === 'UpdateItem' })
    expect(error.message).toContain('5000 ms (request_timeout)')
    vi.useRealTimers()
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    expect(stub.requests).toHaveLength(1)
  })

  it('ends a request of a client that ignores signals', async () => {
    const send = vi.fn(() => new Promise(() => {}))
    const failure = failureOf(handOver({ send } as unknown as DynamoDBClient).transport.send('GetItem', INPUT))
    await until(() => send.mock.calls.length === 1)
    await vi.advanceTimersByTimeAsync(5000)
    expect((await failure).name).toBe('RequestTimeoutError')
  })

  it('ends a request of such a client at once when its caller aborts it', async () => {
    const controller = new AbortController()
    const send = vi.fn(() => new Promise(() => {}))
    const { transport } = handOver({ send } as unknown as DynamoDBClient)
    const failure = failureOf(transport.send('GetItem', INPUT, { abortSignal: controller.signal }))
    await until(() => send.mock.calls.length === 1)
    controller.abort()
    expect((await failure).name).toBe('AbortError')
  })

  it('prevents the request when it has passed', async () => {
    const send = vi.fn(async () => ({}))
    const { transport } = handOver({ send } as unknown as DynamoDBClient)
    const error = await failureOf(transport.send('UpdateItem', INPUT, { deadline: performance.now() }))
    expect(error).toMatchObject({ name: 'RequestTimeoutError', maybeWritten: false })
    const before = await failureOf(transport.send('GetItem', INPUT, { abortSignal: AbortSignal.abort() }))
    expect(before.name).toBe('AbortError')
    expect(send).not.toHaveBeenCalled()
  })

  it('leaves no timer and no listener', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    const send = async () => ({ Item: INPUT.Key })
    const { transport } = handOver({ send } as unknown as DynamoDBClient)
    for (let count = 0; count < 3; count += 1) await transport.send('GetItem', INPUT, { abortSignal: signal })
    expect(vi.getTimerCount()).toBe(0)
    expect(remove.mock.calls.length).toBe(add.mock.calls.length)
  })

  it("does not hide the AbortError of the caller's signal", async () => {
    const controller = new AbortController()
    stub.answer(() => controller.abort())
    const { transport } = handOver(newClient())
    const error = await failureOf(transport.send('GetItem', INPUT, { abortSignal: controller.signal }))
    expect(error.name).toBe('AbortError')
    const before = await failureOf(transport.send('GetItem', INPUT, { abortSignal: AbortSignal.abort() }))
    expect(before.name).toBe('AbortError')
    expect(stub.requests).toHaveLength(1)
  })
})

describe('an ordinary connection', () => {
  it('sends lean, so the other tests test the lean transport', async () => {
    const connection = connectionFor(stub)
    onTestFinished(() => connection.close())
    await leanSend(connection)('GetItem', INPUT)
    expect(sentBy(stub.requests)).toEqual(['lean'])
    expect([connection.whySdk, connection.transport.isLean]).toEqual([undefined, true])
  })

  it.each([
    ['the option transport', { transport: 'sdk' }],
    ['a logger', { logger: { debug() {}, info() {}, warn() {}, error() {} } }],
  ] as const)('sends by the SDK with %s', async (_, options) => {
    const connection = connectionFor(stub, options)
    onTestFinished(() => connection.close())
    await connection.transport.send('GetItem', INPUT)
    expect(sentBy(stub.requests)).toEqual(['sdk'])
    expect(connection.whySdk).toBeDefined()
  })

  it('sends by the SDK, which alone retries, when only the SDK knows the host', async () => {
    const throttled = Object.assign(new Error('slowly'), { name: 'ThrottlingException' })
    const send = vi.spyOn(DynamoDBClient.prototype, 'send').mockRejectedValue(throttled as never)
    onTestFinished(() => send.mockRestore())
    environmentWith()
    const credentials = async () => ({ accessKeyId: 'a', secretAccessKey: 'b', accountId: '123456789012' })
    const options = { region: 'us-iso-east-1', credentials, tableName: 'sessions' }
    const connection = new Connection(resolveConfiguration(options))
    onTestFinished(() => connection.close())
    expect(connection.whySdk).toBeUndefined()
    expect(await failureOf(connection.transport.send('GetItem', INPUT))).toBe(throttled)
    expect(send).toHaveBeenCalledTimes(1)
  })
})
