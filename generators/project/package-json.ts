import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { GeneratorError, shownPath } from '../files/plan.js'

/** The module system of `.js` files in a folder, by `type` of the nearest package.json, as in Node. */
export function moduleSystem(folder: string): 'module' | 'commonjs' {
  const manifest = packageFolder(folder)
  if (manifest === undefined) return 'commonjs'
  return readManifest(manifest).type === 'module' ? 'module' : 'commonjs'
}

/** The tsconfig.json of the application: in its folder, or in one above up to that of its package.json. */
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

function isOwnFolder(folder: string): boolean {
  return existsSync(join(folder, 'package.json')) && readManifest(folder).name === PACKAGE
}

function packageFolder(folder: string): string | undefined {
  return foldersUpFrom(folder).find((above) => existsSync(join(above, 'package.json')))
}

function readManifest(folder: string): { name?: unknown; type?: unknown } {
  const path = join(folder, 'package.json')
  try {
    return JSON.parse(readFileSync(path, 'utf8')) ?? {}
  } catch (cause) {
    throw new GeneratorError(`${shownPath(path)} can't be read: ${(cause as Error).message}`, { cause })
  }
}

/** A folder and all folders above it, the nearest first. */
function foldersUpFrom(folder: string): string[] {
  const path = resolve(folder)
  const above = dirname(path)
  return above === path ? [path] : [path, ...foldersUpFrom(above)]
}
