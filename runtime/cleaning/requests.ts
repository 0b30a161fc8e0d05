import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb'
import { jitter } from '../async/backoff.js'
import { monotonic } from '../async/clock.js'
import { sleep } from '../async/sleep.js'
import type { Transport } from '../dynamodb/transport.js'
import { messageOf, TableRequestError } from '../errors.js'
import { seconds } from '../table/patience.js'
import type { TableWork } from '../table/table-work.js'
import { RateLimit, unlessAborted } from './rate-limit.js'
import { mayPass } from './statement-outcome.js'

/** Attempts of a request, besides the attempts of the transport. */
const ATTEMPTS = 8

/** Upper limits of the first pause and of all pauses between attempts. Milliseconds. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5_000

/** Cleaning ends when this many requests in a row have failed, and this many request timeouts have passed meanwhile. */
const TIMEOUTS = 5

interface Output {
  readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[]
}

export interface Sent<T> {
  readonly output: T
  /** Capacity units that the request consumed. */
  readonly units: number
}

/** Settings for the requests of one command. */
export interface RequestSettings {
  readonly rate: number | undefined
  readonly signal: AbortSignal
  /** What makes no progress if all requests fail, as the beginning of a message. */
  readonly activity?: string
  /** What the caller should know in that case. Empty: nothing. */
  readonly consolation?: string
}

/** Sends the requests of one cleaning, or of another long scan. Keeps to the rate, repeats after a transient error, and sends none after a stop. */
export class CleaningRequests {
  readonly #work: TableWork
  readonly #signal: AbortSignal
  readonly #rateLimit: RateLimit
  readonly #stagnation: Stagnation
  #units = 0

  constructor(work: TableWork, settings: RequestSettings) {
    const { rate, signal, activity = 'cleaning', consolation = '; sessions deleted before stay deleted' } = settings
    this.#work = work
    this.#signal = signal
    this.#rateLimit = new RateLimit(rate, signal)
    this.#stagnation = new Stagnation(TIMEOUTS * work.requestTimeout, activity, consolation)
  }

  /** Capacity units consumed so far. */
  get capacityUnits(): number {
    return this.#units
  }

  /**
   * @param action the IAM action, without `dynamodb:`
   * @param estimate capacity units that the request will probably consume
   * @returns undefined when cleaning was stopped before the request succeeded
   * @throws {TableRequestError}
   */
  async send<T extends Output>(
    action: string,
    estimate: number,
    send: (transport: Transport) => Promise<T>,
  ): Promise<Sent<T> | undefined> {
    for (let attempt = 0; await this.#rateLimit.take(estimate); attempt += 1) {
      const begun = monotonic()
      try {
        const output = await this.#work.explained(action, () => send(this.#work.transport))
        const units = unitsOf(output) ?? estimate
        this.#rateLimit.settle(estimate, units)
        this.#stagnation.succeeded()
        this.#units += units
        return { output, units }
      } catch (error) {
        if (!mayPass(error)) throw error
        this.#stagnation.failed(begun, error)
        if (!(await this.pause(attempt, error))) break
      }
    }
    return undefined
  }

  /**
   * Pauses after a transient error, before another attempt.
   *
   * @param attempt 0 for the first pause
   * @returns false when cleaning was stopped
   * @throws the failure, after the last attempt
   */
  async pause(attempt: number, failure: unknown): Promise<boolean> {
    if (this.#signal.aborted) return false
    if (attempt + 1 >= ATTEMPTS) throw failure
    this.#work.logger.info(`trying again: ${messageOf(failure)}`)
    const time = jitter(attempt, LONGEST_PAUSE, FIRST_PAUSE)
    await sleep(time, undefined, { signal: this.#signal }).catch(unlessAborted)
    return !this.#signal.aborted
  }
}

/** Ends cleaning when no request succeeds for a long time. */
class Stagnation {
  readonly #limit: number
  readonly #activity: string
  readonly #consolation: string
  #lastSuccess = Number.NEGATIVE_INFINITY
  #failures = 0
  #failingSince = 0

  /** @param limit milliseconds */
  constructor(limit: number, activity: string, consolation: string) {
    this.#limit = limit
    this.#activity = activity
    this.#consolation = consolation
  }

  succeeded(): void {
    this.#lastSuccess = monotonic()
    this.#failures = 0
  }

  /**
   * @param begun when the failed request was sent, by the monotonic clock. Milliseconds
   * @throws {TableRequestError} when nothing has succeeded for too long
   */
  failed(begun: number, failure: unknown): void {
    if (this.#failures === 0) this.#failingSince = Math.max(begun, this.#lastSuccess)
    this.#failures += 1
    const time = monotonic() - this.#failingSince
    if (this.#failures < TIMEOUTS || time < this.#limit) return
    const text = `${this.#activity} makes no progress: no request has succeeded for ${seconds(Math.round(time / 1000) * 1000)}`
    throw new TableRequestError(`${text}${this.#consolation}. The last failure: ${messageOf(failure)}`, {
      cause: failure,
    })
  }
}

function unitsOf({ ConsumedCapacity: consumed }: Output): number | undefined {
  if (!Array.isArray(consumed)) return consumed && (consumed.CapacityUnits ?? 0)
  return consumed.length > 0 ? consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0) : undefined
}
