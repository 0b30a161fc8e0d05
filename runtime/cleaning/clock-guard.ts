import { wallClock } from '../async/clock.js'
import { offsetText, type ServerClock } from '../dynamodb/server-clock.js'
import { WrongClockError } from '../errors.js'

/** After this many requests, an unconfirmed clock is trusted. Two responses prove a wrong clock, and one may be slow. */
const REQUESTS = 3

/** Gives the time that decides on deletions. Throws when DynamoDB's responses show that this machine's clock is wrong. */
export class ClockGuard {
  readonly #clock: ServerClock
  readonly #send: () => Promise<unknown>
  readonly #trusted: boolean
  #confirming: Promise<void> | undefined
  /** The clock's `steps` when a request was last sent. */
  #sentAt: number | undefined

  /** @param send sends a small request, whose response tells the time */
  constructor(clock: ServerClock, send: () => Promise<unknown>, { trusted }: { readonly trusted: boolean }) {
    this.#clock = clock
    this.#send = send
    this.#trusted = trusted
  }

  /**
   * Now, in milliseconds since the epoch. Sends requests only when no response has confirmed the clock since it was last set.
   * When responses have no date, or are slow, the clock is trusted.
   *
   * @throws {WrongClockError}
   */
  async now(): Promise<number> {
    if (this.#trusted) return wallClock()
    if (this.#clock.status === 'unknown') {
      this.#confirming ??= this.#confirm().finally(() => {
        this.#confirming = undefined
      })
      await this.#confirming
    }
    const now = wallClock()
    if (this.#clock.status === 'wrong') throw wrongClock(this.#clock.offset ?? 0)
    return now
  }

  async #confirm(): Promise<void> {
    if (this.#sentAt === this.#clock.steps || this.#clock.isSilent) return
    for (let request = 0; request < REQUESTS && this.#clock.status === 'unknown'; request += 1) {
      await this.#send()
      this.#sentAt = this.#clock.steps
    }
  }
}

function wrongClock(offset: number): WrongClockError {
  const text =
    `This machine's clock is ${offsetText(offset)} DynamoDB's, so it can't decide which sessions are expired. Cleaning ` +
    'deletes nothing more. Set the clock, for example by NTP. If this clock is right, use --trust-clock (in code trustClock: true).'
  return new WrongClockError(text, offset)
}
