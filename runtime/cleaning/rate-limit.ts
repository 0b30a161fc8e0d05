import { monotonic } from '../async/clock.js'
import { sleep } from '../async/sleep.js'

/**
 * Holds requests back, so that they consume at most `rate` capacity units a second together. What a request consumes
 * is known only after it: an estimate counts until then. Nothing is saved up in quiet times, so there are no bursts.
 */
export class RateLimit {
  readonly #rate: number | undefined
  readonly #signal: AbortSignal
  /** When the next request may be sent, by the monotonic clock, in milliseconds. */
  #free = 0

  /**
   * @param rate undefined: no limit
   * @param signal ends all waiting
   */
  constructor(rate: number | undefined, signal: AbortSignal) {
    this.#rate = rate
    this.#signal = signal
  }

  /** Waits until units may be consumed; false when the signal came before that. */
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

  /** What a request has consumed in place of what was taken for it. */
  settle(taken: number, consumed: number): void {
    this.#free += this.#time(consumed - taken)
  }

  #time(units: number): number {
    return this.#rate === undefined ? 0 : (units / this.#rate) * 1000
  }
}

/** For `catch`: an ended wait is no error. */
export function unlessAborted(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error
}
