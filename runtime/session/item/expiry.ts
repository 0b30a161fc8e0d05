import { milliseconds } from './timestamp.js'

/** The limits of the configuration, in seconds. */
export interface Limits {
  readonly maxAge: number | undefined
  readonly maxStale: number | undefined
}

/** The times of a session as stored: as text, and `expireAt` in whole seconds. */
export interface Times {
  readonly createdAt: string | undefined
  readonly updatedAt: string | undefined
  readonly expireAt: number | undefined
}

/**
 * Whether the session has expired: not used for `max_stale`, older than `max_age`, or past the `expire_at` that its
 * writer gave it. A missing time does not end the session.
 *
 * @param now milliseconds since the epoch
 */
export function hasExpired(times: Times, limits: Limits, now: number): boolean {
  return now >= endOf(times, limits)
}

/** When the session expires if nothing touches it: milliseconds since the epoch. Infinity if nothing ends it. */
export function endOf(times: Times, limits: Limits): number {
  const limit = Math.min(
    end(milliseconds(times.updatedAt), limits.maxStale),
    end(milliseconds(times.createdAt), limits.maxAge),
  )
  const own = end(0, times.expireAt)
  return own < limit && !isRubysNow(times) ? own : limit
}

/**
 * The `expire_at` to store: the earliest end that applies, in whole seconds since the epoch. It is rounded up, so that
 * Time to Live never deletes a session that a read would still find. Undefined when nothing ends the session.
 *
 * @param updatedAt, createdAt milliseconds since the epoch
 * @param ownEnd when the session ends by itself, for example with its cookie; milliseconds since the epoch
 */
export function expireAt(
  times: { readonly updatedAt: number; readonly createdAt: number | undefined; readonly ownEnd: number | undefined },
  limits: Limits,
): number | undefined {
  const { updatedAt, createdAt, ownEnd = Number.POSITIVE_INFINITY } = times
  const earliest = Math.min(end(updatedAt, limits.maxStale), end(createdAt, limits.maxAge), ownEnd)
  return earliest < Number.POSITIVE_INFINITY ? Math.ceil(earliest / 1000) : undefined
}

/** Infinity without a limit. */
function end(from: number | undefined, seconds: number | undefined): number {
  return from === undefined || seconds === undefined ? Number.POSITIVE_INFINITY : from + seconds * 1000
}

/**
 * Whether `expire_at` is the time of the Ruby gem's last write. The gem writes the current time if its `max_stale`
 * is not set. Such a time does not end the session. Ruby's times have at most seven digits of fraction, ours fifteen
 * (docs/design/wire-format.md).
 */
export function isRubysNow({ updatedAt, expireAt }: Times): boolean {
  if (updatedAt === undefined || expireAt === undefined || !/^\d+\.\d{1,7}$/.test(updatedAt)) return false
  return expireAt <= Number(updatedAt) + 1
}
