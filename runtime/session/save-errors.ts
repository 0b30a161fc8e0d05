import { LockLostError, SessionConflictError } from '../errors.js'
import { hashSessionId } from './item/session-id.js'
import type { Item, SessionRecord } from './item/session-record.js'

/** How often a save is merged with those of other requests before it fails. */
export const ATTEMPTS = 10

/**
 * @param current the item as another request wrote it
 * @param maybeWritten whether the changes of this request may have been stored before
 * @throws {LockLostError} when the record had the lock and the item has another
 */
export function assertStillLocked(record: SessionRecord, current: Item, maybeWritten: boolean): void {
  if (!record.token || current.locked_at?.S === record.token) return
  const outcome = maybeWritten
    ? 'Other requests have written since, so it is unknown whether the changes of this request were stored.'
    : 'Nothing was written.'
  throw new LockLostError(
    `Another request took over the lock of the session ${hashSessionId(record.id)}, because this request held it for ` +
      `longer than lock_expiry_time. ${outcome}`,
    maybeWritten,
  )
}

export function rejected(id: string): SessionConflictError {
  return new SessionConflictError(
    `Another request changed the session ${hashSessionId(id)} since this one loaded it; nothing was written ` +
      '(on_conflict: reject). Repeat the request.',
  )
}

export function unknownOutcome(id: string): SessionConflictError {
  return new SessionConflictError(
    `The response to a save of the session ${hashSessionId(id)} was lost, and other requests have saved it several times ` +
      'since. The changes of this request may or may not have been stored. Load the session again to see them.',
    true,
  )
}

export function exhausted(id: string): SessionConflictError {
  return new SessionConflictError(
    `Other requests changed the session ${hashSessionId(id)} during each of ${ATTEMPTS} attempts to merge its changes; ` +
      'nothing was written. Repeat the request, or use locking: pessimistic for sessions that many requests change.',
  )
}
