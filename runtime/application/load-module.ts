import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DynamoSessionError } from '../errors.js'

/** A file of the application could not be loaded: its `cause` says why, the message what to do. */
class ModuleLoadError extends DynamoSessionError {
  override readonly name = 'ModuleLoadError'
  override readonly code = 'MODULE_LOAD'
}

/**
 * Loads a module of the application: JavaScript of either module system, or TypeScript.
 *
 * @param file absolute path
 * @param root folder of the application, where tsx is looked for
 * @throws {ModuleLoadError} when it is TypeScript and nothing here can run that
 */
export async function loadModule(file: string, root: string): Promise<Record<string, unknown>> {
  if (isTypeScript(file) && !(await enableTypeScript(root))) {
    throw new ModuleLoadError(
      `${file} is TypeScript, which Node ${process.versions.node} can't run by itself: npm install --save-dev tsx`,
    )
  }
  return await import(pathToFileURL(file).href)
}

/**
 * What a module exports under a name, directly or on its default export: an ES module and a CommonJS one, however it
 * was compiled, give the same. Functions keep their `this`.
 */
export function exportOf(module: Record<string, unknown>, name: string): unknown {
  const byDefault = module.default as Exports
  const level = [module, byDefault, byDefault?.default as Exports].find((exports) => exports?.[name] !== undefined)
  const value = level?.[name]
  return typeof value === 'function' ? value.bind(level) : value
}

type Exports = Record<string, unknown> | null | undefined

function isTypeScript(file: string): boolean {
  return ['.ts', '.mts', '.cts'].includes(extname(file))
}

/** Whether {@link loadModule} can load TypeScript here. */
export function canRunTypeScript(root: string): boolean {
  return runsTypeScript() || findTsx(root) !== undefined
}

let enabling: Promise<boolean> | undefined

/**
 * Makes `import` and `require` accept TypeScript: by the application's tsx, else by Node's own type stripping.
 *
 * @returns false when there is neither
 */
export async function enableTypeScript(root: string): Promise<boolean> {
  enabling ??= registerTsx(root)
  const enabled = await enabling
  if (!enabled) enabling = undefined
  return enabled
}

async function registerTsx(root: string): Promise<boolean> {
  const tsx = findTsx(root)
  if (tsx === undefined || startedWithTsx()) return runsTypeScript()
  const [esm, cjs] = await Promise.all([import(pathToFileURL(tsx.esm).href), import(pathToFileURL(tsx.cjs).href)])
  esm.register()
  cjs.register()
  return true
}

function findTsx(root: string): { esm: string; cjs: string } | undefined {
  const require = createRequire(join(root, 'package.json'))
  try {
    // What require() would get of the API for ES modules looks for its own files in the wrong folder (tsx 4.23).
    return { esm: require.resolve('tsx/esm/api').replace(/\.cjs$/, '.mjs'), cjs: require.resolve('tsx/cjs/api') }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined
    throw error
  }
}

/** Without tsx being registered here: Node strips types by itself, or the process was started through tsx. */
function runsTypeScript(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript) || startedWithTsx()
}

function startedWithTsx(): boolean {
  return /(^|[\s/\\=])tsx([\s/\\]|$)/.test([...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' '))
}
