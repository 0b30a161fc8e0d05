import { fitForLine } from '../../runtime/fit-for-output.js'
import type { Outcome } from './carry-out.js'
import { type Plan, shownPath } from './plan.js'

interface ReportSettings {
  /** Folder of the application, where the next command has to run. */
  readonly root: string
  readonly dryRun: boolean
  readonly undo: boolean
}

/** What happened to a file, or would happen, in one line. */
export function outcomeLine(outcome: Outcome, { dryRun }: Pick<ReportSettings, 'dryRun'>): string {
  return fitForLine(`${dryRun ? 'dry run: ' : ''}${whatHappened(outcome, dryRun ? 'would be' : 'was')}`)
}

function whatHappened(outcome: Outcome, was: string): string {
  const path = shownPath(outcome.file.path)
  switch (outcome.kind) {
    case 'written':
    case 'removed':
      return `${path} ${was} ${outcome.kind}`
    case 'identical':
      return `${path} is identical: nothing to write`
    case 'absent':
      return `${path} does not exist: nothing to remove`
    case 'left':
    case 'refused':
      return outcome.reason
  }
}

/**
 * The lines after the lines about files: notices, and what to do next. Both concern written files, so undo prints neither.
 * But if nothing was planned, the notices say why, and undo prints them.
 */
export function closingLines(plan: Plan, outcomes: readonly Outcome[], settings: ReportSettings): string[] {
  const { root, dryRun, undo } = settings
  const notices = undo && outcomes.length > 0 ? [] : plan.notices.map((notice) => `note: ${notice}`)
  const lines = [...notices, ...(dryRun || undo ? [] : nextLines(plan, root))]
  return lines.map((line) => fitForLine(line))
}

function nextLines({ next }: Plan, root: string): string[] {
  const head = shownPath(root) === '.' ? 'Next:' : `Next, in ${shownPath(root)}:`
  if (typeof next === 'string') return [`${head} ${next}`]
  return next.length === 0 ? [] : [head, ...next.map((line) => `  ${line}`)]
}
