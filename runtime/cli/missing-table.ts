import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Options } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import { messageOf } from '../errors.js'
import { createUmzug } from '../migrations/create-umzug.js'
import { creationRemedy } from '../table/table-problems.js'
import { findOwnUmzugFile } from './own-umzug.js'

/** How many names a text lists at most. */
const SHOWN = 3

/** Why a table does not exist, and what to do. */
export interface MissingTable {
  /** What the log of migrations says, as the end of a sentence. Empty: nothing. */
  readonly logged: string
  /** Whether the last migration of the table deleted it. */
  readonly isDropped: boolean
  readonly remedy: string
}

/**
 * Looks in the log of migrations for the reason why the table does not exist.
 *
 * @param options given in code or on the command line
 * @param region of the table
 */
export async function explainMissingTable(
  options: Options,
  configuration: Configuration,
  region: string,
): Promise<MissingTable> {
  const logged = configuration.manageTable ? await loggedMigrations(options, configuration, region) : undefined
  if (logged === undefined) return { logged: '', isDropped: false, remedy: creationRemedy(configuration) }
  const creation = 'npx dynamo-session create-table'
  const { text, isDropped = false } = logged
  const remedy = isDropped
    ? `if the application still has sessions, create it with ${creation}`
    : `create it again with ${creation}, unless a migration dropped it`
  return { logged: text, isDropped, remedy }
}

interface Logged {
  readonly text: string
  readonly isDropped?: boolean
}

/** What the log says about the table. Undefined if no executed migration explains its absence. */
async function loggedMigrations(
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
        : { text: `: ${expected.migration} deleted it`, isDropped: true }
    }
    const { executed, missing } = await umzug.status()
    const names = [...executed.map(({ name }) => name), ...missing]
    if (names.length === 0) return undefined
    const shown = names.slice(-SHOWN).join(', ')
    return { text: `, although migrations are logged as executed: ${names.length > SHOWN ? '…, ' : ''}${shown}` }
  } catch (error) {
    return { text: `, and the log of migrations can't be read: ${messageOf(error)}` }
  }
}
