import { writeOverLine } from '../../runtime/output.js'
import { assertNotRefused, carryOut, type Outcome } from '../files/carry-out.js'
import { GeneratorError, type Plan, type PlannedFile, shownPath } from '../files/plan.js'
import { closingLines, outcomeLine } from '../files/report.js'
import type { CommandLineDefinition } from './command-line.js'
import type { Answers, Flags, Questions } from './questions.js'
import { wrappedResult } from './terminal-width.js'

/** What a plan may depend on, besides the answers. */
export interface PlanContext {
  /** Folder of the application, absolute. */
  readonly root: string
  /** Files that exist are overwritten. */
  readonly force: boolean
  /** The planned files are removed, not written. So the plan must contain the files of an earlier run. */
  readonly undo: boolean
}

/** The parts in which generators differ. `addGenerator` adds everything that generators share. */
export interface Generator<Q extends Questions> extends CommandLineDefinition<Q> {
  /** Checks everything, and renders all files. Writes nothing. */
  readonly plan: (answers: Answers<Q>, context: PlanContext) => Plan | Promise<Plan>
  /** Why `--undo` must not remove a file, not even with `--force`; undefined when it may. */
  readonly keep?: (file: PlannedFile, context: PlanContext, answers: Answers<Q>) => Promise<string | undefined>
}

interface Run<Q extends Questions> {
  readonly root: string
  readonly answers: Answers<Q>
  readonly flags: Flags
  /** Whether the program is plop, which prints the results. */
  readonly plop: boolean
}

/**
 * Plans the files of a generator, and writes or removes them. Under plop, differences and contents are printed first.
 *
 * @returns for each file, the text that plop prints, or the path for code
 */
export async function runGenerator<Q extends Questions>(
  generator: Generator<Q>,
  { root, answers, flags, plop }: Run<Q>,
): Promise<string[]> {
  const { force = false, skip = false, undo = false, quiet = false, 'dry-run': dryRun = false } = flags
  if (force && skip) throw new GeneratorError('force and skip contradict each other: give only one of them')
  const context: PlanContext = { root, force, undo }
  const complete = withDefaults(answers, generator.questions, root)
  const plan = await generator.plan(complete, context)
  const { keep } = generator
  const compared = plop && !undo && plan.showsDifference === true ? await printDifferences(plan) : []
  const outcomes = await carryOut(plan, {
    force,
    skip,
    undo,
    root,
    dryRun,
    keep: keep && ((file) => keep(file, context, complete)),
  })
  if (plop && dryRun && !undo) printContents(outcomes.filter(({ file }) => !compared.includes(file)))
  assertNotRefused(outcomes)
  if (!plop) return outcomes.map(({ file }) => file.path)
  const lines = outcomes.map((outcome) => outcomeLine(outcome, { dryRun }))
  const last = lines.pop() ?? `nothing to ${undo ? 'remove' : 'write'}`
  const closing = quiet ? [] : closingLines(plan, outcomes, { root, dryRun, undo })
  return await Promise.all([...lines.map((line) => [line]), [last, ...closing]].map((result) => wrappedResult(result)))
}

/** @returns the files that exist with another text */
async function printDifferences({ files }: Plan): Promise<PlannedFile[]> {
  const { differenceOf } = await import('../files/difference.js')
  const compared: PlannedFile[] = []
  for (const file of files) {
    const difference = differenceOf(file)
    if (difference === undefined) continue
    writeOverLine(process.stdout, difference)
    compared.push(file)
  }
  return compared
}

/** Prints files over plop's spinner, which is at the beginning of a terminal's line. */
function printContents(outcomes: readonly Outcome[]): void {
  for (const { kind, file } of outcomes) {
    if (['written', 'left', 'refused'].includes(kind)) {
      writeOverLine(process.stdout, `${shownPath(file.path)}\n${file.text}`)
    }
  }
}

function withDefaults<Q extends Questions>(answers: Answers<Q>, questions: Q, root: string): Answers<Q> {
  const defaults = Object.entries(questions).flatMap(([name, question]) =>
    question.default ? [[name, question.default(root)]] : [],
  )
  return { ...Object.fromEntries(defaults), ...answers }
}
