import { setImmediate } from 'node:timers'
import type { Configuration } from '../configuration/resolve.js'
import { DENIED, isAwsError, UNKNOWN_OPERATION } from '../dynamodb/error-facts.js'
import type { Transport } from '../dynamodb/transport.js'
import type { Item } from './session-record.js'

/** DynamoDB's limit of keys in a BatchGetItem ("BatchGetItem", API reference). */
const LARGEST_BATCH = 100

/** Who waits for one item. */
interface Reader {
  readonly resolve: (item: Item | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Reads items of one table, with one request for all that are asked for in the same turn of the event loop: with many
 * HTTP requests at a time, a request to DynamoDB for each of them would be most of the work. An item that several ask
 * for is read once. A read that is alone is a GetItem, and goes out without waiting for others.
 *
 * What fails for a batch as a whole fails for each of its readers (throttling, the network: it would have hit each of
 * them). Where one key may be to blame, or where batches are not possible here (no `dynamodb:BatchGetItem` in the IAM
 * policy), the items are read one by one.
 */
export class BatchedReads {
  readonly #transport: Transport
  readonly #configuration: Configuration
  readonly #consistent: boolean
  #isPossible: boolean
  #waiting = new Map<string, Reader[]>()

  constructor(transport: Transport, configuration: Configuration, consistent: boolean) {
    this.#transport = transport
    this.#configuration = configuration
    this.#consistent = consistent
    this.#isPossible = configuration.batchReads
  }

  /**
   * @param key partition key
   * @returns the item, which belongs to the caller alone; undefined when there is none
   */
  get(key: string): Promise<Item | undefined> {
    if (!this.#isPossible || !this.#transport.isLean) return this.#one(key)
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
    if (waiting.size === 1 || !this.#isPossible) this.#readSingly(waiting)
    else for (const batch of batchesOf(waiting)) void this.#readBatch(batch)
  }

  async #one(key: string): Promise<Item | undefined> {
    const { tableName: TableName, tableKey } = this.#configuration
    const input = { TableName, Key: { [tableKey]: { S: key } }, ConsistentRead: this.#consistent }
    const { Item } = await this.#transport.send('GetItem', input)
    return Item
  }

  #readSingly(waiting: Waiting): void {
    for (const [key, readers] of waiting) {
      this.#one(key).then(
        (item) => give(readers, item),
        (error) => refuse(readers, error),
      )
    }
  }

  async #readBatch(waiting: Waiting): Promise<void> {
    try {
      this.#readSingly(await this.#batch(waiting))
    } catch (error) {
      if (isAwsError(error, ...DENIED, ...UNKNOWN_OPERATION)) this.#isPossible = false
      else if (!isAwsError(error, 'ValidationException')) return refuse([...waiting.values()].flat(), error)
      this.#readSingly(waiting)
    }
  }

  /** @returns those of whom the answer says nothing: DynamoDB lacked the capacity, or all together are over 16 MB */
  async #batch(waiting: Waiting): Promise<Waiting> {
    const { tableName, tableKey } = this.#configuration
    const Keys = Array.from(waiting.keys(), (key) => ({ [tableKey]: { S: key } }))
    const RequestItems = { [tableName]: { Keys, ConsistentRead: this.#consistent } }
    const { Responses, UnprocessedKeys } = await this.#transport.send('BatchGetItem', { RequestItems })
    const byKey = (items: readonly Item[] = []) => new Map(items.map((item) => [item[tableKey]?.S ?? '', item]))
    const found = byKey(Responses?.[tableName])
    const unprocessed = byKey(UnprocessedKeys?.[tableName]?.Keys)
    const isUnderstood = Array.isArray(Responses?.[tableName]) || unprocessed.size > 0
    if (!isUnderstood || [...found.keys()].some((key) => !waiting.has(key))) {
      // Not DynamoDB's answer to this request. A session that it does not name may be there all the same.
      this.#isPossible = false
      return waiting
    }
    const left = new Map<string, readonly Reader[]>()
    for (const [key, readers] of waiting) {
      if (unprocessed.has(key)) left.set(key, readers)
      else give(readers, found.get(key))
    }
    return left
  }
}

type Waiting = ReadonlyMap<string, readonly Reader[]>

function batchesOf(waiting: Waiting): Waiting[] {
  const entries = [...waiting]
  const count = Math.ceil(entries.length / LARGEST_BATCH)
  return Array.from({ length: count }, (_, n) => new Map(entries.slice(n * LARGEST_BATCH, (n + 1) * LARGEST_BATCH)))
}

/** To each one of his own. */
function give([first, ...others]: readonly Reader[], item: Item | undefined): void {
  first?.resolve(item)
  for (const reader of others) reader.resolve(structuredClone(item))
}

function refuse(readers: Iterable<Reader>, error: unknown): void {
  for (const reader of readers) reader.reject(error)
}
