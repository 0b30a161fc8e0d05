import { resolve } from 'node:path'
import { DynamoSessionError } from '../../errors.js'
import { withoutExtension } from '../migration-files.js'
import type { KnexSource } from './knex-instance.js'
import { asKnex } from './knex-instance.js'

/** knex has run migrations of the folder. umzug would run them again, without knex's arguments. */
export class KnexMigrationsError extends DynamoSessionError {
  override readonly name = 'KnexMigrationsError'
  override readonly code = 'KNEX_MIGRATIONS'
}

/**
 * Refuses a folder whose migrations knex has run.
 *
 * @param folder of umzug's migrations, absolute
 * @param names of the migrations in it, without extension
 * @throws {KnexMigrationsError} when knex has logged one of them
 */
export async function refuseKnexMigrations(
  source: KnexSource,
  folder: string,
  names: readonly string[],
): Promise<void> {
  const run = new Set(await namesRunByKnex(source, folder))
  const found = names.filter((name) => run.has(name))
  if (found.length === 0) return
  const shown = found.length > 3 ? `${found.slice(0, 3).join(', ')} and ${found.length - 3} more` : found.join(', ')
  throw new KnexMigrationsError(
    `${folder} is also the migrations folder of knex (${source.description}), and knex has run ${shown}. umzug ` +
      'has run nothing. Run the migrations of this folder with: npx knex migrate:latest (or give umzug a folder of its ' +
      'own with the option migrations_dir)',
  )
}

/** The migrations that knex has logged, without extension. None if knex does not use the folder. */
export async function namesRunByKnex(source: KnexSource, folder: string): Promise<string[]> {
  const { knex: instance, folders, history } = await source.open()
  if (!folders.some((candidate) => resolve(candidate) === resolve(folder))) return []
  const knex = asKnex(instance)
  const { tableName, schemaName } = history
  const schema = schemaName === undefined ? knex.schema : knex.schema.withSchema(schemaName)
  if (!(await schema.hasTable(tableName))) return []
  const rows = schemaName === undefined ? knex(tableName) : knex(tableName).withSchema(schemaName)
  const names: { name: string }[] = await rows.select('name')
  return names.map(({ name }) => withoutExtension(name))
}
