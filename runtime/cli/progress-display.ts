import cliProgress from 'cli-progress'
import { monotonic } from '../async/clock.js'
import type { Configuration } from '../configuration/resolve.js'
import { messageOf } from '../errors.js'
import type { Logger } from '../logger.js'
import { writeAboveBar } from '../output.js'
import { findTable } from '../table/describe-table.js'
import { workOnTable } from '../table/table-work.js'

/** The stream of the progress bar. The bar is drawn only on a terminal. */
export type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean }

/** What every display shows. */
export interface ScanProgress {
  /** Items that were read so far. */
  readonly scanned: number
  readonly seconds: number
}

/**
 * The progress in a text short enough for 80 columns beside the bar.
 *
 * @param total approximate number of items
 */
export type ProgressText<P extends ScanProgress> = (progress: P, total: number | undefined) => string

/** Shows the progress of work on all items. */
export interface ProgressDisplay<P extends ScanProgress> {
  readonly show: (progress: P) => void
  /** Prints another text above the bar. */
  readonly line: (text: string) => void
  /** Ends the display. After a failure, the last progress is printed. */
  readonly end: (how?: { failed: boolean }) => void
}

/** Pause between two lines without a terminal. Milliseconds. */
const LINE_INTERVAL = 5_000

const BAR_WIDTH = 12

/** A bar on a terminal. Elsewhere a line every few seconds. */
export async function displayOf<P extends ScanProgress>(
  text: ProgressText<P>,
  configuration: Configuration,
  logger: Logger,
  screen: Screen,
  { requestTimeout, isTotalKnown = true }: { requestTimeout?: number | undefined; isTotalKnown?: boolean } = {},
): Promise<ProgressDisplay<P>> {
  const total = isTotalKnown ? await itemCount(configuration, logger, requestTimeout) : undefined
  return screen.isTTY ? bar(text, total, screen) : lines(text, total, logger)
}

/** The approximate number of items. Without the permission for DescribeTable, the display has no ETA. */
async function itemCount(
  configuration: Configuration,
  logger: Logger,
  requestTimeout: number | undefined,
): Promise<number | undefined> {
  try {
    const aside = { info() {}, warn: (line: string) => logger.warn(line) }
    const table = await workOnTable(configuration, { logger: aside, requestTimeout }, findTable)
    return table && table.itemCount > 0 ? table.itemCount : undefined
  } catch (error) {
    logger.warn(`no ETA: ${messageOf(error)}`)
    return undefined
  }
}

function lines<P extends ScanProgress>(
  text: ProgressText<P>,
  total: number | undefined,
  logger: Logger,
): ProgressDisplay<P> {
  let last = monotonic()
  let latest: P | undefined
  return {
    show(progress) {
      latest = progress
      if (monotonic() - last < LINE_INTERVAL) return
      last = monotonic()
      logger.info(text(progress, total))
    },
    line: (line) => logger.info(line),
    end({ failed } = { failed: false }) {
      if (failed && latest) logger.info(text(latest, undefined))
    },
  }
}

function bar<P extends ScanProgress>(
  text: ProgressText<P>,
  total: number | undefined,
  screen: Screen,
): ProgressDisplay<P> {
  const drawn = new cliProgress.SingleBar({
    stream: screen,
    format: (options, { progress }, payload) => {
      const filled = total === undefined ? '' : `[${cliProgress.Format.BarFormat(progress, options)}] `
      return `${filled}${payload.text}`
    },
    barsize: BAR_WIDTH,
    forceRedraw: true,
    emptyOnZero: true,
    gracefulExit: false,
    clearOnComplete: true,
  })
  let latest: P | undefined
  drawn.start(total ?? 0, 0, { text: 'starting' })
  return {
    show(progress) {
      latest = progress
      drawn.update(progress.scanned, { text: text(progress, total) })
    },
    line: (line) => writeAboveBar(screen, line),
    end({ failed } = { failed: false }) {
      if (failed && latest) writeAboveBar(screen, text(latest, undefined))
      drawn.stop()
    },
  }
}

/** The progress of a command that only reads, without an item deleted or kept. */
export const readingText: ProgressText<ScanProgress> = (progress, total) => {
  const { scanned } = progress
  return [`${count(scanned)}${ofTotal(progress, total)} read`, ...speedOf(progress, total)].join(', ')
}

/** `/~1,000`; empty if the total is unknown. */
export function ofTotal({ scanned }: ScanProgress, total: number | undefined): string {
  return total === undefined ? '' : `/~${count(Math.max(total, scanned))}`
}

/** Items a second, and the time that is left if the total is known. */
export function speedOf({ scanned, seconds }: ScanProgress, total: number | undefined): string[] {
  const speed = seconds > 0 ? scanned / seconds : 0
  if (speed === 0) return []
  const left = total === undefined ? [] : [`ETA ${duration(Math.max(total - scanned, 0) / speed)}`]
  return [`${count(Math.round(speed))}/s`, ...left]
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** `7s`, `3m20s`, `2h05m` */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  if (hours > 0) return `${hours}h${String(minutes).padStart(2, '0')}m`
  return minutes > 0 ? `${minutes}m${String(rest).padStart(2, '0')}s` : `${rest}s`
}
