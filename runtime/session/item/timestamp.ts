import { randomInt } from 'node:crypto'

/** A time stored further ahead than this comes from a wrong clock. Milliseconds. */
const IMPLAUSIBLY_AHEAD = 60_000

/**
 * A time as it stands in an item: seconds since the epoch with six digits of microseconds, and nine random ones so
 * that no two writers produce the same text.
 *
 * @param now milliseconds since the epoch
 * @param after the stored time that the new one replaces; the result is greater, as text, even when our clock is
 *   behind that of the other writer – unless that time is more than a minute ahead
 */
export function timestamp(now: number, after?: string): string {
  const text = format(Math.floor(now * 1000))
  if (after === undefined || text > after) return text
  const stored = microseconds(after)
  if (stored === undefined || stored > (now + IMPLAUSIBLY_AHEAD) * 1000) return text
  return format(stored + 1)
}

/** A text that is less than every stored time from `time` (milliseconds) on, and greater than every earlier one. */
export function timestampBefore(time: number): string {
  return digits(Math.floor(time * 1000))
}

function format(microseconds: number): string {
  return digits(microseconds) + String(randomInt(1_000_000_000)).padStart(9, '0')
}

function digits(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000)
  return `${seconds}.${String(microseconds % 1_000_000).padStart(6, '0')}`
}

const TIME = /^(\d+)(?:\.(\d+))?$/

/** Milliseconds since the epoch of a stored time; undefined when there is none or it is no time. */
export function milliseconds(text: string | undefined): number | undefined {
  return text !== undefined && TIME.test(text) ? Number(text) * 1000 : undefined
}

/** Whole microseconds of a stored time, taken from its digits: a floating-point number would be one off at times. */
function microseconds(text: string): number | undefined {
  const [, seconds, fraction = ''] = TIME.exec(text) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
}
