import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Loads a module of the application: JavaScript of either module system, or TypeScript.
 *
 * @param file absolute path
 * @param root folder of the application, whose tsx and tsconfig.json are used
 */
export async function loadModule(file: string, root: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(file).href
  if (!isTypeScript(file)) return await import(url)
  await registerTsx(root)
  try {
    return await import(url)
  } catch (error) {
    if (!isBeyondNode(error) || usesTsx(root)) throw error
    return await importByJiti(file, root)
  }
}

/** Node 20 reads no TypeScript. Later versions strip types, but follow neither `paths` nor `./a.js` to `a.ts`. */
function isBeyondNode(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return (
    error instanceof SyntaxError ||
    /^ERR_(UNKNOWN_FILE_EXTENSION|(UNSUPPORTED|INVALID)_TYPESCRIPT_SYNTAX)$|MODULE_NOT_FOUND$/.test(code)
  )
}

/** Loads TypeScript of the application, and what it imports of the application. Packages are imported by Node. */
async function importByJiti(file: string, root: string): Promise<Record<string, unknown>> {
  const { createJiti } = await import('#jiti')
  return await createJiti(join(root, 'package.json'), { tsconfigPaths: true, fsCache: false }).import(file)
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

/** Whether a TypeScript file goes before the JavaScript file of the same name: where jiti is not needed for it. */
export function prefersTypeScript(root: string): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript) || usesTsx(root)
}

function usesTsx(root: string): boolean {
  return startedWithTsx() || findTsx(root) !== undefined
}

let registering: Promise<void> | undefined

/** Makes `import` and `require` of this process accept TypeScript, where the application has tsx. */
export async function registerTsx(root: string): Promise<void> {
  const tsx = findTsx(root)
  if (tsx === undefined || startedWithTsx()) return
  registering ??= register(tsx)
  await registering
}

async function register(tsx: TsxModules): Promise<void> {
  const [esm, cjs] = await Promise.all([import(pathToFileURL(tsx.esm).href), import(pathToFileURL(tsx.cjs).href)])
  esm.register()
  cjs.register()
}

interface TsxModules {
  readonly esm: string
  readonly cjs: string
}

function findTsx(root: string): TsxModules | undefined {
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

function startedWithTsx(): boolean {
  return /(^|[\s/\\=])tsx([\s/\\]|$)/.test([...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' '))
}
