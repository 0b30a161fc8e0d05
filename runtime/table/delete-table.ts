import type { Options } from '../configuration/options.js'
import { ambientConfirm, ambientTables } from '../configuration/options-in-migrations.js'
import { DENIED, isAwsError } from '../dynamodb/error-facts.js'
import { TableRequestError } from '../errors.js'
import { factsOf, findTable, lookAgain, type TableFacts } from './describe-table.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'
import { isEmpty } from './time-to-live.js'

export interface DeleteTableResult {
  /** false: the table did not exist, `manageTable` is false, or the running migration did not create the table. */
  readonly deleted: boolean
}

/**
 * Deletes the table with all its sessions, and returns when DynamoDB has deleted it. Warns when there is no table. Inside
 * the `down` of a migration, the table stays if the log shows that `up` did not create it.
 * With `manageTable: false`, only warns.
 *
 * @param options which table, and how to reach it
 * @param context logger and time limits of the call
 * @throws {ConfigurationError}
 * @throws {TableRequestError} when DynamoDB refuses the deletion, for example by deletion protection, or at the wait limit
 */
export async function deleteTable(options: Options = {}, context: TableContext = {}): Promise<DeleteTableResult> {
  return await workOnTable(options, context, async (work) => {
    const { manageTable, sources } = work.configuration
    if (!manageTable) {
      work.logger.warn(`${work.label} was not deleted, because manage_table is false (${sources.manageTable})`)
      return { deleted: false }
    }
    if (await keep(work)) return { deleted: false }
    await confirm(work)
    const table = await requestDeletion(work)
    // Also where there was none: no earlier migration shall expect the table now.
    await work.note('deleted')
    if (!table) return { deleted: false }
    await untilDeleted(work, table)
    return { deleted: true }
  })
}

/** Whether the table must stay, because the migration that runs this code did not create it. */
async function keep(work: TableWork): Promise<boolean> {
  const createdAt = async () => (await findTable(work))?.createdAt
  const reason = await ambientTables()?.reasonToKeep(await work.place(), createdAt)
  if (reason === undefined) return false
  work.logger.warn(`${work.label} stays: ${reason}. To delete it: npx dynamo-session delete-table`)
  return true
}

/**
 * Asks before a table with sessions is deleted, if the caller can ask.
 *
 * @throws {TableRequestError} when the deletion is not confirmed
 */
async function confirm(work: TableWork): Promise<void> {
  const ask = ambientConfirm()
  if (!ask || !(await findTable(work))) return
  const place = `${work.label} in ${(await work.place()).split('/')[0]}`
  const sessions = await holdsSessions(work)
  if (sessions === undefined || (await ask(`Delete ${place}, ${sessions}`))) return
  throw new TableRequestError(
    `${work.label} was not deleted: the deletion was not confirmed; --yes deletes without a question`,
  )
}

/** The part of the question that says whether the table holds sessions. Undefined for an empty table. */
async function holdsSessions(work: TableWork): Promise<string | undefined> {
  try {
    return (await isEmpty(work)) ? undefined : 'which holds sessions'
  } catch (error) {
    if (!isAwsError(error, ...DENIED)) throw error
    return 'which may hold sessions (dynamodb:Scan is not allowed)'
  }
}

/** @returns the table that DynamoDB is going to delete; undefined when it does not exist */
async function requestDeletion(work: TableWork): Promise<TableFacts | undefined> {
  const { tableName } = work.configuration
  work.logger.info(`deleting ${work.label}`)
  try {
    const output = await work.whileInUse('DeleteTable', (client, sdk) =>
      client.send(new sdk.DeleteTableCommand({ TableName: tableName })),
    )
    return factsOf(work, output.TableDescription)
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error
    work.logger.warn(`${work.label} does not exist: nothing to delete`)
    return undefined
  }
}

/** Waits until the table is deleted. A new table of the same name has another creation time. */
async function untilDeleted(work: TableWork, table: TableFacts): Promise<void> {
  for (;;) {
    const found = await lookAgain(work, `${work.label} is still being deleted`)
    if (!found || found.createdAt?.getTime() !== table.createdAt?.getTime()) break
  }
  work.logger.info(`deleted ${work.label}`)
}
