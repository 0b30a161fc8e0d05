import { type Clock, wallClock } from '../async/clock.js'
import { inParallel } from '../async/in-parallel.js'
import { sleep } from '../async/sleep.js'
import { assertSecretsReadable, type Configuration } from '../configuration/resolve.js'
import type { Connection } from '../dynamodb/connection.js'
import {
  ConfigurationError,
  DestroyIncompleteError,
  EncryptionKeyError,
  IndexMissingError,
  messageOf,
  SessionConflictError,
} from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { deleteByKey } from './clear.js'
import type { AttributeName } from './item/attributes.js'
import { hasExpired, type Times } from './item/expiry.js'
import { handleOf } from './item/handle.js'
import { indexText, LONGEST_VALUE, storedTexts, valueAt } from './item/index-attributes.js'
import { hasFormOfSession } from './item/is-session.js'
import { keyringOf, loadKeys } from './item/keyring.js'
import { idOf, isStoredKey, keyOf } from './item/session-key.js'
import { type Item, successorOf, timesOf } from './item/session-record.js'
import { readData } from './item/stored-data.js'
import type { ItemsByKey } from './requests/items-by-key.js'
import { LONGEST_CHAIN, SessionItems } from './requests/session-items.js'
import type { IndexSearch, IndexValue, SessionSearch, UserSessionsSearch } from './session-search.js'
import type { ExportedSession, UserSession } from './user-session.js'
import { exported, shown } from './user-session-of-item.js'

/** A session that was found by a value in its data. */
export interface FoundSession extends Times {
  /** The stored key with `hash_session_ids`, else the session id, which is secret. */
  readonly id: string
  /** Names the session to its user. */
  readonly handle: string
}

/** How long to wait before the index is queried again. Usually the index is less far behind the table. Milliseconds. */
const INDEX_LAG = 1000

/** How many requests for single sessions run at once. */
const WIDTH = 5

/** The attributes that a search of the whole table reads. */
const MATCHED: readonly AttributeName[] = ['data', 'created_at', 'updated_at', 'expire_at', 'successor']

/** The attributes that a list of sessions reads. */
const SHOWN: readonly AttributeName[] = ['created_at', 'updated_at', 'expire_at', 'client', 'successor']

/** How often a session is read again if other requests change it. */
const ATTEMPTS = 10

/**
 * Finds and deletes sessions by a value in their data, such as the sessions of a user. Needs the option `index_keys`,
 * and the index that `createTable` makes for this option. The stores' methods use this class.
 */
export class SessionsByValue implements SessionSearch {
  readonly #configuration: Configuration
  readonly #items: ItemsByKey
  readonly #sessions: SessionItems
  readonly #now: Clock

  constructor(
    configuration: Configuration,
    connection: Pick<Connection, 'transport'>,
    { now = wallClock }: { now?: Clock } = {},
  ) {
    assertSecretsReadable(configuration, ['encryptionKeys'])
    this.#configuration = configuration
    this.#sessions = new SessionItems(configuration, connection)
    this.#items = this.#sessions.byKey
    this.#now = now
  }

  async keysBy(key: string, value: IndexValue, search?: IndexSearch): Promise<string[]> {
    const keys = await this.#storedKeys(key, value, search)
    return keys.flatMap((partitionKey) => idOf(partitionKey, this.#configuration) ?? [])
  }

  /** How many sessions {@link destroyBy} would delete. Includes sessions that no request finds, unlike {@link keysBy}. */
  async countBy(key: string, value: IndexValue, search?: IndexSearch): Promise<number> {
    return (await this.#storedKeys(key, value, search)).length
  }

  async #storedKeys(key: string, value: IndexValue, { scan = false }: IndexSearch = {}): Promise<string[]> {
    const text = this.#textOf(key, value, scan)
    const keys: string[] = []
    if (scan)
      for await (const items of this.#matches(key, text)) keys.push(...items.flatMap((item) => this.#keyIn(item)))
    else for await (const page of this.#items.query(key, text)) keys.push(...page)
    return keys
  }

  /**
   * The sessions with the value that have not expired, a page at a time.
   *
   * @throws the errors of {@link keysBy}
   */
  async *pages(
    key: string,
    value: IndexValue,
    { scan = false }: IndexSearch = {},
  ): AsyncGenerator<readonly FoundSession[]> {
    const text = this.#textOf(key, value, scan)
    for await (const items of this.#found(key, text, { scan, attributes: this.#listed(key) })) {
      yield this.#unexpired(items).map(({ partitionKey, id, item }) => {
        return { id, handle: handleOf(partitionKey), ...timesOf(item) }
      })
    }
  }

  async sessionsBy<Client extends object>(
    key: string,
    value: IndexValue,
    { current, scan = false }: UserSessionsSearch = {},
  ): Promise<UserSession<Client>[]> {
    const text = this.#textOf(key, value, scan)
    const own = current === undefined ? [] : [keyOf(current, this.#configuration)]
    const attributes = this.#listed(key)
    const found = new Map<string, Item>()
    for await (const items of this.#found(key, text, { scan, attributes })) {
      for (const item of items) for (const partitionKey of this.#keyIn(item)) found.set(partitionKey, item)
    }
    let currentKey = own.find((partitionKey) => found.has(partitionKey))
    if (currentKey === undefined) {
      // The index may lack the session that this request has just stored, or another request may have moved it.
      for (const item of await this.#read(own, attributes, new Set())) {
        ;[currentKey] = this.#keyIn(item)
        if (currentKey !== undefined && this.#hasValue(item, key, text)) found.set(currentKey, item)
      }
    }
    return this.#unexpired([...found.values()])
      .map(({ partitionKey, item }) =>
        shown<Client>(partitionKey, item, this.#configuration, partitionKey === currentKey),
      )
      .sort((one, other) => timeOf(other.lastSeenAt) - timeOf(one.lastSeenAt))
  }

  async destroyHandle(
    key: string,
    value: IndexValue,
    handle: string,
    { scan = false }: IndexSearch = {},
  ): Promise<boolean> {
    const text = this.#textOf(key, value, scan)
    const isMeant = (partitionKey: string) => handleOf(partitionKey) === handle
    if (scan) {
      for await (const [item] of this.#matches(key, text, { only: isMeant })) {
        if (item) return this.#destroyMatch(item, key, text)
      }
      return false
    }
    for await (const page of this.#items.query(key, text)) {
      const partitionKey = page.find(isMeant)
      if (partitionKey !== undefined) return this.#destroyAt(partitionKey, key, text)
    }
    return false
  }

  async exportBy(key: string, value: IndexValue, { scan = false }: IndexSearch = {}): Promise<ExportedSession[]> {
    const text = this.#textOf(key, value, scan)
    const sessions: ExportedSession[] = []
    for await (const items of this.#found(key, text, { scan, attributes: undefined })) {
      for (const item of items) {
        sessions.push(...this.#keyIn(item).map((partitionKey) => exported(partitionKey, item, this.#configuration)))
      }
    }
    return sessions
  }

  destroyBy(key: string, value: IndexValue, search: IndexSearch = {}): Promise<number> {
    return this.#destroyAll(key, value, search)
  }

  async destroyOthers(key: string, value: IndexValue, currentId: string, search: IndexSearch = {}): Promise<number> {
    return this.#destroyAll(key, value, search, keyOf(currentId, this.#configuration))
  }

  /**
   * Deletes a session that was found by the value, if it still has the value.
   *
   * @param keptId the id of a session that is not deleted, even if the found session has moved to this id
   */
  async destroyFound(key: string, value: IndexValue, { id }: FoundSession, keptId: string): Promise<boolean> {
    const kept = new Set([keyOf(keptId, this.#configuration)])
    return this.#destroyAt(keyOf(id, this.#configuration), key, this.#textOf(key, value, false), kept)
  }

  /** @param current the key of the session that stays */
  async #destroyAll(key: string, value: IndexValue, { scan = false }: IndexSearch, current?: string): Promise<number> {
    const text = this.#textOf(key, value, scan)
    let deleted = 0
    const count: Count = (isDeleted) => {
      if (isDeleted) deleted += 1
    }
    try {
      if (scan) await this.#destroyScanned(key, text, count, current)
      else await this.#destroyIndexed(key, text, count, current)
    } catch (error) {
      if (deleted === 0) throw error
      const what = deleted === 1 ? '1 session was' : `${deleted} sessions were`
      const why = error instanceof EncryptionKeyError ? 'but a key was missing' : 'then a request failed'
      const text = `${what} deleted, ${why}. Repeat the call to delete the remaining sessions. ${messageOf(error)}`
      throw new DestroyIncompleteError(text, deleted, { cause: error })
    }
    return deleted
  }

  async #destroyIndexed(key: string, text: string, count: Count, current: string | undefined): Promise<void> {
    const destroyPage = async (page: readonly string[]) => {
      const kept = await this.#keysOf(current)
      await inParallel(page, WIDTH, async (partitionKey) => {
        count(await this.#destroyAt(partitionKey, key, text, kept))
      })
    }
    for await (const page of this.#items.query(key, text)) await destroyPage(page)
    await sleep(INDEX_LAG)
    for await (const page of this.#items.query(key, text)) await destroyPage(page)
  }

  /**
   * After the scan, queries the index, if there is one. The index has sessions that were stored behind the scan's position.
   *
   * @throws {EncryptionKeyError} at the end, if the key of a session is unknown. All other sessions are deleted before.
   */
  async #destroyScanned(key: string, text: string, count: Count, current: string | undefined): Promise<void> {
    const unread: EncryptionKeyError[] = []
    const passOver = (error: unknown) => {
      if (!(error instanceof EncryptionKeyError)) throw error
      unread.push(error)
      return false
    }
    const destroy = async (item: Item, kept: ReadonlySet<string>) =>
      count(await this.#destroyMatch(item, key, text, kept).catch(passOver))
    for await (const items of this.#matches(key, text, { forwarders: true, passOver })) {
      const kept = items.length > 0 ? await this.#keysOf(current) : NONE
      await inParallel(items, WIDTH, (item) => destroy(item, kept))
    }
    if (this.#configuration.indexKeys.includes(key)) await this.#destroyLate(key, text, current, destroy)
    if (unread.length > 0) throw unread[0]
  }

  /** Deletes the sessions that the index has after a scan. Does nothing without the index. */
  async #destroyLate(
    key: string,
    text: string,
    current: string | undefined,
    destroy: (item: Item, kept: ReadonlySet<string>) => Promise<void>,
  ): Promise<void> {
    await sleep(INDEX_LAG)
    try {
      for await (const page of this.#items.query(key, text)) {
        const kept = await this.#keysOf(current)
        await inParallel(page, WIDTH, async (partitionKey) => {
          const item = await this.#items.get(partitionKey)
          if (item) await destroy(item, kept)
        })
      }
    } catch (error) {
      if (!(error instanceof IndexMissingError)) throw error
    }
  }

  /**
   * Deletes the session if its data has the value. If another request has changed the session, compares its new data.
   */
  async #destroyMatch(seen: Item, key: string, text: string, kept: ReadonlySet<string> = NONE): Promise<boolean> {
    let item = await this.#followed(seen)
    for (let attempt = 0; item && this.#matchesItem(item, key, text); attempt += 1) {
      const [partitionKey] = this.#keyIn(item)
      if (partitionKey === undefined || kept.has(partitionKey)) return false
      if (attempt === ATTEMPTS)
        throw new SessionConflictError('Other requests changed a session before each of ten attempts to delete it.')
      const equals = item.data ? { data: item.data } : { data: undefined, [key]: item[key] }
      const result = await this.#items.delete(partitionKey, equals)
      if (result.deleted) return true
      item = await this.#followed(result.current)
    }
    return false
  }

  /** Deletes the session under a key that the index gave, if the session still has the value. */
  #destroyAt(partitionKey: string, key: string, text: string, kept: ReadonlySet<string> = NONE): Promise<boolean> {
    const equals = { [key]: storedTexts(text, key, this.#configuration).map((S) => ({ S })) }
    return deleteByKey(partitionKey, equals, this.#items, this.#configuration, kept)
  }

  /** All keys of one session: the given key, and those to which forwarders lead from there. */
  async #keysOf(partitionKey: string | undefined): Promise<ReadonlySet<string>> {
    const keys = new Set<string>()
    if (partitionKey !== undefined) await this.#read([partitionKey], [this.#configuration.tableKey, 'successor'], keys)
    return keys
  }

  /**
   * The sessions with the value, a page at a time. A session that has moved to another id is found there.
   *
   * @param attributes the attributes to read. Undefined: all, also of sessions whose keys no request can load.
   */
  async *#found(
    key: string,
    text: string,
    { scan, attributes }: { readonly scan: boolean; readonly attributes: readonly string[] | undefined },
  ): AsyncGenerator<readonly Item[]> {
    if (scan) {
      yield* this.#matches(key, text, { also: ['client', 'cookie'] })
      return
    }
    const seen = new Set<string>()
    for await (const page of this.#items.query(key, text)) {
      const keys = attributes ? page.filter((partitionKey) => idOf(partitionKey, this.#configuration)) : page
      const items = await this.#read(keys, attributes, seen)
      yield items.filter((item) => this.#hasValue(item, key, text))
    }
  }

  /**
   * Reads the sessions under these keys. Follows forwarders.
   *
   * @param seen the keys that were read before, which are not read again; gets these keys too
   */
  async #read(
    keys: readonly string[],
    attributes: readonly string[] | undefined,
    seen: Set<string>,
  ): Promise<readonly Item[]> {
    const sessions: Item[] = []
    let wanted = keys
    for (let link = 0; wanted.length > 0 && link <= LONGEST_CHAIN; link += 1) {
      const unread = wanted.filter((key) => !seen.has(key) && seen.add(key))
      const items = await this.#items.getAll(unread, attributes)
      sessions.push(...items.filter((item) => successorOf(item) === undefined))
      wanted = items.flatMap((item) => successorOf(item) || [])
    }
    return sessions
  }

  /** The attributes that a list of sessions reads. Without hashed keys, they include `data`, which shows the form. */
  #listed(key: string): readonly string[] {
    const { tableKey, hashSessionIds } = this.#configuration
    return [tableKey, ...SHOWN, ...(hashSessionIds ? [] : ['data']), key]
  }

  /** Whether an item that was found by the index is a session, and still has the value. */
  #hasValue(item: Item, key: string, text: string): boolean {
    const isSession = () => this.#keyIn(item).some((partitionKey) => isStoredKey(partitionKey, this.#configuration))
    return isOneOf(storedTexts(text, key, this.#configuration), item[key]) && (isSession() || hasFormOfSession(item))
  }

  /** The session to which a forwarder leads. The session may have moved to an item that the scan had passed. */
  async #followed(seen: Item | undefined): Promise<Item | undefined> {
    let item = seen
    for (let link = 0; item && link <= LONGEST_CHAIN; link += 1) {
      const successor = successorOf(item)
      if (successor === undefined) return item
      item = successor ? await this.#items.get(successor) : undefined
    }
    return undefined
  }

  /**
   * Scans the table for items in whose data the key has the value.
   *
   * @param forwarders whether to give all forwarders too
   * @param only passes over items with other partition keys, even if their data can't be read
   * @param also more attributes to read
   * @param passOver called instead of throwing an error for a session that can't be compared; returns whether to give it
   */
  async *#matches(
    key: string,
    text: string,
    { forwarders = false, only = () => true, also = [], passOver }: Matching = {},
  ): AsyncGenerator<readonly Item[]> {
    const { tableKey, indexKeys } = this.#configuration
    const attribute = indexKeys.includes(key) ? [key] : []
    const attributes = [tableKey, ...MATCHED, ...also, ...attribute]
    await loadKeys(this.#configuration)
    for await (const page of this.#sessions.scan(attributes, { consistent: true, forwarders })) {
      yield page.filter((item) => {
        if (!this.#keyIn(item).some(only)) return false
        try {
          return successorOf(item) !== undefined || this.#matchesItem(item, key, text)
        } catch (error) {
          if (!passOver) throw error
          return passOver(error)
        }
      })
    }
  }

  #matchesItem(item: Item, key: string, text: string): boolean {
    if (!hasFormOfSession(item)) return false
    const data = this.#dataIn(item)
    if (data) return this.#indexText(valueAt(data.value, key)) === text
    const isIndexed = this.#configuration.indexKeys.includes(key)
    return isIndexed && isOneOf(storedTexts(text, key, this.#configuration), item[key])
  }

  /**
   * The data; undefined if it can't be read. The attributes of `index_keys` then decide.
   *
   * @throws {EncryptionKeyError} when the key of the data is unknown, because the data can't show whose session it is. An
   *   expired session is no error, because nobody can use it.
   */
  #dataIn(item: Item): { readonly value: unknown } | undefined {
    const [partitionKey = ''] = this.#keyIn(item)
    try {
      const read = item.data && readData(item.data, () => partitionKey, this.#configuration)
      return read && 'text' in read ? { value: JSON.parse(read.text) } : undefined
    } catch (error) {
      if (error instanceof SyntaxError) return undefined
      if (error instanceof EncryptionKeyError && this.#hasExpired(item)) return undefined
      throw error
    }
  }

  /** The sessions among the items that a request can load. */
  #unexpired(items: readonly Item[]): { partitionKey: string; id: string; item: Item }[] {
    return items.flatMap((item) => {
      if (this.#hasExpired(item)) return []
      return this.#keyIn(item).flatMap((partitionKey) => {
        const id = idOf(partitionKey, this.#configuration)
        return id === undefined ? [] : [{ partitionKey, id, item }]
      })
    })
  }

  #hasExpired(item: Item): boolean {
    return hasExpired(timesOf(item), this.#configuration, this.#now())
  }

  /** The item's key in a list. The list is empty if an engine gives an item without its key. */
  #keyIn(item: Item): string[] {
    const key = item[this.#configuration.tableKey]?.S
    return key === undefined ? [] : [key]
  }

  #textOf(key: string, value: unknown, scan: boolean): string {
    if (!scan) this.#assertIndexed(key)
    const text = this.#indexText(value)
    if (text !== undefined) return text
    throw new TypeError(
      `No session can be found by a ${fitForLine(key)} of type ${typeof value}. Give a boolean, a number, or text of 1 ` +
        `to ${LONGEST_VALUE} bytes, but not an HMAC from the table; give whole numbers beyond 2^53 as text.`,
    )
  }

  #indexText(value: unknown): string | undefined {
    return indexText(value, keyringOf(this.#configuration) !== undefined)
  }

  #assertIndexed(key: string): void {
    const { indexKeys, sources } = this.#configuration
    if (indexKeys.includes(key)) return
    const known = indexKeys.length > 0 ? indexKeys.join(', ') : 'none'
    const text =
      `"${key}" is not among them (${known}; ${sources.indexKeys}); add it, and its index with npx dynamo-session ` +
      'create-table, or search with scan: true (--scan)'
    throw new ConfigurationError([{ place: 'index_keys', text }])
  }
}

const NONE: ReadonlySet<string> = new Set()

function timeOf(date: Date | undefined): number {
  return date?.getTime() ?? 0
}

function isOneOf(texts: readonly string[], attribute: Item[string] | undefined): boolean {
  return attribute?.S !== undefined && texts.includes(attribute.S)
}

type Count = (deleted: boolean) => void

interface Matching {
  readonly forwarders?: boolean
  readonly only?: (partitionKey: string) => boolean
  readonly also?: readonly AttributeName[]
  readonly passOver?: (error: unknown) => boolean
}
