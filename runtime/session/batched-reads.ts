import type { Configuration } from '../configuration/resolve.js'
import { isAwsError, isThrottling, isTimeout } from '../dynamodb/error-facts.js'
import type { Transport } from '../dynamodb/transport.js'
import type { Item } from './session-record.js'

/**
 * DynamoDB would take 100 keys; but one session that is large, or slow to come, holds up all of its batch. The largest 25
 * items are less than the 16 MB that an answer may have.
 */
const LARGEST_BATCH = 25

/** Milliseconds for which items are read one by one after a batch failed and one of its items could be read all the same. */
const REST = 60_000

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
 * for is read once. A read that is alone is a GetItem, and goes out without waiting for others.
 *
 * Throttling, a missing table and an answer that does not come fail a batch as a whole, for another request for each of its
 * items would make it worse. Whatever else is wrong with a batch, its items are read one by one.
 */
export class BatchedReads {
  readonly #transport: Transport
  readonly #configuration: Configuration
  readonly #consistent: boolean
  /** Until when batches are given up, as `performance.now()`. */
  #restUntil = 0
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
    if (!this.#isPossible()) return await this.#one(key)
    const found = await this.#together(key)
    if (typeof found !== 'symbol') return found
    const item = await this.#one(key)
    if (found === FAILED) this.#rest()
    return item
  }

  #isPossible(): boolean {
    if (!this.#configuration.batchReads || !this.#transport.mayMerge) return false
    return this.#restUntil === 0 || performance.now() >= this.#restUntil
  }

  /** What stopped batches may pass: that they are not allowed as well as a fault of the network. */
  #rest(): void {
    this.#restUntil = performance.now() + REST
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
    if (isAlone(waiting) || !this.#isPossible()) tell(waiting, LEFT)
    else for (const batch of batchesOf(waiting)) void this.#readBatch(batch)
  }

  async #one(key: string): Promise<Item | undefined> {
    const { tableName: TableName, tableKey } = this.#configuration
    const input = { TableName, Key: { [tableKey]: { S: key } }, ConsistentRead: this.#consistent }
    const { Item } = await this.#transport.send('GetItem', input)
    return Item
  }

  /** Readers who are to read alone do so by themselves, each in the asynchronous context of its own HTTP request. */
  async #readBatch(waiting: Waiting): Promise<void> {
    try {
      tell(await this.#batch(waiting), LEFT)
    } catch (error) {
      if (isTimeout(error)) this.#rest()
      if (isTimeout(error) || hitsEach(error)) refuse(waiting, error)
      else tell(waiting, FAILED)
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
class NotAnAnswer extends Error {}

function batchesOf(waiting: Waiting): Waiting[] {
  const entries = [...waiting]
  const count = Math.ceil(entries.length / LARGEST_BATCH)
  return Array.from({ length: count }, (_, n) => new Map(entries.slice(n * LARGEST_BATCH, (n + 1) * LARGEST_BATCH)))
}

function isAlone(waiting: Waiting): boolean {
  const [readers, ...others] = waiting.values()
  return others.length === 0 && readers?.length === 1
}

/** Whether the same would have happened to each read by itself. */
function hitsEach(error: unknown): boolean {
  return isThrottling(error) || isAwsError(error, 'ResourceNotFoundException')
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
  const stack = { value: error.stack, writable: true, configurable: true }
  return Object.create(Object.getPrototypeOf(error), { ...Object.getOwnPropertyDescriptors(error), stack })
}
