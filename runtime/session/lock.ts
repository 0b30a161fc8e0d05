import { backOff } from '../async/backoff.js'
import { type Clock, monotonic } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import { LockWaitTimeoutError } from '../errors.js'
import type { Figures } from './channels.js'
import { hashSessionId } from './item/session-id.js'
import type { Changes, Item } from './item/session-record.js'
import { timestamp, timestampBefore } from './item/timestamp.js'
import type { Hidden, SessionItems } from './requests/session-items.js'

/** Two machines whose clocks differ by no more than this can't both get the lock. Milliseconds. */
export const CLOCK_DIFFERENCE = 1000

/** An item that this request read and locked. */
export interface Locked {
  readonly item: Item
  readonly token: string
}

/**
 * Reads a session and takes its lock, by one UpdateItem that creates nothing. While another request holds the lock, this
 * request waits, at most `lock_max_wait_time`.
 *
 * This request takes a lock over in two cases. The condition of the write lets only one request do so.
 *
 * - The time of the lock is older than `lock_expiry_time` plus {@link CLOCK_DIFFERENCE}.
 * - The lock did not change while this request watched the lock for `lock_expiry_time`.
 *
 * @param onHidden called when the session moved to another id
 * @param figures gets the time that other requests held the lock
 * @returns undefined when there is no such session
 * @throws {LockWaitTimeoutError} when another request held the lock for `lock_max_wait_time`
 */
export async function lock(
  id: string,
  items: SessionItems,
  configuration: Configuration,
  now: Clock,
  onHidden?: (why: Hidden) => void,
  figures: Figures = {},
): Promise<Locked | undefined> {
  const { lockExpiryTime, lockRetryDelay, lockMaxWaitTime } = configuration
  const start = monotonic()
  const end = start + lockMaxWaitTime * 1000
  let watched: { value: Changes[string]; since: number } | undefined
  for (let attempt = 0; ; attempt += 1) {
    const token = timestamp(now())
    const leftBehind = watched && monotonic() - watched.since >= lockExpiryTime ? watched.value : undefined
    const before = timestampBefore(now() - lockExpiryTime - CLOCK_DIFFERENCE)
    const condition = { exists: true, lockFree: { before, or: leftBehind } }
    const result = await items.write(id, { locked_at: { S: token } }, condition, { returnItem: true })
    if (result.written) return result.item && { item: result.item, token }
    const { current, repeated } = result
    if (result.successor !== undefined) onHidden?.('moved')
    if (!current) return undefined
    if (repeated && current.locked_at?.S === token) return { item: current, token }
    if (!watched || !sameValue(watched.value, current.locked_at)) {
      watched = { value: current.locked_at, since: monotonic() }
    }
    const left = end - monotonic()
    if (left <= 0) throw timeout(id, lockMaxWaitTime)
    await backOff(attempt, Math.min(lockRetryDelay, left))
    figures.lockWait = monotonic() - start
  }
}

/**
 * Releases a lock. Does nothing if another request has taken the lock over.
 *
 * @returns whether another request has taken it over
 */
export async function unlock(id: string, token: string, items: SessionItems): Promise<boolean> {
  const condition = { exists: true, equals: { locked_at: { S: token } } }
  const result = await items.write(id, { locked_at: undefined }, condition)
  return !result.written && !result.repeated && result.current !== undefined
}

function sameValue(one: Changes[string], other: Changes[string]): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function timeout(id: string, seconds: number): LockWaitTimeoutError {
  return new LockWaitTimeoutError(
    `Another request has held the lock of the session ${hashSessionId(id)} for ${seconds} seconds ` +
      '(lock_max_wait_time). Repeat the request, or look for a request that holds the session for long.',
  )
}
