import { randomUUID } from 'node:crypto'
import { sleep } from '../../async/sleep.js'
import { monotonic } from '../../clock.js'
import type { Configuration } from '../../configuration/resolve.js'
import { judge, longestAnswer } from '../answer-check.js'
import type { Credentials } from '../credentials.js'
import { RequestTimeoutError } from '../../errors.js'
import type { Input, Operation, Operations } from '../operations.js'
import { requestTimedOut } from '../request-timeout.js'
import { type Moment, moment, type ServerClock } from '../server-clock.js'
import type { Standalone } from '../standalone.js'
import { traceHeaders } from '../trace-header.js'
import type { SendOptions, Transport } from '../transport.js'
import { unreadableAnswer } from '../unreadable-answer.js'
import { aborted, Connections, type Origin, type Received } from './connections.js'
import { errorOf } from './errors.js'
import { membersOf, requestJson } from './json.js'
import { QuickSignature } from './quick-signature.js'
import { Retries } from './retries.js'
import { Slots } from './slots.js'

/** How requests are sent with these credentials. */
interface Route {
  readonly credentials: Credentials
  readonly origin: Origin
  /** By operation. */
  readonly signatures: Map<Operation, QuickSignature>
}

/** The headers that differ from attempt to attempt. */
type Marks = { readonly 'amz-sdk-invocation-id': string; 'amz-sdk-request': string }

type Output = object & { readonly $metadata: Metadata }

interface Metadata {
  readonly httpStatusCode: number
  readonly requestId: string | undefined
  readonly extendedRequestId: string | undefined
  readonly cfId: string | undefined
  attempts?: number
  totalRetryDelay?: number
}

/** From this offset on, a signature made by this machine's clock may be refused. Milliseconds; as in the SDK. */
const NOTABLE_SKEW = 240_000

/** The date of an answer that took longer says nothing. Milliseconds; as in the SDK. */
const OLD_ANSWER = 900_000

/** Sends requests for items without the AWS SDK: what differs from the SDK's requests and answers is the user agent alone. */
export class LeanTransport implements Transport {
  readonly isLean = true
  readonly mayMerge = true
  readonly #plan: Standalone
  readonly #clock: ServerClock
  readonly #configuration: Configuration
  readonly #connections: Connections
  readonly #slots: Slots
  readonly #retries: Retries
  #route: Route | undefined
  /** What DynamoDB's clock is ahead of this machine's: signatures are made by its time. Milliseconds. */
  #offset = 0
  /** The header `date` that gave the offset: it says nothing new within the same second. */
  #dateSeen: string | undefined

  constructor(plan: Standalone, clock: ServerClock, configuration: Configuration) {
    const { connectTimeout, maxConnections } = configuration
    this.#plan = plan
    this.#clock = clock
    this.#configuration = configuration
    this.#connections = new Connections(connectTimeout, maxConnections)
    this.#slots = new Slots(maxConnections)
    this.#retries = new Retries(plan.maxAttempts)
  }

  inTurn(start: () => void): () => void {
    return this.#slots.inTurn(start)
  }

  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    { abortSignal, deadline = monotonic() + this.#configuration.requestTimeout }: SendOptions = {},
  ): Promise<Operations[O]['output']> {
    const body = requestJson(input)
    const marks: Marks = { 'amz-sdk-invocation-id': randomUUID(), 'amz-sdk-request': '' }
    const retry = this.#retries.begin()
    for (;;) {
      marks['amz-sdk-request'] = `attempt=${retry.attempt}; max=${this.#retries.maxAttempts}`
      try {
        const output = await this.#attempt(operation, input, body, marks, deadline, abortSignal)
        retry.succeeded(output)
        return output as Operations[O]['output']
      } catch (error) {
        if (error instanceof RequestTimeoutError || abortSignal?.aborted) throw error
        const pause = retry.after(error)
        if (monotonic() + (pause ?? 0) >= deadline) throw this.#timedOut(operation, input, error)
        if (pause === undefined) throw error
        await sleep(pause, undefined, { signal: abortSignal })
      }
    }
  }

  close(): void {
    this.#connections.close()
  }

  async #attempt(
    operation: Operation,
    input: Input,
    body: string,
    marks: Marks,
    deadline: number,
    abortSignal: AbortSignal | undefined,
  ): Promise<Output> {
    const route = this.#ready() ?? (await this.#prepare(operation, input, deadline, abortSignal))
    if (!this.#slots.take() && !(await this.#slots.wait(deadline - monotonic(), abortSignal))) {
      throw abortSignal?.aborted ? aborted(abortSignal.reason) : this.#timedOut(operation, input)
    }
    try {
      const left = deadline - monotonic()
      const milliseconds = Math.max(1, Math.min(this.#configuration.attemptTimeout, left))
      const limits = { milliseconds, most: longestAnswer(operation), abortSignal }
      const sent = moment()
      const headers = this.#headers(route, operation, body, marks, sent)
      const received = await this.#connections.exchange(route.origin, headers, body, limits)
      this.#clock.observe(received.headers.date, sent)
      return this.#read(received, operation, input, sent)
    } finally {
      this.#slots.give()
    }
  }

  /** Undefined until {@link #prepare} has run, and when other credentials have to be fetched. */
  #ready(): Route | undefined {
    const credentials = this.#plan.credentials.current()
    if (!credentials || !this.#connections.isOpen) return undefined
    if (this.#route?.credentials !== credentials) {
      this.#route = { credentials, origin: this.#plan.originFor(credentials), signatures: new Map() }
    }
    return this.#route
  }

  /** What the first request needs, and any after the credentials expired. */
  async #prepare(
    operation: Operation,
    input: Input,
    deadline: number,
    abortSignal: AbortSignal | undefined,
  ): Promise<Route> {
    const preparing = Promise.all([this.#plan.credentials.get(), this.#connections.open(this.#plan.secure)])
    const late = new AbortController()
    const signal = abortSignal ? AbortSignal.any([abortSignal, late.signal]) : late.signal
    const limit = sleep(Math.max(1, deadline - monotonic()), undefined, { signal })
    try {
      await Promise.race([preparing, limit])
    } finally {
      late.abort()
      limit.catch(() => undefined)
      preparing.catch(() => undefined)
    }
    const route = this.#ready()
    if (!route) throw this.#timedOut(operation, input)
    return route
  }

  #headers({ credentials, origin, signatures }: Route, operation: Operation, body: string, marks: Marks, now: Moment) {
    let signature = signatures.get(operation)
    if (!signature) {
      const { region, userAgent } = this.#plan
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'user-agent': userAgent,
        host: origin.port === undefined ? origin.hostname : `${origin.hostname}:${origin.port}`,
      }
      const same = { path: origin.path, headers }
      signature = new QuickSignature(credentials, { region, service: 'dynamodb' }, same, Object.keys(marks))
      signatures.set(operation, signature)
    }
    const headers = signature.sign(body, marks, now.wall + this.#offset)
    const trace = traceHeaders()
    return Object.entries(trace ? { ...headers, ...trace } : headers).flat()
  }

  #read({ status, headers, body, drop }: Received, operation: Operation, input: Input, sent: Moment): Output {
    const hasSkew = this.#correctClock(headers, sent)
    const verdict = judge({ status, headers, body }, operation, input)
    if (verdict?.problem !== undefined) {
      drop()
      throw unreadableAnswer(operation, input, status, verdict.problem)
    }
    if (status === 200 && verdict) {
      return Object.assign(membersOf(verdict.members, verdict.text), { $metadata: metadataOf(status, headers) })
    }
    const error = errorOf({ status, headers, body: body as Buffer }, metadataOf(status, headers))
    if (hasSkew) error.$metadata.clockSkewCorrected = true
    throw error
  }

  /**
   * Takes DynamoDB's time from an answer, as the SDK does.
   *
   * @returns whether the request was signed by a time that was far from it
   */
  #correctClock({ date, age }: Received['headers'], sent: Moment): boolean {
    const before = this.#offset
    if (date !== undefined && date !== this.#dateSeen && age === undefined) {
      const now = moment()
      const time = Date.parse(date)
      if (!Number.isNaN(time) && now.wall - sent.wall <= OLD_ANSWER) this.#offset = time - now.wall
      this.#dateSeen = date
    }
    return Math.abs(this.#offset) >= NOTABLE_SKEW && this.#offset !== before
  }

  #timedOut(operation: Operation, input: Input, cause?: unknown): RequestTimeoutError {
    return requestTimedOut(operation, input, this.#configuration.requestTimeout, cause)
  }
}

function metadataOf(httpStatusCode: number, headers: Received['headers']): Metadata {
  return {
    httpStatusCode,
    requestId: headers['x-amzn-requestid'] ?? headers['x-amzn-request-id'] ?? headers['x-amz-request-id'],
    extendedRequestId: headers['x-amz-id-2'],
    cfId: headers['x-amz-cf-id'],
  }
}
