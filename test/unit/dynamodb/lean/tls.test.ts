import { fork } from 'node:child_process'
import dns from 'node:dns'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import tls, { type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { Connection } from '../../../../runtime/dynamodb/connection.js'
import { Pool } from '../../../../runtime/dynamodb/lean/pool.js'
import { failureOf, leanSend } from '../../../support/both-transports.js'
import { CREDENTIALS } from '../../../support/dynamodb-stub.js'

const FOLDER = join(import.meta.dirname, '../../../support/tls')
const WORKER = join(import.meta.dirname, '../../../support/send-worker.ts')
const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'x' } } }
const IPV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

interface Endpoint {
  readonly port: number
  /** Headers `host` of the received requests. */
  readonly hosts: (string | undefined)[]
  /** Server names in the TLS handshakes of clients. */
  readonly names: TLSSocket['servername'][]
  readonly connections: () => number
}

async function start(server: Server, host: string): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  server.listen(0, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** @param certificate `localhost` or `elsewhere`; undefined: plain HTTP */
async function listenOn(host: string, certificate?: string): Promise<Endpoint> {
  const hosts: (string | undefined)[] = []
  const names: TLSSocket['servername'][] = []
  let connections = 0
  const answer: RequestListener = ({ headers }, response) => {
    hosts.push(headers.host)
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}')
  }
  const read = (name: string) => readFileSync(join(FOLDER, name))
  const server = certificate
    ? createServer({ cert: read(`${certificate}.pem`), key: read('localhost.key') }, answer)
    : createHttpServer(answer)
  server.on('secureConnection', ({ servername }: TLSSocket) => names.push(servername))
  server.on('connection', () => void connections++)
  server.on('tlsClientError', () => {})
  const port = await start(server, host)
  return { port, hosts, names, connections: () => connections }
}

function send(endpoint: string) {
  const options = { endpoint, region: 'eu-central-1', credentials: CREDENTIALS, requestTimeout: 30_000 }
  const connection = new Connection(resolveConfiguration(options))
  onTestFinished(() => connection.close())
  return leanSend(connection)('GetItem', INPUT)
}

/** Sends two requests in a process that trusts the authority of the tests. */
async function sendTrusting(endpoint: string): Promise<unknown> {
  const options = { endpoint, region: 'eu-central-1', credentials: CREDENTIALS, requestTimeout: 30_000 }
  const child = fork(WORKER, [JSON.stringify({ options, requests: 2 })], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(FOLDER, 'authority.pem') },
    execArgv: ['--no-warnings', '--import', 'tsx'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const told = once(child, 'message')
  return (await Promise.race([told, ended]))[0]
}

describe('TLS', () => {
  it('refuses a certificate of an authority that is not trusted, and repeats nothing', async () => {
    const { port, hosts, connections } = await listenOn('127.0.0.1', 'localhost')
    const error = await failureOf(send(`https://127.0.0.1:${port}`))
    expect(error).toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', $metadata: { attempts: 1 } })
    expect([hosts, connections()]).toEqual([[], 1])
  })

  it.each(['localhost', '127.0.0.1'])(
    'accepts a certificate of an authority in NODE_EXTRA_CA_CERTS: %s',
    async (host) => {
      const { port, hosts, names, connections } = await listenOn('127.0.0.1', 'localhost')
      expect(await sendTrusting(`https://${host}:${port}`)).toEqual({ isLean: true, timers: 0, attempts: 1 })
      expect(hosts).toEqual([`${host}:${port}`, `${host}:${port}`])
      expect(connections()).toBe(1)
      // An address is not a server name (RFC 6066).
      expect(names).toEqual([host === 'localhost' ? 'localhost' : false])
    },
  )

  it.skipIf(!IPV6)('accepts such a certificate for an address of IPv6', async () => {
    const { port, hosts } = await listenOn('::1', 'localhost')
    expect(await sendTrusting(`https://[::1]:${port}`)).toEqual({ isLean: true, timers: 0, attempts: 1 })
    expect(hosts).toEqual([`[::1]:${port}`, `[::1]:${port}`])
  })

  it('refuses a certificate of another name, and repeats nothing', async () => {
    const { port, hosts, connections } = await listenOn('127.0.0.1', 'elsewhere')
    const told = await sendTrusting(`https://localhost:${port}`)
    expect(told).toMatchObject({ isLean: true, code: 'ERR_TLS_CERT_ALTNAME_INVALID', attempts: 1 })
    expect(hosts).toEqual([])
    // One connection for each of the two requests.
    expect(connections()).toBe(2)
  })

  it('resumes a session only with the host that issued it', async () => {
    const { port } = await listenOn('127.0.0.1', 'localhost')
    const sessions: [string | undefined, boolean][] = []
    const connect = (options: tls.ConnectionOptions) => {
      sessions.push([options.host, options.session !== undefined])
      return tls.connect({ ...options, ca: readFileSync(join(FOLDER, 'authority.pem')) })
    }
    const pool = new Pool(30_000, { ...tls, connect } as never)
    for (const hostname of ['localhost', '127.0.0.1', 'localhost']) {
      const sent = request({ agent: pool, protocol: 'https:', hostname, port, method: 'POST' }).end()
      const [response] = await once(sent, 'response')
      await once(response.resume(), 'end')
      pool.destroy()
    }
    expect(sessions).toEqual([
      ['localhost', false],
      ['127.0.0.1', false],
      ['localhost', true],
    ])
  })

  it('refuses a server without TLS', async () => {
    const { port, hosts } = await listenOn('127.0.0.1')
    expect(await failureOf(send(`https://127.0.0.1:${port}`))).toMatchObject({ $metadata: { attempts: 1 } })
    expect(hosts).toEqual([])
  })
})

describe('IPv6', () => {
  afterEach(() => void vi.restoreAllMocks())

  it.skipIf(!IPV6)('reaches an IPv6 address', async () => {
    const { port, hosts } = await listenOn('::1')
    expect((await send(`http://[::1]:${port}`)).$metadata.attempts).toBe(1)
    expect(hosts).toEqual([`[::1]:${port}`])
  })

  it.skipIf(!IPV6)('falls back to IPv4 when its port refuses connections, and the reverse', async () => {
    const addresses = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]
    type Found = (error: null, found: typeof addresses) => void
    const lookup = (_name: string, _options: object, found: Found) => found(null, addresses)
    for (const host of ['127.0.0.1', '::1']) {
      const { port, hosts } = await listenOn(host)
      vi.spyOn(dns, 'lookup').mockImplementation(lookup as never)
      expect((await send(`http://localhost:${port}`)).$metadata.attempts).toBe(1)
      expect(hosts).toEqual([`localhost:${port}`])
      vi.restoreAllMocks()
      addresses.reverse()
    }
  })
})
