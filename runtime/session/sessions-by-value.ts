import { type Clock, wallClock } from '../async/clock.js'
import { inParallel } from '../async/in-parallel.js'
import { sleep } from '../async/sleep.js'
import type { Configuration } from '../configuration/resolve.js'
import type { Connection } from '../dynamodb/connection.js'
import { ConfigurationError, DestroyIncompleteError, IndexMissingError, messageOf } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { deleteByKey } from './clear.js'
import { unpackData } from './item/compression.js'
import { isDead, type Times } from './item/expiry.js'
import { indexAttributes, indexText, LONGEST_VALUE } from './item/index-attributes.js'
import { hasFormOfSession } from './item/session-form.js'
import { idOf } from './item/session-key.js'
import { type Item, successorOf, timesOf } from './item/session-record.js'
import { IndexItems } from './requests/index-items.js'
import { LONGEST_CHAIN, SessionItems } from './requests/session-items.js'

/** What is looked for: numbers count as their text, so that 42 and '42' are the same. */
export type IndexValue = string | number | bigint | boolean

export interface IndexSearch {
  /**
   * Read the whole table and go by the data itself, so that sessions are found that the index lacks: those older than
   * the option `index_keys`, and those last written by somebody who does not know it (the Ruby gem). The key needs no
   * index then. Default: false.
   */
  readonly scan?: boolean
}

/** What every store has: the sessions of a user. */
export interface SessionSearch {
  /**
   * The keys of the sessions in whose data `key` has the value, without `key_prefix`; also of expired sessions, while
   * their items are there. The keys are as good as session ids: not to be shown.
   *
   * @param key one of `index_keys`
   * @throws {ConfigurationError} when it is none of them; TypeError when no session can have such a value
   * @throws {IndexMissingError}
   */
  keysBy(key: string, value: IndexValue, search?: IndexSearch): Promise<string[]>
  /**
   * Deletes the sessions in whose data `key` has the value: signs a user out everywhere. A session that gets another
   * value meanwhile stays; one that turns up in the index within a second is deleted too. Deleted sessions stay
   * deleted, whatever requests that are under way do with them.
   *
   * @param key one of `index_keys`
   * @returns how many were deleted
   * @throws {ConfigurationError} when it is none of them; TypeError when no session can have such a value
   * @throws {IndexMissingError}
   * @throws {DestroyIncompleteError} when it failed after some were deleted: repeat it then; else what failed itself
   */
  destroyBy(key: string, value: IndexValue, search?: IndexSearch): Promise<number>
}

/** A session that was found by a value in its data. */
export interface FoundSession extends Times {
  /** The session id, without `key_prefix`. Not to be shown. */
  readonly id: string
}

/** After this time the index is asked again: it is behind the table, usually by less. Milliseconds. */
const INDEX_LAG = 1000

/** Requests for single sessions that are in flight at once. */
const WIDTH = 5

/** How often a session that others change meanwhile is looked at again. */
const ATTEMPTS = 10

/**
 * All sessions with a value in their data, as those of a user. It needs the option `index_keys` and the index that
 * `createTable` makes of it; stores of all frameworks hand their `keysBy` and `destroyBy` over to it.
 */
export class SessionsByValue implements SessionSearch {
  readonly #configuration: Configuration
  readonly #items: IndexItems
  readonly #sessions: SessionItems
  readonly #now: Clock

  constructor(
    configuration: Configuration,
    connection: Pick<Connection, 'transport'>,
    { now = wallClock }: { now?: Clock } = {},
  ) {
    this.#configuration = configuration
    this.#items = new IndexItems(configuration, connection)
    this.#sessions = new SessionItems(configuration, connection)
    this.#now = now
  }

  async keysBy(key: string, value: IndexValue, { scan = false }: IndexSearch = {}): Promise<string[]> {
    const text = this.#textOf(key, value, scan)
    const keys: string[] = []
    if (scan)
      for await (const items of this.#matches(key, text)) keys.push(...items.flatMap((item) => this.#keyIn(item)))
    else for await (const page of this.#items.query(key, text)) keys.push(...page)
    return keys.flatMap((partitionKey) => idOf(partitionKey, this.#configuration) ?? [])
  }

  /**
   * The sessions themselves, without those that are over, a page at a time.
   *
   * @throws as {@link keysBy}
   */
  async *sessionsBy(
    key: string,
    value: IndexValue,
    { scan = false }: IndexSearch = {},
  ): AsyncGenerator<readonly FoundSession[]> {
    const text = this.#textOf(key, value, scan)
    if (scan) {
      for await (const items of this.#matches(key, text)) yield this.#alive(items)
      return
    }
    for await (const page of this.#items.query(key, text)) {
      const items = await inParallel(page, WIDTH, (partitionKey) => this.#items.get(partitionKey))
      yield this.#alive(
        items.filter((item) => item !== undefined).filter((item) => item[key]?.S === text && isSession(item)),
      )
    }
  }

  async destroyBy(key: string, value: IndexValue, { scan = false }: IndexSearch = {}): Promise<number> {
    const text = this.#textOf(key, value, scan)
    const tally = { deleted: 0 }
    const count = (deleted: boolean) => {
      if (deleted) tally.deleted += 1
    }
    try {
      if (scan) await this.#destroyScanned(key, text, count)
      else await this.#destroyIndexed(key, text, count)
    } catch (error) {
      if (tally.deleted === 0) throw error
      const what = tally.deleted === 1 ? '1 session was' : `${tally.deleted} sessions were`
      const text = `${what} deleted, then it failed; repeat it to delete the others. ${messageOf(error)}`
      throw new DestroyIncompleteError(text, tally.deleted, { cause: error })
    }
    return tally.deleted
  }

  async #destroyIndexed(key: string, text: string, count: Count): Promise<void> {
    const equals = { [key]: { S: text } }
    const destroy = async (partitionKey: string) =>
      count(await deleteByKey(partitionKey, equals, this.#items, this.#configuration))
    for await (const page of this.#items.query(key, text)) await inParallel(page, WIDTH, destroy)
    await sleep(INDEX_LAG)
    for await (const page of this.#items.query(key, text)) await inParallel(page, WIDTH, destroy)
  }

  /** The index, if there is one, knows of sessions that came when their part of the table had been read. */
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
   * Deletes the session as long as it has the value. When another request changed it meanwhile, its item is looked at
   * again.
   */
  async #destroyMatch(seen: Item, key: string, text: string): Promise<boolean> {
    let item = await this.#followed(seen)
    for (let attempt = 0; item && this.#matchesItem(item, key, text); attempt += 1) {
      const [partitionKey] = this.#keyIn(item)
      if (partitionKey === undefined) return false
      if (attempt === ATTEMPTS) throw new Error('Others changed a session each time when it was about to be deleted.')
      const equals = item.data ? { data: item.data } : { data: undefined, [key]: item[key] }
      const result = await this.#items.delete(partitionKey, equals)
      if (result.deleted) return true
      item = await this.#followed(result.current)
    }
    return false
  }

  /** The session to which a forwarder leads: a scan may have passed its item before the session moved there. */
  async #followed(seen: Item | undefined): Promise<Item | undefined> {
    let item = seen
    for (let link = 0; item && link <= LONGEST_CHAIN; link += 1) {
      const successor = successorOf(item)
      if (successor === undefined) return item
      item = successor ? await this.#items.get(successor) : undefined
    }
    return undefined
  }

  /** The items of the whole table in whose data the key has the value; where they are asked for, all forwarders too. */
  async *#matches(key: string, text: string, { forwarders = false } = {}): AsyncGenerator<readonly Item[]> {
    const { tableKey, indexKeys } = this.#configuration
    const attribute = indexKeys.includes(key) ? [key] : []
    const attributes = [tableKey, 'data', 'created_at', 'updated_at', 'expire_at', 'successor', ...attribute]
    for await (const page of this.#sessions.scan(attributes, { consistent: true, forwarders })) {
      yield page.filter((item) => successorOf(item) !== undefined || this.#matchesItem(item, key, text))
    }
  }

  #matchesItem(item: Item, key: string, text: string): boolean {
    return hasFormOfSession(item) && this.#textIn(item, key) === text
  }

  /** The value in the data; where that can't be read, that of the attribute. */
  #textIn({ data, ...attributes }: Item, key: string): string | undefined {
    const unpacked = data && unpackData(data, this.#configuration.serializer)
    try {
      if (unpacked && 'text' in unpacked) return indexAttributes(unpacked.text, [key])[key]?.S
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
    return this.#configuration.indexKeys.includes(key) ? attributes[key]?.S : undefined
  }

  #alive(items: readonly Item[]): FoundSession[] {
    return items.flatMap((item) => {
      const times = timesOf(item)
      const dead = isDead(times, this.#configuration, this.#now())
      const ids = this.#keyIn(item).flatMap((key) => idOf(key, this.#configuration) ?? [])
      return dead ? [] : ids.map((id) => ({ id, ...times }))
    })
  }

  /** One, or none where the engine's answer is not what it should be. */
  #keyIn(item: Item): string[] {
    const key = item[this.#configuration.tableKey]?.S
    return key === undefined ? [] : [key]
  }

  #textOf(key: string, value: unknown, scan: boolean): string {
    if (!scan) this.#assertIndexed(key)
    const text = indexText(value)
    if (text !== undefined) return text
    throw new TypeError(
      `No session can be found by a ${fitForLine(key)} of type ${typeof value} that is no text, empty, longer than ${LONGEST_VALUE} ` +
        'bytes, or a whole number beyond 2^53 (give that as text).',
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

type Count = (deleted: boolean) => void
