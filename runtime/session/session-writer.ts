import { backOff } from '../async/backoff.js'
import { type Clock, monotonic } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import { SessionTooLargeError } from '../errors.js'
import { packClient, sealClientAnew } from './item/client.js'
import { indexAttributes } from './item/index-attributes.js'
import { keyringOf } from './item/keyring.js'
import { type Combined, combine } from './item/merge.js'
import { savesIn, savesWith, tokenOf, wasApplied } from './item/saves.js'
import type { SessionExtras } from './item/session-extras.js'
import { hashSessionId } from './item/session-id.js'
import { assertPossibleKey, keyOf } from './item/session-key.js'
import { type Changes, type Item, recordOf, type SessionRecord, storedRecord, timesOf } from './item/session-record.js'
import { checkSize } from './item/size.js'
import { storedData } from './item/stored-data.js'
import { timestamp } from './item/timestamp.js'
import { isTouchDue, touched } from './item/write-times.js'
import type { Condition, SessionItems, WriteResult } from './requests/session-items.js'
import { ATTEMPTS, assertStillLocked, exhausted, rejected, unknownOutcome } from './save-errors.js'

/** Called when a save overwrote another request's change of the same top-level keys. */
export type ConflictListener = (conflict: { readonly keys: readonly string[]; readonly sessionIdHash: string }) => void

/** How one write of a loaded session ended. */
export type Attempt = Saved | Deleted | Changed

/** `record`: the session as stored now. */
type Saved = { readonly kind: 'saved'; readonly record: SessionRecord }

/** `successor`: the stored key to which another request moved the session. */
type Deleted = { readonly kind: 'deleted'; readonly successor: string | undefined }

/** Another request wrote the session, so this write did not happen. */
export interface Changed {
  readonly kind: 'changed'
  readonly current: Item
  /** The request was sent more than once. */
  readonly repeated: boolean
  /** It is unknown whether an earlier attempt of this save was stored. */
  readonly isUnknown: boolean
}

/** How many ids are tried for a new session, if the ids are taken. */
const MOST_IDS = 5

/** Upper bound of the wait between two attempts. Milliseconds. */
const LONGEST_WAIT = 3000

/**
 * Writes sessions, and resolves conflicts of concurrent requests. A loaded session is written only if it is still
 * stored.
 *
 * - locking none: the last write wins.
 * - optimistic: the stored version must be the loaded version. Otherwise our changes are merged into the stored data.
 * - pessimistic: this request must also still hold the lock. Changes of writers that ignore locks are merged.
 */
export class SessionWriter {
  readonly #configuration: Configuration
  readonly #items: SessionItems
  readonly #onConflict: ConflictListener | undefined
  readonly #onLockLost: (id: string) => void
  readonly #now: Clock

  constructor(
    configuration: Configuration,
    items: SessionItems,
    listeners: { onConflict: ConflictListener | undefined; onLockLost: (id: string) => void; now: Clock },
  ) {
    this.#configuration = configuration
    this.#items = items
    this.#onConflict = listeners.onConflict
    this.#onLockLost = listeners.onLockLost
    this.#now = listeners.now
  }

  /**
   * Stores a new session.
   *
   * @param id the id; or a function that makes ids, called again if an item has the id already
   * @param json JSON of the data
   * @param createdAt for a session that moved here from another id: its `created_at`
   * @returns undefined when an item with this id exists; the item stays unchanged
   * @throws {InvalidSessionIdError} when no session can be stored under the id
   */
  async create(
    id: string | (() => string),
    json: string,
    extras: SessionExtras,
    createdAt?: string,
  ): Promise<SessionRecord | undefined> {
    const ids = typeof id === 'function' ? MOST_IDS : 1
    for (let attempt = 0; attempt < ids; attempt += 1) {
      const tried = typeof id === 'function' ? id() : id
      assertPossibleKey(tried, this.#configuration)
      const changes = await this.#new(tried, json, extras, createdAt)
      checkSize(tried, changes, this.#configuration)
      const result = await this.#items.write(tried, changes, { exists: false })
      const ours = !result.written && result.repeated && result.current?.created_at?.S === changes.created_at?.S
      if (result.written || ours) return storedRecord(tried, json, changes)
    }
    return undefined
  }

  /** Stores a session under the id, and overwrites any stored data. */
  async put(id: string, json: string, extras: SessionExtras): Promise<void> {
    assertPossibleKey(id, this.#configuration)
    const changes = await this.#new(id, json, extras)
    checkSize(id, changes, this.#configuration)
    await this.#items.write(id, { ...changes, successor: undefined }, {}, { keep: ['created_at'] })
  }

  /**
   * Stores a session that was loaded, merged with the changes of other requests.
   *
   * @param ours JSON of the data to store; `record.base` when the data is unchanged
   * @returns the session as stored now; undefined when the session was deleted in the meantime
   */
  async save(record: SessionRecord, ours: string, extras: SessionExtras): Promise<SessionRecord | undefined> {
    let stored: SessionRecord | undefined = record
    for (let attempt = 0; stored && attempt <= ATTEMPTS; attempt += 1) {
      const started = monotonic()
      const { json, conflicts } = this.merge(record, ours, stored.json)
      const packed = json === stored.json ? undefined : await this.#packed(record.id, json)
      const outcome = await this.attempt(stored, this.#changes(stored, extras, packed))
      if (outcome.kind === 'deleted') return undefined
      if (outcome.kind === 'saved') {
        this.notify(record.id, conflicts)
        return { ...outcome.record, json, base: ours }
      }
      const current = this.theirs(record, outcome)
      const isOnlyTouched: boolean = current.json === stored.json
      // A rejection needs no further read.
      if (!isOnlyTouched && this.#configuration.onConflict === 'reject') this.merge(record, ours, current.json)
      stored = isOnlyTouched ? current : await this.#readLater(record, attempt, monotonic() - started)
    }
    if (stored) throw exhausted(record.id)
    return undefined
  }

  /**
   * Writes the times, and the cookie's settings if they changed. When the lock was lost, nothing is written.
   *
   * A touch expects the loaded version or the lock. Without this condition, a repeat of the touch after another
   * request's save would give the item an earlier version again. A save that expects this version would then overwrite
   * the other request's save.
   */
  async touch(record: SessionRecord, extras: SessionExtras): Promise<SessionRecord | undefined> {
    const { version, json, token } = record
    const equals = token ? { locked_at: { S: token } } : { updated_at: version }
    const changes = touched(record, extras, this.#configuration, this.#now())
    const outcome = await this.attempt(record, changes, { exists: true, equals })
    // The result keeps `version` and `json`: a later save must still detect saves that came before this touch.
    if (outcome.kind === 'saved') return token ? { ...outcome.record, version } : outcome.record
    if (outcome.kind === 'deleted') return undefined
    if (token) this.#onLockLost(record.id)
    if (token || !this.#isStillDue(outcome.current, extras)) return { ...record, token: undefined }
    const saved = await this.save(record, record.base, extras)
    return saved && { ...saved, version, json }
  }

  /**
   * Writes once, if the condition holds.
   *
   * If the data is unchanged, the same write also corrects attributes that do not match the data ({@link
   * SessionRecord.outdated}). Only the version that was read is corrected. If DynamoDB refuses the corrections, the
   * write is sent without them. The same happens if another request has written, and `condition` does not expect the
   * version. Missing `data` is added by both writes, unless another request has added it. New encryption
   * of data with the first key counts as a correction too.
   *
   * @param stored the session that was read
   * @param condition default: the condition of a save
   */
  async attempt(stored: SessionRecord, changes: Changes, condition = this.#condition(stored)): Promise<Attempt> {
    const { id, json, isSealedAnew } = stored
    if (changes.data || !(stored.outdated || isSealedAnew)) {
      const whole = isSealedAnew ? { ...this.#clientAnew(stored), ...changes } : changes
      return outcomeOf(await this.#items.write(id, whole, condition), stored, whole)
    }
    const anew = isSealedAnew && { data: await this.#data(id, json), ...this.#clientAnew(stored) }
    const outdated: Changes = { ...stored.outdated, ...anew }
    const data = stored.outdated?.data && outdated.data
    const options = { keep: data ? ['data'] : [] }
    const mended = { ...changes, ...outdated }
    const onVersion = { ...condition, equals: { ...condition.equals, updated_at: stored.version } }
    const isOnVersion = 'updated_at' in (condition.equals ?? {})
    const result = await this.#items.write(stored.id, mended, onVersion, options).catch(unlessRefused)
    const isSettled = result?.written || !result?.current || isOurs(result, changes) || isOnVersion
    if (result && isSettled) return outcomeOf(result, stored, mended)
    // Another request may have written meanwhile. The corrections are of the version that was read.
    const known = isOnVersion ? stored : { ...stored, outdated: undefined, isSealedAnew: false }
    const rest = data ? { ...changes, data } : changes
    return outcomeOf(await this.#items.write(stored.id, rest, condition, options), known, changes)
  }

  /**
   * The session that another request wrote.
   *
   * @throws {LockLostError} when this request lost its lock
   * @throws {SessionConflictError} when it is unknown whether this save was stored
   */
  theirs(record: SessionRecord, { current, repeated, isUnknown }: Changed): SessionRecord {
    assertStillLocked(record, current, repeated)
    if (isUnknown) throw unknownOutcome(record.id)
    return recordOf(record.id, current, this.#configuration, record.token)
  }

  /**
   * Our changes merged into the stored data.
   *
   * @param loaded the session in which the changes were made
   * @param ours JSON of our data
   * @param stored JSON of the stored data
   * @throws {SessionConflictError} when both sides changed the data and `on_conflict` is `reject`
   */
  merge(loaded: Pick<SessionRecord, 'id' | 'base' | 'json'>, ours: string, stored: string): Combined {
    const onConflict = stored === loaded.json ? undefined : this.#configuration.onConflict
    if (onConflict === 'reject' && ours !== loaded.base) throw rejected(loaded.id)
    return combine(loaded.base, ours, stored, onConflict)
  }

  /** @param keys top-level keys that this request and another one changed */
  notify(id: string, keys: readonly string[]): void {
    if (keys.length > 0) this.#onConflict?.({ keys, sessionIdHash: hashSessionId(id) })
  }

  /** The attributes of a new session. */
  async #new(id: string, json: string, extras: SessionExtras, before?: string): Promise<Changes> {
    const now = this.#now()
    const updatedAt = timestamp(now)
    const createdAt = before ?? updatedAt
    const times = touched({ createdAt }, extras, this.#configuration, now)
    const packed = await this.#packed(id, json)
    const client = extras.client !== undefined && {
      client: packClient(extras.client, () => keyOf(id, this.#configuration), this.#configuration),
    }
    return { ...packed, ...times, ...client, created_at: { S: createdAt }, updated_at: { S: updatedAt } }
  }

  /**
   * The attributes that a save writes.
   *
   * @param packed the data and its attributes, if the data changed
   */
  #changes(stored: SessionRecord, extras: SessionExtras, packed: Changes | undefined): Changes {
    const changes: Record<string, Changes[string]> = touched(stored, extras, this.#configuration, this.#now())
    // Faster than an object literal with several spreads.
    Object.assign(changes, packed)
    if (this.#expectsVersion) changes.saves = savesWith(tokenOf(changes.updated_at?.S ?? ''), stored.saves)
    checkSize(stored.id, changes, this.#configuration, stored)
    return changes
  }

  /** The data, and the attributes of `index_keys` that match it. */
  async #packed(id: string, json: string): Promise<Changes> {
    const { indexKeys } = this.#configuration
    const data = await this.#data(id, json)
    const keyring = keyringOf(this.#configuration)
    return { ...(indexKeys.length > 0 && indexAttributes(JSON.parse(json), indexKeys, keyring)), data }
  }

  /** The description of the client, encrypted with the same key as the data. */
  #clientAnew({ id, client }: SessionRecord): Changes {
    const anew = sealClientAnew(client, () => keyOf(id, this.#configuration), this.#configuration)
    return anew ? { client: anew } : {}
  }

  #data(id: string, json: string): Promise<Changes[string]> {
    return storedData(() => keyOf(id, this.#configuration), json, this.#configuration)
  }

  /** Whether saves expect the loaded version. */
  get #expectsVersion(): boolean {
    return this.#configuration.locking !== 'none'
  }

  /** The condition of a save of this session. */
  #condition(stored: SessionRecord): Condition {
    return {
      exists: true,
      equals: {
        ...(this.#expectsVersion && { updated_at: stored.version }),
        ...(stored.token && { locked_at: { S: stored.token } }),
      },
    }
  }

  /** Whether a touch is still needed after another request wrote the session. That write usually is a touch too. */
  #isStillDue(current: Item, extras: SessionExtras): boolean {
    const { maxAge, maxStale, touchInterval } = this.#configuration
    const changed = extras.changed && extras.cookie !== current.cookie?.S
    const limits = { maxAge, maxStale, touchInterval: Math.max(1, touchInterval) }
    return isTouchDue(timesOf(current), { ...extras, changed }, limits, this.#now())
  }

  /**
   * Waits, then reads the session, because data read before the wait would be outdated. With slow requests, the
   * requests that wait for one session are more likely to conflict again. So the waits grow with the time of a request.
   */
  async #readLater(record: SessionRecord, attempt: number, requestTime: number): Promise<SessionRecord | undefined> {
    await backOff(attempt, LONGEST_WAIT, requestTime)
    const item = await this.#items.get(record.id, { consistent: true })
    return item && recordOf(record.id, item, this.#configuration, record.token)
  }
}

function outcomeOf(result: WriteResult, stored: SessionRecord, changes: Changes): Attempt {
  if (result.written || isOurs(result, changes)) return { kind: 'saved', record: written(stored, changes) }
  const { current, successor, repeated } = result
  if (!current) return { kind: 'deleted', successor }
  const [token] = savesIn(changes.saves)
  const isApplied = repeated && token !== undefined ? wasApplied(token, stored.saves, savesIn(current.saves)) : false
  if (isApplied) return { kind: 'saved', record: written(stored, changes) }
  return { kind: 'changed', current, repeated, isUnknown: isApplied === undefined }
}

/**
 * Whether our write succeeded, and only its response was lost. The item then has our time, which no other writer makes.
 */
function isOurs(result: WriteResult, changes: Changes): boolean {
  return !result.written && result.repeated && result.current?.updated_at?.S === changes.updated_at?.S
}

/** For `catch`: swallows refusals that a write without corrections may avoid. */
function unlessRefused(error: unknown): undefined {
  const refused =
    error instanceof Error && (error.name === 'ValidationException' || error instanceof SessionTooLargeError)
  if (!refused) throw error
}

/** The record after a write. */
function written(stored: SessionRecord, changes: Changes): SessionRecord {
  const { updated_at: version, cookie, saves } = changes
  const { outdated } = stored
  const isMended = outdated && Object.keys(outdated).every((name) => Object.hasOwn(changes, name))
  return {
    ...stored,
    ...timesOf(changes),
    createdAt: stored.createdAt,
    version,
    cookie: cookie?.S ?? stored.cookie,
    token: undefined,
    saves: saves ? savesIn(saves) : stored.saves,
    outdated: isMended ? undefined : outdated,
    isSealedAnew: stored.isSealedAnew && !changes.data,
  }
}
