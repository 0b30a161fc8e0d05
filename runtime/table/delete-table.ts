import type { Options } from '../configuration/options.js'
import { isAwsError } from '../dynamodb/error-facts.js'
import { factsOf, lookAgain, type TableFacts } from './describe-table.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'

export interface DeleteTableResult {
  /** false: the table did not exist. */
  readonly deleted: boolean
}

/**
 * Deletes the table with all its sessions, and returns when DynamoDB has deleted it. Warns when there is no table.
 *
 * @param options which table, and how to reach it
 * @param context how the call does its work
 * @throws {ConfigurationError}
 * @throws {TableRequestError} when DynamoDB refuses it, for example because of deletion protection, or the wait limit
 *   is over
 */
export async function deleteTable(options: Options = {}, context: TableContext = {}): Promise<DeleteTableResult> {
  return await workOnTable(options, context, async (work) => {
    const table = await requestDeletion(work)
    if (table) await untilGone(work, table)
    return { deleted: table !== undefined }
  })
}

/** The table that is going to be deleted; undefined when there is none. */
async function requestDeletion(work: TableWork): Promise<TableFacts | undefined> {
  const { tableName } = work.configuration
  work.logger.info(`deleting ${work.label}`)
  try {
    const answer = await work.whileInUse('DeleteTable', (client, sdk) =>
      client.send(new sdk.DeleteTableCommand({ TableName: tableName })),
    )
    return factsOf(work, answer.TableDescription)
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error
    work.logger.warn(`there is no ${work.label}: nothing to delete`)
    return undefined
  }
}

/** A table of the same name that is created meanwhile is another one. */
async function untilGone(work: TableWork, table: TableFacts): Promise<void> {
  for (;;) {
    const found = await lookAgain(work, `${work.label} is still being deleted`)
    if (!found || found.createdAt?.getTime() !== table.createdAt?.getTime()) break
  }
  work.logger.info(`${work.label} is gone`)
}
