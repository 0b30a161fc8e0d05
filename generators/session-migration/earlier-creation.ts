import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { GeneratorError, shownPath } from '../files/plan.js'
import type { ExistingMigration } from './name.js'
import { withoutComments } from './options-module.js'

/**
 * The migration that already creates the new migration's table, unless a later one drops the table. Two migrations mean the
 * same table if their code gives `createTable` the same options.
 *
 * @param migrations newest first
 * @param code of the new migration
 */
export function earlierCreation(
  migrations: readonly ExistingMigration[],
  folder: string,
  code: string,
): ExistingMigration | undefined {
  const table = tableCall(code)?.table
  for (const migration of migrations) {
    const earlier = tableCall(readMigration(join(folder, migration.file)))
    if (earlier === undefined || earlier.table !== table) continue
    return earlier.creates ? migration : undefined
  }
  return undefined
}

/** The first call by which `up` creates or deletes a table. */
function tableCall(code: string): { readonly creates: boolean; readonly table: string } | undefined {
  const text = withoutComments(code)
  const [, up = ''] = /\bup\b([\s\S]*)/.exec(text) ?? []
  const [, call, given = ''] = /\b(createTable|deleteTable)\(([^()]*)\)/.exec(up) ?? []
  if (call === undefined) return undefined
  const options = given.trim()
  return { creates: call === 'createTable', table: options === 'options' ? optionsModule(text) : options }
}

/** The imported file that exports `options`, without its extension: TypeScript imports `a.ts` as `a.js`. */
function optionsModule(text: string): string {
  const [, path = ''] = /\boptions\b[^\n]*(?:from|require\()\s*['"]([^'"]+)['"]/.exec(text) ?? []
  return path.slice(0, path.length - extname(path).length)
}

function readMigration(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GeneratorError(`${shownPath(path)} can't be read: ${(cause as Error).message}`, { cause })
  }
}
