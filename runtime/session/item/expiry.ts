import { milliseconds } from './timestamp.js'

/** The limits of the configuration, in seconds. */
export interface Limits {
  readonly maxAge: number | undefined
  readonly maxStale: number | undefined
}

/** The times of a session as stored: text for those that are texts in the item, whole seconds for `expireAt`. */
export interface Times {
  readonly createdAt: string | undefined
  readonly updatedAt: string | undefined
  readonly expireAt: number | undefined
}

/**
 * Whether the session is over: not used for `max_stale`, older than `max_age`, or past the `expire_at` that its writer
 * gave it. A time that is missing ends nothing.
 *
 * @param now milliseconds since the epoch
 */
export function isDead(times: Times, limits: Limits, now: number): boolean {
  const ends = [
    end(milliseconds(times.updatedAt), limits.maxStale),
    end(milliseconds(times.createdAt), limits.maxAge),
    isRubysNow(times) ? undefined : end(0, times.expireAt),
  ]
  return ends.some((at) => at !== undefined && now >= at)
}

/**
 * The `expire_at` to store: the earliest end that applies, in whole seconds since the epoch, rounded up so that TTL
 * never deletes a session that a read would still serve; undefined when nothing ends the session.
 *
 * @param updatedAt, createdAt milliseconds since the epoch
 * @param ownEnd when the session ends by itself, for example with its cookie; milliseconds since the epoch
 */
export function expireAt(
  times: { readonly updatedAt: number; readonly createdAt: number | undefined; readonly ownEnd: number | undefined },
  limits: Limits,
): number | undefined {
  const ends = [end(times.updatedAt, limits.maxStale), end(times.createdAt, limits.maxAge), times.ownEnd]
  const known = ends.filter((at) => at !== undefined)
  return known.length > 0 ? Math.ceil(Math.min(...known) / 1000) : undefined
}

function end(from: number | undefined, seconds: number | undefined): number | undefined {
  return from === undefined || seconds === undefined ? undefined : from + seconds * 1000
}

/**
 * The Ruby gem writes `expire_at` = now when its `max_stale` is not set: that ends nothing. Its times have at most
 * seven digits of fraction, ours fifteen (docs/design/wire-format.md).
 */
export function isRubysNow({ updatedAt, expireAt }: Times): boolean {
  if (updatedAt === undefined || expireAt === undefined || !/^\d+\.\d{1,7}$/.test(updatedAt)) return false
  return expireAt <= Number(updatedAt) + 1
}
