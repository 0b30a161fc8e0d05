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

/** How often a request is sent before its failure counts, beside what the SDK repeats by itself. */
const ATTEMPTS = 8

/** Bounds of the pauses between them. Milliseconds. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5_000

/** Cleaning ends when no request succeeded for as many times the longest time of a request, and as many failed. */
const TIMEOUTS = 5

interface Answer {
  readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[]
}

export interface Answered<T> {
  readonly answer: T
  /** Capacity units that it consumed. */
  readonly units: number
}

/** Sends the requests of one cleaning: not faster than allowed, again after a passing failure, none after a stop. */
export class CleaningRequests {
  readonly #work: TableWork
  readonly #signal: AbortSignal
  readonly #pace: RateLimit
  readonly #progress: Stagnation
  #units = 0

  constructor(work: TableWork, { rate, signal }: { rate: number | undefined; signal: AbortSignal }) {
    this.#work = work
    this.#signal = signal
    this.#pace = new RateLimit(rate, signal)
    this.#progress = new Stagnation(TIMEOUTS * work.requestTimeout)
  }

  /** Capacity units consumed so far. */
  get capacityUnits(): number {
    return this.#units
  }

  /**
   * @param action the IAM action, without `dynamodb:`
   * @param estimate capacity units that it will probably consume
   * @returns undefined when cleaning was stopped and the request did not go through
   * @throws {TableRequestError}
   */
  async send<T extends Answer>(
    action: string,
    estimate: number,
    send: (transport: Transport) => Promise<T>,
  ): Promise<Answered<T> | undefined> {
    for (let attempt = 0; await this.#pace.take(estimate); attempt += 1) {
      const begun = monotonic()
      try {
        const answer = await this.#work.explained(action, () => send(this.#work.transport))
        const units = unitsOf(answer) ?? estimate
        this.#pace.settle(estimate, units)
        this.#progress.made()
        this.#units += units
        return { answer, units }
      } catch (error) {
        if (!mayPass(error)) throw error
        this.#progress.failed(begun, error)
        if (!(await this.pause(attempt, error))) break
      }
    }
    return undefined
  }

  /**
   * Pauses before another attempt after a passing failure; false when cleaning was stopped.
   *
   * @param attempt 0 for the first pause
   * @throws the failure, after too many attempts
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

/** Tells when cleaning makes no progress any more. */
class Stagnation {
  readonly #limit: number
  #lastSuccess = Number.NEGATIVE_INFINITY
  #failures = 0
  #failingSince = 0

  /** @param limit milliseconds */
  constructor(limit: number) {
    this.#limit = limit
  }

  made(): void {
    this.#lastSuccess = monotonic()
    this.#failures = 0
  }

  /**
   * @param begun when the failed request was sent, by the monotonic clock
   * @throws {TableRequestError} when nothing has succeeded for too long
   */
  failed(begun: number, failure: unknown): void {
    if (this.#failures === 0) this.#failingSince = Math.max(begun, this.#lastSuccess)
    this.#failures += 1
    const time = monotonic() - this.#failingSince
    if (this.#failures < TIMEOUTS || time < this.#limit) return
    const text = `cleaning makes no progress: no request has succeeded for ${seconds(Math.round(time / 1000) * 1000)}`
    throw new TableRequestError(`${text}; what was deleted stays deleted. The last failure: ${messageOf(failure)}`, {
      cause: failure,
    })
  }
}

function unitsOf({ ConsumedCapacity: consumed }: Answer): number | undefined {
  if (consumed === undefined) return undefined
  const each = [consumed].flat().map(({ CapacityUnits }) => CapacityUnits ?? 0)
  return each.length > 0 ? each.reduce((sum, units) => sum + units, 0) : undefined
}
