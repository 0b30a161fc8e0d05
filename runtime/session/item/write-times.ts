import type { Configuration } from '../../configuration/resolve.js'
import { expireAt, isRubysNow, type Limits, type Times } from './expiry.js'
import type { SessionExtras } from './session-extras.js'
import type { Changes, SessionRecord } from './session-record.js'
import { IMPLAUSIBLY_AHEAD, milliseconds, timestamp } from './timestamp.js'

/**
 * What every write of a session sets: its times, and the cookie's settings if they changed. It also releases the lock.
 *
 * @param now milliseconds since the epoch
 */
export function touched(
  stored: Partial<Pick<SessionRecord, 'createdAt' | 'updatedAt' | 'cookie' | 'token'>>,
  extras: SessionExtras,
  limits: Limits,
  now: number,
): Changes {
  const { cookie, ownEnd } = extras
  const expires = expireAt({ updatedAt: now, createdAt: milliseconds(stored.createdAt), ownEnd }, limits)
  return {
    updated_at: { S: timestamp(now, stored.updatedAt) },
    expire_at: expires === undefined ? undefined : { N: String(expires) },
    ...(cookie !== undefined && cookie !== stored.cookie && { cookie: { S: cookie } }),
    ...(stored.token && { locked_at: undefined }),
  }
}

/**
 * Whether an unchanged session has to be written, so that it lives on: its last write is `touch_interval` or a tenth of
 * its lifetime ago.
 *
 * @param now milliseconds since the epoch
 */
export function isTouchDue(
  times: Times,
  extras: SessionExtras,
  limits: Limits & Pick<Configuration, 'touchInterval'>,
  now: number,
): boolean {
  const { maxStale = Number.POSITIVE_INFINITY, touchInterval } = limits
  const { ownLifetime = Number.POSITIVE_INFINITY, ownEnd } = extras
  const updatedAt = milliseconds(times.updatedAt)
  if (touchInterval === 0 || extras.changed || updatedAt === undefined || isRubysNow(times)) return true
  const age = now - updatedAt
  const longest = Math.min(touchInterval * 1000, (maxStale * 1000) / 10, ownLifetime / 10)
  if (age < -IMPLAUSIBLY_AHEAD || age >= longest) return true
  const expires = expireAt({ updatedAt: now, createdAt: milliseconds(times.createdAt), ownEnd }, limits)
  return (expires === undefined) !== (times.expireAt === undefined)
}
