import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

const TYPESCRIPT = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

/** The program `tsc`, for `node`. */
export const TSC = join(TYPESCRIPT, 'bin/tsc')

/**
 * The declarations in `dist/` that no entry of `exports` reaches. TypeScript itself follows the imports.
 *
 * @param {string} folder absolute path of the package
 * @returns {string[]} absolute paths
 */
export function unreachedDeclarations(folder) {
  const { exports: entries } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const types = Object.values(entries).flatMap((entry) => (entry.types ? [entry.types] : []))
  const options = ['--ignoreConfig', '--listFilesOnly', '--module', 'nodenext', '--target', 'es2023']
  const listed = execFileSync(process.execPath, [TSC, ...options, ...types], { cwd: folder, encoding: 'utf8' })
  const reached = new Set(listed.split('\n').map((path) => resolve(folder, path.trim())))
  for (const entry of types) {
    if (!reached.has(resolve(folder, entry))) throw new Error(`TypeScript does not list ${entry}:\n${listed}`)
  }
  return readdirSync(join(folder, 'dist'), { recursive: true })
    .filter((name) => /\.d\.[cm]?ts$/.test(name))
    .map((name) => join(folder, 'dist', name))
    .filter((path) => !reached.has(path))
}
