import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Options } from '../../configuration/options.js'
import type { Configuration } from '../../configuration/resolve.js'
import { messageOf } from '../../errors.js'
import { createUmzug } from '../../migrations/create-umzug.js'
import { findOwnUmzugFile } from '../own-umzug.js'

/** Most names that a text lists. */
const SHOWN = 3

/** What the log of migrations says about a table that does not exist. */
interface Logged {
  readonly text: string
  /** Whether the last migration that had to do with the table deleted it. */
  readonly isDropped?: boolean
}

/**
 * Reads the log of migrations for a table that does not exist.
 *
 * @param region of the table
 * @returns undefined when no executed migration has to do with the table
 */
export async function loggedMigrations(
  options: Options,
  { root, migrationsDir, tableName }: Configuration,
  region: string,
): Promise<Logged | undefined> {
  if (!existsSync(resolve(root, migrationsDir))) return undefined
  // To read the log, the application's own umzug would have to run. It may leave connections open.
  if (findOwnUmzugFile(root) !== undefined) return undefined
  try {
    const umzug = createUmzug(options, {})
    const expected = await umzug.expectedTable(`${region}/${tableName}`)
    if (expected.state === 'absent') {
      return expected.migration === undefined
        ? undefined
        : { text: `${expected.migration} deleted it`, isDropped: true }
    }
    const { executed, missing } = await umzug.status()
    const names = [...executed.map(({ name }) => name), ...missing]
    if (names.length === 0) return undefined
    const shown = names.slice(-SHOWN).join(', ')
    return { text: `although migrations are logged as executed: ${names.length > SHOWN ? '…, ' : ''}${shown}` }
  } catch (error) {
    return { text: `and the log of migrations can't be read: ${messageOf(error)}` }
  }
}
