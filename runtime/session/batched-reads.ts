import type { Configuration } from '../configuration/resolve.js'
import { factsOf, isAwsError, isTransient } from '../dynamodb/error-facts.js'
import type { Transport } from '../dynamodb/transport.js'
import type { Item } from './session-record.js'

/**
 * DynamoDB would take 100 keys; but one session that is large, or slow to come, holds up all of its batch. The largest 25
 * items are less than the 16 MB that an answer may have.
 */
const LARGEST_BATCH = 25

/** Who waits for one item. */
interface Reader {
  readonly resolve: (item: Item | undefined) => void
  readonly reject: (error: unknown) => void
}

type Waiting = ReadonlyMap<string, readonly Reader[]>

/**
 * Reads items of one table, with one request for all that are asked for in the same turn of the event loop: with many
 * HTTP requests at a time, a request to DynamoDB for each of them would be most of the work. An item that several ask
 * for is read once. A read that is alone is a GetItem, and goes out without waiting for others.
 *
 * Throttling, a broken network and a missing table fail a batch as a whole, for they would have hit each of its reads.
 * Whatever else is wrong with a batch, its items are read one by one.
 */
export class BatchedReads {
  readonly #transport: Transport
  readonly #configuration: Configuration
  readonly #consistent: boolean
  #isWanted: boolean
  #waiting = new Map<string, Reader[]>()

  constructor(transport: Transport, configuration: Configuration, consistent: boolean) {
    this.#transport = transport
    this.#configuration = configuration
    this.#consistent = consistent
    this.#isWanted = configuration.batchReads
  }

  /**
   * @param key partition key
   * @returns the item, which belongs to the caller alone; undefined when there is none
   */
  get(key: string): Promise<Item | undefined> {
    if (!this.#isPossible()) return this.#one(key)
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) setImmediate(this.#read)
      const readers = this.#waiting.get(key)
      if (readers) readers.push({ resolve, reject })
      else this.#waiting.set(key, [{ resolve, reject }])
    })
  }

  #isPossible(): boolean {
    return this.#isWanted && this.#transport.mayMerge
  }

  readonly #read = (): void => {
    const waiting = this.#waiting
    this.#waiting = new Map()
    if (waiting.size === 1 || !this.#isPossible()) void this.#readSingly(waiting)
    else for (const batch of batchesOf(waiting)) void this.#readBatch(batch)
  }

  /** @returns whether all could be read */
  async #readSingly(waiting: Waiting): Promise<boolean> {
    const reads = Array.from(waiting, async ([key, readers]) => {
      try {
        give(readers, await this.#one(key))
        return true
      } catch (error) {
        refuse(readers, error)
        return false
      }
    })
    return (await Promise.all(reads)).every(Boolean)
  }

  async #one(key: string): Promise<Item | undefined> {
    const { tableName: TableName, tableKey } = this.#configuration
    const input = { TableName, Key: { [tableKey]: { S: key } }, ConsistentRead: this.#consistent }
    const { Item } = await this.#transport.send('GetItem', input)
    return Item
  }

  /** A batch that fails where each of its items can be read (no `dynamodb:BatchGetItem`, for example) is the last one. */
  async #readBatch(waiting: Waiting): Promise<void> {
    try {
      await this.#readSingly(await this.#batch(waiting))
    } catch (error) {
      if (hitsEach(error)) for (const readers of waiting.values()) refuse(readers, error)
      else if (await this.#readSingly(waiting)) this.#isWanted = false
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

/** Whether the same would have happened to each read by itself; to send them would add to what is wrong. */
function hitsEach(error: unknown): boolean {
  return (isTransient(error) && factsOf(error).status !== 501) || isAwsError(error, 'ResourceNotFoundException')
}

/** To each one of his own. */
function give([first, ...others]: readonly Reader[], item: Item | undefined): void {
  first?.resolve(item)
  for (const reader of others) reader.resolve(structuredClone(item))
}

function refuse(readers: readonly Reader[], error: unknown): void {
  for (const reader of readers) reader.reject(error)
}
