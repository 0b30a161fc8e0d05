import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { GeneratorError, shownPath } from '../files/plan.js'

/** The module system of `.js` files in a folder, by `type` of the nearest package.json, as in Node. */
export function moduleSystem(folder: string): 'module' | 'commonjs' {
  const manifest = packageFolder(folder)
  if (manifest === undefined) return 'commonjs'
  return readManifest(manifest).type === 'module' ? 'module' : 'commonjs'
}

/** The tsconfig.json of the application. Searches its folder and the folders above, up to that of its package.json. */
export function findTsconfig(root: string): string | undefined {
  const top = packageFolder(root) ?? root
  return foldersUpFrom(root)
    .filter((folder) => !relative(top, folder).startsWith('..'))
    .map((folder) => join(folder, 'tsconfig.json'))
    .find((path) => existsSync(path))
}

const PACKAGE = 'dynamo-session-store'

/** The relative path from `folder` to this package's JSON Schema, with `/`. */
export function schemaReference(folder: string, root: string): string {
  const candidates = foldersUpFrom(root).flatMap((above) => [
    ...(isOwnFolder(above) ? [join(above, 'dist/config.schema.json')] : []),
    join(above, 'node_modules', PACKAGE, 'dist/config.schema.json'),
  ])
  const [usual] = candidates
  const path = candidates.find((candidate) => existsSync(candidate)) ?? usual
  return path === undefined ? '' : relative(folder, path).replaceAll('\\', '/')
}

/** Names of all packages that the application's package.json lists, for production and development. */
export function dependencyNames(root: string): ReadonlySet<string> {
  const folder = packageFolder(root)
  const { dependencies = {}, devDependencies = {} } = folder === undefined ? {} : readManifest(folder)
  return new Set(Object.keys({ ...dependencies, ...devDependencies }))
}

/** Whether the nearest package.json pins a package manager: `"packageManager": "pnpm@10.0.0"`. */
export function pinsPackageManager(root: string): boolean {
  const folder = packageFolder(root)
  return folder !== undefined && readManifest(folder).packageManager !== undefined
}

function isOwnFolder(folder: string): boolean {
  return existsSync(join(folder, 'package.json')) && readManifest(folder).name === PACKAGE
}

function packageFolder(folder: string): string | undefined {
  return foldersUpFrom(folder).find((above) => existsSync(join(above, 'package.json')))
}

interface Manifest {
  readonly name?: unknown
  readonly type?: unknown
  readonly packageManager?: unknown
  readonly dependencies?: object
  readonly devDependencies?: object
}

function readManifest(folder: string): Manifest {
  const path = join(folder, 'package.json')
  try {
    return JSON.parse(readFileSync(path, 'utf8')) ?? {}
  } catch (cause) {
    throw new GeneratorError(`${shownPath(path)} can't be read: ${(cause as Error).message}`, { cause })
  }
}

/** A folder and all folders above it, the nearest first. */
export function foldersUpFrom(folder: string): string[] {
  const path = resolve(folder)
  const above = dirname(path)
  return above === path ? [path] : [path, ...foldersUpFrom(above)]
}
