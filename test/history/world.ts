import type { Dispatcher } from 'undici'
import type { Locking, Operation } from './history.js'
import type { ServerProcess } from './server-process.js'

/** One adapter with one kind of locking. */
export interface Group {
  readonly name: string
  readonly adapter: string
  readonly locking: Locking
  /** The session id in the value of a cookie. */
  readonly idOf: (cookieValue: string) => string
  /** Whether the framework can give a session another id, and begin another one in its place. */
  readonly can: { readonly regenerate: boolean; readonly restart: boolean }
}

/** What clients have in common. */
export interface World {
  readonly groups: readonly Group[]
  readonly servers: readonly ServerProcess[]
  readonly agent: Dispatcher
  readonly history: Operation[]
  /** Kinds of requests that are left out. */
  readonly without: ReadonlySet<string>
  /** Milliseconds after which an unused session is over. */
  readonly maxStale: number
  readonly pace: Pace
  isOver(): boolean
}

/** How many clients work at a time: so many that answers come quickly enough for sessions of a few seconds. */
export class Pace {
  readonly #most: number
  #limit = 6
  #average = 0

  constructor(most: number) {
    this.#most = most
  }

  /** @param number of the client, from 0 */
  allows(number: number): boolean {
    return number < this.#limit
  }

  /** @param time that a request took, in milliseconds */
  note(time: number): void {
    this.#average = this.#average * 0.98 + time * 0.02
    if (this.#average > 300) this.#limit = Math.max(4, this.#limit - 0.2)
    else if (this.#average < 200) this.#limit = Math.min(this.#most, this.#limit + 0.05)
  }
}
