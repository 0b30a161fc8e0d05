import { monotonic, wallClock } from '../../async/clock.js'
import { sleep } from '../../async/sleep.js'
import { NETWORK, THROTTLING, TIMEOUT_NAMES } from '../error-facts.js'
import type { SendOptions } from '../transport.js'
import { aborted } from '../with-deadline.js'
import type { Metadata } from './errors.js'

/** The SDK's default for DynamoDB, with the first attempt. */
export const DEFAULT_ATTEMPTS = 4

/** All retries of a client share one quota, which limits the additional load on a database in trouble. */
const QUOTA = 500

/** The cost of a retry from the quota, and the longest first pause in milliseconds. */
const THROTTLED = { cost: 5, firstPause: 1000 }
const TRANSIENT = { cost: 14, firstPause: 25 }

/** Milliseconds. */
const LONGEST_PAUSE = 20_000

/** The most that the server can add to a pause. Milliseconds. */
const LONGEST_EXTENSION = 5000

export interface RetriesOptions {
  /** Returns a number from 0 to 1. */
  readonly random?: () => number
  readonly sleep?: typeof sleep
}

/**
 * Repeats requests by the rules of the SDK's DynamoDB client (`retryMiddleware` and `StandardRetryStrategy` of
 * `@smithy/core/retry`). One object serves all requests of a client.
 */
export class Retries {
  /** Attempts of one request, with the first. */
  readonly maxAttempts: number
  readonly #random: () => number
  readonly #sleep: typeof sleep
  #quota = QUOTA
  #isStopped = false

  constructor(maxAttempts: number, { random = Math.random, sleep: wait = sleep }: RetriesOptions = {}) {
    this.maxAttempts = maxAttempts
    this.#random = random
    this.#sleep = wait
  }

  /** Ends all retries: a request that fails from now on is not repeated. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Sends one request. Sets `attempts` and `totalRetryDelay` of `$metadata`, as the SDK does. Throws the error of the last
   * attempt when the next pause would reach the deadline.
   *
   * @param attempt sends once, and rejects when the signal is aborted or at the deadline; the parameter counts from 1
   * @param options the deadline of the whole request, and its signal
   */
  async run<T extends { readonly $metadata: Metadata }>(
    attempt: (count: number) => Promise<T>,
    { abortSignal, deadline = Number.POSITIVE_INFINITY }: SendOptions = {},
  ): Promise<T> {
    let retry: Kind | undefined
    let totalRetryDelay = 0
    for (let attempts = 1; ; attempts += 1) {
      try {
        const output = await attempt(attempts)
        this.#giveBack(retry)
        output.$metadata.attempts = attempts
        output.$metadata.totalRetryDelay = totalRetryDelay
        return output
      } catch (error) {
        if (abortSignal?.aborted) throw aborted(abortSignal)
        const failure = error as Failure
        // A failed condition shows that DynamoDB works.
        if (failure.name === 'ConditionalCheckFailedException') this.#giveBack(retry)
        retry = kindOf(failure)
        const pause = this.#pauseAfter(failure, retry, attempts)
        const isLast = this.#isStopped || pause === undefined || monotonic() + pause >= deadline
        if (retry === undefined || isLast) {
          throw withMetadata(failure, { attempts, totalRetryDelay })
        }
        this.#quota -= retry.cost
        await this.#pause(pause, abortSignal)
        totalRetryDelay += pause
        // The process may have been suspended during the pause.
        if (this.#isStopped || monotonic() >= deadline) throw withMetadata(failure, { attempts, totalRetryDelay })
      }
    }
  }

  /** @param retry the last retry, whose cost is given back; undefined: the first attempt succeeded */
  #giveBack(retry: Kind | undefined): void {
    this.#quota = Math.min(QUOTA, this.#quota + (retry?.cost ?? 1))
  }

  /** @returns milliseconds; undefined: no retry */
  #pauseAfter(failure: Failure, kind: Kind | undefined, attempts: number): number | undefined {
    if (kind === undefined || attempts >= this.maxAttempts || this.#quota < kind.cost) return undefined
    const pause = Math.floor(this.#random() * Math.min(kind.firstPause * 2 ** (attempts - 1), LONGEST_PAUSE))
    const asked = askedPause(failure.$response?.headers) ?? 0
    return Math.max(pause, Math.min(asked, pause + LONGEST_EXTENSION))
  }

  async #pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#sleep(milliseconds, undefined, { signal })
    } catch (error) {
      throw signal?.aborted ? aborted(signal) : error
    }
  }
}

type Headers = Readonly<Record<string, string>>

type Failure = Error & {
  readonly code?: string
  readonly $retryable?: { readonly throttling?: boolean }
  readonly $response?: { readonly headers?: Headers }
  $metadata?: Metadata
}

type Kind = typeof THROTTLED

/** @returns undefined: no retry */
function kindOf(failure: Failure): Kind | undefined {
  const isThrottled =
    failure.$metadata?.httpStatusCode === 429 ||
    THROTTLING.includes(failure.name) ||
    failure.$retryable?.throttling === true
  if (isThrottled) return THROTTLED
  return isRepeated(failure) ? TRANSIENT : undefined
}

const REPEATED_CODES = [...NETWORK, 'ETIMEDOUT']
const REPEATED_STATUS = [500, 502, 503, 504]
const MOST_CAUSES = 10

/** The rules of the SDK's `isTransientError`. For other decisions there is `isTransient` in error-facts.ts. */
function isRepeated(failure: Failure, depth = 0): boolean {
  const { name, message, code = '', cause, $metadata, $retryable } = failure
  if (name === 'AbortError' || name === 'RequestTimeoutError') return false
  return (
    $retryable !== undefined ||
    $metadata?.clockSkewCorrected === true ||
    (name === 'InvalidSignatureException' && message?.includes('Signature expired')) ||
    TIMEOUT_NAMES.includes(name) ||
    REPEATED_CODES.includes(code) ||
    REPEATED_STATUS.includes($metadata?.httpStatusCode ?? 0) ||
    (typeof cause === 'object' && cause !== null && depth <= MOST_CAUSES && isRepeated(cause as Failure, depth + 1))
  )
}

function withMetadata(failure: Failure, marks: Metadata): Failure {
  failure.$metadata ??= {}
  Object.assign(failure.$metadata, marks)
  return failure
}

/** The pause that the server asks for, by its first such header. Milliseconds. `retry-after`: RFC 9110, 10.2.3. */
function askedPause(headers: Headers = {}): number | undefined {
  for (const name in headers) {
    const value = headers[name] ?? ''
    if (name === 'x-amz-retry-after') return whole(Number(value))
    if (name === 'retry-after') return whole(millisecondsOf(value))
  }
  return undefined
}

function millisecondsOf(value: string): number {
  const seconds = /^(?:.* GMT, )?(\d+(?:\.\d+)?)$/.exec(value)?.[1]
  return seconds === undefined ? Date.parse(value) - wallClock() : Number(seconds) * 1000
}

function whole(milliseconds: number): number | undefined {
  return Number.isFinite(milliseconds) ? Math.trunc(milliseconds) : undefined
}
