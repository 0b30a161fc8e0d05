import { Agent, type ClientRequest } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import type * as Tls from 'node:tls'
import { closeOnSurplus } from '../raw-body.js'
import { timeoutError } from '../request-errors.js'

/** How long an idle connection stays open. It does not keep the process alive. Milliseconds. */
const IDLE = 60_000

interface Address {
  readonly hostname: string
  readonly port: number | undefined
}

/**
 * Gives connections to Node's HTTP client, the last used first. A connection carries one request at a time. An idle
 * connection is closed when bytes arrive, because its next response could belong to another request. The caller limits the
 * number of connections. With Node's own agent, a request takes a tenth more CPU time.
 */
export class Pool extends Agent {
  readonly protocol: string
  readonly defaultPort: number
  readonly #connectTimeout: number
  readonly #tls: typeof Tls | undefined
  /** By host and port, the last used at the end. */
  readonly #idle = new Map<string, Socket[]>()
  readonly #all = new Set<Socket>()
  /** By host and port: the TLS session, which makes the next connection cheaper. */
  readonly #sessions = new Map<string, Buffer>()

  /**
   * @param connectTimeout milliseconds
   * @param tls the module, for HTTPS
   */
  constructor(connectTimeout: number, tls: typeof Tls | undefined) {
    super({ keepAlive: true })
    this.#connectTimeout = connectTimeout
    this.#tls = tls
    this.protocol = tls ? 'https:' : 'http:'
    this.defaultPort = tls ? 443 : 80
  }

  /** Called by Node for each request. */
  addRequest(request: ClientRequest, address: Address): void {
    const name = `${address.hostname}:${address.port}`
    const idle = this.#idle.get(name) ?? this.#addList(name)
    for (let socket = idle.pop(); socket; socket = idle.pop()) {
      if (socket.destroyed) continue
      socket.ref()
      request.reusedSocket = true
      request.onSocket(socket)
      return
    }
    request.onSocket(this.#open(address, name, idle))
  }

  #addList(name: string): Socket[] {
    const idle: Socket[] = []
    this.#idle.set(name, idle)
    return idle
  }

  override destroy(): void {
    for (const socket of this.#all) socket.destroy()
  }

  #open(address: Address, name: string, idle: Socket[]): Socket {
    const socket = this.#connect(address, name)
    this.#all.add(socket)
    closeOnSurplus(socket)
    const text = `no connection was made within ${this.#connectTimeout} ms (connect_timeout)`
    const timer = setTimeout(() => socket.destroy(timeoutError(text)), this.#connectTimeout)
    socket.once(this.#tls ? 'secureConnect' : 'connect', () => clearTimeout(timer))
    socket.once('close', (hadError) => {
      if (hadError) this.#sessions.delete(name) // the server may refuse the session
      clearTimeout(timer)
      this.#all.delete(socket)
      const at = idle.indexOf(socket)
      if (at >= 0) idle.splice(at, 1)
    })
    // An error of an idle socket belongs to no request. Node closes the socket.
    socket.on('error', () => undefined)
    // Node's HTTP client emits `free` when the response is complete and the server keeps the connection.
    socket.on('free', () => {
      socket.unref()
      socket.resume() // so that `closeOnSurplus` sees arriving bytes
      Object.assign(socket, { _httpMessage: null }) // frees the last response, as Node's agent does
      if (!idle.includes(socket)) idle.push(socket)
    })
    socket.setTimeout(IDLE)
    socket.on('timeout', () => {
      if (idle.includes(socket)) socket.destroy()
    })
    return socket
  }

  #connect({ hostname: host, port = this.defaultPort }: Address, name: string): Socket {
    if (!this.#tls) return connect({ host, port, noDelay: true, keepAlive: true })
    const servername = isIP(host) ? '' : host
    const session = this.#sessions.get(name)
    const socket = this.#tls.connect({ host, port, servername, ...(session && { session }) })
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    socket.on('session', (next) => this.#sessions.set(name, next))
    return socket
  }
}
