import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { choiceOf } from '../../../generators/choice.js'
import { carryOut } from '../../../generators/files/carry-out.js'
import type { Plan } from '../../../generators/files/plan.js'
import { outcomeLine } from '../../../generators/files/report.js'
import { dependencyNames } from '../../../generators/project/package-json.js'
import { packageManagerOf } from '../../../generators/project/package-manager.js'
import { planConfig } from '../../../generators/session-config/plan.js'
import { planMigration } from '../../../generators/session-migration/plan.js'
import { FRAMEWORK_NAMES } from '../../../generators/session-store/frameworks.js'
import { defaultFramework, planStore } from '../../../generators/session-store/plan.js'
import { fitForLine } from '../../fit-for-output.js'
import type { Logger } from '../../logger.js'
import { readTableChange } from '../../table/table-change.js'
import { consoleLogger, type SharedOptions } from '../command.js'
import { ask, confirm, processTerminal, type Terminal } from '../confirm.js'
import { makePlopfile, needsTsx } from '../plopfile.js'

interface InitOptions extends SharedOptions {
  /** Write all files without asking. */
  readonly yes?: boolean
  /** Framework of the session store. Default: the one in package.json. */
  readonly framework?: string
}

/** A generator that `init` can run. */
interface Step {
  /** What the generator writes, for the question. */
  readonly what: string
  /** The command that does the same. */
  readonly command: string
  /** The command that overwrites the files. */
  readonly overwriting: string
  /** Undefined: the generator needs more input. */
  readonly plan: (() => Plan | Promise<Plan>) | undefined
  /** What to do after all generators. Without a plan, the generator did not run. */
  readonly next: (plan: Plan | undefined) => readonly string[]
}

/** Name of the migration, as in the README. */
const MIGRATION = 'AddSessions'

/** The exit code that shells give to a program that Ctrl-C ended. */
const INTERRUPTED = 130

/**
 * `dynamo-session init`: makes the generators available to plop, and runs them. In a terminal, it asks before
 * each. Without a terminal and without `yes`, it prints their commands. Existing files stay unchanged.
 */
export async function initCommand(
  options: InitOptions = {},
  logger = consoleLogger,
  folder = process.cwd(),
  terminal: Terminal = processTerminal,
): Promise<void> {
  const steps = await stepsOf(options, folder, terminal)
  const plopfile = makePlopfile(logger, folder)
  if (!existsSync(join(folder, 'package.json'))) {
    logger.warn(`there is no package.json in ${fitForLine(folder)}: is this the folder of the application?`)
  }
  const left: string[] = []
  const next: string[] = []
  for (const step of steps) {
    const wanted = step.plan ? await isWanted(step.what, options, terminal) : false
    if (wanted === undefined) return interrupted(logger)
    const plan = wanted ? await step.plan?.() : undefined
    if (plan) await run(plan, step, logger)
    else left.push(step.command)
    next.push(...step.next(plan))
  }
  if (left.length > 0 && !options.yes && !terminal.input.isTTY) {
    const { run } = packageManagerOf(folder)
    logger.info(`note: without a terminal, init asks nothing; to write all files: ${run} dynamo-session init --yes`)
  }
  logger.info('')
  logger.info('next:')
  for (const line of [...preparations(folder, plopfile, left), ...left, ...next]) logger.info(`  ${fitForLine(line)}`)
}

async function stepsOf(options: InitOptions, root: string, terminal: Terminal): Promise<Step[]> {
  const { environment } = options
  const place = { root, ...(environment !== undefined && { environment }) }
  const { run } = packageManagerOf(root)
  const given = options.framework ?? defaultFramework(root) ?? (await frameworkFrom(options, terminal))
  const framework = given === undefined ? undefined : choiceOf('framework', given, FRAMEWORK_NAMES)
  return [
    {
      what: `the configuration file${environment ? ` for ${environment}` : ''}`,
      command: `${run} plop session-config${environment ? ` ${environment}` : ''}`,
      overwriting: `${run} plop session-config${environment ? ` ${environment}` : ''} --force`,
      plan: () => planConfig(place),
      next: () => [],
    },
    {
      what: 'a migration that creates the table',
      command: `${run} plop session-migration`,
      overwriting: `${run} plop session-migration ${MIGRATION} --force`,
      plan: () => planMigration({ ...place, name: MIGRATION }, readTableChange),
      next: (plan) => [
        ...localDatabase(options, root),
        ...[plan?.next ?? `${run} umzug up${environment ? ` --environment ${environment}` : ''}`].flat(),
      ],
    },
    {
      what: `the session store${framework ? ` for ${framework}` : ''}`,
      command: `${run} plop session-store`,
      overwriting: `${run} plop session-store ${framework} --force`,
      plan: framework ? () => planStore({ root, framework }) : undefined,
      next: (plan) => [plan?.next ?? []].flat(),
    },
  ]
}

/** The command for the DynamoDB of this machine, where the application has dynalite. */
function localDatabase({ environment }: InitOptions, root: string): string[] {
  if (environment !== undefined || !dependencyNames(root).has('dynalite')) return []
  const { run } = packageManagerOf(root)
  return [`${run} dynamo-session local --path .dynamodb   # without AWS: in another terminal; prints what to export`]
}

/** Asks for the framework in a terminal, if package.json names none. */
async function frameworkFrom({ yes }: InitOptions, terminal: Terminal): Promise<string | undefined> {
  if (yes || !terminal.input.isTTY) return undefined
  const framework = await ask(`Framework (${FRAMEWORK_NAMES.join(', ')}; empty: none): `, terminal)
  return framework?.trim() || undefined
}

/** Undefined when the user interrupts the question. */
async function isWanted(what: string, { yes }: InitOptions, terminal: Terminal): Promise<boolean | undefined> {
  if (yes) return true
  if (!terminal.input.isTTY) return false
  return await confirm(`Write ${what}`, terminal, { byDefault: true })
}

function interrupted(logger: Logger): void {
  logger.info('stopped: no more files were written')
  process.exitCode = INTERRUPTED
}

/** Runs a generator. */
async function run(plan: Plan, { overwriting }: Step, logger: Logger): Promise<void> {
  const outcomes = await carryOut(plan, { skip: true })
  const results = outcomes.map((outcome) => {
    const line = outcomeLine(outcome, { dryRun: false })
    return outcome.kind === 'left' ? `${line} (${overwriting})` : line
  })
  const notes = plan.notices.map((notice) => fitForLine(`note: ${notice}`))
  for (const line of [...results, ...notes]) logger.info(line)
}

/** Commands that prepare the remaining commands. */
function preparations(folder: string, plopfile: string, left: readonly string[]): string[] {
  const { add, addForDevelopment } = packageManagerOf(folder)
  return [
    ...(isInstalled('dynamo-session-store', folder) ? [] : [`${add} dynamo-session-store`]),
    ...(isInstalled('plop', folder) ? [] : [`${addForDevelopment} plop`]),
    ...(left.length > 0 && needsTsx(plopfile)
      ? ["export NODE_OPTIONS='--import tsx'   # plop can't read TypeScript by itself here"]
      : []),
  ]
}

function isInstalled(name: string, folder: string): boolean {
  // Plug'n'Play has no node_modules.
  if (process.versions.pnp !== undefined) return dependencyNames(folder).has(name)
  if (existsSync(join(folder, 'node_modules', name, 'package.json'))) return true
  const parent = dirname(folder)
  return parent !== folder && isInstalled(name, parent)
}
