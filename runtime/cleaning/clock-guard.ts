import { wallClock } from '../async/clock.js'
import { offsetText, type ServerClock } from '../dynamodb/server-clock.js'
import { WrongClockError } from '../errors.js'

/** Answers to ask for before a clock counts as not to be judged: two show that it is wrong, and one may be slow. */
const QUESTIONS = 3

/** Gives the time by which sessions may be deleted, and refuses where DynamoDB's answers show that it is wrong. */
export class ClockGuard {
  readonly #clock: ServerClock
  readonly #ask: () => Promise<unknown>
  readonly #trusted: boolean
  #asking: Promise<void> | undefined
  /** The clock's count of steps when it was last asked for. */
  #askedAt: number | undefined

  /** @param ask sends a small request, whose answer tells the time */
  constructor(clock: ServerClock, ask: () => Promise<unknown>, { trusted }: { readonly trusted: boolean }) {
    this.#clock = clock
    this.#ask = ask
    this.#trusted = trusted
  }

  /**
   * Now, in milliseconds since the epoch. Requests are sent only where no answer has confirmed the clock since it was last
   * set. Where answers carry no date, or are slow, the clock is trusted.
   *
   * @throws {WrongClockError}
   */
  async now(): Promise<number> {
    if (this.#trusted) return wallClock()
    if (this.#clock.status === 'unknown') {
      this.#asking ??= this.#confirm().finally(() => {
        this.#asking = undefined
      })
      await this.#asking
    }
    const now = wallClock()
    if (this.#clock.status === 'wrong') throw wrongClock(this.#clock.offset ?? 0)
    return now
  }

  async #confirm(): Promise<void> {
    if (this.#askedAt === this.#clock.steps || this.#clock.isSilent) return
    for (let question = 0; question < QUESTIONS && this.#clock.status === 'unknown'; question += 1) {
      await this.#ask()
      this.#askedAt = this.#clock.steps
    }
  }
}

function wrongClock(offset: number): WrongClockError {
  const text =
    `This machine's clock is ${offsetText(offset)} DynamoDB's, so it can't tell which sessions are expired. Cleaning deletes ` +
    'nothing more. Set the clock, for example by NTP. If this clock is right, use --trust-clock (in code trustClock: true).'
  return new WrongClockError(text, offset)
}
