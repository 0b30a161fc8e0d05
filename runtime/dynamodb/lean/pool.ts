import { Agent, type ClientRequest } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import type * as Tls from 'node:tls'
import { closeOnSurplus } from '../raw-body.js'
import { timeoutError } from '../request-timeout.js'

/** How long an idle connection stays open. It does not keep the process alive. Milliseconds. */
const IDLE = 60_000

interface Address {
  readonly hostname: string
  readonly port: number | undefined
}

/**
 * Gives connections to Node's HTTP client, the one that was used last first. A connection carries one request at a time. An
 * idle connection on which anything arrives is closed: its next answer could be that of another request. The caller limits
 * the number of connections. Node's own agent takes a tenth more CPU time a request.
 */
export class Pool extends Agent {
  readonly protocol: string
  readonly defaultPort: number
  readonly #connectTimeout: number
  readonly #tls: typeof Tls | undefined
  /** By host and port, the one that was used last at the end. */
  readonly #idle = new Map<string, Socket[]>()
  readonly #all = new Set<Socket>()
  /** The TLS session, which makes the next connection cheaper. */
  #session: Buffer | undefined

  /**
   * @param connectTimeout milliseconds
   * @param tls for secure connections
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
    const idle = this.#idle.get(name) ?? []
    this.#idle.set(name, idle)
    for (let socket = idle.pop(); socket; socket = idle.pop()) {
      if (socket.destroyed) continue
      socket.ref()
      request.reusedSocket = true
      request.onSocket(socket)
      return
    }
    request.onSocket(this.#open(address, idle))
  }

  override destroy(): void {
    for (const socket of this.#all) socket.destroy()
  }

  #open(address: Address, idle: Socket[]): Socket {
    const socket = this.#connect(address)
    this.#all.add(socket)
    closeOnSurplus(socket)
    const text = `no connection was made within ${this.#connectTimeout} ms (connect_timeout)`
    const timer = setTimeout(() => socket.destroy(timeoutError(text)), this.#connectTimeout)
    socket.once(this.#tls ? 'secureConnect' : 'connect', () => clearTimeout(timer))
    socket.once('close', () => {
      clearTimeout(timer)
      this.#all.delete(socket)
      const at = idle.indexOf(socket)
      if (at >= 0) idle.splice(at, 1)
    })
    // An error while the socket is idle belongs to no request. Node closes the socket.
    socket.on('error', () => undefined)
    // Node's HTTP client emits `free` when the answer is complete and the server keeps the connection.
    socket.on('free', () => {
      socket.unref()
      idle.push(socket)
    })
    socket.setTimeout(IDLE, () => {
      if (idle.includes(socket)) socket.destroy()
    })
    return socket
  }

  #connect({ hostname: host, port = this.defaultPort }: Address): Socket {
    if (!this.#tls) return connect({ host, port, noDelay: true, keepAlive: true })
    const servername = isIP(host) ? '' : host
    const socket = this.#tls.connect({ host, port, servername, ...(this.#session && { session: this.#session }) })
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    socket.on('session', (session) => {
      this.#session = session
    })
    return socket
  }
}
