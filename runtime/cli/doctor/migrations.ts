import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Options } from '../../configuration/options.js'
import type { Configuration } from '../../configuration/resolve.js'
import { messageOf } from '../../errors.js'
import { createUmzug } from '../../migrations/create-umzug.js'
import { findOwnUmzugFile } from '../own-umzug.js'

/** Most names that a text lists. */
const SHOWN = 3

/** What the log of migrations says about a table that does not exist. Undefined when no migration is logged. */
export async function loggedMigrations(
  options: Options,
  { root, migrationsDir }: Configuration,
): Promise<string | undefined> {
  if (!existsSync(resolve(root, migrationsDir))) return undefined
  // To read the log, the application's own umzug would have to run. It may leave connections open.
  if (findOwnUmzugFile(root) !== undefined) return undefined
  try {
    const { executed, missing } = await createUmzug(options, {}).status()
    const names = [...executed.map(({ name }) => name), ...missing]
    if (names.length === 0) return undefined
    const shown = names.slice(-SHOWN).join(', ')
    return `although migrations are logged as executed: ${names.length > SHOWN ? '…, ' : ''}${shown}`
  } catch (error) {
    return `and the log of migrations can't be read: ${messageOf(error)}`
  }
}
