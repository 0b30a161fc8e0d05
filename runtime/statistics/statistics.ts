import type { Sample, SampledItem } from './sample.js'

/** Average, percentiles (nearest rank) and the largest of some numbers. */
export interface Summary {
  readonly average: number
  readonly p50: number
  readonly p95: number
  readonly largest: number
}

/** How many numbers are at most `limit`, and more than the limit before. */
export interface Bucket {
  /** Undefined: the numbers have no upper limit. */
  readonly limit: number | undefined
  readonly count: number
}

export interface Distribution {
  /** Undefined: there are no numbers. */
  readonly summary: Summary | undefined
  readonly histogram: readonly Bucket[]
}

/** The numbers of a table. Counts are estimates for the whole table, unless the sample is the whole table. */
export interface Statistics {
  readonly scanned: number
  readonly isWhole: boolean
  readonly items: {
    readonly total: number
    readonly live: number
    /** Expired sessions that are not deleted yet. */
    readonly expired: number
    readonly forwarders: number
    /** Items that are not sessions of this application. */
    readonly others: number
  }
  /** Bytes of the sessions, expired ones included. */
  readonly sizes: Distribution
  /** Seconds since the creation of sessions that have not expired. */
  readonly ages: Distribution
  /** Seconds since the last write of sessions that have not expired. */
  readonly idleTimes: Distribution
  /** Days in UTC, the oldest first, of sessions that have not expired. */
  readonly creations: readonly { readonly day: string; readonly sessions: number }[]
  /** The bytes that are billed for this application's items and index entries. */
  readonly storedBytes: number
}

const KIB = 1024
const DAY = 86_400
const SIZE_LIMITS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 400].map((kibibytes) => kibibytes * KIB)
const TIME_LIMITS = [60, 600, 3600, 6 * 3600, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY]

/** How many days the creations go back. */
const DAYS = 14

export function statisticsOf(sample: Sample): Statistics {
  const { items, scanned, isWhole, table, now } = sample
  const total = isWhole ? scanned : Math.max(table.itemCount, scanned)
  const factor = scanned > 0 ? total / scanned : 1
  const ofKind = (kind: SampledItem['kind']) => items.filter((item) => item.kind === kind)
  const estimate = (count: number) => Math.round(count * factor)
  const live = ofKind('live')
  const secondsSince = (times: readonly (number | undefined)[]) =>
    times.flatMap((time) => (time === undefined ? [] : [Math.max(now - time, 0) / 1000]))
  return {
    scanned,
    isWhole,
    items: {
      total,
      live: estimate(live.length),
      expired: estimate(ofKind('expired').length),
      forwarders: estimate(ofKind('forwarder').length),
      others: estimate(scanned - items.length),
    },
    sizes: distribution(
      items.filter(({ kind }) => kind !== 'forwarder').map(({ bytes }) => bytes),
      SIZE_LIMITS,
      factor,
    ),
    ages: distribution(secondsSince(live.map(({ createdAt }) => createdAt)), TIME_LIMITS, factor),
    idleTimes: distribution(secondsSince(live.map(({ updatedAt }) => updatedAt)), TIME_LIMITS, factor),
    creations: creationsOf(live, now, factor),
    storedBytes: estimate(items.reduce((sum, { storedBytes }) => sum + storedBytes, 0)),
  }
}

function distribution(numbers: readonly number[], limits: readonly number[], factor: number): Distribution {
  return { summary: summaryOf(numbers), histogram: histogramOf(numbers, limits, factor) }
}

export function summaryOf(numbers: readonly number[]): Summary | undefined {
  const sorted = [...numbers].sort((one, other) => one - other)
  const largest = sorted.at(-1)
  if (largest === undefined) return undefined
  const percentile = (percent: number) => sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? largest
  const average = sorted.reduce((sum, number) => sum + number, 0) / sorted.length
  return { average, p50: percentile(50), p95: percentile(95), largest }
}

/** The buckets from the first to the last that is not empty. */
export function histogramOf(numbers: readonly number[], limits: readonly number[], factor: number): Bucket[] {
  const counts = new Array<number>(limits.length + 1).fill(0)
  for (const number of numbers) {
    const found = limits.findIndex((limit) => number <= limit)
    const index = found === -1 ? limits.length : found
    counts[index] = (counts[index] ?? 0) + 1
  }
  const first = counts.findIndex((count) => count > 0)
  const last = counts.findLastIndex((count) => count > 0)
  if (first === -1) return []
  return counts
    .map((count, index) => ({ limit: limits[index], count: Math.round(count * factor) }))
    .slice(first, last + 1)
}

function creationsOf(items: readonly SampledItem[], now: number, factor: number): Statistics['creations'] {
  const counts = new Map<string, number>()
  for (let back = DAYS - 1; back >= 0; back -= 1) counts.set(dayOf(now - back * DAY * 1000), 0)
  for (const { createdAt } of items) {
    const day = createdAt === undefined || createdAt > now ? '' : dayOf(createdAt)
    const count = counts.get(day)
    if (count !== undefined) counts.set(day, count + 1)
  }
  return [...counts].map(([day, count]) => ({ day, sessions: Math.round(count * factor) }))
}

/** `2026-01-31` */
function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
