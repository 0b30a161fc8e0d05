import { type IncomingMessage, type RequestOptions, request as send } from 'node:http'
import type { Endpoint } from '../endpoint.js'
import { timeoutError } from '../request-errors.js'
import { type RawResponse, TOO_LONG } from '../response-check.js'
import { aborted } from '../with-deadline.js'
import { Pool } from './pool.js'

export interface Received extends RawResponse {
  /** Closes the connection of the response. */
  readonly drop: () => void
}

export interface Limits {
  /** Time for the whole attempt. Milliseconds. */
  readonly milliseconds: number
  /** Makes the error for an attempt that takes longer. */
  readonly tooLate: () => Error
  /** Limit of the response's body, in bytes. A longer body is {@link TOO_LONG}, and its connection is closed. */
  readonly most: number
  readonly abortSignal: AbortSignal | undefined
}

/** Codes of errors that the SDK's request handler names `TimeoutError`. */
const LOST = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']

/** Sends requests and receives their responses with Node's own HTTP client. */
export class Connections {
  readonly #connectTimeout: number
  #pool: Pool | undefined

  /** @param connectTimeout milliseconds */
  constructor(connectTimeout: number) {
    this.#connectTimeout = connectTimeout
  }

  /** Whether {@link open} has finished, which {@link exchange} needs. */
  get isOpen(): boolean {
    return this.#pool !== undefined
  }

  /** Loads `node:tls` only for HTTPS. */
  async open(protocol: Endpoint['protocol']): Promise<void> {
    const tls = protocol === 'https:' ? await import('node:tls') : undefined
    this.#pool ??= new Pool(this.#connectTimeout, tls)
  }

  /**
   * Sends one request and receives its response.
   *
   * @param headers names and values, alternating
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
        fail(given) // Node emits no error for a request that it has destroyed itself
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
        fail(timeoutError('the server switched to another protocol'))
      })
      request.on('response', (response: IncomingMessage) => {
        const { socket } = response
        const chunks: Buffer[] = []
        let length = 0
        const finish = (whole: RawResponse['body']) => {
          clearTimeout(timer)
          abortSignal?.removeEventListener('abort', abort)
          const { statusCode: status = 0, headers } = response as typeof response & Pick<Received, 'headers'>
          resolve({ status, headers, body: whole, drop: () => void socket.destroy() })
        }
        response.on('data', (chunk: Buffer) => {
          length += chunk.length
          chunks.push(chunk)
          if (length <= most) return
          finish(TOO_LONG)
          request.destroy()
        })
        response.on('end', () => {
          // The response came before the whole request was sent: the connection can't be used again.
          if (!request.writableFinished) request.destroy()
          finish(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length))
        })
        response.on('error', fail)
      })
      request.end(body)
    })
  }

  /** Ends the running requests. A later request opens connections again. */
  close(): void {
    this.#pool?.destroy()
  }
}

/** The error for an attempt that reached `attempt_timeout` before the deadline of its request. */
export function attemptTimedOut(milliseconds: number): Error {
  return timeoutError(`no complete response came within ${milliseconds} ms (attempt_timeout)`)
}
