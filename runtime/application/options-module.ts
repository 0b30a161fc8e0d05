import { resolve } from 'node:path'
import type { Options } from '../configuration/options.js'
import { ConfigurationError, messageOf } from '../errors.js'
import { exportOf, loadModule } from './load-module.js'

/**
 * The options that a file of the application exports, by default or as `options`.
 *
 * @param path as given after `--options`, relative to `folder`
 * @throws {ConfigurationError} when the file can't be loaded, or exports no options
 */
export async function loadOptions(path: string, folder: string): Promise<Options> {
  const place = `--options ${path}`
  let module: Record<string, unknown>
  try {
    module = await loadModule(resolve(folder, path), folder)
  } catch (cause) {
    throw new ConfigurationError([{ place, text: `can't be loaded: ${messageOf(cause)}` }], { cause })
  }
  const byDefault = module.default as { default?: unknown } | null | undefined
  const options = exportOf(module, 'options') ?? byDefault?.default ?? byDefault
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigurationError([{ place, text: 'must export the options as its default export or as "options"' }])
  }
  return options
}
