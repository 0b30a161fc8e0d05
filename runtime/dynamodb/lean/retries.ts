import { monotonic, wallClock } from '../../async/clock.js'
import { sleep } from '../../async/sleep.js'
import { NETWORK, THROTTLING, TIMEOUT_NAMES } from '../error-facts.js'
import type { SendOptions } from '../transport.js'
import type { Metadata } from './errors.js'

/** Attempts, the first included, where nothing is configured. */
export const DEFAULT_ATTEMPTS = 4

/** All retries of a client take from one quota, so that they don't multiply the load of a database in trouble. */
const QUOTA = 500

/** What a retry takes from the quota, and the longest first pause (milliseconds). */
const THROTTLED = { cost: 5, firstPause: 1000 }
const TRANSIENT = { cost: 14, firstPause: 25 }

/** Milliseconds. */
const LONGEST_PAUSE = 20_000

/** By how much the server can lengthen a pause. Milliseconds. */
const LONGEST_EXTENSION = 5000

export interface RetriesOptions {
  /** From 0 to 1. */
  readonly random?: () => number
  readonly sleep?: typeof sleep
}

/**
 * Sends requests until they succeed or may not be repeated any more: what `retryMiddleware` and `StandardRetryStrategy` of
 * `@smithy/core/retry` do for a DynamoDB client. One object serves all requests of a client.
 */
export class Retries {
  /** Of one request, the first attempt included. */
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

  /** No further attempt begins: a request that fails now has failed. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Sets `attempts` and `totalRetryDelay` of `$metadata`, as the SDK does. When a pause would last until the deadline, the
   * error of the last attempt is thrown instead.
   *
   * @param attempt sends once; its parameter counts from 1. Ends by itself when the signal is aborted or time is up
   * @param options with the deadline of the whole request
   */
  async run<T extends { readonly $metadata: Metadata }>(
    attempt: (count: number) => Promise<T>,
    { abortSignal, deadline = Number.POSITIVE_INFINITY }: SendOptions = {},
  ): Promise<T> {
    let retry: Kind | undefined
    let totalRetryDelay = 0
    for (let attempts = 1; ; attempts += 1) {
      try {
        const answer = await attempt(attempts)
        this.#giveBack(retry)
        answer.$metadata.attempts = attempts
        answer.$metadata.totalRetryDelay = totalRetryDelay
        return answer
      } catch (error) {
        if (abortSignal?.aborted) throw aborted(abortSignal)
        const failure = error as Failure
        // DynamoDB answered: the database is well.
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
        // A process that was stopped for a while goes on too late.
        if (this.#isStopped || monotonic() >= deadline) throw withMetadata(failure, { attempts, totalRetryDelay })
      }
    }
  }

  /** @param retry the last one, which was paid for; undefined: the first attempt sufficed */
  #giveBack(retry: Kind | undefined): void {
    this.#quota = Math.min(QUOTA, this.#quota + (retry?.cost ?? 1))
  }

  /** Milliseconds; undefined: no retry. */
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

/** The error of a request that was aborted, as the SDK has it. */
export function aborted({ reason }: AbortSignal): Error {
  const text = reason && !(reason instanceof Error) ? String(reason) : 'Request aborted'
  const error = new Error(text, reason instanceof Error ? { cause: reason } : undefined)
  return Object.assign(error, { name: 'AbortError' })
}

type Headers = Readonly<Record<string, string>>

type Failure = Error & {
  readonly code?: string
  readonly $retryable?: { readonly throttling?: boolean }
  readonly $response?: { readonly headers?: Headers }
  $metadata?: Metadata
}

type Kind = typeof THROTTLED

/** @returns undefined: a repeat would fail too */
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

/** The SDK's `isTransientError`. A store survives more errors than a transport repeats: `isTransient` in error-facts.ts. */
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
    (isObject(cause) && depth <= MOST_CAUSES && isRepeated(cause as Failure, depth + 1))
  )
}

/** Not `instanceof Error`, which fails for errors of Node in Jest. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function withMetadata(failure: Failure, marks: Metadata): Failure {
  failure.$metadata ??= {}
  Object.assign(failure.$metadata, marks)
  return failure
}

/** Milliseconds that the server asks for, by the first header that does: `retry-after` (RFC 9110, 10.2.3) or Amazon's own. */
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
