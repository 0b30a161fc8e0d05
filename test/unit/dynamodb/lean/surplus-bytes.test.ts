import { Agent } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { Connection } from '../../../../runtime/dynamodb/connection.js'
import { CREDENTIALS } from '../../../support/dynamodb-stub.js'

const TIMES = 20

type Settings = { region: string; maxAttempts: number; endpoint: string; credentials: typeof CREDENTIALS }

/** @param keys keys of all requests on this connection, the last one at the end */
type Respond = (socket: Socket, keys: readonly string[]) => void

let server: Server
let connections: number
const open = new Set<Socket>()
let respond: Respond

beforeEach(async () => {
  connections = 0
  server = createServer((socket) => {
    connections += 1
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
    const keys: string[] = []
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
      const [, key] = /\r\n\r\n.*"Key":\{"session_id":\{"S":"(.*?)"\}\}.*\}$/s.exec(text) ?? []
      if (key === undefined) return
      text = ''
      keys.push(key)
      respond(socket, keys)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const socket of open) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

function itemOf(key: string | undefined): string {
  const body = JSON.stringify({ Item: { session_id: { S: key }, data: { S: `data of ${key}` } } })
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: ${body.length}\r\n\r\n`
  return head + body
}

/** The settings of each client for this endpoint. */
const WAYS: Readonly<Record<string, (own: Settings) => Options>> = {
  'sent lean': (own) => ({ ...own, transport: 'lean' }),
  'sent by the SDK': (own) => ({ ...own, transport: 'sdk' }),
  'sent by a client that is handed over': (own) => ({ client: new DynamoDBClient(own) }),
  'sent by a client with a request handler of the application': (own) => {
    const requestHandler = new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: 40 }) })
    return { client: new DynamoDBClient({ ...own, requestHandler }) }
  },
}

describe.each(Object.entries(WAYS))('a surplus response of an intermediary, to requests %s', (name, way) => {
  function connect(): Connection {
    const { port } = server.address() as AddressInfo
    const own = { region: 'eu-central-1', credentials: CREDENTIALS, maxAttempts: 3 }
    const options = way({ ...own, endpoint: `http://127.0.0.1:${port}` })
    const connection = new Connection(resolveConfiguration(options))
    expect(connection.transport.isLean).toBe(name === 'sent lean')
    onTestFinished(() => {
      connection.close()
      options.client?.destroy()
    })
    return connection
  }

  async function dataOf(reader: number, { transport }: Connection): Promise<string | undefined> {
    const Key = { session_id: { S: `user${reader}` } }
    const { Item } = await transport.send('GetItem', { TableName: 'sessions', Key })
    return Item?.data?.S
  }

  /** The items that reads get, one after the other. */
  async function read(pause: () => Promise<unknown> = async () => {}): Promise<(string | undefined)[]> {
    const connection = connect()
    const found: (string | undefined)[] = []
    for (let reader = 0; reader < TIMES; reader += 1) {
      found.push(await dataOf(reader, connection))
      await pause()
    }
    return found
  }
  const own = Array.from({ length: TIMES }, (_, reader) => `data of user${reader}`)

  it('gives no request another request’s session when it arrives on an idle connection, which is closed', async () => {
    respond = (socket, keys) => {
      socket.write(itemOf(keys.at(-1)))
      setTimeout(() => socket.write(itemOf('other')), 2)
    }
    expect(await read(() => vi.waitFor(() => expect(open.size).toBe(0), { interval: 2 }))).toEqual(own)
    expect(connections).toBe(TIMES)
  })

  it('gives no request another request’s session when it arrives with the first response', async () => {
    respond = (socket, keys) => void socket.write(itemOf(keys.at(-1)) + itemOf('other'))
    expect(await read()).toEqual(own)
    await vi.waitFor(() => expect(open.size).toBe(0))
  })

  it('gives no request another request’s session when it arrives during the next request', async () => {
    respond = (socket, keys) => void socket.write(itemOf(keys.at(-2) ?? keys.at(-1)))
    expect(await read()).toEqual(own)
    // Each second request finds the connection closed, and is repeated on a new one.
    expect(connections).toBeGreaterThanOrEqual(TIMES / 2)
  })

  it('does not delay requests: a connection without surplus bytes serves all', async () => {
    respond = (socket, keys) => void socket.write(itemOf(keys.at(-1)))
    expect(await read(() => new Promise((resolve) => setTimeout(resolve, 2)))).toEqual(own)
    expect(connections).toBeLessThanOrEqual(2)
  })

  it('is recognised, because requests never wait on one connection', async () => {
    const waiting = new Map<Socket, number>()
    respond = (socket, keys) => {
      waiting.set(socket, (waiting.get(socket) ?? 0) + 1)
      expect(waiting.get(socket)).toBe(1)
      setTimeout(() => {
        waiting.set(socket, 0)
        socket.write(itemOf(keys.at(-1)))
      }, 5)
    }
    const connection = connect()
    const readers = Array.from({ length: 150 }, (_, reader) => dataOf(reader, connection))
    expect(await Promise.all(readers)).toEqual(readers.map((_, reader) => `data of user${reader}`))
    expect(connections).toBeLessThan(150)
  })
})
