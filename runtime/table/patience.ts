import { type Configuration, withValues } from '../configuration/resolve.js'
import { placeOf } from '../dynamodb/explain-error.js'
import type { Transport } from '../dynamodb/transport.js'
import { withDeadline } from '../dynamodb/with-deadline.js'
import { RequestTimeoutError, TableRequestError } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'

/** Limit of a request with all its attempts. Milliseconds. */
const REQUEST_TIMEOUT = 30_000

/** Shortest `attempt_timeout` for work on the table. Sessions have a shorter one, because a browser waits. Milliseconds. */
const ATTEMPT_TIMEOUT = 10_000

/** After this time, a line names the awaited response. Milliseconds. */
const SILENCE = 3_000

/** The configuration for work on the table. Requests for items and for tables get the same time. */
export function withTimeout(configuration: Configuration, requestTimeout = REQUEST_TIMEOUT): Configuration {
  const attemptTimeout = Math.min(Math.max(configuration.attemptTimeout, ATTEMPT_TIMEOUT), requestTimeout)
  return withValues(configuration, { requestTimeout, attemptTimeout })
}

/** Ends requests that take too long. Names the awaited response once. */
export class Patience {
  /** Milliseconds. */
  readonly requestTimeout: number
  readonly #configuration: Configuration
  readonly #tell: (line: string) => void
  #told = false

  /** @param tell is called at most once */
  constructor(
    configuration: Configuration,
    { requestTimeout = REQUEST_TIMEOUT, tell }: { requestTimeout?: number | undefined; tell: (line: string) => void },
  ) {
    this.requestTimeout = requestTimeout
    this.#configuration = configuration
    this.#tell = tell
  }

  /**
   * Calls `send`, and rejects after the limit, even if `send` ignores the signal.
   *
   * @param request name of the request, such as `CreateTable`
   * @param place the server that should respond; default: DynamoDB
   * @throws {TableRequestError}
   */
  async within<T>(request: string, send: (abortSignal: AbortSignal) => Promise<T>, place?: string): Promise<T> {
    const tooLate = () => this.#tooLate(request, place)
    return await this.#watched(request, () => withDeadline({ milliseconds: this.requestTimeout, tooLate }, send), place)
  }

  async #watched<T>(request: string, send: () => Promise<T>, place?: string): Promise<T> {
    const timer = setTimeout(() => this.#waitingFor(request, place), SILENCE)
    try {
      return await send()
    } catch (error) {
      throw error instanceof RequestTimeoutError ? this.#tooLate(request, place) : error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Wraps a transport, so that it warns and fails like {@link within}. `transport` itself ends each request in time. */
  transport(transport: Transport): Transport {
    const watched = this.#watched.bind(this)
    return {
      get isLean() {
        return transport.isLean
      },
      inTurn: (start) => transport.inTurn(start),
      send: (operation, input, options) => watched(operation, () => transport.send(operation, input, options)),
    }
  }

  #waitingFor(request: string, place = this.#place): void {
    if (this.#told) return
    this.#told = true
    this.#tell(`waiting for the response to ${request} from ${place} (${seconds(this.requestTimeout)} at most)`)
  }

  #tooLate(request: string, place = this.#place): TableRequestError {
    const message = `no response within ${seconds(this.requestTimeout)}`
    const cause = Object.assign(new Error(message), { name: 'TimeoutError', code: 'ETIMEDOUT' })
    const { tableName } = this.#configuration
    const text =
      `dynamodb:${request} for table "${tableName}" failed: ${message} from ${place}; check the network (VPC endpoint, ` +
      'firewall, proxy), or give it more time with --timeout (in code requestTimeout)'
    return new TableRequestError(text, { cause })
  }

  get #place(): string {
    const { client, region = process.env.AWS_REGION } = this.#configuration
    const place = placeOf({ configuration: this.#configuration, host: undefined })
    if (place !== 'DynamoDB') return fitForLine(`DynamoDB at ${place}`)
    return client || !region ? place : fitForLine(`DynamoDB in ${region}`)
  }
}

/** `1 second`, `0.5 seconds` */
export function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} second${milliseconds === 1000 ? '' : 's'}`
}
