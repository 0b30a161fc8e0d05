import { resolve } from 'node:path'
import type { Options } from '../configuration/options.js'
import { type Configuration, resolveConfiguration } from '../configuration/resolve.js'
import { ConfigurationError, messageOf } from '../errors.js'
import { loadModule } from '../load-module.js'
import { consoleLogger, type Logger } from '../logger.js'

export { consoleLogger, messageOf }

/** The options that both executables share. */
export interface SharedOptions {
  readonly environment?: string
  /** Path of a configuration file. */
  readonly config?: string
  /** Path of a module whose default export, or export `options`, holds the application's options. */
  readonly options?: string
}

/** The options that a command line amounts to: those of the module, over which the command line's own win. */
export async function optionsForCommand(shared: SharedOptions, root = process.cwd()): Promise<Options> {
  const fromModule = shared.options ? await optionsOfModule(shared.options, root) : {}
  return {
    ...fromModule,
    ...(shared.environment !== undefined && { environment: shared.environment }),
    ...(shared.config !== undefined && { configFile: shared.config }),
  }
}

/** Resolves the configuration and prints its warnings. */
export function configurationForCommand(options: Options, logger: Logger = consoleLogger): Configuration {
  const configuration = resolveConfiguration(options)
  for (const warning of configuration.warnings) logger.warn(warning)
  return configuration
}

async function optionsOfModule(path: string, root: string): Promise<Options> {
  const place = `--options ${path}`
  let module: Record<string, unknown>
  try {
    module = await loadModule(resolve(root, path), root)
  } catch (cause) {
    const text = `can't be loaded: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new ConfigurationError([{ place, text }], { cause })
  }
  const options = module.options ?? module.default
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError([{ place, text: 'must export the options as its default export or as "options"' }])
  }
  return options
}

/**
 * Runs a command: an error becomes one readable text on standard error and exit code 1, with a stack trace only when
 * the environment variable DEBUG is set.
 */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command()
  } catch (error) {
    process.exitCode = 1
    console.error(process.env.DEBUG ? error : `error: ${messageOf(error)}`)
  }
}
