import { type IncomingMessage, type RequestOptions, request as send } from 'node:http'
import { TOO_LONG } from '../answer-check.js'
import type { Endpoint } from '../endpoint.js'
import { timeoutError } from '../request-timeout.js'
import { Pool } from './pool.js'
import { aborted } from './retries.js'

export interface Received {
  readonly status: number
  /** Names in lower case. Several headers of one name are one text. */
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

/** Codes of errors that the SDK's request handler calls a `TimeoutError`. */
const LOST = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']

/** Sends requests and receives their answers by Node's own HTTP client. */
export class Connections {
  readonly #connectTimeout: number
  #pool: Pool | undefined

  /** @param connectTimeout milliseconds */
  constructor(connectTimeout: number) {
    this.#connectTimeout = connectTimeout
  }

  /** Whether {@link exchange} can be called. */
  get isOpen(): boolean {
    return this.#pool !== undefined
  }

  /** Loads `node:tls` only for a host that needs it. */
  async open(protocol: Endpoint['protocol']): Promise<void> {
    const tls = protocol === 'https:' ? await import('node:tls') : undefined
    this.#pool ??= new Pool(this.#connectTimeout, tls)
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
      const { protocol, hostname, port, path } = endpoint
      const options = { agent: this.#pool, protocol, hostname, port, path, method: 'POST', headers }
      const request = send(options as unknown as RequestOptions)
      let given: Error | undefined
      const fail = (error: Error) => {
        clearTimeout(timer)
        abortSignal?.removeEventListener('abort', abort)
        reject(given ?? error)
      }
      const giveUp = (error: Error) => {
        given ??= error
        request.destroy(error)
        fail(given) // Node says nothing of a request that it has destroyed by itself
      }
      const abort = () => abortSignal && giveUp(aborted(abortSignal))
      const timer = setTimeout(() => giveUp(tooLate()), milliseconds)
      if (abortSignal?.aborted) abort()
      else abortSignal?.addEventListener('abort', abort, { once: true })
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (given === undefined && LOST.includes(error.code ?? '')) error.name = 'TimeoutError'
        fail(error)
      })
      request.on('upgrade', (_, socket) => {
        socket.destroy()
        fail(timeoutError('the server changed the protocol, which nobody asked for'))
      })
      request.on('response', (response: IncomingMessage) => {
        const { socket } = response
        const chunks: Buffer[] = []
        let length = 0
        const answer = (whole: Buffer | typeof TOO_LONG) => {
          clearTimeout(timer)
          abortSignal?.removeEventListener('abort', abort)
          const { statusCode: status = 0, headers } = response as typeof response & Pick<Received, 'headers'>
          resolve({ status, headers, body: whole, drop: () => void socket.destroy() })
        }
        response.on('data', (chunk: Buffer) => {
          length += chunk.length
          chunks.push(chunk)
          if (length <= most) return
          answer(TOO_LONG)
          request.destroy()
        })
        response.on('end', () => {
          // An answer that came before the request was sent as a whole: the connection is of no more use.
          if (!request.writableFinished) request.destroy()
          answer(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length))
        })
        response.on('error', fail)
      })
      request.end(body)
    })
  }

  /** Ends what is under way. A later request opens connections again. */
  close(): void {
    this.#pool?.destroy()
  }
}

/** The error for an attempt whose own time is up, while the request has time left. */
export function attemptTimedOut(milliseconds: number): Error {
  return timeoutError(`no whole answer came within ${milliseconds} ms (attempt_timeout)`)
}
