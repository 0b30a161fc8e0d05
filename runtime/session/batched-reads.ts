import type { Configuration } from '../configuration/resolve.js'
import { hitsAnyRequest, isTimeout } from '../dynamodb/error-facts.js'
import type { Transport } from '../dynamodb/transport.js'
import { PackageError } from '../errors.js'
import type { Item } from './session-record.js'

/**
 * DynamoDB would take 100 keys; but one session that is large, or slow to come, holds up all of its batch. The largest 25
 * items are less than the 16 MB that an answer may have.
 */
const LARGEST_BATCH = 25

/** Milliseconds for which items are read one by one after batches failed where GetItems did not. */
const REST = 60_000

/** After a batch has taken this long, in milliseconds, nobody is kept waiting for another request. */
const LONG = 5_000

/** What a reader gets in place of an item: to read it alone, because the batch failed, or for another reason. */
const FAILED = Symbol('the batch failed')
const LEFT = Symbol('left out')

/** Who waits for one item. */
interface Reader {
  readonly resolve: (found: Item | undefined | typeof FAILED | typeof LEFT) => void
  readonly reject: (error: unknown) => void
}

type Waiting = ReadonlyMap<string, readonly Reader[]>

/**
 * Reads items of one table, with one request for all that are asked for in the same turn of the event loop: with many
 * HTTP requests at a time, a request to DynamoDB for each of them would be most of the work. An item that several ask
 * for is read once. A read that is alone in its turn is a GetItem, and goes out without waiting for others.
 *
 * Throttling, a missing table and an answer that comes late or never fail a batch as a whole, for another request for each
 * of its items would make it worse. Whatever else is wrong with a batch, its items are read one by one.
 *
 * Where GetItems do what a batch did not, all is read one by one, and a batch that nobody waits for is sent beside: at once,
 * for the fault may have passed, and then every minute, until one is answered.
 */
export class BatchedReads {
  readonly #transport: Transport
  readonly #configuration: Configuration
  readonly #consistent: boolean
  /** When to try whether batches are answered, as `performance.now()`; 0: they are, Infinity: one is under way. */
  #tryAt = 0
  #waiting = new Map<string, Reader[]>()

  constructor(transport: Transport, configuration: Configuration, consistent: boolean) {
    this.#transport = transport
    this.#configuration = configuration
    this.#consistent = consistent
  }

  /**
   * @param key partition key
   * @returns the item, which belongs to the caller alone; undefined when there is none
   */
  async get(key: string): Promise<Item | undefined> {
    if (!this.#isPossible() || this.#isResting()) return await this.#alone(key)
    const found = await this.#together(key)
    if (typeof found !== 'symbol') return found
    const item = await this.#alone(key)
    if (found === FAILED) this.#doubt()
    return item
  }

  #isPossible(): boolean {
    return this.#configuration.batchReads && this.#transport.mayMerge
  }

  #isResting(): boolean {
    return this.#tryAt !== 0 && performance.now() < this.#tryAt
  }

  /** A GetItem was answered where a batch was not. */
  #doubt(): void {
    this.#tryAt ||= performance.now()
  }

  async #alone(key: string): Promise<Item | undefined> {
    try {
      return await this.#one(key)
    } catch (error) {
      // Then it is not batches that are not answered, and with more requests it would only take longer.
      if (isTimeout(error)) this.#tryAt = 0
      throw error
    }
  }

  #together(key: string): Promise<Item | undefined | typeof FAILED | typeof LEFT> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) setImmediate(this.#read)
      const readers = this.#waiting.get(key)
      if (readers) readers.push({ resolve, reject })
      else this.#waiting.set(key, [{ resolve, reject }])
    })
  }

  readonly #read = (): void => {
    const waiting = this.#waiting
    this.#waiting = new Map()
    const batches = isAlone(waiting) || !this.#isPossible() ? [] : batchesOf(waiting)
    if (batches[0] && this.#tryAt === 0) {
      for (const batch of batches) void this.#readBatch(batch)
    } else {
      if (batches[0] && !this.#isResting()) void this.#try(batches[0])
      tell(waiting, LEFT)
    }
  }

  async #one(key: string): Promise<Item | undefined> {
    const { tableName: TableName, tableKey } = this.#configuration
    const input = { TableName, Key: { [tableKey]: { S: key } }, ConsistentRead: this.#consistent }
    const { Item } = await this.#transport.send('GetItem', input)
    return Item
  }

  /** Readers who are to read alone do so by themselves, each in the asynchronous context of its own HTTP request. */
  async #readBatch(waiting: Waiting): Promise<void> {
    const since = performance.now()
    try {
      tell(await this.#batch(waiting), LEFT)
    } catch (error) {
      const isLate = isTimeout(error) || performance.now() - since > LONG
      if (hitsAnyRequest(error) || isLate) refuse(waiting, error)
      else tell(waiting, FAILED)
      if (isLate && !hitsAnyRequest(error)) void this.#compare(waiting)
    }
  }

  /** Whether one of these items is to be had by itself. */
  async #compare(waiting: Waiting): Promise<void> {
    try {
      const [key = ''] = waiting.keys()
      await this.#one(key)
      this.#doubt()
    } catch {
      // It is not, so nothing speaks against batches; and whoever waited was told of the error.
    }
  }

  /** Reads these once more; for nobody, as their readers are told to read alone. */
  async #try(waiting: Waiting): Promise<void> {
    this.#tryAt = Number.POSITIVE_INFINITY
    try {
      await this.#batch(waiting)
      this.#tryAt = 0
    } catch {
      if (this.#tryAt !== 0) this.#tryAt = performance.now() + REST
    }
  }

  /** @returns those that DynamoDB left, for it lacked the capacity */
  async #batch(waiting: Waiting): Promise<Waiting> {
    const { tableName, tableKey } = this.#configuration
    const Keys = Array.from(waiting.keys(), (key) => ({ [tableKey]: { S: key } }))
    const RequestItems = { [tableName]: { Keys, ConsistentRead: this.#consistent } }
    const { Responses, UnprocessedKeys } = await this.#transport.send('BatchGetItem', { RequestItems })
    const items = Responses?.[tableName]
    if (!Array.isArray(items)) throw new NotAnAnswer()
    const found = this.#byKey(items, waiting)
    const unprocessed = Object.values(UnprocessedKeys ?? {}).flatMap(({ Keys: left = [] }) => left)
    const left = new Set(this.#byKey(unprocessed, waiting).keys())
    for (const [key, readers] of waiting) if (!left.has(key)) give(readers, found.get(key))
    return new Map([...waiting].filter(([key]) => left.has(key)))
  }

  /** @throws {NotAnAnswer} when there is one that nobody waits for: then nothing that is missing is known to be missing */
  #byKey(items: readonly Item[], waiting: Waiting): Map<string, Item> {
    const found = new Map<string, Item>()
    for (const item of items) {
      const key = item?.[this.#configuration.tableKey]?.S
      if (key === undefined || !waiting.has(key)) throw new NotAnAnswer()
      found.set(key, item)
    }
    return found
  }
}

/** What came is not DynamoDB's answer to this batch. */
class NotAnAnswer extends PackageError {}

function batchesOf(waiting: Waiting): Waiting[] {
  const entries = [...waiting]
  const count = Math.ceil(entries.length / LARGEST_BATCH)
  return Array.from({ length: count }, (_, n) => new Map(entries.slice(n * LARGEST_BATCH, (n + 1) * LARGEST_BATCH)))
}

function isAlone(waiting: Waiting): boolean {
  const [readers, ...others] = waiting.values()
  return others.length === 0 && readers?.length === 1
}

/** To each one of his own. */
function give([first, ...others]: readonly Reader[], item: Item | undefined): void {
  first?.resolve(item)
  for (const reader of others) reader.resolve(structuredClone(item))
}

function tell(waiting: Waiting, found: typeof FAILED | typeof LEFT): void {
  for (const readers of waiting.values()) for (const reader of readers) reader.resolve(found)
}

function refuse(waiting: Waiting, error: unknown): void {
  for (const readers of waiting.values()) for (const reader of readers) reader.reject(copyOf(error))
}

/** Whoever handles an error may note on it whose request it was. */
function copyOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  try {
    const stack = { value: error.stack, writable: true, configurable: true }
    const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error))
    return Object.defineProperties(copy, { ...Object.getOwnPropertyDescriptors(error), stack })
  } catch {
    return error // an application's Error.prepareStackTrace may throw
  }
}
