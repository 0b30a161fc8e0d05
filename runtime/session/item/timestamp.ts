import { randomInt } from 'node:crypto'

/** A time that is stored further ahead comes from a wrong clock. Milliseconds. */
export const IMPLAUSIBLY_AHEAD = 60_000

/**
 * The text of a time in an item: seconds since the epoch with six digits of microseconds and nine random digits, so that
 * no two writers produce the same text.
 *
 * @param now milliseconds since the epoch
 * @param after the stored time that this one replaces. The result is greater, as text, even if our clock is behind the
 *   other writer's clock. This does not hold for a stored time more than a minute ahead.
 */
export function timestamp(now: number, after?: string): string {
  const text = format(Math.floor(now * 1000))
  if (after === undefined || text > after) return text
  const stored = microseconds(after)
  if (stored === undefined || stored > (now + IMPLAUSIBLY_AHEAD) * 1000) return text
  return format(stored + 1)
}

/** A text that is less than every stored time since `time` (milliseconds), and greater than every earlier one. */
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

/** A stored time in milliseconds since the epoch; undefined when there is none or it is no time. */
export function milliseconds(text: string | undefined): number | undefined {
  return text !== undefined && TIME.test(text) ? Number(text) * 1000 : undefined
}

/** Whole microseconds of a stored time, from its digits. A floating-point number would sometimes be off by one. */
function microseconds(text: string): number | undefined {
  const [, seconds, fraction = ''] = TIME.exec(text) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
}
