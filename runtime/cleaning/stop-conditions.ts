import { setMaxListeners } from 'node:events'
import type { CleaningContext } from './settings.js'

export type StopReason = 'signal' | 'maxItems' | 'maxSeconds'

/** Ends cleaning early: by a signal, after `maxItems` sessions, or after `maxSeconds`. */
export class StopConditions {
  readonly #requests = new AbortController()
  readonly #signal: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout | undefined
  readonly #onSignal = () => this.now('signal')
  #toPick: number
  #reason: StopReason | undefined

  constructor({ signal, maxItems = Number.POSITIVE_INFINITY, maxSeconds }: CleaningContext) {
    this.#toPick = maxItems
    setMaxListeners(0, this.signal) // each waiting request adds a listener
    this.#signal = signal
    if (signal?.aborted) this.now('signal')
    signal?.addEventListener('abort', this.#onSignal, { once: true })
    if (maxSeconds !== undefined) this.#timer = startTimer(maxSeconds, () => this.now('maxSeconds'))
  }

  /** When aborted, cleaning sends no more requests. */
  get signal(): AbortSignal {
    return this.#requests.signal
  }

  /** false: cleaning scans no more items. It still deletes the chosen sessions, until {@link signal} is aborted. */
  get scanning(): boolean {
    return this.#toPick > 0 && !this.signal.aborted
  }

  get reason(): StopReason | undefined {
    return this.#reason
  }

  /** Counts a session that was chosen for deletion. */
  picked(): void {
    this.#toPick -= 1
    if (this.#toPick === 0) this.#reason ??= 'maxItems'
  }

  now(reason?: StopReason): void {
    this.#reason ??= reason
    this.#requests.abort()
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onSignal)
  }
}

/** Node's longest delay. A timer with a longer delay fires at once. */
const LONGEST_DELAY = 2 ** 31 - 1

function startTimer(seconds: number, callback: () => void): NodeJS.Timeout {
  return setTimeout(callback, Math.min(seconds * 1000, LONGEST_DELAY))
}
