import type { Configuration } from '../configuration/resolve.js'
import { InvalidSessionIdError } from '../errors.js'
import type { DeleteResult, IndexItems } from './index-items.js'
import { keepTexts } from './json-texts.js'
import { type SessionData, serialize } from './serialize.js'
import { hashSessionId } from './session-id.js'
import type { Changes, SessionItems } from './session-items.js'
import { keyOf } from './session-key.js'
import { recordOf, type SessionRecord } from './session-record.js'
import type { SessionExtras, SessionRepository } from './session-repository.js'
import {
  ATTEMPTS,
  assertStillLocked,
  type ConflictListener,
  exhausted,
  isOurs,
  rejected,
  type SessionWriter,
  unlocking,
} from './session-writer.js'

/** What the renewal of a session works with. */
interface Parts {
  readonly configuration: Configuration
  readonly repository: SessionRepository
  readonly items: SessionItems
  readonly index: IndexItems
  readonly writer: SessionWriter
  readonly onConflict: ConflictListener | undefined
}

export interface Moving {
  /** Whether the session under the old id stays, as it was loaded. */
  readonly keep: boolean
  /** The only keys that the session has from then on, whoever changed others; not given: all. */
  readonly keys?: readonly string[] | undefined
}

/**
 * Gives sessions another id. The session is stored under the new id first, and only then is the old item deleted, on
 * condition that it is as it was read: when the one fails, the other is still there. The old item never gets the new
 * data, for whoever knows its id (session fixation) must not have it.
 *
 * - If the old session was deleted in the meantime, so is the new one: a logout is final.
 * - What others changed in it meanwhile is merged into the new one.
 */
export class SessionRenewal {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * @param keep whether the old item is kept, as it was; else it is deleted
   * @param timesOf the times that a write of a session sets
   * @returns what is stored under the new id; undefined when the session was deleted in the meantime
   */
  async renew(
    record: SessionRecord,
    id: string | (() => string),
    data: SessionData,
    { keep, keys, ...extras }: SessionExtras & Moving,
    timesOf: (stored: SessionRecord) => Changes,
  ): Promise<SessionRecord | undefined> {
    const { repository, writer, onConflict } = this.#parts
    const ours = serialize(data)
    const base = kept(record.base, keys)
    let combined = writer.combine(base, ours, kept(record.json, keys), false)
    const { createdAt } = record
    const { json } = combined
    const cookie = extras.cookie ?? record.cookie
    const created = await repository.create(id, JSON.parse(json), { ...extras, cookie, createdAt, json })
    if (!created) throw taken(record.id)
    try {
      let renewed = created
      let stored = record
      for (let attempt = 0; attempt <= ATTEMPTS; attempt += 1) {
        const result = await this.#leave(stored, keep ? timesOf(stored) : undefined)
        if (result.deleted) {
          const { conflicts } = combined
          if (conflicts.length > 0) onConflict?.({ keys: conflicts, sessionIdHash: hashSessionId(renewed.id) })
          return { ...renewed, base: ours }
        }
        if (!result.current) {
          await repository.delete(created.id)
          return undefined
        }
        assertStillLocked(record, { written: false, current: result.current, repeated: false })
        const theirs = recordOf(record.id, result.current, record.token, this.#parts.configuration.serializer)
        const changed = kept(theirs.json, keys)
        if (changed !== kept(stored.json, keys)) {
          if (this.#parts.configuration.onConflict === 'reject' && ours !== base) throw rejected(record.id)
          combined = writer.combine(base, ours, changed, true)
          renewed = (await writer.save(renewed, combined.json, timesOf)) ?? renewed
        }
        stored = theirs
      }
      throw exhausted(record.id)
    } catch (error) {
      // Nobody will learn of the new id. When this fails too, an item stays that nobody can open.
      await repository.delete(created.id).catch(() => undefined)
      throw error
    }
  }

  /** Deletes the old item, or renews it and gives its lock back, as long as it is what we know of it. */
  async #leave(stored: SessionRecord, times: Changes | undefined): Promise<DeleteResult> {
    const { items, index, writer } = this.#parts
    const condition = writer.condition(stored)
    if (!times) return index.delete(keyOf(stored.id), condition.equals ?? {})
    const result = await items.write(stored.id, { ...times, ...unlocking(stored) }, condition)
    if (result.written || isOurs(result, times)) return { deleted: true }
    return { deleted: false, current: result.current }
  }
}

/** Some of the keys in the JSON of a session; their values keep their text. */
function kept(json: string, keys: readonly string[] | undefined): string {
  if (!keys) return json
  const entries = Object.entries(JSON.parse(json)).filter(([key]) => keys.includes(key))
  return keepTexts(serialize(Object.fromEntries(entries) as SessionData), json)
}

function taken(id: string): InvalidSessionIdError {
  return new InvalidSessionIdError(
    `The new id for the session ${hashSessionId(id)} belongs to another session already; nothing was changed. Ids must ` +
      'be random.',
  )
}
