import { AsyncResource } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { monotonic } from '../../async/clock.js'
import type { Configuration } from '../../configuration/resolve.js'
import { hitsAnyRequest, isTimeout } from '../../dynamodb/error-facts.js'
import { requestTimedOut } from '../../dynamodb/request-errors.js'
import type { Transport } from '../../dynamodb/transport.js'
import { type Figures, noteRest, send } from '../channels.js'
import type { Item } from '../item/session-record.js'
import { copyOf } from './errors.js'

/** DynamoDB accepts 100 keys, but one large item delays its whole batch. One response can hold 25 of the largest items. */
const LARGEST_BATCH = 25

/** How long items are read one by one after a batch has failed. Milliseconds. */
const REST = 60_000

/** A call of {@link BatchedReads.get}, which waits for its item. */
interface Reader {
  readonly key: string
  readonly deadline: number
  /** Counts the request, while a channel has a subscriber. */
  readonly figures: Figures | undefined
  readonly context: AsyncResource
  readonly resolve: (item: Item | undefined | Promise<Item | undefined>) => void
  readonly reject: (error: unknown) => void
  /** Set while the reader waits for a connection, because its batch may have a later deadline. */
  timer?: NodeJS.Timeout
}

/**
 * Reads items of one table. Reads of the same turn of the event loop share one BatchGetItem, which saves most of the
 * work. Reads that wait for a connection share one too. A single read is a GetItem.
 */
export class BatchedReads {
  readonly #transport: Transport
  readonly #configuration: Configuration
  readonly #consistent: boolean
  /** Items are read one by one until this time of `monotonic()`. */
  #restsUntil = 0
  /**
   * Finite after a batch has reached its deadline. Then items are read one by one, and the first GetItem with this
   * deadline or a later one decides. If it succeeds, no batch is sent for {@link REST}.
   */
  #doubt = Number.POSITIVE_INFINITY
  readonly #thisTurn: Reader[] = []
  /** Readers whose request has not been sent, the oldest first. */
  readonly #waiting = new Set<Reader>()
  /** How many calls of {@link #start} wait for a connection. */
  #places = 0

  constructor(transport: Transport, configuration: Configuration, consistent: boolean) {
    this.#transport = transport
    this.#configuration = configuration
    this.#consistent = consistent
  }

  /**
   * @param key partition key
   * @param figures count the request
   * @returns the item, which the caller may change; undefined when there is no item
   */
  get(key: string, figures?: Figures): Promise<Item | undefined> {
    const deadline = monotonic() + this.#configuration.requestTimeout
    if (!this.#mayBatch()) return this.#send(key, deadline, figures)
    return new Promise((resolve, reject) => {
      const reader = { key, deadline, figures, context: new AsyncResource('SessionRead'), resolve, reject }
      this.#waiting.add(reader)
      if (this.#thisTurn.push(reader) === 1) void setImmediate().then(this.#endTurn)
    })
  }

  #mayBatch(): boolean {
    const isTrusted = this.#doubt === Number.POSITIVE_INFINITY && monotonic() >= this.#restsUntil
    return isTrusted && this.#configuration.batchReads && this.#transport.isLean
  }

  readonly #endTurn = (): void => {
    while (this.#places * LARGEST_BATCH < this.#waiting.size) {
      this.#places += 1
      this.#transport.inTurn(() => this.#start())
    }
    for (const reader of this.#thisTurn.splice(0)) {
      if (this.#waiting.has(reader)) reader.timer = setTimeout(this.#giveUp, reader.deadline - monotonic(), reader)
    }
  }

  readonly #giveUp = (reader: Reader): void => {
    this.#waiting.delete(reader)
    reader.reject(requestTimedOut('GetItem', this.#inputFor(reader.key), this.#configuration.requestTimeout))
  }

  /** A connection is free. */
  #start(): void {
    this.#places -= 1
    const mayBatch = this.#mayBatch()
    const keys = new Set<string>()
    const readers: Reader[] = []
    for (const reader of this.#waiting) {
      if (mayBatch && keys.add(reader.key).size > LARGEST_BATCH) break
      this.#waiting.delete(reader)
      readers.push(reader)
    }
    if (mayBatch && readers.length > 1) readers[0]?.context.runInAsyncScope(this.#sendBatch, this, readers)
    else readers.forEach(this.#sendAlone)
  }

  readonly #sendAlone = (reader: Reader): void => {
    const { key, deadline, figures, context, resolve, timer } = reader
    clearTimeout(timer)
    if (monotonic() < deadline) resolve(context.runInAsyncScope(this.#send, this, key, deadline, figures))
    else this.#giveUp(reader)
  }

  async #send(key: string, deadline: number, figures: Figures | undefined): Promise<Item | undefined> {
    try {
      const { Item } = await send(
        this.#transport,
        'GetItem',
        this.#inputFor(key),
        { deadline },
        figures ? [figures] : [],
      )
      if (deadline >= this.#doubt) this.#rest()
      return Item
    } catch (error) {
      // GetItem timed out too, so batches are not at fault.
      if (deadline >= this.#doubt && isTimeout(error)) this.#doubt = Number.POSITIVE_INFINITY
      throw error
    }
  }

  #inputFor(key: string) {
    const { tableName: TableName, tableKey } = this.#configuration
    return { TableName, Key: { [tableKey]: { S: key } }, ConsistentRead: this.#consistent }
  }

  #rest(): void {
    this.#restsUntil = monotonic() + REST
    this.#doubt = Number.POSITIVE_INFINITY
    noteRest(REST)
  }

  /** @param readers the last one has the latest deadline */
  async #sendBatch(readers: readonly Reader[]): Promise<void> {
    const { tableName, tableKey, requestTimeout } = this.#configuration
    const Keys = Array.from(new Set(readers.map(({ key }) => key)), (key) => ({ [tableKey]: { S: key } }))
    const RequestItems = { [tableName]: { Keys, ConsistentRead: this.#consistent } }
    const byKey = (items: readonly Item[] = []) => new Map(items.map((item) => [item[tableKey]?.S, item]))
    try {
      const { deadline } = readers.at(-1) ?? {}
      const figures = readers.flatMap((reader) => reader.figures ?? [])
      const input = { RequestItems }
      const response = await send(this.#transport, 'BatchGetItem', input, { deadline }, figures, readers.length)
      const left = byKey(Object.values(response.UnprocessedKeys ?? {}).flatMap(({ Keys: keys = [] }) => keys))
      const found = byKey(response.Responses?.[tableName])
      const given = new Set<Item | undefined>()
      for (const reader of readers) {
        const item = found.get(reader.key)
        if (left.has(reader.key)) this.#sendAlone(reader)
        else reader.resolve(given.has(item) ? structuredClone(item) : item)
        given.add(item)
      }
    } catch (error) {
      const isLate = isTimeout(error)
      const isFinal = isLate || hitsAnyRequest(error) || (error as Error).name === 'AbortError'
      if (isLate) this.#doubt = Math.min(this.#doubt, monotonic() + requestTimeout)
      if (!isFinal) this.#rest()
      for (const reader of readers) {
        if (isFinal) reader.reject(copyOf(error))
        else this.#sendAlone(reader)
      }
    } finally {
      for (const { timer } of readers) clearTimeout(timer)
    }
  }
}
