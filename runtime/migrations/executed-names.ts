import type { Options } from '../configuration/options.js'
import { resolveConfiguration } from '../configuration/resolve.js'
import { knexFor, storageFor } from './create-umzug.js'
import { withoutExtension } from './migration-files.js'
import { isMigrationStorage } from './storage/contract.js'
import { namesRunByKnex } from './storage/knex-history.js'

/** Names without extension, of migrations with and without a file. */
export interface ExecutedNames {
  readonly byUmzug: readonly string[]
  /** Migrations that knex has run, if the folder is also knex's. */
  readonly byKnex: readonly string[]
}

/**
 * The migrations that are logged as executed. Nothing is created, and no lock is taken.
 *
 * @param options which table, and how to reach it
 * @param folder of migrations, absolute
 */
export async function executedNames(options: Options, folder: string): Promise<ExecutedNames> {
  const configuration = resolveConfiguration(options)
  const knex = knexFor(configuration, undefined)
  const storage = storageFor(configuration, options, knex, undefined)
  try {
    const logged = await storage.executed({ context: {} })
    return { byUmzug: logged.map(withoutExtension), byKnex: knex ? await namesRunByKnex(knex, folder) : [] }
  } finally {
    if (isMigrationStorage(storage)) await storage.close()
    await knex?.close()
  }
}
