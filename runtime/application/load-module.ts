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
  if (!isTypeScript(file) || (await registerTsx(root))) return await import(url)
  try {
    return await import(url)
  } catch (error) {
    if (!isBeyondNode(error)) throw error
    return await importByJiti(file, root)
  }
}

/** Node 20 reads no TypeScript. Later versions strip types, but follow neither `paths` nor `./a.js` to `a.ts`. */
function isBeyondNode(error: unknown): boolean {
  const code = String((error as NodeJS.ErrnoException | undefined)?.code)
  return (
    (error instanceof SyntaxError && !isThrown(error)) ||
    /^ERR_(UNKNOWN_FILE_EXTENSION|(UNSUPPORTED|INVALID)_TYPESCRIPT_SYNTAX)$|MODULE_NOT_FOUND$/.test(code)
  )
}

/** Whether running code threw the error, for example JSON.parse. A syntax error of a module has no stack frame in a file. */
function isThrown({ stack = '' }: Error): boolean {
  const frames = stack.split('\n').filter((line) => /^\s+at (?!async )/.test(line))
  return frames.some((frame) => !/node:|<anonymous>\)?$/.test(frame))
}

/** Loads a TypeScript file of the application, with the files that it imports. Node loads the packages. */
async function importByJiti(file: string, root: string): Promise<Record<string, unknown>> {
  const { createJiti } = await import('#jiti')
  return await createJiti(join(root, 'package.json'), { tsconfigPaths: true, fsCache: false }).import(file)
}

/**
 * The export with this name, of the module or of its default export. So an ES module and a compiled CommonJS module give
 * the same value. Functions keep their `this`.
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

/** Whether TypeScript is preferred where a JavaScript file of the same name exists: only if it loads without jiti. */
export function prefersTypeScript(root: string): boolean {
  const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript)
  return stripsTypes || startedWithTsx() || findTsx(root) !== undefined
}

let registering: Promise<void> | undefined

/**
 * Makes `import` and `require` of this process accept TypeScript, by the application's tsx.
 *
 * @returns false if the application has no tsx
 */
export async function registerTsx(root: string): Promise<boolean> {
  if (startedWithTsx()) return true
  const tsx = findTsx(root)
  if (tsx === undefined) return false
  registering ??= register(tsx)
  await registering
  return true
}

async function register({ esm, cjs }: TsxModules): Promise<void> {
  const apis = await Promise.all([import(pathToFileURL(esm).href), import(pathToFileURL(cjs).href)])
  for (const api of apis) api.register()
}

interface TsxModules {
  readonly esm: string
  readonly cjs: string
}

function findTsx(root: string): TsxModules | undefined {
  const require = createRequire(join(root, 'package.json'))
  try {
    // The CommonJS file of tsx/esm/api looks for its own files in the wrong folder (tsx 4.23).
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
