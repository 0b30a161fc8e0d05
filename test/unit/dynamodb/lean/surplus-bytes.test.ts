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

/** Gets the keys of the requests that came on this connection so far, the newest last. */
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

/** What each way of sending is configured with, for this endpoint. */
const WAYS: Readonly<Record<string, (own: Settings) => Options>> = {
  'sent lean': (own) => ({ ...own, transport: 'lean' }),
  'sent by the SDK': (own) => ({ ...own, transport: 'sdk' }),
  'sent by a client that is handed over': (own) => ({ client: new DynamoDBClient(own) }),
  'sent by a client with a request handler of the application': (own) => {
    const requestHandler = new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: 40 }) })
    return { client: new DynamoDBClient({ ...own, requestHandler }) }
  },
}

describe.each(Object.entries(WAYS))('an intermediary that sends one answer too many to requests %s', (name, way) => {
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

  /** What readers get who come one after the other. */
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

  it('leads nobody to the session of others when it comes on an idle connection, which is closed', async () => {
    respond = (socket, keys) => {
      socket.write(itemOf(keys.at(-1)))
      setTimeout(() => socket.write(itemOf('other')), 2)
    }
    expect(await read(() => vi.waitFor(() => expect(open.size).toBe(0), { interval: 2 }))).toEqual(own)
    expect(connections).toBe(TIMES)
  })

  it('leads nobody to the session of others when it comes along with the first answer', async () => {
    respond = (socket, keys) => void socket.write(itemOf(keys.at(-1)) + itemOf('other'))
    expect(await read()).toEqual(own)
    await vi.waitFor(() => expect(open.size).toBe(0))
  })

  it('leads nobody to the session of others when it comes while the next request is under way', async () => {
    respond = (socket, keys) => void socket.write(itemOf(keys.at(-2) ?? keys.at(-1)))
    expect(await read()).toEqual(own)
    // Each second request finds the connection out, and is repeated on another one.
    expect(connections).toBeGreaterThanOrEqual(TIMES / 2)
  })

  it('is not waited for: an orderly connection serves all', async () => {
    respond = (socket, keys) => void socket.write(itemOf(keys.at(-1)))
    expect(await read(() => new Promise((resolve) => setTimeout(resolve, 2)))).toEqual(own)
    expect(connections).toBeLessThanOrEqual(2)
  })

  it('is told from an answer because requests never wait on one connection', async () => {
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
