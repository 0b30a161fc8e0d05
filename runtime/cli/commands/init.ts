import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
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
  /** Undefined: the generator needs more input. */
  readonly plan: (() => Plan | Promise<Plan>) | undefined
}

/** Name of the migration, as in the README. */
const MIGRATION = 'AddSessions'
const PLOPFILE = 'plopfile.mjs'
const LINE = "await plop.load('dynamo-session-store', { force: config.force })"
const TEXT = `// The generators of dynamo-session-store: session-config, session-migration, session-store and more.
export default async function (plop, config) {
  ${LINE}
}
`

/** The names under which plop looks for its file. */
const PLOPFILES = /^plopfile(\.babel)?\.([cm]?[jt]s|[jt]sx|coffee|ls)$/i

/**
 * `dynamo-session init`: makes the generators available to plop, and runs them. In a terminal, it asks before
 * each. Without a terminal and without `yes`, it prints their commands. Files that exist are left.
 */
export async function initCommand(
  options: InitOptions = {},
  logger = consoleLogger,
  folder = process.cwd(),
  terminal: Terminal = processTerminal,
): Promise<void> {
  const steps = await stepsOf(options, folder, terminal)
  const plopfile = await makePlopfile(logger, folder)
  if (!existsSync(join(folder, 'package.json'))) {
    logger.warn(`there is no package.json in ${fitForLine(folder)}: is this the folder of the application?`)
  }
  const left: string[] = []
  const next: string[] = []
  for (const { what, command, plan } of steps) {
    if (plan && (await isWanted(what, options, terminal))) next.push(...(await run(await plan(), logger)))
    else left.push(command)
  }
  logger.info('')
  logger.info('next:')
  const lines = nextCommands(folder, plopfile, { left, next, environment: options.environment })
  for (const line of lines) logger.info(`  ${fitForLine(line)}`)
}

async function stepsOf(options: InitOptions, root: string, terminal: Terminal): Promise<Step[]> {
  const { environment } = options
  const { run } = packageManagerOf(root)
  const given = options.framework ?? defaultFramework(root) ?? (await frameworkFrom(options, terminal))
  const framework = given === undefined ? undefined : choiceOf('framework', given, FRAMEWORK_NAMES)
  return [
    {
      what: `the configuration file${environment ? ` for ${environment}` : ''}`,
      command: `${run} plop session-config${environment ? ` ${environment}` : ''}`,
      plan: () => planConfig({ root, ...(environment !== undefined && { environment }) }),
    },
    {
      what: 'a migration that creates the table',
      command: `${run} plop session-migration`,
      plan: () => planMigration({ root, name: MIGRATION }, readTableChange),
    },
    {
      what: `the session store${framework ? ` for ${framework}` : ''}`,
      command: `${run} plop session-store`,
      plan: framework ? () => planStore({ root, framework }) : undefined,
    },
  ]
}

/** Asks for the framework in a terminal, if package.json names none. */
async function frameworkFrom({ yes }: InitOptions, terminal: Terminal): Promise<string | undefined> {
  if (yes || !terminal.input.isTTY) return undefined
  const framework = await ask(`Framework (${FRAMEWORK_NAMES.join(', ')}; empty: none): `, terminal)
  return framework?.trim() || undefined
}

async function isWanted(what: string, { yes }: InitOptions, terminal: Terminal): Promise<boolean> {
  if (yes) return true
  return terminal.input.isTTY === true && (await confirm(`Write ${what}`, terminal, { byDefault: true }))
}

/** Runs a generator. Returns the next steps, if they are packages to install or code to add. */
async function run(plan: Plan, logger: Logger): Promise<readonly string[]> {
  const outcomes = await carryOut(plan, { skip: true })
  for (const outcome of outcomes) logger.info(outcomeLine(outcome, { dryRun: false }))
  for (const notice of plan.notices) logger.info(fitForLine(`note: ${notice}`))
  return typeof plan.next === 'string' ? [] : plan.next
}

/** Writes `plopfile.mjs`, or prints what to add to the plopfile that exists. Returns the name of the plopfile. */
async function makePlopfile(logger: Logger, folder: string): Promise<string> {
  const present = readdirSync(folder).find((name) => PLOPFILES.test(name))
  if (present) {
    for (const line of advice(present, readFileSync(join(folder, present), 'utf8'))) logger.info(line)
    return present
  }
  const above = plopfileAbove(folder)
  await writeFile(join(folder, PLOPFILE), TEXT, { flag: 'wx' })
  logger.info(`wrote ${PLOPFILE}`)
  if (above) logger.warn(`plop now uses ${PLOPFILE} in this folder, no longer ${fitForLine(above)}`)
  return PLOPFILE
}

/** Instructions for a plopfile that exists already. */
function advice(name: string, text: string): string[] {
  const code = text.replace(/^\s*\/\/.*$/gm, '')
  if (/['"`]dynamo-session-store['"`]/.test(code)) return [`${name} loads dynamo-session-store already`]
  const commonjs = name.endsWith('.cjs') || (!name.endsWith('.mjs') && /\bmodule\.exports\b/.test(code))
  const head = commonjs
    ? 'module.exports = async function (plop, config) {'
    : 'export default async function (plop, config) {'
  const lineNumber = text.split('\n').findIndex((line) => /^\s*(module\.exports\s*=|export\s+default\b)/.test(line)) + 1
  const place = lineNumber > 0 ? `${name}:${lineNumber}` : name
  return [
    `${name} is there already and is left as it is. Add one line to its function (${place}), which must be async and`,
    `take plop's second argument:`,
    '',
    `  ${head}`,
    `    ${LINE}`,
  ]
}

/** The plopfile of a folder above, which plop used until now. */
function plopfileAbove(folder: string): string | undefined {
  const parent = dirname(folder)
  if (parent === folder) return undefined
  const name = namesIn(parent).find((candidate) => PLOPFILES.test(candidate))
  return name ? join(parent, name) : plopfileAbove(parent)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // plop can't read this folder either.
    return []
  }
}

function nextCommands(
  folder: string,
  plopfile: string,
  { left, next, environment }: { left: readonly string[]; next: readonly string[]; environment: string | undefined },
): string[] {
  const { add, run } = packageManagerOf(folder)
  const missing = ['dynamo-session-store', 'plop'].filter((name) => !isInstalled(name, folder))
  return [
    ...(missing.length > 0 ? [`${add} ${missing.join(' ')}`] : []),
    ...(left.length > 0 && needsTsx(plopfile)
      ? ["export NODE_OPTIONS='--import tsx'   # plop can't read TypeScript by itself here"]
      : []),
    ...left,
    `${run} umzug up${environment ? ` --environment ${environment}` : ''}`,
    ...next,
  ]
}

/** plop leaves TypeScript to Node, which strips types since 22.18. */
function needsTsx(plopfile: string): boolean {
  return /\.[cm]?tsx?$/.test(plopfile) && !(process.features as { typescript?: unknown }).typescript
}

function isInstalled(name: string, folder: string): boolean {
  // Plug'n'Play has no node_modules.
  if (process.versions.pnp !== undefined) return dependencyNames(folder).has(name)
  if (existsSync(join(folder, 'node_modules', name, 'package.json'))) return true
  const parent = dirname(folder)
  return parent !== folder && isInstalled(name, parent)
}
