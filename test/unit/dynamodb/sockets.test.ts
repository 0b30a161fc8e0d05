import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { failureOf, leanSend, sentBy } from '../../support/both-transports.js'
import { type Stub, sendJson, startStub } from '../../support/dynamodb-stub.js'
import { expectNothingLeftBehind } from '../../support/many-requests.js'
import { requestTimeout } from '../../support/request-timeouts.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }

let stub: Stub

/** One for each test: connections of the test before must not be counted. */
beforeEach(async () => {
  stub = await startStub()
})
afterEach(() => stub.stop())

describe('connections of the lean transport', () => {
  it('are used again', async () => {
    const client = stub.client()
    for (let count = 0; count < 50; count += 1) await leanSend(client)('GetItem', INPUT)
    // A request that is made in the very moment in which an answer ends may open a second one.
    expect(stub.connections).toBeLessThanOrEqual(2)
    expect(new Set(sentBy(stub.requests))).toEqual(new Set(['undici']))
    client.destroy()
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
  })

  it('are 50 at most, and requests beyond that wait for one', async () => {
    stub.answer((_, response) => void setTimeout(() => sendJson(response, {}), 20))
    const client = stub.client()
    const send = leanSend(client)
    await Promise.all(Array.from({ length: 200 }, () => send('GetItem', INPUT)))
    expect(stub.connections).toBe(50)
    expect(stub.requests).toHaveLength(200)
    client.destroy()
  })

  it('count the time of waiting for one into the request timeout', async () => {
    stub.answer(() => {})
    const timeout = requestTimeout()
    onTestFinished(timeout.end)
    const requestHandler = { requestTimeout: timeout.milliseconds, throwOnRequestTimeout: true }
    const client = stub.client({ maxAttempts: 1, requestHandler })
    const send = leanSend(client)
    const failing = Promise.all(Array.from({ length: 70 }, () => failureOf(send('GetItem', INPUT))))
    await vi.waitFor(() => expect(stub.requests).toHaveLength(50))
    timeout.runOut() // for those that wait, too
    expect(new Set((await failing).map(({ name }) => name))).toEqual(new Set(['TimeoutError']))
    expect(stub.requests).toHaveLength(50)
    client.destroy()
  })

  it('are not opened any more for requests that wait while the client is destroyed', async () => {
    stub.answer(() => {})
    const client = stub.client({ maxAttempts: 1 })
    const send = leanSend(client)
    const failures = Array.from({ length: 70 }, () => failureOf(send('GetItem', INPUT)))
    await vi.waitFor(() => expect(stub.requests).toHaveLength(50))
    client.destroy()
    const names = (await Promise.all(failures)).map(({ name }) => name)
    expect(new Set(names)).toEqual(new Set(['TimeoutError']))
    expect(stub.connections).toBe(50)
  })

  it('are made anew when the server has closed them in between', async () => {
    const client = stub.client()
    const send = leanSend(client)
    for (let count = 0; count < 5; count += 1) {
      const { $metadata } = await send('GetItem', INPUT)
      expect($metadata.attempts).toBe(1)
      for (const socket of stub.sockets) socket.end()
      await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    }
    expect(stub.connections).toBe(5)
    client.destroy()
  })

  it('are made anew after the server said that it closes them', async () => {
    stub.answer((_, response) => sendJson(response, {}, 200, { connection: 'close' }))
    const client = stub.client()
    const send = leanSend(client)
    for (let count = 0; count < 5; count += 1) await send('GetItem', INPUT)
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    client.destroy()
  })

  it('serve a client that is used after destroy, like the SDK’s', async () => {
    const client = stub.client()
    const send = leanSend(client)
    await send('GetItem', INPUT)
    client.destroy()
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    await send('GetItem', INPUT)
    expect(stub.connections).toBe(2)
    client.destroy()
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
  })

  it('do not keep a program alive', async () => {
    const program = `
      import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
      import { transportFor } from './runtime/dynamodb/transport.ts'
      const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
      const client = new DynamoDBClient({ endpoint: '${stub.endpoint}', region: 'x', credentials })
      await transportFor({ transport: 'lean' }, client).send('GetItem', ${JSON.stringify(INPUT)})
      console.log('answered', performance.now())
      process.on('exit', () => console.log('exit', performance.now()))`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program])
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    const [code] = await once(child, 'close')
    const [, answered, exit] = /answered (\S+)\nexit (\S+)/.exec(output) ?? []
    expect(code).toBe(0)
    expect(sentBy(stub.requests)).toEqual(['undici'])
    // An idle connection ends after a minute.
    expect(Number(exit) - Number(answered)).toBeLessThan(30_000)
  }, 120_000)

  it('leave nothing behind after 3000 requests, some of which fail', async () => {
    await expectNothingLeftBehind(stub, 3000)
  })
})
