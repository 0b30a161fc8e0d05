import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { envName } from '../configuration/option-table.js'
import type { Configuration } from '../configuration/resolve.js'
import { ConfigurationError } from '../errors.js'
import { isDead, type Limits } from '../session/item/expiry.js'
import { type Item, successorOf, timesOf } from '../session/item/session-record.js'
import { milliseconds } from '../session/item/timestamp.js'
import { CLOCK_DIFFERENCE } from '../session/lock.js'

/** What defines which sessions are old. */
export interface ExpiryLimits extends Limits {
  /** Milliseconds. */
  readonly lockExpiryTime: number
}

/**
 * Without `max_age` and `max_stale` a session may end by its own `expire_at`, or never: whether cleaning finds
 * anything would depend on who wrote the items, and a missing configuration would look like a clean table. So that
 * has to be asked for.
 *
 * @throws {ConfigurationError} when nothing defines which sessions are old
 */
export function expiryLimits(configuration: Configuration, expireAtOnly: boolean): ExpiryLimits {
  const { maxAge, maxStale, lockExpiryTime, file } = configuration
  if (expireAtOnly) return { maxAge: undefined, maxStale: undefined, lockExpiryTime }
  if (maxAge === undefined && maxStale === undefined) {
    const place = file ?? 'the configuration file'
    const text =
      'neither is set, so nothing defines which sessions are old, and nothing was deleted; set max_stale or max_age ' +
      `(in ${place}, ENV ${envName('maxStale')}, code), or clean by the expire_at of the items alone ` +
      '(--expire-at-only, in code expireAtOnly)'
    throw new ConfigurationError([{ place: 'max_age, max_stale', text }])
  }
  return { maxAge, maxStale, lockExpiryTime }
}

/**
 * Whether an item may be deleted: its session has expired, and no request holds its lock. A forwarder, which a logout may
 * still have to follow, stays until its own `expire_at`.
 *
 * @param now milliseconds since the epoch
 */
export function isExpired(item: Item, old: ExpiryLimits, now: number): boolean {
  if (successorOf(item) !== undefined) return now >= Number(item.expire_at?.N) * 1000
  return isDead(timesOf(item), old, now) && !isHeld(item.locked_at, old.lockExpiryTime, now)
}

/** A lock of which it can't be told how old it is counts as held. */
function isHeld(lockedAt: AttributeValue | undefined, lockExpiryTime: number, now: number): boolean {
  if (lockedAt === undefined) return false
  const since = milliseconds(lockedAt.S ?? lockedAt.N)
  return since === undefined || now <= since + lockExpiryTime + CLOCK_DIFFERENCE
}
