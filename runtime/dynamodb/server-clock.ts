import { monotonic, wallClock } from '../async/clock.js'
import { warnProcess } from '../output.js'

/** This machine's clock is wrong when it differs from DynamoDB's by more than this. Milliseconds. */
const LARGEST_OFFSET = 300_000

/** A response that took longer does not show the present time: the process may have been suspended. Milliseconds. */
const LONGEST_ROUND_TRIP = 2000

/** When the wall clock moves by this much against the monotonic clock, the wall clock was set. Milliseconds. */
const SMALLEST_STEP = 60_000

/** - `unknown`: since the clock was last set, no response showed the time, or only one showed a wrong clock. */
export type ClockStatus = 'right' | 'wrong' | 'unknown'

/** One moment on both clocks. */
export interface Moment {
  readonly wall: number
  readonly monotonic: number
}

/** Now. */
export function moment(): Moment {
  return { wall: wallClock(), monotonic: monotonic() }
}

let warned = false

/**
 * Compares this machine's clock with DynamoDB's, by the header `Date` of responses (RFC 9110, 6.6.1). One response shows
 * that the clock is right. Two in a row show that the clock is wrong.
 */
export class ServerClock {
  #offset: number | undefined
  #offsetBefore: number | undefined
  /** The last header `Date`, and its time. */
  #date: string | undefined
  #time = Number.NaN
  #seen: Moment = moment()
  #steps = 0
  #isSilent = false

  get status(): ClockStatus {
    this.#look()
    if (this.#offset === undefined) return 'unknown'
    if (!isLarge(this.#offset)) return 'right'
    return isLarge(this.#offsetBefore) ? 'wrong' : 'unknown'
  }

  /** Milliseconds by which DynamoDB's clock is ahead of this machine's, to about a second; negative: behind it. */
  get offset(): number | undefined {
    this.#look()
    return this.#offset
  }

  /** Whether the last response had no `Date`. Later responses won't have one either. */
  get isSilent(): boolean {
    return this.#isSilent
  }

  /** How often a change of this machine's clock was noticed. */
  get steps(): number {
    this.#look()
    return this.#steps
  }

  /**
   * Compares the clocks by a response that has just come.
   *
   * @param date the header `Date` of the response
   * @param sent when the request was sent
   */
  observe(date: string | undefined, sent: Moment): void {
    const now = this.#look()
    if (date !== this.#date) this.#time = date === undefined ? Number.NaN : Date.parse(date)
    this.#date = date
    const time = this.#time
    this.#isSilent = Number.isNaN(time)
    if (this.#isSilent || !isShort(now.monotonic - sent.monotonic) || !isShort(now.wall - sent.wall)) return
    this.#offsetBefore = this.#offset
    this.#offset = time + HALF_A_SECOND - (now.wall + sent.wall) / 2
    if (!warned && this.status === 'wrong') this.#warn(this.#offset)
  }

  /** Forgets earlier responses when the clock was set after them. */
  #look(): Moment {
    const now = moment()
    const step = now.wall - this.#seen.wall - (now.monotonic - this.#seen.monotonic)
    this.#seen = now
    if (Math.abs(step) < SMALLEST_STEP) return now
    this.#steps += 1
    this.#offset = undefined
    this.#offsetBefore = undefined
    return now
  }

  #warn(offset: number): void {
    warned = true
    const text =
      `This machine's clock is ${offsetText(offset)} DynamoDB's. Sessions expire too early or too late, and cleaning is ` +
      'refused. Set the clock, for example by NTP.'
    warnProcess(text, 'DYNAMO_SESSION_STORE_CLOCK')
  }
}

/** The header `Date` has whole seconds, rounded down. */
const HALF_A_SECOND = 500

function isLarge(offset: number | undefined): boolean {
  return offset !== undefined && Math.abs(offset) > LARGEST_OFFSET
}

function isShort(duration: number): boolean {
  return Math.abs(duration) < LONGEST_ROUND_TRIP
}

/** `1 h 5 min behind`, `12 s ahead of`: this machine's clock compared with DynamoDB's. */
export function offsetText(offset: number): string {
  const seconds = Math.round(Math.abs(offset) / 1000)
  const minutes = seconds < 60 ? 0 : Math.round(seconds / 60)
  const units = [
    [Math.floor(minutes / 60), 'h'],
    [minutes % 60, 'min'],
    [minutes === 0 ? seconds : 0, 's'],
  ] as const
  const text = units.flatMap(([count, unit]) => (count > 0 ? `${count} ${unit}` : [])).join(' ')
  return `${text || '0 s'} ${offset > 0 ? 'behind' : 'ahead of'}`
}
