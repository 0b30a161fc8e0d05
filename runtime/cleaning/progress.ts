import { monotonic } from '../async/clock.js'
import type { Outcomes } from './deletions.js'
import type { CleaningRequests } from './requests.js'
import type { CleaningProgress } from './settings.js'

/** Counts the outcomes for all sessions, and reports the numbers. */
export class Progress implements Outcomes {
  readonly #requests: CleaningRequests
  readonly #onProgress: ((progress: CleaningProgress) => void) | undefined
  readonly #started = monotonic()
  #scanned = 0
  #expired = 0
  #deleted = 0
  #kept = 0

  constructor(requests: CleaningRequests, onProgress: ((progress: CleaningProgress) => void) | undefined) {
    this.#requests = requests
    this.#onProgress = onProgress
  }

  saw(expired: boolean): void {
    this.#scanned += 1
    if (expired) this.#expired += 1
    else this.#kept += 1
  }

  /** Counts items that are not sessions of this application. They stay. */
  foreign(items: number): void {
    this.#scanned += items
    this.#kept += items
  }

  deleted(sessions: number): void {
    if (sessions === 0) return
    this.#deleted += sessions
    this.report()
  }

  refreshed(sessions: number): void {
    if (sessions === 0) return
    this.#kept += sessions
    this.report()
  }

  /** Counts sessions that stay because cleaning was stopped, or because the clock was set. */
  abandoned(sessions: number): void {
    this.#kept += sessions
  }

  report(): void {
    this.#onProgress?.(this.progress())
  }

  progress(): CleaningProgress {
    return {
      scanned: this.#scanned,
      dead: this.#expired,
      deleted: this.#deleted,
      kept: this.#kept,
      capacityUnits: round(this.#requests.capacityUnits, 1),
      seconds: round((monotonic() - this.#started) / 1000, 3),
    }
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
