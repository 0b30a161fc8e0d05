import { randomUUID } from 'node:crypto'
import { monotonic } from '../../async/clock.js'
import type { Configuration } from '../../configuration/resolve.js'
import type { RequestTimeoutError } from '../../errors.js'
import { judge, longestAnswer, TOO_LONG } from '../answer-check.js'
import type { Credentials } from '../credentials.js'
import type { Endpoint } from '../endpoint.js'
import type { Input, Operation, Operations } from '../operations.js'
import { requestTimedOut } from '../request-timeout.js'
import { type Moment, moment, type ServerClock } from '../server-clock.js'
import type { Standalone } from '../standalone.js'
import type { SendOptions, Transport } from '../transport.js'
import { unreadableAnswer, withoutAnswer } from '../unreadable-answer.js'
import { attemptTimedOut, Connections, type Received } from './connections.js'
import { errorOf, type Metadata, metadataOf } from './errors.js'
import { answerOf, requestJson } from './json.js'
import { QuickSignature } from './quick-signature.js'
import { aborted, Retries } from './retries.js'
import { Slots } from './slots.js'

/** How requests are sent with these credentials. */
interface Route {
  /** A copy: the application may change its own. */
  readonly credentials: Credentials
  readonly endpoint: Endpoint
  /** By operation. */
  readonly signatures: Map<Operation, QuickSignature>
}

/** One request, with the time until which its answer is wanted. */
interface Wanted {
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
  /** How far the time in the signature was ahead of this machine's clock. Milliseconds. */
  readonly offset: number
}

interface Output {
  readonly $metadata: Metadata
}

/** Headers that differ from request to request, as the SDK sends them. */
const MARKS = ['amz-sdk-invocation-id', 'amz-sdk-request']

/** From this offset on, a signature made by this machine's clock may be refused. Milliseconds; as in the SDK. */
const NOTABLE_SKEW = 240_000

/** The date of an answer that took longer is ignored. Milliseconds; as in the SDK. */
const OLD_ANSWER = 900_000

/** Sends requests for items without the AWS SDK. docs/design/transports.md says how they differ from the SDK's. */
export class LeanTransport implements Transport {
  readonly isLean = true
  readonly mayMerge = true
  readonly #plan: Standalone
  readonly #fallback: Transport
  readonly #clock: ServerClock
  readonly #configuration: Configuration
  readonly #connections: Connections
  readonly #slots: Slots
  /** {@link close} sets a new object. */
  #retries: Retries
  #route: Route | undefined
  /** How far DynamoDB's clock is ahead of this machine's. Signatures have DynamoDB's time. Milliseconds. */
  #offset = 0
  /** The header `date` that gave the offset. The same date again, within its second, says nothing new. */
  #dateSeen: string | undefined

  constructor(plan: Standalone, fallback: Transport, clock: ServerClock, configuration: Configuration) {
    const { connectTimeout, maxConnections } = configuration
    this.#plan = plan
    this.#fallback = fallback
    this.#clock = clock
    this.#configuration = configuration
    this.#connections = new Connections(connectTimeout)
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
    if (abortSignal?.aborted) throw aborted(abortSignal)
    const wanted: Wanted = {
      operation,
      input,
      body: requestJson(input),
      invocationId: randomUUID(),
      deadline,
      abortSignal,
      retries: this.#retries,
    }
    // Without `await` where all is ready: see `inTurn`.
    const route = this.#ready() ?? (await this.#prepare(wanted))
    if (!route) return await this.#fallback.send(operation, input, { abortSignal, deadline })
    try {
      const output = await wanted.retries.run((count) => this.#attempt(route, wanted, count), { abortSignal, deadline })
      return output as Operations[O]['output']
    } catch (error) {
      throw wanted.retries === this.#retries ? withoutAnswer(error, operation, input) : closed()
    }
  }

  /** Ends what is under way. A later request opens connections again. */
  close(): void {
    this.#retries.stop()
    this.#retries = new Retries(this.#plan.maxAttempts)
    this.#connections.close()
  }

  async #attempt(route: Route, wanted: Wanted, count: number): Promise<Output> {
    const { operation, body, invocationId, deadline, abortSignal } = wanted
    if (!this.#slots.take() && !(await this.#slots.wait(deadline - monotonic(), abortSignal))) {
      throw abortSignal?.aborted ? aborted(abortSignal) : this.#timedOut(wanted, count > 1)
    }
    const { attemptTimeout } = this.#configuration
    const rest = deadline - monotonic()
    try {
      if (wanted.retries !== this.#retries) throw closed()
      // The process may have been stopped since.
      if (rest <= 0) throw this.#timedOut(wanted, count > 1)
      const milliseconds = Math.min(attemptTimeout, rest)
      const tooLate = () => (rest <= attemptTimeout ? this.#timedOut(wanted, true) : attemptTimedOut(attemptTimeout))
      const limits = { milliseconds, tooLate, most: longestAnswer(operation), abortSignal }
      const now = moment()
      const sent = { wall: now.wall, monotonic: now.monotonic, offset: this.#offset }
      const marks = [invocationId, `attempt=${count}; max=${this.#retries.maxAttempts}`]
      const headers = this.#signatureOf(route, operation).sign(body, marks, sent.wall + sent.offset)
      if (this.#plan.traceHeaders) headers.push(...Object.entries(this.#plan.traceHeaders()).flat())
      const received = await this.#connections.exchange(route.endpoint, headers, body, limits)
      this.#clock.observe(received.headers.date, sent)
      return this.#read(received, wanted, sent)
    } finally {
      this.#slots.give()
    }
  }

  /** Undefined until {@link #prepare} has run, and when other credentials have to be fetched. */
  #ready(): Route | undefined {
    const credentials = this.#plan.credentials.current()
    return credentials && this.#connections.isOpen ? this.#routeFor(credentials) : undefined
  }

  #routeFor(credentials: Credentials): Route | undefined {
    if (this.#route && isSame(this.#route.credentials, credentials)) return this.#route
    const endpoint = this.#plan.endpoint(credentials.accountId)
    this.#route = endpoint && { credentials: { ...credentials }, endpoint, signatures: new Map() }
    return this.#route
  }

  /**
   * Prepares the first request, and any request after the credentials expired.
   *
   * @returns undefined when only the SDK knows where requests with these credentials go
   */
  async #prepare(wanted: Wanted): Promise<Route | undefined> {
    const { deadline, abortSignal } = wanted
    let end = () => {}
    const ended = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(this.#timedOut(wanted, false)), deadline - monotonic())
      const abort = () => abortSignal && reject(aborted(abortSignal))
      if (abortSignal?.aborted) abort()
      else abortSignal?.addEventListener('abort', abort, { once: true })
      end = () => {
        clearTimeout(timer)
        abortSignal?.removeEventListener('abort', abort)
      }
    })
    try {
      const credentials = await Promise.race([this.#plan.credentials.get(), ended])
      const route = this.#routeFor(credentials)
      if (route) await Promise.race([this.#connections.open(route.endpoint.protocol), ended])
      return route
    } finally {
      end()
    }
  }

  #signatureOf({ credentials, endpoint, signatures }: Route, operation: Operation): QuickSignature {
    const known = signatures.get(operation)
    if (known) return known
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'user-agent': this.#plan.userAgent,
      host: endpoint.host,
    }
    const scope = { region: endpoint.signingRegion, service: 'dynamodb' }
    const signature = new QuickSignature(credentials, scope, { path: endpoint.path, headers }, MARKS)
    signatures.set(operation, signature)
    return signature
  }

  #read({ status, headers, body, drop }: Received, { operation, input }: Wanted, sent: Sent): Output {
    const hadWrongTime = this.#correctTime(headers, sent)
    const verdict = judge({ status, headers, body }, operation, input)
    if (verdict?.problem !== undefined) {
      drop()
      throw unreadableAnswer(operation, input, status, verdict.problem)
    }
    if (status === 200 && verdict) {
      const $metadata = metadataOf({ status, headers })
      try {
        return Object.assign(answerOf(verdict.text, verdict.members), { $metadata })
      } catch {
        drop()
        throw unreadableAnswer(operation, input, status, 'a binary value is not Base64')
      }
    }
    const error = errorOf({ status, headers, body: body === TOO_LONG ? Buffer.alloc(0) : body })
    const { $metadata } = error as Error & Partial<Output>
    if (hadWrongTime && $metadata) $metadata.clockSkewCorrected = true
    throw error
  }

  /**
   * Takes DynamoDB's time from an answer, as the SDK does.
   *
   * @returns whether the request was signed by a time that was far off
   */
  #correctTime({ date, age }: Received['headers'], sent: Sent): boolean {
    if (date !== undefined && date !== this.#dateSeen && age === undefined) {
      this.#dateSeen = date
      const time = Date.parse(date)
      const { wall } = moment()
      if (!Number.isNaN(time) && wall - sent.wall <= OLD_ANSWER) this.#offset = time - wall
    }
    return Math.abs(this.#offset - sent.offset) >= NOTABLE_SKEW
  }

  #timedOut({ operation, input }: Wanted, wasSent: boolean): RequestTimeoutError {
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

/** For a request that was never sent. */
function closed(): Error {
  return Object.assign(new Error('The connection to DynamoDB was closed'), { name: 'AbortError' })
}
