import type { Options } from '../../configuration/options.js'
import type { Configuration } from '../../configuration/resolve.js'
import { DynamoSessionError } from '../../errors.js'
import { fitForLine, jsonForOutput } from '../../fit-for-output.js'
import type { Logger } from '../../logger.js'
import { type ColourScreen, type Part, printParts } from '../../output.js'
import { compareTable, type SettingComparison } from '../../table/compare-table.js'
import { settingText, valueText } from '../../table/comparison-text.js'
import { readLiveTable } from '../../table/live-table.js'
import { workOnTable } from '../../table/table-work.js'
import { type Screen, wrapped } from '../../terminal.js'
import {
  configurationForCommand,
  consoleLogger,
  exactLogger,
  optionsForCommand,
  type SharedOptions,
  standardError,
} from '../command.js'
import { placeOfTable, printTarget, regionOf } from '../target.js'
import { type TimeoutOptions, timeoutOf } from '../timeout.js'

interface PlanOptions extends SharedOptions, TimeoutOptions {
  /** Set the exit code by the result. */
  readonly check?: boolean
  readonly json?: boolean
}

/** Exit code of `plan --check` when a setting differs, or when there is no table. */
const DIFFERS = 2

type Terminal = Pick<NodeJS.WriteStream, 'write'> & Screen & ColourScreen

/**
 * `dynamo-session plan`: the declared settings next to those of the live table. Prints lines, or a table in a
 * terminal.
 *
 * @throws {DynamoSessionError} with `--check`, when no setting differs, but a setting is unknown: a permission, a response or a package is missing
 */
export async function planCommand(
  options: PlanOptions,
  logger = options.json ? standardError : consoleLogger,
  screen: Terminal = process.stdout,
): Promise<void> {
  const requestTimeout = timeoutOf(options)
  const given = await optionsForCommand(options)
  const configuration = configurationForCommand(given, logger)
  await printTarget(configuration, logger)
  const comparisons = await workOnTable(configuration, { logger, requestTimeout }, async (work) => {
    const live = await readLiveTable(work)
    return live && compareTable(configuration, live)
  })
  if (options.json) await printJson(configuration, comparisons)
  else if (comparisons === undefined) await printMissing(given, configuration, logger)
  else if (screen.isTTY) printTable(comparisons, screen)
  else printLines(comparisons, logger)
  if (options.check) check(comparisons)
}

function check(comparisons: readonly SettingComparison[] | undefined): void {
  if (comparisons === undefined || comparisons.some(({ state }) => state === 'differs')) {
    process.exitCode = DIFFERS
    return
  }
  const denied = comparisons.flatMap(({ permission }) => permission ?? [])
  const unreachable = comparisons.flatMap((comparison) => comparison.unreachable ?? [])
  const uninstalled = comparisons.flatMap((comparison) => comparison.uninstalled ?? [])
  const reasons = [
    ...(denied.length > 0 ? [`allow ${denied.join(', ')} in the IAM policy`] : []),
    ...unreachable.map((service) => `${service} can't be reached: check the network (VPC endpoint, firewall, proxy)`),
    ...uninstalled.map((name) => `${name} is not installed: npm install ${name}`),
  ]
  if (reasons.length > 0) throw new DynamoSessionError(`not all settings could be compared; ${reasons.join('; ')}`)
}

async function printJson(
  configuration: Configuration,
  comparisons: readonly SettingComparison[] | undefined,
): Promise<void> {
  const place = await placeOfTable(configuration)
  const exists = comparisons !== undefined
  const settings = comparisons ?? []
  exactLogger.info(jsonForOutput({ table: configuration.tableName, ...place, exists, ...counts(settings), settings }))
}

function counts(comparisons: readonly SettingComparison[]) {
  const count = (wanted: SettingComparison['state']) => comparisons.filter(({ state }) => state === wanted).length
  return { same: count('same'), differs: count('differs'), unknown: count('unknown') }
}

function countsText(comparisons: readonly SettingComparison[]): string {
  const { same, differs, unknown } = counts(comparisons)
  return [`${same} same`, `${differs} ${differs === 1 ? 'differs' : 'differ'}`, `${unknown} unknown`].join(', ')
}

async function printMissing(given: Options, configuration: Configuration, logger: Logger): Promise<void> {
  const { explainMissingTable } = await import('../missing-table.js')
  const { logged, remedy } = await explainMissingTable(given, configuration, await regionOf(configuration))
  const text = `there is no table "${configuration.tableName}"${logged}; ${remedy}`
  logger.info('')
  logger.info(`differs  ${fitForLine(text)}`)
}

const STATE_WIDTH = 'differs'.length

/** For files and pipes: one line has everything about a setting. */
function printLines(comparisons: readonly SettingComparison[], logger: Logger): void {
  logger.info('')
  for (const comparison of comparisons) {
    const { state, setting, live, note, limit } = comparison
    const text =
      state === 'same'
        ? `${setting}: ${valueText(live)}${note === undefined ? '' : ` (${note})`}`
        : settingText(comparison) + (limit ? `; limit: ${limit.text} (${limit.source})` : '')
    logger.info(`${state.padEnd(STATE_WIDTH)}  ${fitForLine(text)}`)
  }
  logger.info('')
  logger.info(countsText(comparisons))
}

const COLOURS = { same: 'green', differs: 'red', unknown: 'yellow' } as const

/** Longest and shortest limit of a cell, in characters. */
const LONGEST_CELL = 40
const SHORTEST_CELL = 12

/** Columns between state, setting, declared and live value. */
const GAPS = 3 * 2

/** For a terminal: a table, with the change and its limit below a setting that differs. */
function printTable(comparisons: readonly SettingComparison[], screen: Terminal): void {
  const widest = Math.max(...comparisons.map(({ setting }) => setting.length))
  const left = (screen.columns || Number.POSITIVE_INFINITY) - STATE_WIDTH - GAPS - widest
  const limit = Math.min(Math.max(Math.floor(left / 2), SHORTEST_CELL), LONGEST_CELL)
  const cells = comparisons.map(({ setting, declared, live, state }) => [
    cell(setting, LONGEST_CELL),
    cell(valueText(declared), limit),
    cell(state === 'unknown' && live === null ? '?' : valueText(live), limit),
  ])
  const header = ['setting', 'declared', 'live']
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const padded = (row: readonly string[]) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')
  const line = (...parts: readonly Part[]) => printParts(screen, parts, (text) => wrapped(text, screen))
  line({ text: '' })
  line({ text: `${''.padEnd(STATE_WIDTH)}  ${padded(header)}`.trimEnd(), colour: 'dim' })
  for (const [at, { state, ...comparison }] of comparisons.entries()) {
    line(
      { text: state.padEnd(STATE_WIDTH), colour: COLOURS[state] },
      { text: `  ${padded(cells[at] ?? [])}`.trimEnd() },
    )
    for (const text of details(comparison))
      line({ text: `${''.padEnd(STATE_WIDTH)}    ${fitForLine(text)}`, colour: 'dim' })
  }
  line({ text: '' })
  line({ text: countsText(comparisons) })
}

function details({ change, limit, note, permission, source }: Omit<SettingComparison, 'state'>): string[] {
  return [
    ...(change === undefined ? [] : [`declared in: ${source}`, `change: ${change}`]),
    ...(limit ? [`limit: ${limit.text} (${limit.source})`] : []),
    ...(permission === undefined ? [] : [`no permission: allow ${permission}`]),
    ...(note === undefined ? [] : [note]),
  ]
}

function cell(text: string, limit: number): string {
  const fit = fitForLine(text)
  return fit.length > limit ? `${fit.slice(0, limit - 1)}…` : fit
}
