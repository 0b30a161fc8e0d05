import { statSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigurationError, messageOf, type Problem } from '../../errors.js'
import { jsonForOutput } from '../../fit-for-output.js'
import { DEFAULT_PRICES, type Load, type Prices, requestCost, storageCost } from '../../statistics/cost.js'
import { sampleTable } from '../../statistics/sample.js'
import { type Distribution, statisticsOf } from '../../statistics/statistics.js'
import { configurationOf, exactLogger, type SharedOptions, standardError } from '../command.js'
import { displayOf, readingText, type Screen } from '../progress-display.js'
import { statsPage } from '../stats-page.js'
import { type Report, statsText } from '../stats-text.js'
import { type TimeoutOptions, timeoutOf } from '../timeout.js'

/** Options of `stats`, as typed: numbers are texts. */
export interface StatsOptions extends SharedOptions, TimeoutOptions {
  readonly sample?: string
  readonly rate?: string
  readonly requestsPerDay?: string
  readonly changedShare?: string
  readonly priceStorage?: string
  readonly priceReads?: string
  readonly priceWrites?: string
  readonly html?: string
  readonly json?: boolean
}

const SAMPLE = 10_000

const PRICES = ['storage', 'reads', 'writes'] as const

/** `dynamo-session stats`: numbers of the stored sessions. Prints no id and no data. */
export async function statsCommand(
  options: StatsOptions,
  logger = exactLogger,
  aside = standardError,
  screen: Screen = process.stderr,
): Promise<void> {
  const { size, rate, load, prices, html } = settingsOf(options)
  const requestTimeout = timeoutOf(options)
  const configuration = await configurationOf(options, aside)
  let total: number | undefined
  const display = await displayOf((progress) => readingText(progress, total), configuration, aside, screen, {
    isTotalKnown: false,
  })
  let failed = true
  try {
    const sample = await sampleTable(configuration, {
      size,
      rate,
      requestTimeout,
      logger: { info: display.line, warn: screen.isTTY ? display.line : aside.warn },
      onProgress: (progress, ofTotal) => {
        total = ofTotal
        display.show(progress)
      },
    })
    failed = false
    display.end()
    const statistics = statisticsOf(sample)
    const report: Report = {
      tableName: configuration.tableName,
      tableClass: sample.table.tableClass,
      billingMode: sample.table.billingMode,
      now: sample.now,
      capacityUnits: sample.capacityUnits,
      statistics,
      prices,
      givenPrices: prices.given,
      storage: storageCost(statistics, prices),
      load,
      requests: load && requestCost(sample, configuration, load, prices),
    }
    if (html !== undefined) writePage(html, statsPage(report))
    logger.info(options.json ? jsonForOutput(jsonOf(report)) : statsText(report, process.stdout))
    if (html !== undefined) aside.info(`charts: ${html}`)
  } finally {
    if (failed) display.end({ failed })
  }
}

interface Settings {
  readonly size: number
  readonly rate: number | undefined
  readonly load: Load | undefined
  readonly prices: Prices & { readonly given: readonly (keyof Prices)[] }
  readonly html: string | undefined
}

/** @throws {ConfigurationError} with all problems */
function settingsOf(options: StatsOptions): Settings {
  const problems: Problem[] = []
  const number = (place: string, text: string | undefined, rule: string, accepts: (value: number) => boolean) => {
    if (text === undefined) return undefined
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (accepts(value)) return value
    problems.push({ place, text: `must be ${rule}, not ${JSON.stringify(text)}` })
    return undefined
  }
  const price = (place: string, text: string | undefined) =>
    number(place, text, 'US dollars, such as 0.25', (value) => value >= 0)
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1
  const size = number('--sample', options.sample, 'a whole number, at least 1', isCount)
  const rate = number('--rate', options.rate, 'capacity units a second, more than 0', (value) => value > 0)
  const day = number('--requests-per-day', options.requestsPerDay, 'a number', (value) => value >= 0)
  const share = number('--changed-share', options.changedShare, 'a number, 0 to 1', (value) => value >= 0 && value <= 1)
  const own = {
    storage: price('--price-storage', options.priceStorage),
    reads: price('--price-reads', options.priceReads),
    writes: price('--price-writes', options.priceWrites),
  }
  if ((options.requestsPerDay === undefined) !== (options.changedShare === undefined)) {
    const place = options.requestsPerDay === undefined ? '--requests-per-day' : '--changed-share'
    problems.push({ place, text: 'is missing: the cost of requests needs --requests-per-day and --changed-share' })
  }
  if (options.html !== undefined) problems.push(...pageProblems(options.html))
  if (problems.length > 0) throw new ConfigurationError(problems)
  return {
    size: size ?? SAMPLE,
    rate,
    load: day !== undefined && share !== undefined ? { requestsPerDay: day, changedShare: share } : undefined,
    prices: {
      storage: own.storage ?? DEFAULT_PRICES.storage,
      reads: own.reads ?? DEFAULT_PRICES.reads,
      writes: own.writes ?? DEFAULT_PRICES.writes,
      given: PRICES.filter((name) => own[name] !== undefined),
    },
    html: options.html,
  }
}

/** A long scan must not end with a page that can't be written. */
function pageProblems(html: string): Problem[] {
  const place = `--html ${html}`
  const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  if (html === '' || isFolder(resolve(html))) return [{ place, text: 'must name a file, not a folder' }]
  return isFolder(dirname(resolve(html))) ? [] : [{ place, text: 'there is no such folder; create it first' }]
}

function writePage(html: string, page: string): void {
  try {
    writeFileSync(resolve(html), page)
  } catch (error) {
    throw new ConfigurationError([{ place: `--html ${html}`, text: `can't be written: ${messageOf(error)}` }])
  }
}

function jsonOf({ statistics, requests, ...report }: Report): object {
  const { items, creations, storedBytes } = statistics
  return {
    table: report.tableName,
    time: new Date(report.now).toISOString(),
    sample: { scanned: statistics.scanned, whole_table: statistics.isWhole, capacity_units: report.capacityUnits },
    items,
    bytes: distributionOf(statistics.sizes),
    age_seconds: distributionOf(statistics.ages),
    idle_seconds: distributionOf(statistics.idleTimes),
    creations_a_day: creations,
    storage: { bytes: storedBytes, dollars_a_month: report.storage },
    requests: requests
      ? {
          read_units: requests.readUnits,
          write_units: requests.writeUnits,
          read_dollars_a_month: requests.reads,
          write_dollars_a_month: requests.writes,
        }
      : null,
    prices: { storage: report.prices.storage, reads: report.prices.reads, writes: report.prices.writes },
  }
}

function distributionOf({ summary, histogram }: Distribution): object {
  return { ...(summary ?? { average: null, p50: null, p95: null, largest: null }), histogram }
}
