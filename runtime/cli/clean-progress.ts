import cliProgress from 'cli-progress'
import { monotonic } from '../async/clock.js'
import type { CleaningSummary } from '../cleaning/collect-garbage.js'
import type { CleaningProgress } from '../cleaning/settings.js'
import type { Configuration } from '../configuration/resolve.js'
import { messageOf } from '../errors.js'
import type { Logger } from '../logger.js'
import { writeAboveBar } from '../output.js'
import { findTable } from '../table/describe-table.js'
import { workOnTable } from '../table/table-work.js'

/** The stream of the progress bar. The bar is drawn only on a terminal. */
export type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean }

/** Shows the progress of cleaning. */
export interface ProgressDisplay {
  readonly show: (progress: CleaningProgress) => void
  /** Prints another text above the bar. */
  readonly line: (text: string) => void
  /** Ends the display. After a failure, the last progress is printed. */
  readonly end: (how?: { failed: boolean }) => void
}

/** Pause between two lines without a terminal. Milliseconds. */
const LINE_INTERVAL = 5_000

const BAR_WIDTH = 12

/** A bar on a terminal. Elsewhere a line every few seconds. */
export async function progressDisplay(
  configuration: Configuration,
  logger: Logger,
  screen: Screen,
  requestTimeout?: number,
): Promise<ProgressDisplay> {
  const total = await itemCount(configuration, logger, requestTimeout)
  return screen.isTTY ? bar(total, screen) : lines(total, logger)
}

/** The approximate number of items. Without the permission for DescribeTable, cleaning works and shows no ETA. */
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

function lines(total: number | undefined, logger: Logger): ProgressDisplay {
  let last = monotonic()
  let latest: CleaningProgress | undefined
  return {
    show(progress) {
      latest = progress
      if (monotonic() - last < LINE_INTERVAL) return
      last = monotonic()
      logger.info(progressText(progress, total))
    },
    line: (text) => logger.info(text),
    end({ failed } = { failed: false }) {
      if (failed && latest) logger.info(progressText(latest, undefined))
    },
  }
}

function bar(total: number | undefined, screen: Screen): ProgressDisplay {
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
  })
  drawn.start(total ?? 0, 0, { text: 'starting' })
  return {
    show: (progress) => drawn.update(progress.scanned, { text: progressText(progress, total) }),
    line: (text) => writeAboveBar(screen, text),
    end: () => drawn.stop(),
  }
}

/**
 * The progress in a text short enough for 80 columns beside the bar.
 *
 * @param total approximate number of items
 */
export function progressText(progress: CleaningProgress, total: number | undefined): string {
  const { scanned, deleted, kept, seconds } = progress
  const speed = seconds > 0 ? scanned / seconds : 0
  const of = total === undefined ? '' : `/~${count(Math.max(total, scanned))}`
  const parts = [`${count(scanned)}${of} scanned`, `${count(deleted)} deleted`, `${count(kept)} kept`]
  if (speed > 0) parts.push(`${count(Math.round(speed))}/s`)
  if (speed > 0 && total !== undefined) parts.push(`ETA ${duration(Math.max(total - scanned, 0) / speed)}`)
  return parts.join(', ')
}

export function summaryLines(summary: CleaningSummary): readonly string[] {
  const { scanned, dead, deleted, kept, capacityUnits, seconds, dryRun, complete } = summary
  const done = dryRun
    ? `dry run: ${count(scanned)} scanned, ${count(dead)} would be deleted, ${count(kept)} kept`
    : `${count(scanned)} scanned, ${count(deleted)} deleted, ${count(kept)} kept`
  const cost = `${duration(seconds)}, ${count(capacityUnits)} capacity units`
  return [`${done} (${cost})`, ...(complete ? [] : [`not finished: ${whyStopped(summary)}; run it again to go on`])]
}

function whyStopped({ stopped }: CleaningSummary): string {
  if (stopped === 'maxItems') return '--max-items is reached'
  return stopped === 'maxSeconds' ? '--max-seconds is reached' : 'interrupted'
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** `7s`, `3m20s`, `2h05m` */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  if (hours > 0) return `${hours}h${String(minutes).padStart(2, '0')}m`
  return minutes > 0 ? `${minutes}m${String(rest).padStart(2, '0')}s` : `${rest}s`
}
