import Table from 'cli-table3'
import { fitForLine } from '../fit-for-output.js'
import { type Load, PRICES_SINCE, type Prices, type RequestCost } from '../statistics/cost.js'
import type { Bucket, Distribution, Statistics } from '../statistics/statistics.js'
import { type Screen, wrapped } from '../terminal.js'
import { count, duration } from './progress-display.js'

/** All that `stats` reports. */
export interface Report {
  readonly tableName: string
  readonly tableClass: 'standard' | 'standard_infrequent_access'
  readonly billingMode: 'pay_per_request' | 'provisioned'
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Capacity units that the sample consumed. */
  readonly capacityUnits: number
  readonly statistics: Statistics
  readonly prices: Prices
  /** The prices that the command line gives. */
  readonly givenPrices: readonly (keyof Prices)[]
  /** US dollars a month. */
  readonly storage: number
  readonly load: Load | undefined
  readonly requests: RequestCost | undefined
}

/** One bar of a chart. */
export interface Bar {
  readonly label: string
  readonly count: number
}

export interface Chart {
  readonly title: string
  readonly bars: readonly Bar[]
}

/** The report for a terminal. */
export function statsText(report: Report, screen: Screen = {}): string {
  const { statistics, tableName } = report
  return [
    wrapped(`${headOf(report)} in table "${fitForLine(tableName)}"`, screen),
    table([], itemRows(report), ['left', 'right']),
    table(['', 'average', 'p50', 'p95', 'largest'], summaryRows(statistics), NUMBERS),
    ...chartsOf(statistics).map(({ title, bars }) => [title, ...blocks(bars)].join('\n')),
    table(['cost', 'US dollars a month'], costRows(report), ['left', 'right']),
    ...notesOf(report).map((note) => wrapped(note, screen)),
  ].join('\n\n')
}

const NUMBERS = ['left', 'right', 'right', 'right', 'right'] as const

/** `Estimated from 10,000 of about 250,000 items` */
export function headOf({ statistics, capacityUnits }: Report): string {
  const { scanned, isWhole, items } = statistics
  const cost = `${count(Math.round(capacityUnits))} read units`
  if (isStale(items.total, scanned, isWhole)) return `Only a sample of ${count(scanned)} items (${cost})`
  if (isWhole) return `All ${count(scanned)} items (${cost})`
  return `Estimated from ${count(scanned)} of about ${count(items.total)} items (${cost})`
}

/** DynamoDB updates its count of items about every six hours. An older count says nothing about the whole table. */
function isStale(total: number, scanned: number, isWhole: boolean): boolean {
  return !isWhole && total <= scanned
}

export function itemRows({ statistics: { items } }: Report): [string, string][] {
  return [
    ['sessions', count(items.live)],
    ['expired, not yet deleted', count(items.expired)],
    ['forwarders of changed ids', count(items.forwarders)],
    ['other items', count(items.others)],
  ]
}

export function summaryRows({ sizes, ages, idleTimes }: Statistics): string[][] {
  const row = (label: string, { summary }: Distribution, shown: (value: number) => string) => [
    label,
    ...(summary ? [summary.average, summary.p50, summary.p95, summary.largest].map(shown) : ['-', '-', '-', '-']),
  ]
  return [row('size', sizes, bytesText), row('age', ages, timeText), row('idle time', idleTimes, timeText)]
}

export function chartsOf({ sizes, ages, idleTimes, creations }: Statistics): Chart[] {
  return [
    { title: 'size', bars: barsOf(sizes.histogram, bytesText) },
    { title: 'age', bars: barsOf(ages.histogram, limitText) },
    { title: 'idle time', bars: barsOf(idleTimes.histogram, limitText) },
    {
      title: 'creations a day (UTC) among sessions that have not expired',
      bars: creations.map(({ day, sessions }) => ({ label: day, count: sessions })),
    },
  ].filter(({ bars }) => bars.some(({ count }) => count > 0))
}

export function costRows({ statistics, storage, requests }: Report): [string, string][] {
  const rows: [string, string][] = [[`storage, ${bytesText(statistics.storedBytes)}`, dollars(storage)]]
  if (!requests) return rows
  const units = (value: number) =>
    `${value.toLocaleString('en-US', { maximumFractionDigits: 2 })} ${value === 1 ? 'unit' : 'units'}`
  return [
    ...rows,
    [`reads, ${units(requests.readUnits)} a request`, dollars(requests.reads)],
    [`writes, ${units(requests.writeUnits)} a request`, dollars(requests.writes)],
  ]
}

/** What a reader of the cost has to know. */
export function notesOf(report: Report): string[] {
  const { prices, givenPrices, tableClass, billingMode, requests, statistics } = report
  const { items, scanned, isWhole } = statistics
  const used = requests ? (['storage', 'reads', 'writes'] as const) : (['storage'] as const)
  const hasDefaults = used.some((name) => !givenPrices.includes(name))
  const origin = [
    ...(givenPrices.length > 0 ? [`given: ${givenPrices.join(', ')}`] : []),
    ...(givenPrices.length < 3 ? [`on-demand prices of us-east-1 since ${PRICES_SINCE}`] : []),
  ].join('; else ')
  const { storage, reads, writes } = prices
  return [
    ...(isStale(items.total, scanned, isWhole)
      ? ["DynamoDB's count of items is out of date. So all counts and costs are those of the sample: raise --sample."]
      : []),
    `Prices in US dollars: ${storage} a GB and month, ${reads} a million reads, ${writes} a million writes (${origin}; set --price-*).`,
    ...(tableClass === 'standard' || !hasDefaults
      ? []
      : ['The table has another table class with other prices: set --price-*.']),
    ...(requests ? ['Touches are not counted: each session has at most one in touch_interval.'] : []),
    ...(requests && billingMode === 'provisioned'
      ? ['The table has provisioned capacity. The cost of requests is what on-demand billing would cost.']
      : []),
  ]
}

function table(head: string[], rows: readonly (readonly string[])[], colAligns: readonly ('left' | 'right')[]): string {
  const drawn = new Table({ head, colAligns: [...colAligns], style: { head: [], border: [], compact: true } })
  for (const row of rows) drawn.push([...row])
  return drawn.toString()
}

const BAR_WIDTH = 40
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A line for each bar, of block characters. The longest bar is 40 columns wide. */
export function blocks(bars: readonly Bar[]): string[] {
  const most = Math.max(...bars.map((bar) => bar.count), 1)
  const widest = Math.max(...bars.map(({ label }) => label.length))
  return bars.map((bar) => {
    const eighths = bar.count === 0 ? 0 : Math.max(Math.round((bar.count / most) * BAR_WIDTH * 8), 1)
    const drawn = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
    return `  ${bar.label.padStart(widest)}  ${drawn}${drawn && ' '}${count(bar.count)}`
  })
}

function barsOf(histogram: readonly Bucket[], shown: (value: number) => string): Bar[] {
  return histogram.map(({ limit, count }) => ({ label: limit === undefined ? 'more' : `≤ ${shown(limit)}`, count }))
}

/** `512 B`, `1.5 KB`, `2 GB` */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const power = Math.min(Math.max(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 0), units.length - 1)
  const value = bytes / 1024 ** power
  return `${value.toLocaleString('en-US', { maximumFractionDigits: power === 0 ? 0 : 1 })} ${units[power]}`
}

const DAY = 86_400

/** `7s`, `3m20s`, `2h05m`, `12.5 d` */
export function timeText(seconds: number): string {
  if (seconds < DAY) return duration(seconds)
  return `${(seconds / DAY).toLocaleString('en-US', { maximumFractionDigits: 1 })} d`
}

/** A limit of a histogram, which is a whole number of its unit: `10 min`, `6 h`, `3 d` */
export function limitText(seconds: number): string {
  if (seconds >= DAY) return `${seconds / DAY} d`
  return seconds >= 3600 ? `${seconds / 3600} h` : `${seconds / 60} min`
}

function dollars(value: number): string {
  if (value > 0 && value < 0.01) return '< 0.01'
  return value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
}
