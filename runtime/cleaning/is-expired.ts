import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { envName } from '../configuration/option-table.js'
import type { Configuration } from '../configuration/resolve.js'
import { ConfigurationError } from '../errors.js'
import { hasExpired, type Limits } from '../session/item/expiry.js'
import { type Item, successorOf, timesOf } from '../session/item/session-record.js'
import { milliseconds } from '../session/item/timestamp.js'
import { CLOCK_DIFFERENCE } from '../session/lock.js'

/** The limits that decide which sessions are expired. */
export interface ExpiryLimits extends Limits {
  /** Milliseconds. */
  readonly lockExpiryTime: number
}

/**
 * The limits of the configuration. Without `max_age` and `max_stale`, only items with an `expire_at` could expire. A missing
 * configuration would then look like a clean table, so the caller has to request `expireAtOnly`.
 *
 * @throws {ConfigurationError} without `max_age`, `max_stale` and `expireAtOnly`
 */
export function expiryLimits(configuration: Configuration, expireAtOnly: boolean): ExpiryLimits {
  const { maxAge, maxStale, lockExpiryTime, file } = configuration
  if (expireAtOnly) return { maxAge: undefined, maxStale: undefined, lockExpiryTime }
  if (maxAge === undefined && maxStale === undefined) {
    const place = file ?? 'the configuration file'
    const text =
      'neither is set, so no limit defines which sessions are expired, and nothing was deleted; set max_stale or max_age ' +
      `(in ${place}, ENV ${envName('maxStale')}, code), or clean only by the expire_at of the items ` +
      '(--expire-at-only, in code expireAtOnly)'
    throw new ConfigurationError([{ place: 'max_age, max_stale', text }])
  }
  return { maxAge, maxStale, lockExpiryTime }
}

/**
 * Whether an item may be deleted: its session is expired, and no request holds its lock. A forwarder stays until its own
 * `expire_at`, because a logout may have to follow it.
 *
 * @param now milliseconds since the epoch
 */
export function isExpired(item: Item, limits: ExpiryLimits, now: number): boolean {
  if (successorOf(item) !== undefined) return now >= Number(item.expire_at?.N) * 1000
  return hasExpired(timesOf(item), limits, now) && !isHeld(item.locked_at, limits.lockExpiryTime, now)
}

/** Whether a request may hold the lock. A lock of unknown age counts as held. */
function isHeld(lockedAt: AttributeValue | undefined, lockExpiryTime: number, now: number): boolean {
  if (lockedAt === undefined) return false
  const since = milliseconds(lockedAt.S ?? lockedAt.N)
  return since === undefined || now <= since + lockExpiryTime + CLOCK_DIFFERENCE
}
