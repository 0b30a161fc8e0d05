import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadOptions } from '../application/options-module.js'
import { environmentProblem } from '../configuration/option-table.js'
import type { Options } from '../configuration/options.js'
import { type Configuration, resolveConfiguration } from '../configuration/resolve.js'
import { ConfigurationError, codeOf, messageOf, type Problem } from '../errors.js'
import { fitForLine, fitForOutput } from '../fit-for-output.js'
import type { Logger } from '../logger.js'
import { print, printAside, printFailure } from '../output.js'
import { type Screen, wrapped } from '../terminal.js'

const WARNING = { text: 'warning:', colour: 'yellow' } as const

/** Prints sentences: in a terminal, in lines of its width. */
export const consoleLogger: Logger = {
  info: (line) => print(inLines(line, process.stdout)),
  warn: (line) => printAside(inLines(`${WARNING.text} ${line}`, process.stderr), WARNING),
}

/** Prints JSON, code and tables, whose lines are never wrapped. */
export const exactLogger: Logger = { info: print, warn: consoleLogger.warn }

/** The logger for a command's result, which is JSON with `--json`. */
export function resultLogger({ json }: { readonly json?: boolean }): Logger {
  return json ? exactLogger : consoleLogger
}

/** For `--json`: standard output carries only the result. */
export const standardError: Logger = {
  info: (line) => printAside(inLines(line, process.stderr)),
  warn: consoleLogger.warn,
}

/** The text is made fit first: a secret is recognised by the words around it. */
function inLines(text: string, screen: Screen): string {
  return wrapped(fitForOutput(text, Number.POSITIVE_INFINITY), screen)
}

/** The options that all commands of both executables take. */
export interface SharedOptions {
  readonly environment?: string
  /** Path of a configuration file. */
  readonly config?: string
  /** Path of a module whose default export, or export `options`, holds the application's options. */
  readonly options?: string
}

/**
 * The options of the module, overridden by those of the command line. Paths of the command line are relative to
 * `folder`, even where the module sets another `root`.
 */
export async function optionsForCommand(shared: SharedOptions, folder = process.cwd()): Promise<Options> {
  const problems = problemsOf(shared, folder)
  if (problems.length > 0) throw new ConfigurationError(problems)
  const fromModule = shared.options === undefined ? {} : await loadOptions(shared.options, folder)
  return {
    ...fromModule,
    ...(shared.environment !== undefined && { environment: shared.environment }),
    ...(shared.config !== undefined && { configFile: resolve(folder, shared.config) }),
  }
}

/** Problems of the arguments themselves, named as they were typed. */
function problemsOf({ environment, config, options }: SharedOptions, folder: string): Problem[] {
  const wrongEnvironment = environment === undefined ? undefined : environmentProblem(environment)
  const paths = Object.entries({ config, options }).flatMap(([name, path]) => {
    const text = path === undefined ? undefined : pathProblem(resolve(folder, path))
    return text ? [{ place: `--${name} ${path}`, text }] : []
  })
  return [...(wrongEnvironment ? [{ place: '--environment', text: wrongEnvironment }] : []), ...paths]
}

function pathProblem(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 'there is no such file'
  return found.isDirectory() ? 'is a folder, not a file' : undefined
}

/** The configuration of a command line. Prints its warnings. */
export async function configurationOf(shared: SharedOptions, logger: Logger): Promise<Configuration> {
  return configurationForCommand(await optionsForCommand(shared), logger)
}

/** Resolves the configuration and prints its warnings. */
export function configurationForCommand(options: Options, logger: Logger = consoleLogger): Configuration {
  const configuration = resolveConfiguration(options)
  for (const warning of configuration.warnings) logger.warn(fitForLine(warning))
  return configuration
}

/**
 * Runs a command. An error becomes one readable text with its code on standard error, and exit code 1. The environment
 * variable DEBUG adds a stack trace.
 */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command()
  } catch (error) {
    process.exitCode = 1
    const code = codeOf(error)
    const label = code === undefined ? 'error:' : `error [${code}]:`
    printFailure(error, inLines(`${label} ${messageOf(error)}`, process.stderr), label)
  }
}

/**
 * Lets a command go on after the reader of its output ended (`npx umzug up | head`). The command's work must not stop
 * half way.
 */
export function outliveReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
