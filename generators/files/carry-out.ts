import { fitForLine } from '../../runtime/fit-for-output.js'
import { writeOverLine } from '../../runtime/output.js'
import { type FilePlan, refusal, shownPath, writePlan } from './file-plan.js'

/**
 * Writes a plan, or prints it in a dry run.
 *
 * @param settings `root` is the folder of the application, where the next command has to run
 * @returns the text that plop shows as the result
 */
export function carryOut(plan: FilePlan, settings: { root: string; force: boolean; dryRun: boolean }): string {
  const { root, dryRun } = settings
  writePlan(plan, settings)
  const notices = plan.notices.map((notice) => `note: ${notice}`)
  if (dryRun) {
    // On a terminal, plop's spinner is at the beginning of the line.
    writeOverLine(process.stdout, `${shownPath(plan.path)}\n${plan.text}`)
    const refused = refusal(plan, settings)
    return lines(
      'dry run: nothing was written',
      ...notices,
      ...(refused ? [`note: without --dry-run: ${refused}`] : []),
    )
  }
  const where = shownPath(root) === '.' ? '' : `, in ${shownPath(root)}`
  return lines(`${shownPath(plan.path)} was written`, ...notices, `Next${where}: ${plan.next}`)
}

function lines(...texts: readonly string[]): string {
  return texts.map((text) => fitForLine(text)).join('\n   ')
}
