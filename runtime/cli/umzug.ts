#!/usr/bin/env node
import { basename } from 'node:path'
import type { Umzug, UmzugCLI } from 'umzug'
import { memoryStorage, Umzug as UmzugOfPackage } from '#umzug'
import { withAmbient } from '../configuration/ambient.js'
import type { Options } from '../configuration/options.js'
import { fitForLine } from '../fit-for-output.js'
import { createUmzug } from '../migrations/create-umzug.js'
import { isSessionUmzug, runCLI, SessionUmzugCLI } from '../migrations/umzug-cli.js'
import { printAside } from '../output.js'
import { configurationForCommand, consoleLogger, optionsForCommand, outliveReader, runCommand } from './command.js'
import { findOwnUmzugFile, loadOwnUmzug } from './own-umzug.js'
import { SHARED_FLAGS_HELP, takeSharedFlags } from './shared-flags.js'
import { printTarget } from './target.js'

/** Those that change something: in the database, or in what is known of it. */
const CHANGING = ['up', 'down', 'unlock']

outliveReader()
runCommand(main)

async function main(): Promise<void> {
  const { shared, rest } = takeSharedFlags(process.argv.slice(2))
  // What the application reads by itself, its knexfile for example, has to mean the same environment.
  if (shared.environment !== undefined) process.env.NODE_ENV = shared.environment
  const ownFile = findOwnUmzugFile(process.cwd())
  const help = rest.length === 0 || rest.some((argument) => ['--help', '-h'].includes(argument))
  if (help && !ownFile) {
    await runCLI(helpOnly(), rest)
    return
  }
  const options = await optionsForCommand(shared)
  await withAmbient({ options, logger: consoleLogger }, async () => {
    const own = ownFile && (await loadOwnUmzug(ownFile, process.cwd(), consoleLogger))
    if (own && rest[0] !== 'create') await runOwn(own, basename(ownFile), rest)
    else await runDefault(options, shared.options, rest)
  })
}

async function runDefault(options: Options, optionsModule: string | undefined, argv: string[]): Promise<void> {
  const umzug = createUmzug({
    ...options,
    logger: consoleLogger,
    ...(optionsModule !== undefined && { optionsModule }),
  })
  await announce(umzug, argv)
  await umzug.runAsCLI(argv)
}

/** The application's own may leave connections open, which nobody else can close: the process is ended at the end. */
async function runOwn(umzug: Umzug, file: string, argv: string[]): Promise<void> {
  if (CHANGING.includes(argv[0] ?? '')) consoleLogger.info(`using ${file}`)
  await announce(umzug, argv)
  if (isSessionUmzug(umzug)) await umzug.runAsCLI(argv)
  else await runCLI(cliOf(umzug, argv), argv)
  await new Promise((resolve) => process.stdout.write('', () => resolve(undefined)))
  process.exit()
}

async function announce(umzug: Umzug, argv: readonly string[]): Promise<void> {
  const [command = ''] = argv
  const configuration = isSessionUmzug(umzug) ? umzug.configuration : configurationForCommand({})
  if (isSessionUmzug(umzug)) for (const warning of configuration.warnings) consoleLogger.warn(fitForLine(warning))
  if (CHANGING.includes(command)) await printTarget(configuration, consoleLogger)
  if (isSessionUmzug(umzug) && ['pending', 'executed'].includes(command)) {
    // Not among the names, which other programs may read.
    printAside(`migration storage: ${umzug.storageDescription}`)
  }
}

/** The instance's own command line. Ours takes the commands that only ours has, or prints fit for terminals. */
function cliOf(umzug: Umzug, [command = '']: readonly string[]): Pick<UmzugCLI, 'executeWithoutErrorHandling'> {
  if (['status', 'unlock', 'pending', 'executed'].includes(command)) return new SessionUmzugCLI(umzug)
  return (umzug as unknown as { getCli(options: object): UmzugCLI }).getCli({ toolFileName: 'umzug' })
}

function helpOnly(): SessionUmzugCLI {
  const umzug = new UmzugOfPackage({ migrations: [], storage: memoryStorage(), logger: undefined })
  return new SessionUmzugCLI(umzug, { toolDescription: `Runs this application's migrations. ${SHARED_FLAGS_HELP}` })
}
