import type { Clock } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import { InvalidSessionIdError } from '../errors.js'
import { keepTexts } from './item/keep-number-texts.js'
import { type SessionData, serialize } from './item/serialize.js'
import type { SessionExtras } from './item/session-extras.js'
import { hashSessionId } from './item/session-id.js'
import { keyOf } from './item/session-key.js'
import { type Item, recordOf, type SessionRecord } from './item/session-record.js'
import type { Changes, Condition, SessionItems, WriteResult } from './requests/session-items.js'
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

/** How the session under the new id is made, and taken back. */
interface Creation {
  create(id: string | (() => string), data: SessionData, extras: SessionExtras): Promise<SessionRecord | undefined>
  delete(id: string): Promise<void>
}

/** The parts that a renewal works with. */
interface Parts {
  readonly configuration: Configuration
  readonly repository: Creation
  readonly items: SessionItems
  readonly writer: SessionWriter
  readonly onConflict: ConflictListener | undefined
  readonly now: Clock
}

type LeaveResult =
  | { readonly left: true }
  /** `current`: the old session as it is; undefined when it is deleted. `successor`: where another request moved it. */
  | { readonly left: false; readonly current: Item | undefined; readonly successor?: string | undefined }

export interface Moving {
  /** Whether the session under the old id stays, as it was loaded. */
  readonly keep: boolean
  /** The only keys that the session has from then on, whoever changed others; not given: all. */
  readonly keys?: readonly string[] | undefined
}

/**
 * How long a forwarder stays. A logout follows a forwarder when its request loaded the session before the change of id.
 * So no request may take longer. Milliseconds.
 */
export const FORWARDER_LIFETIME = 15 * 60_000

/**
 * Gives sessions another id, by two writes.
 *
 * 1. The session is stored under the new id.
 * 2. The old item becomes a *forwarder*, on condition that it is as it was read: it loses its data and names the new
 *    item in its attribute `successor`. The item is no session any more. Saves and touches of other requests find the
 *    session deleted. They never follow a forwarder, because whoever knows the old id (session fixation) must not get
 *    the new data. Only a logout follows it.
 *
 * The second write decides:
 *
 * - It fails because the old session was deleted: the new item is deleted too. A logout is final.
 * - It fails because another request moved the session first: the new item becomes a forwarder to the other new
 *   id. Koa and @fastify/session still send the browser our new id, and a logout with this cookie has to follow too.
 * - It fails because another request changed the old session: the change is merged into the new item. Then the second
 *   write is repeated.
 * - It fails for any other reason: the old item is read. When it forwards to the new one, the write was applied.
 *   Otherwise the session stays under its old id, and the new item is deleted.
 */
export class SessionRegeneration {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * @param keep whether the old session is kept, as it was; else its item becomes a forwarder
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
    let successor: string | undefined
    try {
      let renewed = created
      let stored = record
      for (let attempt = 0; attempt <= ATTEMPTS; attempt += 1) {
        const times = timesOf(stored)
        const result = await (keep ? this.#keep(stored, times) : this.#forward(stored, times, created.id))
        if (result.left) {
          const { conflicts } = combined
          if (conflicts.length > 0) onConflict?.({ keys: conflicts, sessionIdHash: hashSessionId(renewed.id) })
          return { ...renewed, base: ours }
        }
        successor = result.successor
        if (successor !== undefined) break
        if (!result.current) {
          await repository.delete(created.id)
          return undefined
        }
        assertStillLocked(record, { written: false, current: result.current, repeated: false })
        const theirs = recordOf(record.id, result.current, this.#parts.configuration, record.token)
        const changed = kept(theirs.json, keys)
        if (changed !== kept(stored.json, keys)) {
          if (this.#parts.configuration.onConflict === 'reject' && ours !== base) throw rejected(record.id)
          combined = writer.combine(base, ours, changed, true)
          renewed = (await writer.save(renewed, combined.json, timesOf)) ?? renewed
        }
        stored = theirs
      }
      if (successor === undefined) throw exhausted(record.id)
    } catch (error) {
      // Nobody will learn of the new id. When this fails too, an item stays that nobody can open.
      await repository.delete(created.id).catch(() => undefined)
      throw error
    }
    // Not within `try`: a delete of the new item would follow it, and end the session of the other request.
    await this.#write(created.id, { S: created.updatedAt ?? '' }, successor, { exists: true })
    return undefined
  }

  /** Touches the old session and gives its lock back, if the stored version is the known one. */
  async #keep(stored: SessionRecord, times: Changes): Promise<LeaveResult> {
    const { items, writer } = this.#parts
    const result = await items.write(stored.id, { ...times, ...unlocking(stored) }, writer.condition(stored))
    if (result.written || isOurs(result, times)) return { left: true }
    return { left: false, current: result.current }
  }

  /** Makes the old item a forwarder, if the stored version is the known one. */
  async #forward(stored: SessionRecord, { updated_at }: Changes, newId: string): Promise<LeaveResult> {
    const { configuration, items, writer } = this.#parts
    const ours = keyOf(newId, configuration)
    try {
      const result = await this.#write(stored.id, updated_at, ours, writer.condition(stored))
      if (result.written || result.successor === ours) return { left: true }
      return { left: false, current: result.current, successor: result.successor }
    } catch (error) {
      // Nobody knows whether the write was applied: the stored item decides.
      const found = await items.successorOf(stored.id).catch(() => undefined)
      if (found === ours) return { left: true }
      throw error
    }
  }

  /** Writes a forwarder over a session. Attributes that this package does not know stay. */
  #write(id: string, updated_at: Changes['updated_at'], successor: string, condition: Condition): Promise<WriteResult> {
    const { configuration, items, now } = this.#parts
    const changes: Changes = {
      ...Object.fromEntries(configuration.indexKeys.map((name) => [name, undefined])),
      successor: { S: successor },
      data: { S: '{}' }, // without data the Ruby gem fails on the item
      created_at: undefined,
      updated_at,
      expire_at: { N: String(Math.ceil((now() + FORWARDER_LIFETIME) / 1000)) },
      cookie: undefined,
      locked_at: undefined,
      saves: undefined,
    }
    return items.write(id, changes, condition)
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
