import { basename } from 'node:path'
import type { MigrateDownOptions, MigrateUpOptions, MigrationMeta, Umzug } from 'umzug'
import { withAmbient } from '../configuration/options-in-migrations.js'
import { DynamoSessionError } from '../errors.js'
import { fitForLine, jsonForOutput } from '../fit-for-output.js'
import type { CreateMigration } from '../migrations/create-migration.js'
import { createUmzug } from '../migrations/create-umzug.js'
import { isSessionUmzug, type MigrationsStatus, type SessionUmzug } from '../migrations/session-umzug.js'
import { describe } from '../migrations/storage/lock.js'
import {
  configurationForCommand,
  consoleLogger,
  exactLogger,
  optionsForCommand,
  runCommand,
  type SharedOptions,
  standardError,
} from './command.js'
import { confirm } from './confirm.js'
import { dryRunCommand } from './dry-run.js'
import { findOwnUmzugFile, loadOwnUmzug } from './own-umzug.js'
import { printTarget } from './target.js'

/** Which migrations `up` and `down` mean, as typed. */
interface Selection {
  readonly to?: string
  readonly step?: number
  readonly name?: string[]
  readonly rerun?: 'THROW' | 'SKIP' | 'ALLOW'
  readonly dryRun?: boolean
}

/** The commands of `umzug`, each for any Umzug instance. */
export const UMZUG_COMMANDS = {
  async up(umzug: Umzug, options: Selection): Promise<void> {
    const wanted = selected(options) as MigrateUpOptions
    if (options.dryRun) return await dryRunCommand(umzug, 'up', wanted)
    const done = await umzug.up(wanted)
    log(umzug, 'up', `applied ${done.length} migrations.`)
  },

  async down(umzug: Umzug, options: Selection): Promise<void> {
    const { to, ...others } = selected(options)
    const wanted = { ...others, to: to === '0' ? 0 : to } as MigrateDownOptions
    if (options.dryRun) return await dryRunCommand(umzug, 'down', wanted)
    const done = await umzug.down(wanted)
    log(umzug, 'down', `reverted ${done.length} migrations.`)
  },

  async pending(umzug: Umzug, options: ListOptions): Promise<void> {
    printMigrations(await umzug.pending(), options)
  },

  async executed(umzug: Umzug, options: ListOptions): Promise<void> {
    printMigrations(await umzug.executed(), options)
  },

  async status(umzug: Umzug, { check }: { readonly check?: boolean }): Promise<void> {
    if (isSessionUmzug(umzug)) consoleLogger.info(`migration storage: ${umzug.storageDescription}`)
    const { executed, pending, missing, changed } = await statusOf(umzug)
    for (const { name } of executed) {
      const remark = changed.includes(name) ? '  (changed since it ran; to accept it: npx umzug repair)' : ''
      consoleLogger.info(`executed  ${fitForLine(name)}${remark}`)
    }
    for (const name of missing)
      consoleLogger.info(`executed  ${fitForLine(name)}  (there is no such migration any more)`)
    for (const { name } of pending) consoleLogger.info(`pending   ${fitForLine(name)}`)
    consoleLogger.info(pending.length === 0 ? 'nothing is pending' : `${pending.length} pending`)
    if (changed.length > 0) consoleLogger.info(`${changed.length} changed`)
    if (check && pending.length + changed.length > 0) process.exitCode = PENDING
  },

  async unlock(umzug: Umzug): Promise<void> {
    const own = sessionUmzug(umzug, 'unlock')
    consoleLogger.info(`migration storage: ${own.storageDescription}`)
    const record = await own.unlock()
    consoleLogger.info(
      record ? `freed the migration lock that ${describe(record)} held` : 'no process holds the migration lock',
    )
  },

  async baseline(umzug: Umzug, { to }: { readonly to?: string }): Promise<void> {
    const marked = await sessionUmzug(umzug, 'baseline').baseline({ ...(to !== undefined && { to }) })
    for (const { name } of marked) consoleLogger.info(`marked as executed: ${fitForLine(name)}`)
    if (marked.length === 0) consoleLogger.info('nothing to mark: no migration is pending')
  },

  async repair(umzug: Umzug): Promise<void> {
    const accepted = await sessionUmzug(umzug, 'repair').repair()
    for (const { name } of accepted) consoleLogger.info(`accepted: ${fitForLine(name)}`)
    if (accepted.length === 0) consoleLogger.info('nothing to repair: the executed migrations are unchanged')
  },

  async create(umzug: Umzug, options: CreateMigration): Promise<void> {
    await (umzug as SessionUmzug).create(options)
  },
}

export type UmzugCommand = keyof typeof UMZUG_COMMANDS

interface ListOptions {
  readonly json?: boolean
}

/** Exit code of `status --check` when migrations are pending, or executed ones were changed. */
const PENDING = 2

/** The commands that change the database, the log of executed migrations or the lock. */
const CHANGING: readonly UmzugCommand[] = ['up', 'down', 'baseline', 'repair', 'unlock']

/** Runs a command with the application's own umzug if there is one, else with an umzug for the migrations folder. */
export async function runUmzugCommand(
  command: UmzugCommand,
  given: SharedOptions & { readonly yes?: boolean; readonly dryRun?: boolean },
): Promise<void> {
  let own: Umzug | undefined
  await runCommand(async () => {
    // The knexfile and the application's modules read NODE_ENV: they must see the same environment.
    if (given.environment !== undefined) process.env.NODE_ENV = given.environment
    const options = await optionsForCommand(given)
    // Without a terminal, as in a deployment, the command can't ask.
    const asks = command === 'down' && !given.yes && !given.dryRun && process.stdin.isTTY
    await withAmbient({ options, logger: consoleLogger, confirm: asks ? confirm : undefined }, async () => {
      const file = findOwnUmzugFile(process.cwd())
      if (file !== undefined) own = await loadOwnUmzug(file, process.cwd(), consoleLogger)
      // The generator of this package writes every migration, also for an umzug of the application.
      const umzug =
        own && command !== 'create'
          ? own
          : createUmzug({ ...options, logger: consoleLogger, optionsModule: given.options })
      if (umzug === own && CHANGING.includes(command)) consoleLogger.info(`using ${basename(file ?? '')}`)
      await announce(umzug, command)
      await UMZUG_COMMANDS[command](umzug, given as never)
    })
  })
  if (own) await endProcess()
}

/** Prints what the command is about to work on. */
async function announce(umzug: Umzug, command: UmzugCommand): Promise<void> {
  const configuration = isSessionUmzug(umzug) ? umzug.configuration : configurationForCommand({})
  if (isSessionUmzug(umzug)) for (const warning of configuration.warnings) consoleLogger.warn(fitForLine(warning))
  if (CHANGING.includes(command)) await printTarget(configuration, consoleLogger)
  if (isSessionUmzug(umzug) && ['pending', 'executed'].includes(command)) {
    // Not on standard output, where other programs may read the names.
    standardError.info(`migration storage: ${umzug.storageDescription}`)
  }
}

/** An umzug of the application may leave connections open, which only the end of the process closes. */
async function endProcess(): Promise<never> {
  await new Promise((resolve) => process.stdout.write('', resolve))
  process.exit()
}

/** @throws {DynamoSessionError} for an umzug without this command */
function sessionUmzug(umzug: Umzug, command: UmzugCommand): SessionUmzug {
  if (isSessionUmzug(umzug)) return umzug
  throw new DynamoSessionError(`${command} needs an umzug that was made by createUmzug() of dynamo-session-store/umzug`)
}

function selected({ to, step, name: migrations, rerun }: Selection) {
  if (rerun !== undefined && rerun !== 'THROW' && !migrations) throw new DynamoSessionError('--rerun needs --name')
  return { to, step, migrations, rerun }
}

/** Logs the result like umzug's own command line. A SessionUmzug logs its own text instead. */
function log(umzug: Umzug, event: string, message: string): void {
  umzug.options.logger?.info({ event, message })
}

function printMigrations(migrations: readonly MigrationMeta[], { json }: ListOptions): void {
  exactLogger.info(json ? jsonForOutput(migrations) : migrations.map(({ name }) => fitForLine(name)).join('\n'))
}

async function statusOf(umzug: Umzug): Promise<MigrationsStatus> {
  if (isSessionUmzug(umzug)) return await umzug.status()
  return { executed: await umzug.executed(), pending: await umzug.pending(), missing: [], changed: [] }
}
