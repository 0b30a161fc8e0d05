import { monotonic, wallClock } from '../async/clock.js'
import { CleaningRequests } from '../cleaning/requests.js'
import { Scan } from '../cleaning/scan.js'
import type { Options } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import { TableMissingError } from '../errors.js'
import type { Logger } from '../logger.js'
import { hasExpired } from '../session/item/expiry.js'
import { idOf } from '../session/item/session-key.js'
import { type Item, successorOf, timesOf } from '../session/item/session-record.js'
import { sizeOf } from '../session/item/size.js'
import { milliseconds } from '../session/item/timestamp.js'
import { findTable, type TableFacts } from '../table/describe-table.js'
import { creationRemedy } from '../table/table-problems.js'
import { workOnTable } from '../table/table-work.js'

/** How many parts of the table are read at the same time, as for cleaning. */
const SEGMENTS = 4

/** In how many pages a segment reads its share, so that the sample is hardly larger than requested. */
const PAGES = 4
const LONGEST_PAGE = 1000

/** What storage adds to an item and to each of its index entries: "DynamoDB item sizes and formats". Bytes. */
const OVERHEAD = 100

/** The facts of one stored item. Neither its id nor its data. */
export interface SampledItem {
  /** A forwarder leads from the old to the new id of a session. */
  readonly kind: 'live' | 'expired' | 'forwarder'
  /** Names and values of all attributes. */
  readonly bytes: number
  /** The item as it is billed, with overhead and index entries. */
  readonly storedBytes: number
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined
  readonly updatedAt: number | undefined
}

export interface Sample {
  /** Items of this application, whose keys have the form of `hash_session_ids`. */
  readonly items: readonly SampledItem[]
  /** All items that DynamoDB read, those of other applications included. */
  readonly scanned: number
  /** Whether the sample is the whole table. */
  readonly isWhole: boolean
  readonly table: Pick<TableFacts, 'itemCount' | 'tableClass' | 'billingMode'>
  /** When the sample was read. Milliseconds since the epoch. */
  readonly now: number
  readonly capacityUnits: number
}

export interface SampleSettings {
  /** How many items to read, at least. */
  readonly size: number
  /** Capacity units a second. Undefined: no limit. */
  readonly rate: number | undefined
  readonly requestTimeout: number | undefined
  readonly logger: Logger
  /** Called after each page. */
  readonly onProgress: (progress: { readonly scanned: number; readonly seconds: number }, total: number) => void
}

/**
 * Reads a sample. DynamoDB keeps items in the order of a hash of their keys, so the first items of each segment are a
 * random sample.
 *
 * @throws {TableMissingError}
 * @throws {TableRequestError} when DynamoDB refuses a request
 */
export async function sampleTable(options: Options, settings: SampleSettings): Promise<Sample> {
  const { size, rate, requestTimeout, logger, onProgress } = settings
  return await workOnTable(options, { logger, requestTimeout }, async (work) => {
    const { configuration } = work
    const table = await findTable(work)
    if (!table) throw new TableMissingError(`${work.label} does not exist; ${creationRemedy(configuration)}`)
    const stop = new AbortController()
    const requests = new CleaningRequests(work, { rate, signal: stop.signal, activity: 'reading', consolation: '' })
    const longestPage = Math.min(Math.ceil(size / SEGMENTS / PAGES), LONGEST_PAGE)
    const scan = new Scan(configuration, requests, { segments: SEGMENTS, rate, whole: true, longestPage })
    const now = wallClock()
    const started = monotonic()
    const items: SampledItem[] = []
    let scanned = 0
    /** @returns whether the segment was read to its end */
    const readSegment = async (segment: number): Promise<boolean> => {
      let start: Item | undefined
      do {
        const page = scanned < size ? await scan.page(segment, start) : undefined
        if (!page) return false
        scanned += page.items.length + page.foreign
        const own = page.items.filter((item) => isOfForm(item, configuration))
        items.push(...own.map((item) => sampled(item, configuration, now)))
        onProgress({ scanned, seconds: (monotonic() - started) / 1000 }, Math.min(size, table.itemCount || size))
        start = page.next
      } while (start)
      return true
    }
    const ends = await Promise.all(
      Array.from({ length: SEGMENTS }, (_, segment) =>
        readSegment(segment).catch((error: unknown) => {
          stop.abort()
          throw error
        }),
      ),
    )
    return { items, scanned, isWhole: ends.every(Boolean), table, now, capacityUnits: requests.capacityUnits }
  })
}

/** Whether requests find the session: with `hash_session_ids` its key is hashed, otherwise it is not. */
function isOfForm(item: Item, configuration: Configuration): boolean {
  return idOf(item[configuration.tableKey]?.S ?? '', configuration) !== undefined
}

function sampled(item: Item, configuration: Configuration, now: number): SampledItem {
  const times = timesOf(item)
  const isExpired = hasExpired(times, configuration, now)
  const bytes = sizeOf(item)
  return {
    kind: successorOf(item) === undefined ? (isExpired ? 'expired' : 'live') : 'forwarder',
    bytes,
    storedBytes: bytes + OVERHEAD + indexBytes(item, configuration),
    createdAt: milliseconds(times.createdAt),
    updatedAt: milliseconds(times.updatedAt),
  }
}

/** The entries of the indexes for `index_keys`, which hold only keys. */
function indexBytes(item: Item, { tableKey, indexKeys }: Configuration): number {
  const entries = indexKeys.flatMap((name) => {
    const value = item[name]
    return value ? [sizeOf({ [tableKey]: item[tableKey], [name]: value }) + OVERHEAD] : []
  })
  return entries.reduce((sum, size) => sum + size, 0)
}
