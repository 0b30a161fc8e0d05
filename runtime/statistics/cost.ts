import type { Configuration } from '../configuration/resolve.js'
import type { Sample } from './sample.js'
import type { Statistics } from './statistics.js'

/** Prices in US dollars. */
export interface Prices {
  /** A gigabyte of storage for a month. */
  readonly storage: number
  /** A million read request units. */
  readonly reads: number
  /** A million write request units. */
  readonly writes: number
}

/** On-demand prices of the region us-east-1 and the table class DynamoDB Standard, without a free tier. */
export const DEFAULT_PRICES: Prices = { storage: 0.25, reads: 0.125, writes: 0.625 }

/** Since when the default prices apply. */
export const PRICES_SINCE = '2024-11-01'

/** How an application uses its sessions. */
export interface Load {
  readonly requestsPerDay: number
  /** The share of requests that change their session, 0 to 1. */
  readonly changedShare: number
}

export interface RequestCost {
  /** Units of an average request. */
  readonly readUnits: number
  readonly writeUnits: number
  /** US dollars a month. */
  readonly reads: number
  readonly writes: number
}

const GIBIBYTE = 1024 ** 3
const DAYS_A_MONTH = 365 / 12

/** US dollars a month. */
export function storageCost({ storedBytes }: Statistics, { storage }: Prices): number {
  return (storedBytes / GIBIBYTE) * storage
}

/**
 * What requests cost with on-demand billing. Touches are not counted: each session has at most one in `touch_interval`.
 *
 * @param sample gives the sizes, because units are rounded up for each session
 */
export function requestCost(
  { items }: Pick<Sample, 'items'>,
  { consistentRead, locking }: Pick<Configuration, 'consistentRead' | 'locking'>,
  { requestsPerDay, changedShare }: Load,
  prices: Prices,
): RequestCost {
  const live = items.filter(({ kind }) => kind === 'live')
  const average = (units: (bytes: number) => number) =>
    live.reduce((sum, { bytes }) => sum + units(bytes), 0) / Math.max(live.length, 1)
  const read = average((bytes) => Math.ceil(bytes / 4096)) * (consistentRead ? 1 : 0.5)
  const write = average((bytes) => Math.ceil(bytes / 1024))
  // A lock is taken by a write that returns the session, and a second write saves the session or only unlocks it.
  const [readUnits, writeUnits] = locking === 'pessimistic' ? [0, 2 * write] : [read, write * changedShare]
  const millions = (requestsPerDay * DAYS_A_MONTH) / 1_000_000
  return {
    readUnits,
    writeUnits,
    reads: millions * readUnits * prices.reads,
    writes: millions * writeUnits * prices.writes,
  }
}
