import type { Umzug, UmzugCLI } from 'umzug'
import { UmzugCLI as Base, CreateAction, ListAction } from '#umzug'
import { messageOf } from '../errors.js'
import { fitForLine, jsonForOutput } from '../fit-for-output.js'
import { print, printFailure } from '../output.js'
import type { MigrationsStatus, SessionUmzug } from './session-umzug.js'
import { describe } from './storage/lock.js'

/** Exit code of `status --check` when migrations are pending. */
const PENDING = 2

/** umzug's own command line with `status` and `unlock` besides, and with a `create` that writes our migration. */
export class SessionUmzugCLI extends (Base as typeof UmzugCLI) {
  /** @param umzug the application's own may be any; `unlock` needs a {@link SessionUmzug} */
  constructor(umzug: Umzug, options: { toolFileName?: string; toolDescription?: string } = {}) {
    super(umzug, { toolFileName: 'umzug', toolDescription: "Runs this application's migrations.", ...options })
    this.addAction(new StatusAction(umzug))
    this.addAction(new UnlockAction(umzug))
  }

  /** umzug's constructor adds its own `create`, `pending` and `executed`: ours take their place. */
  override addAction(action: Parameters<UmzugCLI['addAction']>[0]): void {
    if (action instanceof CreateAction) super.addAction(new CreateSessionMigrationAction(action.umzug))
    else
      super.addAction(
        Object.getPrototypeOf(action) === ListAction.prototype
          ? new NamesAction(action.actionName, this.umzug)
          : action,
      )
  }
}

/**
 * Runs a command line. An error becomes one readable text on standard error, with a stack trace only when the
 * environment variable DEBUG is set, and exit code 1: also for mistyped arguments, where the parser itself means 2.
 *
 * @returns whether it succeeded
 */
export async function runCLI(cli: Pick<UmzugCLI, 'executeWithoutErrorHandling'>, argv: string[]): Promise<boolean> {
  try {
    await cli.executeWithoutErrorHandling(argv)
    return true
  } catch (error) {
    process.exitCode = 1
    printFailure(error, isOfParser(error) ? withPrefix(error.message.trim()) : `error: ${messageOf(error)}`)
    return false
  }
}

/** What the parser of arguments refuses, in several lines. By name: an application may have another umzug. */
function isOfParser(error: unknown): error is Error {
  return error instanceof Error && error.constructor.name === 'CommandLineParserExitError'
}

/** The parser's messages begin with the usage and have their own "error:". */
function withPrefix(message: string): string {
  return /(^|\n)(\S+ ){0,3}error: /i.test(message) ? message : `error: ${message}`
}

/** `pending` and `executed`, as umzug prints them, but that a name may be any text of the storage. */
class NamesAction extends ListAction {
  readonly #umzug: Umzug
  readonly #which: 'pending' | 'executed'
  #json: Flag | undefined

  constructor(name: string, umzug: Umzug) {
    const which = name === 'executed' ? 'executed' : 'pending'
    super(which, umzug)
    this.#umzug = umzug
    this.#which = which
  }

  override onDefineParameters(): void {
    const description = 'Print an array of objects with name and path, for programs.'
    this.#json = this.defineFlagParameter({ parameterLongName: '--json', description })
  }

  override async onExecute(): Promise<void> {
    const migrations = await this.#umzug[this.#which]()
    const lines = migrations.map(({ name }) => fitForLine(name))
    print(this.#json?.value ? jsonForOutput(migrations) : lines.join('\n'))
  }
}

class StatusAction extends ListAction {
  readonly #umzug: Umzug
  #check: Flag | undefined

  constructor(umzug: Umzug) {
    super('pending', umzug)
    this.#umzug = umzug
    const check = `With --check the exit code is 0 when nothing is pending, ${PENDING} when something is, 1 on an error.`
    rename(this, 'status', 'Shows executed and pending migrations', check)
  }

  override onDefineParameters(): void {
    const description = `Exit code ${PENDING} when migrations are pending, for continuous integration.`
    this.#check = this.defineFlagParameter({ parameterLongName: '--check', description })
  }

  override async onExecute(): Promise<void> {
    if (isSessionUmzug(this.#umzug)) print(`migration storage: ${this.#umzug.storageDescription}`)
    const { executed, pending, missing } = await statusOf(this.#umzug)
    for (const { name } of executed) print(`executed  ${fitForLine(name)}`)
    for (const name of missing) print(`executed  ${fitForLine(name)}  (there is no such migration any more)`)
    for (const { name } of pending) print(`pending   ${fitForLine(name)}`)
    print(pending.length === 0 ? 'nothing is pending' : `${pending.length} pending`)
    if (this.#check?.value && pending.length > 0) process.exitCode = PENDING
  }
}

class UnlockAction extends ListAction {
  readonly #umzug: Umzug

  constructor(umzug: Umzug) {
    super('pending', umzug)
    this.#umzug = umzug
    const text = 'For a lock that a killed process left behind; without it, the next up or down waits for its lease.'
    rename(this, 'unlock', 'Frees the migration lock, and says who held it', text)
  }

  override onDefineParameters(): void {}

  override async onExecute(): Promise<void> {
    if (!isSessionUmzug(this.#umzug)) {
      throw new Error('unlock needs an umzug that was made by createUmzug() of dynamo-session-store/umzug')
    }
    print(`migration storage: ${this.#umzug.storageDescription}`)
    const record = await this.#umzug.unlock()
    print(record ? `freed the migration lock that ${describe(record)} held` : 'nobody holds the migration lock')
  }
}

class CreateSessionMigrationAction extends CreateAction {
  #parameters: CreateParameters | undefined

  constructor(umzug: Umzug) {
    super(umzug)
    rename(this, 'create', 'Writes a migration for the session table, as npx plop session-migration does')
  }

  override onDefineParameters(): void {
    this.#parameters = {
      name: this.defineStringParameter({
        parameterLongName: '--name',
        argumentName: 'NAME',
        description: 'Name of the migration, as in AddSessions. Default: create_dynamo_sessions_table',
      }),
      folder: this.defineStringParameter({
        parameterLongName: '--folder',
        argumentName: 'PATH',
        description: 'Folder of the migrations, instead of the option migrations_dir',
      }),
      language: this.defineStringParameter({
        parameterLongName: '--language',
        argumentName: 'LANGUAGE',
        description: 'ts, js or mjs. Default: ts if there is a tsconfig.json, else js',
      }),
      force: this.defineFlagParameter({
        parameterLongName: '--force',
        description: 'Rewrite a migration of the same name',
      }),
      dryRun: this.defineFlagParameter({
        parameterLongName: '--dry-run',
        description: 'Print the path and the text, write nothing',
      }),
    }
  }

  override async onExecute(): Promise<void> {
    const { name, folder, language, force, dryRun } = this.#parameters ?? {}
    const options = {
      ...(name?.value !== undefined && { name: name.value }),
      ...(folder?.value !== undefined && { folder: folder.value }),
      ...(language?.value !== undefined && { language: language.value }),
      force: force?.value ?? false,
      dryRun: dryRun?.value ?? false,
    }
    await (this.umzug as SessionUmzug).create(options)
  }
}

type Flag = ReturnType<InstanceType<typeof CreateAction>['defineFlagParameter']>
type Text = ReturnType<InstanceType<typeof CreateAction>['defineStringParameter']>

interface CreateParameters {
  readonly name: Text
  readonly folder: Text
  readonly language: Text
  readonly force: Flag
  readonly dryRun: Flag
}

async function statusOf(umzug: Umzug): Promise<MigrationsStatus> {
  if (isSessionUmzug(umzug)) return await umzug.status()
  return { executed: await umzug.executed(), pending: await umzug.pending(), missing: [] }
}

/** Told by its methods: the application may have loaded this package a second time. */
export function isSessionUmzug(umzug: Umzug): umzug is SessionUmzug {
  return ['status', 'unlock'].every((name) => typeof (umzug as unknown as Record<string, unknown>)[name] === 'function')
}

/** Gives one of umzug's actions another name: the class that they extend is not exported. */
function rename(action: object, actionName: string, summary: string, documentation = summary): void {
  Object.assign(action, { actionName, summary, documentation })
}
