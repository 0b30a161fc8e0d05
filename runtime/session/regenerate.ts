import type { Clock } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import { InvalidSessionIdError } from '../errors.js'
import type { AttributeName } from './item/attributes.js'
import { unpackClient } from './item/client.js'
import { pick } from './item/keep-number-texts.js'
import { type SessionData, serializeChanges } from './item/serialize.js'
import type { SessionExtras } from './item/session-extras.js'
import { hashSessionId } from './item/session-id.js'
import { keyOf } from './item/session-key.js'
import type { Changes, SessionRecord } from './item/session-record.js'
import { touched } from './item/write-times.js'
import type { SessionItems } from './requests/session-items.js'
import { ATTEMPTS, exhausted } from './save-errors.js'
import type { Attempt, SessionWriter } from './session-writer.js'

export interface Regenerating {
  /** Whether the session under the old id stays, with its loaded data. */
  readonly keep: boolean
  /** The only keys that the session keeps, even if other requests add more; not given: all keys. */
  readonly keys?: readonly string[] | undefined
}

/** The state at the start of a change of id. */
interface Start {
  /** The session under the old id, with only the keys that it keeps. */
  readonly loaded: SessionRecord
  /** JSON of the data to store under the new id. */
  readonly ours: string
  readonly extras: SessionExtras & Regenerating
}

/**
 * How long a forwarder stays, in milliseconds. A logout needs the forwarder if its request loaded the session before
 * the change of id. So such a request must not take longer.
 */
export const FORWARDER_LIFETIME = 15 * 60_000

/**
 * Gives sessions another id, by two writes.
 *
 * 1. The session is stored under the new id.
 * 2. The old item becomes a *forwarder*, on the same condition as a save. The item loses its data, and its attribute
 *    `successor` names the new item. The item is no longer a session: for saves and touches of other requests, the
 *    session is deleted. They never follow a forwarder, because an attacker may know the old id (session fixation).
 *    Only a logout follows a forwarder.
 *
 * The second write decides:
 *
 * - The old session was deleted: the new item is deleted too. A logout is final.
 * - Another request moved the session first: our new item becomes a forwarder to the other new id. koa-session and
 *   @fastify/session still send our new id to the browser, and a logout with this cookie must find the session.
 * - Another request changed the old session: the change is merged into the new item. Then the second write is repeated.
 * - The write fails for any other reason: the old item is read. If it names our new item, the write was applied.
 *   Otherwise the session stays under its old id, and the new item is deleted.
 */
export class SessionRegeneration {
  readonly #configuration: Configuration
  readonly #items: SessionItems
  readonly #writer: SessionWriter
  readonly #now: Clock

  constructor(configuration: Configuration, items: SessionItems, writer: SessionWriter, now: Clock) {
    this.#configuration = configuration
    this.#items = items
    this.#writer = writer
    this.#now = now
  }

  /** @returns the session under the new id; undefined when another request deleted or moved the session */
  async regenerate(
    record: SessionRecord,
    id: string | (() => string),
    data: SessionData,
    extras: SessionExtras & Regenerating,
  ): Promise<SessionRecord | undefined> {
    const { keys, cookie = record.cookie } = extras
    const oldKey = () => keyOf(record.id, this.#configuration)
    const client = extras.client ?? unpackClient(record.client, oldKey, this.#configuration)
    const loaded = { ...record, base: only(record.base, keys), json: only(record.json, keys) }
    const ours = serializeChanges(data, loaded.base)
    const { json, conflicts } = this.#writer.merge(loaded, ours, loaded.json)
    const created = await this.#writer.create(id, json, { ...extras, cookie, client }, record.createdAt)
    if (!created) throw taken(record.id)
    let successor: string | undefined
    try {
      const left = await this.#leave({ loaded, ours, extras }, created, conflicts)
      if (typeof left === 'object') return { ...left, base: ours }
      successor = left
      if (successor === undefined) await this.#items.delete(created.id)
    } catch (error) {
      // No browser gets the new id. If this delete fails too, an item remains that no request can find.
      await this.#items.delete(created.id).catch(() => undefined)
      throw error
    }
    // Outside of `try`: the delete in `catch` would follow the forwarder, and delete the other request's session.
    if (successor !== undefined) {
      const forwarder = this.#forwarder(successor, { S: created.updatedAt ?? '' })
      await this.#items.write(created.id, forwarder, { exists: true })
    }
    return undefined
  }

  /**
   * Ends the session under the old id, or touches the session if `keep` is set. Merges changes of other requests.
   *
   * @param created the session as stored under the new id
   * @returns the session as stored under the new id now. If another request moved the session first: the stored key of
   *   that move. If the session was deleted: undefined.
   */
  async #leave(
    { loaded, ours, extras }: Start,
    created: SessionRecord,
    conflicts: readonly string[],
  ): Promise<SessionRecord | string | undefined> {
    const { keep, keys } = extras
    let keysInConflict = conflicts
    let moved = created
    let stored = loaded
    for (let attempt = 0; attempt <= ATTEMPTS; attempt += 1) {
      const times = touched(stored, extras, this.#configuration, this.#now())
      const outcome = await (keep ? this.#writer.attempt(stored, times) : this.#forward(stored, times, created.id))
      if (outcome.kind === 'saved') {
        this.#writer.notify(created.id, keysInConflict)
        return moved
      }
      if (outcome.kind === 'deleted') return keep ? undefined : outcome.successor
      const theirs = this.#writer.theirs(loaded, { ...outcome, repeated: false })
      const changed = only(theirs.json, keys)
      if (changed !== only(stored.json, keys)) {
        const merged = this.#writer.merge(loaded, ours, changed)
        keysInConflict = merged.conflicts
        moved = (await this.#writer.save(moved, merged.json, extras)) ?? moved
      }
      stored = theirs
    }
    throw exhausted(loaded.id)
  }

  /** Makes the old item a forwarder, on the same condition as a save. */
  async #forward(stored: SessionRecord, { updated_at }: Changes, newId: string): Promise<Attempt> {
    const ours = keyOf(newId, this.#configuration)
    const changes = this.#forwarder(ours, updated_at)
    try {
      const outcome = await this.#writer.attempt(stored, changes)
      const isOurs = outcome.kind === 'deleted' && outcome.successor === ours
      return isOurs ? { kind: 'saved', record: stored } : outcome
    } catch (error) {
      // It is unknown whether the write was applied: the stored item decides.
      const found = await this.#items.successorOf(stored.id).catch(() => undefined)
      if (found === ours) return { kind: 'saved', record: stored }
      throw error
    }
  }

  /** The changes that make an item a forwarder. Attributes of other programs stay. */
  #forwarder(successor: string, updated_at: Changes[string]): Changes {
    const attributes: Record<AttributeName, Changes[string]> = {
      data: { S: '{}' }, // without data the Ruby gem fails on the item
      created_at: undefined,
      updated_at,
      expire_at: { N: String(Math.ceil((this.#now() + FORWARDER_LIFETIME) / 1000)) },
      locked_at: undefined,
      cookie: undefined,
      client: undefined,
      successor: { S: successor },
      saves: undefined,
    }
    return { ...Object.fromEntries(this.#configuration.indexKeys.map((name) => [name, undefined])), ...attributes }
  }
}

/** The JSON of a session with only these keys. Their values keep their text. */
function only(json: string, keys: readonly string[] | undefined): string {
  return keys ? pick(json, keys) : json
}

function taken(id: string): InvalidSessionIdError {
  return new InvalidSessionIdError(
    `The new id for the session ${hashSessionId(id)} belongs to another session already; nothing was changed. Ids must ` +
      'be random.',
  )
}
