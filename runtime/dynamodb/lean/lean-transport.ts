import { randomUUID } from 'node:crypto'
import { monotonic } from '../../async/clock.js'
import type { Configuration } from '../../configuration/resolve.js'
import type { RequestTimeoutError } from '../../errors.js'
import type { Credentials } from '../credentials.js'
import type { Endpoint } from '../endpoint.js'
import type { Input, Operation, Operations } from '../operations.js'
import { requestTimedOut, unreadableResponse, withoutResponse } from '../request-errors.js'
import { checkResponse, longestResponse, TOO_LONG } from '../response-check.js'
import { type Moment, moment, type ServerClock } from '../server-clock.js'
import type { SendOptions, Transport } from '../transport.js'
import type { LeanSettings } from '../transport-choice.js'
import { aborted, withDeadline } from '../with-deadline.js'
import { attemptTimedOut, Connections, type Received } from './connections.js'
import { errorOf, type Metadata, metadataOf } from './errors.js'
import { outputOf, requestJson } from './json.js'
import { QuickSignature } from './quick-signature.js'
import { Retries } from './retries.js'
import { Slots } from './slots.js'

/** How to send requests with these credentials. */
interface Route {
  /** A copy, because the application may change its object. */
  readonly credentials: Credentials
  readonly endpoint: Endpoint
  /** By operation and names of the trace headers. */
  readonly signatures: Map<string, QuickSignature>
}

/** One request with all its attempts. */
interface ItemRequest {
  readonly operation: Operation
  readonly input: Input
  readonly body: string
  /** The same for all attempts. */
  readonly invocationId: string
  readonly deadline: number
  readonly abortSignal: AbortSignal | undefined
  readonly retries: Retries
}

interface Sent extends Moment {
  /** How far the time of the signature was ahead of this machine's clock. Milliseconds. */
  readonly offset: number
}

interface Output {
  readonly $metadata: Metadata
}

/** The SDK's headers whose values differ for each request. */
const MARKS = ['amz-sdk-invocation-id', 'amz-sdk-request']

/** From this offset on, DynamoDB may refuse requests for their time. Milliseconds; as in the SDK. */
const NOTABLE_SKEW = 240_000

/** The date of a response that took longer than this is ignored. Milliseconds; as in the SDK. */
const LATE_RESPONSE = 900_000

/** Sends requests for items without the AWS SDK. docs/design/transports.md lists the differences from the SDK. */
export class LeanTransport implements Transport {
  readonly isLean = true
  readonly #settings: LeanSettings
  readonly #fallback: Transport
  readonly #clock: ServerClock
  readonly #configuration: Configuration
  readonly #connections: Connections
  readonly #slots: Slots
  /** {@link close} replaces this object. */
  #retries: Retries
  #route: Route | undefined
  /** How far DynamoDB's clock is ahead of this machine's, for the time of signatures. Milliseconds. */
  #offset = 0
  /** The header `date` of the offset. Responses with the same date don't change the offset. */
  #dateSeen: string | undefined

  constructor(settings: LeanSettings, fallback: Transport, clock: ServerClock, configuration: Configuration) {
    const { connectTimeout, maxConnections } = configuration
    this.#settings = settings
    this.#fallback = fallback
    this.#clock = clock
    this.#configuration = configuration
    this.#connections = new Connections(connectTimeout)
    this.#slots = new Slots(maxConnections)
    this.#retries = new Retries(settings.maxAttempts)
  }

  inTurn(start: () => void): () => void {
    return this.#slots.inTurn(start)
  }

  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    { abortSignal, deadline = monotonic() + this.#configuration.requestTimeout }: SendOptions = {},
  ): Promise<Operations[O]['output']> {
    if (abortSignal?.aborted) throw aborted(abortSignal)
    const request: ItemRequest = {
      operation,
      input,
      body: requestJson(input),
      invocationId: randomUUID(),
      deadline,
      abortSignal,
      retries: this.#retries,
    }
    // No `await` when all is ready, so that a request of `inTurn` gets its connection.
    const route = this.#ready() ?? (await this.#prepare(request))
    if (!route) return await this.#fallback.send(operation, input, { abortSignal, deadline })
    try {
      const output = await request.retries.run((count) => this.#attempt(route, request, count), {
        abortSignal,
        deadline,
      })
      return output as Operations[O]['output']
    } catch (error) {
      throw request.retries === this.#retries ? withoutResponse(error, operation, input) : closed()
    }
  }

  /** Ends the running requests. A later request opens connections again. */
  close(): void {
    this.#retries.stop()
    this.#retries = new Retries(this.#settings.maxAttempts)
    this.#connections.close()
  }

  async #attempt(route: Route, request: ItemRequest, count: number): Promise<Output> {
    const { operation, body, invocationId, deadline, abortSignal } = request
    if (!this.#slots.take() && !(await this.#slots.wait(deadline - monotonic(), abortSignal))) {
      throw abortSignal?.aborted ? aborted(abortSignal) : this.#timedOut(request, count > 1)
    }
    const { attemptTimeout } = this.#configuration
    const rest = deadline - monotonic()
    try {
      if (request.retries !== this.#retries) throw closed()
      // The process may have been suspended during the wait.
      if (rest <= 0) throw this.#timedOut(request, count > 1)
      const milliseconds = Math.min(attemptTimeout, rest)
      const tooLate = () => (rest <= attemptTimeout ? this.#timedOut(request, true) : attemptTimedOut(attemptTimeout))
      const limits = { milliseconds, tooLate, most: longestResponse(operation), abortSignal }
      const now = moment()
      const sent = { wall: now.wall, monotonic: now.monotonic, offset: this.#offset }
      const trace = this.#settings.traceHeaders?.() ?? {}
      const varying = [invocationId, `attempt=${count}; max=${this.#retries.maxAttempts}`, ...Object.values(trace)]
      const signature = this.#signatureOf(route, operation, Object.keys(trace))
      const headers = signature.sign(body, varying, sent.wall + sent.offset)
      const received = await this.#connections.exchange(route.endpoint, headers, body, limits)
      this.#clock.observe(received.headers.date, sent)
      return this.#read(received, request, sent)
    } finally {
      this.#slots.give()
    }
  }

  /** @returns undefined when {@link #prepare} has to run: for the first request, and after the credentials expired */
  #ready(): Route | undefined {
    const credentials = this.#settings.credentials.current()
    return credentials && this.#connections.isOpen ? this.#routeFor(credentials) : undefined
  }

  #routeFor(credentials: Credentials): Route | undefined {
    if (this.#route && isSame(this.#route.credentials, credentials)) return this.#route
    const endpoint = this.#settings.endpoint(credentials.accountId)
    this.#route = endpoint && { credentials: { ...credentials }, endpoint, signatures: new Map() }
    return this.#route
  }

  /**
   * Prepares the first request, and any request after the credentials expired.
   *
   * @returns undefined when only the SDK knows the endpoint for these credentials
   */
  async #prepare(request: ItemRequest): Promise<Route | undefined> {
    const { deadline, abortSignal } = request
    const tooLate = () => this.#timedOut(request, false)
    return await withDeadline({ milliseconds: deadline - monotonic(), tooLate, abortSignal }, async () => {
      const route = this.#routeFor(await this.#settings.credentials.get())
      if (route) await this.#connections.open(route.endpoint.protocol)
      return route
    })
  }

  #signatureOf({ credentials, endpoint, signatures }: Route, operation: Operation, trace: string[]): QuickSignature {
    const name = trace.length === 0 ? operation : `${operation} ${trace}`
    const known = signatures.get(name)
    if (known) return known
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'user-agent': this.#settings.userAgent,
      host: endpoint.host,
    }
    const shared = { path: endpoint.path, headers }
    const signature = new QuickSignature(credentials, endpoint.signingRegion, shared, [...MARKS, ...trace])
    signatures.set(name, signature)
    return signature
  }

  #read({ status, headers, body, drop }: Received, { operation, input }: ItemRequest, sent: Sent): Output {
    const hadWrongTime = this.#correctTime(headers, sent)
    const checked = checkResponse({ status, headers, body }, operation, input)
    if (checked?.problem !== undefined) {
      drop()
      throw unreadableResponse(operation, input, status, checked.problem)
    }
    if (status === 200 && checked) {
      const $metadata = metadataOf({ status, headers })
      try {
        return Object.assign(outputOf(checked.text, checked.members), { $metadata })
      } catch {
        drop()
        throw unreadableResponse(operation, input, status, 'a binary value is not Base64')
      }
    }
    const error = errorOf({ status, headers, body: body === TOO_LONG ? Buffer.alloc(0) : body })
    const { $metadata } = error as Error & Partial<Output>
    if (hadWrongTime && $metadata) $metadata.clockSkewCorrected = true
    throw error
  }

  /**
   * Takes DynamoDB's time from a response, as the SDK does.
   *
   * @returns whether the time of the request's signature was far off
   */
  #correctTime({ date, age }: Received['headers'], sent: Sent): boolean {
    if (date !== undefined && date !== this.#dateSeen && age === undefined) {
      this.#dateSeen = date
      const time = Date.parse(date)
      const { wall } = moment()
      if (!Number.isNaN(time) && wall - sent.wall <= LATE_RESPONSE) this.#offset = time - wall
    }
    return Math.abs(this.#offset - sent.offset) >= NOTABLE_SKEW
  }

  #timedOut({ operation, input }: ItemRequest, wasSent: boolean): RequestTimeoutError {
    return requestTimedOut(operation, input, this.#configuration.requestTimeout, wasSent)
  }
}

function isSame(one: Credentials, other: Credentials): boolean {
  return (
    one.accessKeyId === other.accessKeyId &&
    one.secretAccessKey === other.secretAccessKey &&
    one.sessionToken === other.sessionToken &&
    one.accountId === other.accountId
  )
}

/** The error for a request that {@link LeanTransport.close} ended. */
function closed(): Error {
  return Object.assign(new Error('The connection to DynamoDB was closed'), { name: 'AbortError' })
}
