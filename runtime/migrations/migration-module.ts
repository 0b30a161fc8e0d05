import { relative } from 'node:path'
import type { MigrationFn, RunnableMigration } from 'umzug'
import { exportOf, loadModule } from '../application/load-module.js'
import { messageOf } from '../errors.js'
import { type MigrationFile, MigrationFileError } from './migration-files.js'

/** A migration in umzug's form. Its file is loaded only when it runs. */
export function runnable<Context extends object>(file: MigrationFile, root: string): RunnableMigration<Context> {
  return {
    ...file,
    up: async (params) => await (await functionOf<Context>(file, 'up', root))(params),
    down: async (params) => await (await functionOf<Context>(file, 'down', root))(params),
  }
}

/**
 * Loads a migration without running it.
 *
 * @throws {MigrationFileError} when it can't be loaded or has no function `up`
 */
export async function checkMigration(file: MigrationFile, root: string): Promise<void> {
  await functionOf(file, 'up', root)
}

/** Like {@link runnable}, but reverting a migration without `down` does nothing, as in umzug. */
export function leniently<Context extends object>(file: MigrationFile, root: string): RunnableMigration<Context> {
  const { up, down, ...meta } = runnable<Context>(file, root)
  const reversible = async () => exportOf(await load(file, root), 'down') !== undefined
  return { ...meta, up, down: async (params) => ((await reversible()) ? await down?.(params) : undefined) }
}

async function functionOf<Context>(
  file: MigrationFile,
  direction: 'up' | 'down',
  root: string,
): Promise<MigrationFn<Context>> {
  const found = exportOf(await load(file, root), direction)
  if (typeof found === 'function') return found as MigrationFn<Context>
  const missing =
    found === undefined ? `exports no function "${direction}"` : `exports "${direction}", but it is not a function`
  const remedy = direction === 'up' ? 'add one, or move the file to another folder' : "so it can't be reverted"
  throw new MigrationFileError(`the migration ${shown(file, root)} ${missing}: ${remedy}`)
}

async function load(file: MigrationFile, root: string): Promise<Record<string, unknown>> {
  try {
    return await loadModule(file.path, root)
  } catch (cause) {
    const text = `the migration ${shown(file, root)} can't be loaded: ${messageOf(cause)}`
    throw new MigrationFileError(text, { cause })
  }
}

function shown({ path }: MigrationFile, root: string): string {
  return relative(root, path).replaceAll('\\', '/')
}
