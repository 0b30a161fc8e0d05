import { monotonic } from '../async/clock.js'
import { sleep } from '../async/sleep.js'

/**
 * Delays requests, so that all together consume at most `rate` capacity units a second. The consumption of a request is known
 * only after its response. Until then, an estimate counts. A quiet time does not allow a burst later.
 */
export class RateLimit {
  readonly #rate: number | undefined
  readonly #signal: AbortSignal
  /** When the next request may be sent, by the monotonic clock. Milliseconds. */
  #free = 0

  /**
   * @param rate undefined: no limit
   * @param signal ends all waiting
   */
  constructor(rate: number | undefined, signal: AbortSignal) {
    this.#rate = rate
    this.#signal = signal
  }

  /** Waits until the units may be consumed. Returns false when the signal was aborted first. */
  async take(units: number): Promise<boolean> {
    for (;;) {
      if (this.#signal.aborted) return false
      const wait = this.#rate === undefined ? 0 : this.#free - monotonic()
      if (wait <= 0) break
      await sleep(wait, undefined, { signal: this.#signal }).catch(unlessAborted)
    }
    this.#free = Math.max(this.#free, monotonic()) + this.#time(units)
    return true
  }

  /** Replaces the estimate of a request by its consumption. */
  settle(taken: number, consumed: number): void {
    this.#free += this.#time(consumed - taken)
  }

  #time(units: number): number {
    return this.#rate === undefined ? 0 : (units / this.#rate) * 1000
  }
}

/** For `catch`: ignores the end of a wait by its signal. */
export function unlessAborted(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error
}
