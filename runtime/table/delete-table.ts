import type { Options } from '../configuration/options.js'
import { isAwsError } from '../dynamodb/error-facts.js'
import { factsOf, lookAgain, type TableFacts } from './describe-table.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'

export interface DeleteTableResult {
  /** false: the table did not exist, or `manageTable` is false. */
  readonly deleted: boolean
}

/**
 * Deletes the table with all its sessions, and returns when DynamoDB has deleted it. Warns when there is no table.
 * With `manageTable: false`, only warns.
 *
 * @param options which table, and how to reach it
 * @param context how the call does its work
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
    const table = await requestDeletion(work)
    if (table) await untilDeleted(work, table)
    return { deleted: table !== undefined }
  })
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
