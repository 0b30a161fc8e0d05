import { backOff } from '../async/backoff.js'
import { monotonic } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import { LockLostError, SessionConflictError, SessionTooLargeError } from '../errors.js'
import { packData } from './item/compression.js'
import { indexAttributes } from './item/index-attributes.js'
import { keepTexts } from './item/keep-number-texts.js'
import { merge } from './item/merge.js'
import { savesIn, savesWith, tokenOf, wasApplied } from './item/saves.js'
import { serialize } from './item/serialize.js'
import { hashSessionId } from './item/session-id.js'
import { type Item, present, recordOf, type SessionRecord } from './item/session-record.js'
import { checkSize } from './item/size.js'
import type { Changes, Condition, SessionItems, WriteResult } from './requests/session-items.js'

/** Told when a save won over another request's change of the same top-level keys. */
export type ConflictListener = (conflict: { readonly keys: readonly string[]; readonly sessionIdHash: string }) => void

/** How often a save is merged with those of others before it gives up. */
export const ATTEMPTS = 10

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
   * @param plain `record.base` is known to be JSON as JavaScript writes it
   */
  async save(
    record: SessionRecord,
    ours: string,
    timesOf: (stored: SessionRecord) => Changes,
    plain = false,
  ): Promise<SessionRecord | undefined> {
    let stored = record
    let changedByOthers = false
    for (let attempt = 0; ; ) {
      const { json, conflicts } = this.combine(record.base, ours, stored.json, changedByOthers, plain)
      const times = timesOf(stored)
      const changes: Changes = json === stored.json ? { ...times } : await this.#changes(json, times)
      if (record.token) Object.assign(changes, unlocking(record))
      if (this.#expectsVersion)
        Object.assign(changes, { saves: savesWith(tokenOf(times.updated_at?.S ?? ''), stored.saves) })
      checkSize(record.id, changes, this.#configuration, stored.cookie)
      const started = monotonic()
      const { result, changes: sent } = await this.#write(stored, changes, this.condition(stored))
      const applied = result.written || this.#wasApplied(result, stored, times)
      if (applied) {
        if (conflicts.length > 0) this.#onConflict?.({ keys: conflicts, sessionIdHash: hashSessionId(record.id) })
        return written(stored, sent, { json, base: ours })
      }
      if (!result.current) return undefined
      assertStillLocked(record, result)
      if (applied === undefined) throw unknown(record.id)
      const theirs = recordOf(record.id, result.current, this.#configuration, record.token)
      if (theirs.json === stored.json) {
        stored = theirs // only its times moved: nobody's change is at stake
      } else {
        if (this.#configuration.onConflict === 'reject' && ours !== record.base) throw rejected(record.id)
        const fresh = await this.#readLater(record.id, attempt, monotonic() - started)
        if (!fresh) return undefined
        stored = recordOf(record.id, fresh, this.#configuration, record.token)
        changedByOthers = true
      }
      attempt += 1
      if (attempt > ATTEMPTS) throw exhausted(record.id)
    }
  }

  async #changes(json: string, times: Changes): Promise<Changes> {
    const { indexKeys } = this.#configuration
    const data = await packData(json, this.#configuration)
    const changes = { data, ...times }
    return indexKeys.length > 0 ? { ...changes, ...indexAttributes(json, indexKeys) } : changes
  }

  /**
   * Renews times only. A lock that was lost, like a session that is gone, means that nothing is written.
   *
   * It is written on the version that was loaded, or on the lock, as every write of `updated_at` is. Otherwise its
   * repeat, after others have saved, would give the item a version that it had before. A save that expects this version
   * would then overwrite what they saved.
   *
   * @param isStillDue whether the session must be renewed although others have written it
   */
  async touch(
    record: SessionRecord,
    timesOf: (stored: SessionRecord) => Changes,
    isStillDue: (current: Item) => boolean,
  ): Promise<SessionRecord | undefined> {
    const { version, json, token } = record // what others wrote before the touch is still to be noticed by a save
    const times = timesOf(record)
    const equals = token ? { locked_at: { S: token } } : { updated_at: version }
    const renewal = { ...times, ...unlocking(record) }
    const { result, changes } = await this.#write(record, renewal, { exists: true, equals })
    if (result.written || isOurs(result, times)) return { ...written(record, changes, {}), ...(token && { version }) }
    if (!result.current) return undefined
    if (token || !isStillDue(result.current)) return { ...record, token: undefined }
    const renewed = await this.save(record, record.base, timesOf)
    return renewed && { ...renewed, version, json }
  }

  /**
   * Writes. Data that is not changed may have attributes out of step with it (`index_keys`), being older than the
   * option or last written by somebody who does not know it. They are mended with the same write, but only on the
   * version that they were made of, and where that can't be had the write happens without. An item without data gets
   * it, unless somebody else has written it meanwhile.
   *
   * @returns also the changes that were written
   */
  async #write(stored: SessionRecord, wanted: Changes, condition: Condition): Promise<Sent> {
    const lacking = stored.dataMissing && !wanted.data
    const changes = lacking ? { ...wanted, data: { S: stored.json } } : wanted
    const options = { keep: lacking ? ['data'] : [] }
    const mending = wanted.data ? undefined : this.#mending(stored)
    if (mending) {
      const mended = { ...changes, ...mending }
      const onVersion = { ...condition, equals: { ...condition.equals, updated_at: stored.version } }
      const result = await this.#items.write(stored.id, mended, onVersion, options).catch(unlessRefused)
      const settled = result?.written || !result?.current || isOurs(result, changes) || hasVersion(condition)
      if (result && settled) return { result, changes: mended }
    }
    return { result: await this.#items.write(stored.id, changes, condition, options), changes }
  }

  /** Saves expect the version that was loaded. */
  get #expectsVersion(): boolean {
    return this.#configuration.locking !== 'none'
  }

  /** Whether an earlier attempt of this save was applied, of which the answer was lost; undefined: nobody knows. */
  #wasApplied(result: WriteResult, stored: SessionRecord, times: Changes): boolean | undefined {
    if (isOurs(result, times)) return true
    if (result.written || !result.repeated || !result.current || !this.#expectsVersion) return false
    return wasApplied(tokenOf(times.updated_at?.S ?? ''), stored.saves, savesIn(result.current.saves))
  }

  /** The attributes that are not as the data wants them; undefined when all are. */
  #mending({ json, others }: SessionRecord): Changes | undefined {
    const wanted = Object.entries(indexAttributes(json, this.#configuration.indexKeys))
    const wrong = wanted.filter(
      ([name, value]) => value?.S !== (Object.hasOwn(others, name) ? others[name]?.S : undefined),
    )
    return wrong.length > 0 ? Object.fromEntries(wrong) : undefined
  }

  /** What must hold of the item for a save of what was read of it. */
  condition(stored: SessionRecord): Condition {
    return {
      exists: true,
      equals: {
        ...(this.#expectsVersion && { updated_at: stored.version }),
        ...(stored.token && { locked_at: { S: stored.token } }),
      },
    }
  }

  /** Our changes since `base`, over what is stored; what is not changed keeps its text. */
  combine(base: string, ours: string, stored: string, changedByOthers: boolean, plain = false): Combined {
    if (ours === base) return { json: stored, conflicts: [] }
    if (stored === base) return { json: plain ? ours : keepTexts(ours, stored), conflicts: [] }
    const versions = { base: JSON.parse(base), ours: JSON.parse(ours), theirs: JSON.parse(stored) }
    const { onConflict } = this.#configuration
    if (changedByOthers && typeof onConflict === 'function')
      return { json: keepTexts(serialize(onConflict(versions)), stored), conflicts: [] }
    const { data, conflicts } = merge(versions.base, versions.ours, versions.theirs)
    return { json: keepTexts(serialize(data), stored), conflicts }
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

interface Sent {
  readonly result: WriteResult
  readonly changes: Changes
}

interface Combined {
  readonly json: string
  readonly conflicts: readonly string[]
}

export function unlocking(record: SessionRecord): Changes {
  return record.token ? { locked_at: undefined } : {}
}

/** Our own write, of which only the answer was lost: its time is on the item, and no other writer makes the same. */
export function isOurs(result: WriteResult, times: Changes): boolean {
  return !result.written && result.repeated && result.current?.updated_at?.S === times.updated_at?.S
}

export function assertStillLocked(record: SessionRecord, result: WriteResult): void {
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

function hasVersion({ equals = {} }: Condition): boolean {
  return 'updated_at' in equals
}

/** For `catch`: what DynamoDB takes no offence at without the attributes, as with an index of another type on them. */
function unlessRefused(error: unknown): undefined {
  const refused =
    error instanceof Error && (error.name === 'ValidationException' || error instanceof SessionTooLargeError)
  if (!refused) throw error
}

function written(stored: SessionRecord, changes: Changes, texts: { json?: string; base?: string }): SessionRecord {
  const { id, data, createdAt, others } = stored
  const { updated_at: version, expire_at: expires, cookie } = changes
  return {
    id,
    data,
    json: texts.json ?? stored.json,
    base: texts.base ?? stored.base,
    createdAt,
    updatedAt: version?.S,
    expireAt: expires?.N === undefined ? undefined : Number(expires.N),
    version,
    cookie: cookie?.S ?? stored.cookie,
    token: undefined,
    saves: changes.saves ? savesIn(changes.saves) : stored.saves,
    dataMissing: false,
    others: withChanged(others, changes),
  }
}

/** What is stored beside what all sessions have. */
function withChanged(others: Item, changes: Changes): Item {
  const changed = Object.keys(changes).filter((name) => !OF_ALL.includes(name))
  if (changed.length === 0) return others
  return present({ ...others, ...Object.fromEntries(changed.map((name) => [name, changes[name]])) })
}

const OF_ALL = ['data', 'created_at', 'updated_at', 'expire_at', 'cookie', 'locked_at', 'saves']

export function rejected(id: string): SessionConflictError {
  return new SessionConflictError(
    `Another request changed the session ${hashSessionId(id)} since this one loaded it; nothing was written ` +
      '(on_conflict: reject). Repeat the request.',
  )
}

function unknown(id: string): SessionConflictError {
  return new SessionConflictError(
    `The answer to a save of the session ${hashSessionId(id)} was lost, and other requests have saved it several times since: ` +
      'the changes of this request may or may not have been stored. Load the session again to see them.',
    true,
  )
}

export function exhausted(id: string): SessionConflictError {
  return new SessionConflictError(
    `Other requests changed the session ${hashSessionId(id)} while it was saved, and again at ${ATTEMPTS} attempts to merge; nothing was ` +
      'written. Repeat the request, or use locking: pessimistic for sessions that many requests change.',
  )
}
