import type { Configuration } from '../configuration/resolve.js'
import { TableMissingError, TableRequestError } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import type { Logger } from '../logger.js'
import { findTable } from '../table/describe-table.js'
import { workOnTable } from '../table/table-work.js'
import type { MigrationDetails } from './storage/contract.js'

/** Details of the executed migrations, in the order of their names. Undefined: an earlier version logged the migration. */
type LoggedDetails = ReadonlyMap<string, MigrationDetails | undefined>

/** Whether a table should exist. */
export type ExpectedState =
  /** The migration created or found it last. */
  | { readonly state: 'present'; readonly migration: string }
  /** The migration deleted it; undefined: no migration created it. */
  | { readonly state: 'absent'; readonly migration?: string }
  /** An earlier version logged a migration, or the storage keeps no details. */
  | { readonly state: 'unknown' }

/**
 * Region and name of the table, which must exist.
 *
 * @throws {TableMissingError}
 */
export async function placeOfTable(configuration: Configuration): Promise<string> {
  return await workOnTable(configuration, {}, async (work) => {
    if (await findTable(work)) return await work.place()
    throw new TableMissingError(`${work.label} does not exist: nothing was marked as executed. Create it: npx umzug up`)
  })
}

/**
 * Compares the table with the log. Sends no request if the log has details of all migrations, and none names a table.
 *
 * @param details undefined: the storage keeps none
 * @param logger receives a warning where the log can't tell whether the table should exist
 * @throws {TableMissingError} when an executed migration made the table, and it does not exist
 */
export async function refuseMissingTable(
  configuration: Configuration,
  details: LoggedDetails | undefined,
  logger: Logger,
): Promise<void> {
  if (!details || [...details.values()].every((logged) => logged && !logged.tables)) return
  try {
    await workOnTable(configuration, { logger }, async (work) => {
      const place = await work.explained('DescribeTable', () => work.place())
      const expected = expectedState(details, place)
      if (expected.state === 'absent' || (await findTable(work))) return
      if (expected.state === 'present') throw missing(work.label, expected.migration)
      logger.warn(
        `${work.label} does not exist. An earlier version of this package logged the migrations. So the log does not say ` +
          'whether one of them created the table. To create it: npx dynamo-session create-table',
      )
    })
  } catch (error) {
    if (!(error instanceof TableRequestError)) throw error
    logger.warn(`could not check whether the table exists: ${error.message}`)
  }
}

function missing(label: string, migration: string): TableMissingError {
  const name = fitForLine(migration)
  return new TableMissingError(
    `${label} does not exist, although ${name} is logged as executed: the table was deleted afterwards. ` +
      `Create it: npx dynamo-session create-table. Or run the migration again: npx umzug up --name ${name} --rerun ALLOW`,
  )
}

/**
 * The state of a table by what executed migrations did.
 *
 * @param details of the executed migrations, in the order of their names
 * @param table region and name
 */
export function expectedState(details: LoggedDetails, table: string): ExpectedState {
  for (const [migration, logged] of [...details].reverse()) {
    const fate = logged?.tables?.[table]
    if (fate === 'deleted') return { state: 'absent', migration }
    if (fate !== undefined) return { state: 'present', migration }
    if (logged === undefined) return { state: 'unknown' }
  }
  return { state: 'absent' }
}
