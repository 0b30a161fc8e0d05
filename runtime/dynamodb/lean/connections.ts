import http, { type AgentOptions, type IncomingMessage, type RequestOptions } from 'node:http'
import type { Socket } from 'node:net'
import { TOO_LONG } from '../answer-check.js'
import type { Endpoint } from '../endpoint.js'
import { closeOnSurplus } from '../raw-body.js'
import { aborted } from './retries.js'

export interface Received {
  readonly status: number
  /** Names in lower case; of several with one name, one text. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | typeof TOO_LONG
  /** Closes the connection that the answer came on. */
  readonly drop: () => void
}

export interface Limits {
  /** For the whole attempt. Milliseconds. */
  readonly milliseconds: number
  /** The error when time is up. */
  readonly tooLate: () => Error
  /** Bytes of the answer's body. A longer body is {@link TOO_LONG}, and its connection is closed. */
  readonly most: number
  readonly abortSignal: AbortSignal | undefined
}

/** How long an idle connection stays open. It does not keep the process alive. Milliseconds. */
const IDLE = 60_000

/** Codes of errors that the SDK's request handler calls a `TimeoutError`. */
const LOST = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']

/**
 * Connections by Node's own HTTP client. A connection carries one request at a time. One on which anything arrives while it is
 * idle is closed: its next answer could be that of another request.
 */
export class Connections {
  readonly #connectTimeout: number
  readonly #most: number
  #agent: http.Agent | undefined
  #request = http.request

  /**
   * @param connectTimeout milliseconds
   * @param most connections at a time
   */
  constructor(connectTimeout: number, most: number) {
    this.#connectTimeout = connectTimeout
    this.#most = most
  }

  /** Whether {@link exchange} can be called. */
  get isOpen(): boolean {
    return this.#agent !== undefined
  }

  /** Loads `node:https` only for a host that needs it. */
  async open(secure: boolean): Promise<void> {
    const { Agent, request } = secure ? await import('node:https') : http
    this.#request = request
    this.#agent ??= this.#agentOf(Agent as typeof http.Agent, secure)
  }

  /**
   * Sends one request and receives its answer.
   *
   * @param headers names and values in turn
   */
  exchange(
    endpoint: Endpoint,
    headers: string[],
    body: string,
    { milliseconds, tooLate, most, abortSignal }: Limits,
  ): Promise<Received> {
    return new Promise((resolve, reject) => {
      const { hostname, port, path } = endpoint
      const options: RequestOptions = {
        agent: this.#agent,
        hostname,
        port,
        path,
        method: 'POST',
        headers: headers as never,
      }
      const request = this.#request(options)
      let given: Error | undefined
      const giveUp = (error: Error) => {
        given ??= error
        request.destroy(error)
      }
      const timer = setTimeout(() => giveUp(tooLate()), milliseconds)
      const abort = () => abortSignal && giveUp(aborted(abortSignal))
      if (abortSignal?.aborted) abort()
      else abortSignal?.addEventListener('abort', abort, { once: true })
      const end = () => {
        clearTimeout(timer)
        abortSignal?.removeEventListener('abort', abort)
      }
      const fail = (error: Error) => {
        end()
        reject(given ?? error)
      }
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (given === undefined && LOST.includes(error.code ?? '')) error.name = 'TimeoutError'
        fail(error)
      })
      request.on('response', (response: IncomingMessage) => {
        const { socket } = response
        const chunks: Buffer[] = []
        let length = 0
        const answer = (whole: Buffer | typeof TOO_LONG) => {
          end()
          const headersOf = response.headers as Record<string, string>
          resolve({
            status: response.statusCode ?? 0,
            headers: headersOf,
            body: whole,
            drop: () => void socket.destroy(),
          })
        }
        response.on('data', (chunk: Buffer) => {
          length += chunk.length
          chunks.push(chunk)
          if (length <= most) return
          answer(TOO_LONG)
          request.destroy()
        })
        response.on('end', () => answer(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length)))
        response.on('error', fail)
      })
      request.end(body)
    })
  }

  /** Ends what is under way. A later request opens connections again. */
  close(): void {
    this.#agent?.destroy()
  }

  #agentOf(Agent: typeof http.Agent, secure: boolean): http.Agent {
    // With lifo, the agent would give out a connection that was closed just now.
    const options: AgentOptions = { keepAlive: true, maxSockets: this.#most, timeout: IDLE, scheduling: 'fifo' }
    const agent = new Agent(options) as http.Agent & Connecting
    const { createConnection } = agent
    agent.createConnection = (...given) => {
      const socket = createConnection.apply(agent, given)
      this.#watch(socket, secure ? 'secureConnect' : 'connect')
      return socket
    }
    return agent
  }

  #watch(socket: Socket, connected: string): void {
    closeOnSurplus(socket)
    const timer = setTimeout(() => socket.destroy(notConnected(this.#connectTimeout)), this.#connectTimeout)
    const stop = () => clearTimeout(timer)
    socket.once(connected, stop)
    socket.once('close', stop)
  }
}

/** What Node's agents have, and Node's types lack. */
interface Connecting {
  createConnection(...given: unknown[]): Socket
}

/** The error for an attempt that ran out of its own time, while the request has some left. */
export function attemptTimedOut(milliseconds: number): Error {
  return timeout(`no whole answer came within ${milliseconds} ms (attempt_timeout)`)
}

function notConnected(milliseconds: number): Error {
  return timeout(`no connection was made within ${milliseconds} ms (connect_timeout)`)
}

function timeout(text: string): Error {
  return Object.assign(new Error(text), { name: 'TimeoutError', code: 'ETIMEDOUT' })
}
