import { resolve } from 'node:path'
import type { ActionType, NodePlopAPI, PlopGeneratorConfig } from 'plop'
import { fitForOutput } from '../../runtime/fit-for-output.js'
import { writeOverLine } from '../../runtime/output.js'
import { carryOut, type Outcome } from '../files/carry-out.js'
import { GeneratorError, type Plan, type PlannedFile, shownPath } from '../files/plan.js'
import { closingLines, outcomeLine } from '../files/report.js'
import { asksForHelp, isNamed, isPlop, optionsAfterDashes } from './arguments.js'
import type { CommandLine, CommandLineDefinition } from './command-line.js'
import { INPUT, LIST, NEVER_ASKED, type PlopPrompt } from './prompts.js'
import {
  type Answers,
  checkedAnswers,
  type Flags,
  hasPosition,
  type Question,
  type Questions,
  valueProblem,
} from './questions.js'
import { wrapped } from './terminal-width.js'

/** What a plan may depend on, besides the answers. */
export interface PlanContext {
  /** Folder of the application, absolute. */
  readonly root: string
  /** Files that exist are overwritten. */
  readonly force: boolean
  /** The planned files are removed, not written. So the plan must contain the files of an earlier run. */
  readonly undo: boolean
}

/** What is special about a generator. {@link addGenerator} adds everything that generators share. */
export interface Generator<Q extends Questions> extends CommandLineDefinition<Q> {
  /** Checks everything, and renders all files. Writes nothing. */
  readonly plan: (answers: Answers<Q>, context: PlanContext) => Plan | Promise<Plan>
  /** Why `--undo` must not remove a file, not even with `--force`; undefined when it may. */
  readonly keep?: (file: PlannedFile, context: PlanContext, answers: Answers<Q>) => Promise<string | undefined>
}

export interface AddSettings {
  /** `{ force }`, if the plopfile of the application passes it on. */
  readonly force: boolean
  /** The command line of this process. */
  readonly argv?: readonly string[]
}

/**
 * Adds a generator to plop, with the flags of every generator: `--help`, `--dry-run`, `--force`, `--undo` and more. If the
 * command line asks for the help of this generator, prints it and ends the process.
 */
export async function addGenerator<const Q extends Questions>(
  plop: NodePlopAPI,
  generator: Generator<Q>,
  { force, argv = process.argv }: AddSettings,
): Promise<void> {
  const { name, sentence: description } = generator
  const rootOf = () => resolve(plop.getDestBasePath())
  let read: Promise<CommandLine<Q>> | undefined
  /** Undefined when the program is not plop. The module is loaded only when the generator runs. */
  const commandLine = async () => {
    if (!isPlop(argv)) return undefined
    read ??= import('./command-line.js').then((module) => module.readCommandLine(argv, generator, rootOf()))
    return await read
  }
  // plop prints before and after a generator's actions. Inquirer turns an exit during its prompts into an interrupt.
  if (isPlop(argv) && isNamed(argv, name) && asksForHelp(argv)) {
    await printHelp((await commandLine())?.help)
    process.exit(0)
  }
  const asked: Record<string, unknown> = {}
  const questions = Object.entries(generator.questions).map(([key, question]) =>
    promptOf(key, question, { rootOf, commandLine, asked }),
  )
  /** plop's values for the questions, without the pads' values. */
  const valuesFromPlop = (line: CommandLine<Q>, given: object) =>
    line.answers
      ? asked
      : Object.fromEntries(Object.entries(given).filter(([key]) => Object.hasOwn(generator.questions, key)))
  plop.setGenerator(name, {
    description,
    prompts: withPads(questions, { argv, name, commandLine }) as unknown as PlopGeneratorConfig['prompts'],
    actions: (given = {}) => {
      const actions: ActionType[] = []
      actions.push(async (_, config) => {
        const root = rootOf()
        const line = await commandLine()
        if (line?.help !== undefined) {
          await printHelp(line.help)
          return 'nothing was written'
        }
        const values = checkedAnswers(line ? valuesFromPlop(line, given) : given, generator.questions, root)
        const results = await run(generator, {
          root,
          answers: { ...values.answers, ...line?.answers },
          flags: { ...values.flags, ...line?.flags, ...((force || config.force === true) && { force: true }) },
          plop: line !== undefined,
        })
        const [first = '', ...others] = results
        actions.push(...others.map((result) => () => result))
        return first
      })
      return actions
    },
  })
}

/** On a terminal, plop's spinner may be at the beginning of the line. */
async function printHelp(help = ''): Promise<void> {
  writeOverLine(process.stdout, help)
  await new Promise((resolve) => process.stdout.write('', resolve))
}

interface Run<Q extends Questions> {
  readonly root: string
  readonly answers: Answers<Q>
  readonly flags: Flags
  /** Whether the program is plop, which prints the results. */
  readonly plop: boolean
}

/** @returns for each file, the text that plop prints, or the path for code */
async function run<Q extends Questions>(
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
    dryRun,
    keep: keep && ((file) => keep(file, context, complete)),
  })
  if (!plop) return outcomes.map(({ file }) => file.path)
  if (dryRun && !undo) printContents(outcomes.filter(({ file }) => !compared.includes(file)))
  const lines = outcomes.map((outcome) => outcomeLine(outcome, { dryRun }))
  const last = lines.pop() ?? `nothing to ${undo ? 'remove' : 'write'}`
  const closing = quiet ? [] : closingLines(plan, outcomes, { root, dryRun, undo })
  return [...lines, await wrapped([last, ...closing])]
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

/** On a terminal, plop's spinner is at the beginning of the line. */
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

interface Sources {
  readonly rootOf: () => string
  readonly commandLine: () => Promise<CommandLine<Questions> | undefined>
  /** Receives what the user answered. */
  readonly asked: Record<string, unknown>
}

function promptOf(name: string, question: Question, { rootOf, commandLine, asked }: Sources): PlopPrompt {
  const { message, help, choices, default: initial } = question
  const isAsked = (answers: Answers) =>
    typeof question.asked === 'function' ? question.asked(answers, rootOf()) : hasPosition(question)
  return {
    type: choices === undefined ? INPUT : LIST,
    name,
    message,
    help,
    ...(choices && { choices }),
    ...(initial && { default: () => initial(rootOf()) }),
    // plop passes "true" for an option without a value.
    bypass: (value) => (value.trim() === '' || value === 'true' ? undefined : value),
    validate: async (value) => {
      const text = value === undefined ? `--${name} needs a value` : undefined
      return await problemOf(commandLine, () =>
        value === '' ? undefined : (text ?? valueProblem(name, question, value, rootOf())),
      )
    },
    answer: async (answers, ask) => {
      const line = await commandLine()
      const given = line?.answers
      if (line?.help !== undefined) return ''
      if (given?.[name] !== undefined) return given[name]
      if (!ask || !isAsked({ ...answers, ...given } as Answers)) return initial?.(rootOf()) ?? ''
      asked[name] = await ask()
      return asked[name]
    },
  }
}

/**
 * The prompts, and further prompts that are never asked ("pads"). Without pads, plop refuses options after `--` that have no
 * prompt, and more values than prompts. If the command line has the generator's name, this package reads the values. The
 * pads then come first, and plop's own values go to the pads.
 */
function withPads(
  questions: readonly PlopPrompt[],
  { argv, name, commandLine }: { argv: readonly string[]; name: string; commandLine: Sources['commandLine'] },
): PlopPrompt[] {
  if (!isPlop(argv)) return [...questions]
  const pad = (padName: string): PlopPrompt => ({
    type: NEVER_ASKED,
    name: padName,
    message: padName,
    validate: () => problemOf(commandLine, () => undefined),
    answer: async () => {
      await commandLine()
      return ''
    },
  })
  const known = new Set(questions.map((question) => question.name))
  const options = optionsAfterDashes(argv).filter((option) => !known.has(option))
  const texts = argv.slice(2).map((_, index) => `argument ${index + 1}`)
  return isNamed(argv, name)
    ? [...texts.map(pad), ...options.map(pad), ...questions]
    : [...questions, ...options.map(pad), ...texts.map(pad)]
}

/** What `validate` of a prompt returns. */
async function problemOf(
  commandLine: Sources['commandLine'],
  problem: () => string | undefined,
): Promise<true | string> {
  try {
    await commandLine()
    const found = problem()
    return found === undefined ? true : fitForOutput(found)
  } catch (error) {
    if (error instanceof GeneratorError) return error.message
    throw error
  }
}
