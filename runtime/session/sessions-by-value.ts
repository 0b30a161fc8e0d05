import { type Clock, wallClock } from '../async/clock.js'
import { inParallel } from '../async/in-parallel.js'
import { sleep } from '../async/sleep.js'
import { assertSecretsReadable, type Configuration } from '../configuration/resolve.js'
import type { Connection } from '../dynamodb/connection.js'
import { ConfigurationError, DestroyIncompleteError, IndexMissingError, messageOf } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { deleteByKey } from './clear.js'
import type { AttributeName } from './item/attributes.js'
import { hasExpired, type Times } from './item/expiry.js'
import { indexText, LONGEST_VALUE, storedTexts, valueAt } from './item/index-attributes.js'
import { hasFormOfSession } from './item/is-session.js'
import { loadKeys } from './item/keyring.js'
import { idOf } from './item/session-key.js'
import { type Item, successorOf, timesOf } from './item/session-record.js'
import { readData } from './item/stored-data.js'
import type { ItemsByKey } from './requests/items-by-key.js'
import { LONGEST_CHAIN, SessionItems } from './requests/session-items.js'

/** A value to search for. Numbers count as their text: 42 and '42' are the same. */
export type IndexValue = string | number | bigint | boolean

export interface IndexSearch {
  /**
   * Read the whole table and search the data itself. The key needs no index. This also finds sessions that the index
   * lacks: sessions that are older than the option `index_keys`, and sessions last written by the Ruby gem.
   *
   * @default false
   */
  readonly scan?: boolean
}

/** Finds and deletes the sessions of a user. Every store has these methods. */
export interface SessionSearch {
  /**
   * Finds the sessions in whose data `key` has the value. Includes expired sessions whose items are still there.
   *
   * @param key one of `index_keys`
   * @returns what `destroy` accepts: with `hash_session_ids` the stored keys, else the session ids, which are secret.
   *   Leaves out sessions that no request finds, because they were stored with another value of `hash_session_ids`
   * @throws {ConfigurationError} when `key` is none of them; TypeError when no session can have such a value
   * @throws {IndexMissingError}
   */
  keysBy(key: string, value: IndexValue, search?: IndexSearch): Promise<string[]>
  /**
   * Deletes the sessions in whose data `key` has the value: signs a user out everywhere. A session that gets another
   * value during the call stays. A session that appears in the index within a second is deleted too. Requests that run
   * at the same time can't bring a deleted session back.
   *
   * @param key one of `index_keys`
   * @returns how many sessions were deleted
   * @throws {ConfigurationError} when `key` is none of them; TypeError when no session can have such a value
   * @throws {IndexMissingError}
   * @throws {DestroyIncompleteError} when a request failed after sessions were deleted: repeat the call
   */
  destroyBy(key: string, value: IndexValue, search?: IndexSearch): Promise<number>
}

/** A session that was found by a value in its data. */
export interface FoundSession extends Times {
  /** The stored key with `hash_session_ids`, else the session id, which is secret. */
  readonly id: string
}

/** How long to wait before the index is queried again. Usually the index is less far behind the table. Milliseconds. */
const INDEX_LAG = 1000

/** How many requests for single sessions run at once. */
const WIDTH = 5

/** The attributes that a search of the whole table reads. */
const MATCHED: readonly AttributeName[] = ['data', 'created_at', 'updated_at', 'expire_at', 'successor']

/** How often a session is read again if other requests change it. */
const ATTEMPTS = 10

/**
 * Finds and deletes sessions by a value in their data, such as the sessions of a user. Needs the option `index_keys`,
 * and the index that `createTable` makes for this option. The stores' `keysBy` and `destroyBy` use this class.
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
  async *sessionsBy(
    key: string,
    value: IndexValue,
    { scan = false }: IndexSearch = {},
  ): AsyncGenerator<readonly FoundSession[]> {
    const text = this.#textOf(key, value, scan)
    if (scan) {
      for await (const items of this.#matches(key, text)) yield this.#unexpired(items)
      return
    }
    for await (const page of this.#items.query(key, text)) {
      const items = await inParallel(page, WIDTH, (partitionKey) => this.#items.get(partitionKey))
      const texts = storedTexts(text, key, this.#configuration)
      yield this.#unexpired(
        items.filter((item) => item !== undefined).filter((item) => isOneOf(texts, item[key]) && isSession(item)),
      )
    }
  }

  async destroyBy(key: string, value: IndexValue, { scan = false }: IndexSearch = {}): Promise<number> {
    const text = this.#textOf(key, value, scan)
    let deleted = 0
    const count: Count = (isDeleted) => {
      if (isDeleted) deleted += 1
    }
    try {
      if (scan) await this.#destroyScanned(key, text, count)
      else await this.#destroyIndexed(key, text, count)
    } catch (error) {
      if (deleted === 0) throw error
      const what = deleted === 1 ? '1 session was' : `${deleted} sessions were`
      const text = `${what} deleted, then a request failed. Repeat the call to delete the remaining sessions. ${messageOf(error)}`
      throw new DestroyIncompleteError(text, deleted, { cause: error })
    }
    return deleted
  }

  async #destroyIndexed(key: string, text: string, count: Count): Promise<void> {
    await loadKeys(this.#configuration)
    const equals = { [key]: storedTexts(text, key, this.#configuration).map((S) => ({ S })) }
    const destroy = async (partitionKey: string) =>
      count(await deleteByKey(partitionKey, equals, this.#items, this.#configuration))
    for await (const page of this.#items.query(key, text)) await inParallel(page, WIDTH, destroy)
    await sleep(INDEX_LAG)
    for await (const page of this.#items.query(key, text)) await inParallel(page, WIDTH, destroy)
  }

  /** After the scan, queries the index, if there is one. The index has sessions that were stored behind the scan's position. */
  async #destroyScanned(key: string, text: string, count: Count): Promise<void> {
    for await (const items of this.#matches(key, text, { forwarders: true })) {
      await inParallel(items, WIDTH, async (item) => count(await this.#destroyMatch(item, key, text)))
    }
    if (!this.#configuration.indexKeys.includes(key)) return
    await sleep(INDEX_LAG)
    try {
      for await (const page of this.#items.query(key, text)) {
        await inParallel(page, WIDTH, async (partitionKey) => {
          const item = await this.#items.get(partitionKey)
          if (item) count(await this.#destroyMatch(item, key, text))
        })
      }
    } catch (error) {
      if (!(error instanceof IndexMissingError)) throw error
    }
  }

  /**
   * Deletes the session if its data has the value. If another request has changed the session, compares its new data.
   */
  async #destroyMatch(seen: Item, key: string, text: string): Promise<boolean> {
    let item = await this.#followed(seen)
    for (let attempt = 0; item && this.#matchesItem(item, key, text); attempt += 1) {
      const [partitionKey] = this.#keyIn(item)
      if (partitionKey === undefined) return false
      if (attempt === ATTEMPTS)
        throw new Error('Other requests changed a session before each of ten attempts to delete it.')
      const equals = item.data ? { data: item.data } : { data: undefined, [key]: item[key] }
      const result = await this.#items.delete(partitionKey, equals)
      if (result.deleted) return true
      item = await this.#followed(result.current)
    }
    return false
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
   */
  async *#matches(key: string, text: string, { forwarders = false } = {}): AsyncGenerator<readonly Item[]> {
    const { tableKey, indexKeys } = this.#configuration
    const attribute = indexKeys.includes(key) ? [key] : []
    const attributes = [tableKey, ...MATCHED, ...attribute]
    await loadKeys(this.#configuration)
    for await (const page of this.#sessions.scan(attributes, { consistent: true, forwarders })) {
      yield page.filter((item) => successorOf(item) !== undefined || this.#matchesItem(item, key, text))
    }
  }

  #matchesItem(item: Item, key: string, text: string): boolean {
    if (!hasFormOfSession(item)) return false
    const data = this.#dataIn(item)
    if (data) return indexText(valueAt(data.value, key)) === text
    const isIndexed = this.#configuration.indexKeys.includes(key)
    return isIndexed && isOneOf(storedTexts(text, key, this.#configuration), item[key])
  }

  /**
   * The data; undefined if it can't be read. The attributes of `index_keys` then decide.
   *
   * @throws {EncryptionKeyError} when the key of the data is unknown, because nobody knows whose session it is
   */
  #dataIn(item: Item): { readonly value: unknown } | undefined {
    const [partitionKey = ''] = this.#keyIn(item)
    const read = item.data && readData(item.data, () => partitionKey, this.#configuration)
    try {
      return read && 'text' in read ? { value: JSON.parse(read.text) } : undefined
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      return undefined
    }
  }

  #unexpired(items: readonly Item[]): FoundSession[] {
    return items.flatMap((item) => {
      const times = timesOf(item)
      if (hasExpired(times, this.#configuration, this.#now())) return []
      const ids = this.#keyIn(item).flatMap((key) => idOf(key, this.#configuration) ?? [])
      return ids.map((id) => ({ id, ...times }))
    })
  }

  /** The item's key in a list. The list is empty if an engine gives an item without its key. */
  #keyIn(item: Item): string[] {
    const key = item[this.#configuration.tableKey]?.S
    return key === undefined ? [] : [key]
  }

  #textOf(key: string, value: unknown, scan: boolean): string {
    if (!scan) this.#assertIndexed(key)
    const text = indexText(value)
    if (text !== undefined) return text
    throw new TypeError(
      `No session can be found by a ${fitForLine(key)} of type ${typeof value}. Give a boolean, a number, or text of 1 ` +
        `to ${LONGEST_VALUE} bytes; give whole numbers beyond 2^53 as text.`,
    )
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

function isSession(item: Item): boolean {
  return successorOf(item) === undefined && hasFormOfSession(item)
}

function isOneOf(texts: readonly string[], attribute: Item[string] | undefined): boolean {
  return attribute?.S !== undefined && texts.includes(attribute.S)
}

type Count = (deleted: boolean) => void
