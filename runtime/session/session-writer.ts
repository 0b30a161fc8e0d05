import type { Configuration } from '../configuration/resolve.js'
import { LockLostError, SessionConflictError } from '../errors.js'
import { backOff } from './backoff.js'
import { merge } from './merge.js'
import { serialize } from './serialize.js'
import { hashSessionId } from './session-id.js'
import type { Changes, Condition, SessionItems, WriteResult } from './session-items.js'
import { type Item, recordOf, type SessionRecord } from './session-record.js'
import { checkSize } from './size.js'

/** Told when a save won over another request's change of the same top-level keys. */
export type ConflictListener = (conflict: { readonly keys: readonly string[]; readonly sessionIdHash: string }) => void

/** How often a save is merged with those of others before it gives up. */
const ATTEMPTS = 10

/** Upper bound of the wait between two attempts. Milliseconds. */
const LONGEST_WAIT = 3000

/**
 * Writes sessions that were loaded before: the place where concurrent requests meet.
 *
 * - locking none: the session must still be there; the last write wins.
 * - optimistic: it must also be the version that was loaded. If others changed it, ours is merged with theirs.
 * - pessimistic: it must also still be locked by us. (Writers that ignore locks are merged.)
 */
export class SessionWriter {
  readonly #configuration: Configuration
  readonly #items: SessionItems
  readonly #onConflict: ConflictListener | undefined

  constructor(configuration: Configuration, items: SessionItems, onConflict: ConflictListener | undefined) {
    this.#configuration = configuration
    this.#items = items
    this.#onConflict = onConflict
  }

  /**
   * @param ours JSON of the data to store; `record.base` when it is unchanged
   * @param timesOf the times and the cookie to write over what is stored
   */
  async save(
    record: SessionRecord,
    ours: string,
    timesOf: (stored: SessionRecord) => Changes,
  ): Promise<SessionRecord | undefined> {
    let stored = record
    let changedByOthers = false
    for (let attempt = 0; ; ) {
      const { json, conflicts } = this.#combine(record.base, ours, stored.json, changedByOthers)
      const times = timesOf(stored)
      const changes: Changes = { ...times, ...(json !== stored.json && { data: { S: json } }), ...unlocking(record) }
      checkSize(record.id, { cookie: textOf(stored.cookie), data: { S: json }, ...changes }, this.#configuration)
      const started = performance.now()
      const result = await this.#items.write(record.id, changes, this.#condition(stored))
      if (result.written || isOurs(result, times)) {
        if (conflicts.length > 0) this.#onConflict?.({ keys: conflicts, sessionIdHash: hashSessionId(record.id) })
        return written(stored, times, { json, base: ours })
      }
      if (!result.current) return undefined
      assertStillLocked(record, result)
      const theirs = recordOf(record.id, result.current, record.token)
      if (theirs.json === stored.json) {
        stored = theirs // only its times moved: nobody's change is at stake
      } else {
        if (this.#configuration.onConflict === 'reject' && ours !== record.base) throw rejected(record.id)
        const fresh = await this.#readLater(record.id, attempt, performance.now() - started)
        if (!fresh) return undefined
        stored = recordOf(record.id, fresh, record.token)
        changedByOthers = true
      }
      attempt += 1
      if (attempt > ATTEMPTS) throw exhausted(record.id)
    }
  }

  /** Renews times only. A lock that was lost, like a session that is gone, means that nothing is written. */
  async touch(record: SessionRecord, times: Changes): Promise<SessionRecord | undefined> {
    const equals = record.token ? { locked_at: { S: record.token } } : {}
    const result = await this.#items.write(record.id, { ...times, ...unlocking(record) }, { exists: true, equals })
    if (result.written || isOurs(result, times)) return written(record, times, {})
    return result.current && { ...record, token: undefined }
  }

  #condition(stored: SessionRecord): Condition {
    return {
      exists: true,
      equals: {
        ...(this.#configuration.locking !== 'none' && { updated_at: stored.version }),
        ...(stored.token && { locked_at: { S: stored.token } }),
      },
    }
  }

  /** Our changes since `base`, over what is stored. */
  #combine(base: string, ours: string, stored: string, changedByOthers: boolean): Combined {
    if (ours === base) return { json: stored, conflicts: [] }
    if (stored === base) return { json: ours, conflicts: [] }
    const versions = { base: JSON.parse(base), ours: JSON.parse(ours), theirs: JSON.parse(stored) }
    const { onConflict } = this.#configuration
    if (changedByOthers && typeof onConflict === 'function')
      return { json: serialize(onConflict(versions)), conflicts: [] }
    const { data, conflicts } = merge(versions.base, versions.ours, versions.theirs)
    return { json: serialize(data), conflicts }
  }

  /**
   * First wait, then read: what was read before the wait would be old after it, and the next attempt fail as well.
   * Where requests take long, more of those who wait for the same session would meet again: the waits grow from that.
   */
  async #readLater(id: string, attempt: number, requestTime: number): Promise<Item | undefined> {
    await backOff(attempt, LONGEST_WAIT, requestTime)
    return this.#items.get(id, { consistent: true })
  }
}

interface Combined {
  readonly json: string
  readonly conflicts: readonly string[]
}

function unlocking(record: SessionRecord): Changes {
  return record.token ? { locked_at: undefined } : {}
}

/** Our own write, of which only the answer was lost: its time is on the item, and no other writer makes the same. */
function isOurs(result: WriteResult, times: Changes): boolean {
  return !result.written && result.repeated && result.current?.updated_at?.S === times.updated_at?.S
}

function assertStillLocked(record: SessionRecord, result: WriteResult): void {
  if (result.written || !record.token || result.current?.locked_at?.S === record.token) return
  const what = result.repeated
    ? 'Others have written since, so that it is not known whether the changes of this request were stored.'
    : 'Nothing was written.'
  throw new LockLostError(
    `The lock of the session ${hashSessionId(record.id)} was taken over by another request, for this one held it for ` +
      `longer than lock_expiry_time. ${what}`,
    result.repeated,
  )
}

function written(stored: SessionRecord, times: Changes, data: { json?: string; base?: string }): SessionRecord {
  return {
    ...stored,
    ...data,
    updatedAt: times.updated_at?.S,
    version: times.updated_at,
    expireAt: times.expire_at?.N === undefined ? undefined : Number(times.expire_at.N),
    cookie: times.cookie?.S ?? stored.cookie,
    token: undefined,
  }
}

function textOf(text: string | undefined) {
  return text === undefined ? undefined : { S: text }
}

function rejected(id: string): SessionConflictError {
  return new SessionConflictError(
    `Another request changed the session ${hashSessionId(id)} since this one loaded it; nothing was written ` +
      '(on_conflict: reject). Repeat the request.',
  )
}

function exhausted(id: string): SessionConflictError {
  return new SessionConflictError(
    `Other requests changed the session ${hashSessionId(id)} while it was saved, and again at ${ATTEMPTS} attempts to merge; nothing was ` +
      'written. Repeat the request, or use locking: pessimistic for sessions that many requests change.',
  )
}
