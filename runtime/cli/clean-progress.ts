import type { CleaningSummary } from '../cleaning/collect-garbage.js'
import type { CleaningProgress } from '../cleaning/settings.js'
import { count, duration, ofTotal, speedOf } from './progress-display.js'

/**
 * The progress in a text short enough for 80 columns beside the bar.
 *
 * @param total approximate number of items
 */
export function progressText(progress: CleaningProgress, total: number | undefined): string {
  const { scanned, deleted, kept } = progress
  const parts = [
    `${count(scanned)}${ofTotal(progress, total)} scanned`,
    `${count(deleted)} deleted`,
    `${count(kept)} kept`,
  ]
  return [...parts, ...speedOf(progress, total)].join(', ')
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
