import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { Pool } from '../../../../runtime/dynamodb/lean/pool.js'
import { connectionFor, failureOf, leanSend, sentBy } from '../../../support/both-transports.js'
import { type Stub, sendJson, startStub } from '../../../support/dynamodb-stub.js'
import { expectNothingLeftBehind } from '../../../support/many-requests.js'
import { until } from '../../../support/until.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }

let stub: Stub

/** A new stub for each test, so that connections of earlier tests are not counted. */
beforeEach(async () => {
  stub = await startStub()
})
afterEach(() => stub.stop())

function connect(options: Options = {}) {
  const connection = connectionFor(stub, options)
  onTestFinished(() => connection.close())
  return { send: leanSend(connection), close: () => connection.close() }
}

/** A connection is free a moment after its response. */
function free(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('connections of the lean transport', () => {
  it('are used again', async () => {
    const { send, close } = connect()
    for (let count = 0; count < 50; count += 1) {
      await send('GetItem', INPUT)
      await free()
    }
    expect(stub.connections).toBe(1)
    expect(new Set(sentBy(stub.requests))).toEqual(new Set(['lean']))
    close()
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
  })

  it('are as many as running requests need, and the last used is used first', async () => {
    const { send } = connect()
    await Promise.all(Array.from({ length: 10 }, () => send('GetItem', INPUT)))
    expect(stub.connections).toBe(10)
    const used = new Set<unknown>()
    stub.answer((_, response) => {
      used.add(response.socket)
      sendJson(response, {})
    })
    for (let count = 0; count < 10; count += 1) await send('GetItem', INPUT)
    expect(used.size).toBe(1)
    expect(stub.connections).toBe(10)
  })

  it.each([
    ['closed', (socket: Socket) => socket.end()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('are replaced when the server has %s them while they were idle', async (_, close) => {
    const { send } = connect()
    for (let count = 0; count < 5; count += 1) {
      const { $metadata } = await send('GetItem', INPUT)
      expect($metadata.attempts).toBe(1)
      for (const socket of stub.sockets) close(socket)
      await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    }
    expect(stub.connections).toBe(5)
  })

  it('are replaced when the server resets them at the moment of the request', async () => {
    const { send } = connect()
    await send('UpdateItem', INPUT)
    await free()
    stub.answer((_, response, count) => {
      if (count === 2) response.socket?.resetAndDestroy()
      else sendJson(response, {})
    })
    expect((await send('UpdateItem', INPUT)).$metadata.attempts).toBe(2)
    expect(stub.requests.map(({ headers }) => headers['amz-sdk-request'])).toEqual([
      'attempt=1; max=4',
      'attempt=1; max=4',
      'attempt=2; max=4',
    ])
    expect(stub.connections).toBe(2)
  })

  it('are replaced when the server announces that it closes them', async () => {
    stub.answer((_, response) => sendJson(response, {}, 200, { connection: 'close' }))
    const { send } = connect()
    for (let count = 0; count < 5; count += 1) expect((await send('GetItem', INPUT)).$metadata.attempts).toBe(1)
    await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    expect(stub.connections).toBe(5)
  })
})

describe('connections of the lean transport, after a response that is not HTTP', () => {
  it('are given back after a response that switches the protocol', async () => {
    stub.answer((_, response) => {
      response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n')
    })
    const { send } = connect({ maxConnections: 2, maxAttempts: 1 })
    const failures = await Promise.all([1, 2, 3].map(() => failureOf(send('GetItem', INPUT))))
    expect(new Set(failures.map(({ name }) => name))).toEqual(new Set(['TimeoutError']))
    stub.answer((_, response) => sendJson(response, {}))
    expect((await send('GetItem', INPUT)).$metadata.httpStatusCode).toBe(200)
  })

  it('show nothing of the response', async () => {
    stub.answer((_, response) => void response.socket?.end('not HTTP, with session data\r\n\r\n'))
    const { send } = connect({ maxAttempts: 1 })
    const error = await failureOf(send('GetItem', INPUT))
    expect(error.code).toMatch(/^HPE_/)
    expect(error).not.toHaveProperty('rawPacket')
  })

  it('keep nothing of the last response while they are idle', async () => {
    const pool = new Pool(1000, undefined)
    onTestFinished(() => pool.destroy())
    const { hostname, port } = new URL(stub.endpoint)
    const sent = request({ agent: pool, hostname, port, method: 'POST' }, (response) => void response.resume())
    const [socket] = (await Promise.all([once(sent, 'socket'), sent.end('{}')]))[0]
    await once(socket, 'free')
    expect(socket).toMatchObject({ _httpMessage: null })
  })
})

describe('a connection of this package that is closed', () => {
  it.each([1, 50])('ends running and waiting requests without sending them again (%s at a time)', async (most) => {
    stub.answer(() => {})
    const { send, close } = connect({ maxConnections: most })
    const requests = Array.from({ length: most + 20 }, () => send('UpdateItem', INPUT))
    const failures = requests.map((request) => failureOf(request))
    await until(() => stub.requests.length === most)
    close()
    const errors = await Promise.all(failures)
    expect(new Set(errors.map(({ name }) => name))).toEqual(new Set(['AbortError']))
    await until(() => stub.sockets.size === 0)
    expect([stub.connections, stub.requests.length]).toEqual([most, most])
  })

  it('can be used again', async () => {
    const { send, close } = connect()
    for (let count = 1; count <= 3; count += 1) {
      await send('GetItem', INPUT)
      expect(stub.connections).toBe(count)
      close()
      await vi.waitFor(() => expect(stub.sockets.size).toBe(0))
    }
  })

  it('can be closed before it was used, and twice', async () => {
    const { close } = connect()
    close()
    close()
    expect(stub.connections).toBe(0)
  })
})

describe('a process with connections', () => {
  it('is not kept alive by idle ones', async () => {
    const program = `
      import { resolveConfiguration } from './runtime/configuration/resolve.ts'
      import { Connection } from './runtime/dynamodb/connection.ts'
      const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
      const options = { endpoint: '${stub.endpoint}', region: 'us-east-1', credentials }
      const { transport } = new Connection(resolveConfiguration(options))
      await transport.send('GetItem', ${JSON.stringify(INPUT)})
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
    expect(sentBy(stub.requests)).toEqual(['lean'])
    // An idle connection ends after a minute.
    expect(Number(exit) - Number(answered)).toBeLessThan(30_000)
  }, 120_000)

  it('holds nothing of 3000 requests, some of which fail', async () => {
    await expectNothingLeftBehind(stub, 3000)
  })
})
