import type { Options } from '../configuration/options.js'
import { tableArn } from '../configuration/table-arn.js'
import { isAwsError } from '../dynamodb/error-facts.js'
import { TableMissingError, TableRequestError, TableSchemaError } from '../errors.js'
import { factsOf, findTable, lookAgain, type TableFacts } from './describe-table.js'
import { switchOnRecovery } from './recovery.js'
import { ensureIndexes } from './table-indexes.js'
import { createTableInput } from './table-input.js'
import { creationRemedy, keyProblem, statusProblem } from './table-problems.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'
import { reconcileTimeToLive, switchOnTimeToLive } from './time-to-live.js'
import { verifyTable } from './verify-table.js'

export interface CreateTableResult {
  /** false: the table existed already, or another process created it at the same moment. */
  readonly created: boolean
}

/**
 * Makes sure that the table exists, is active and has the right key. Switches on Time to Live for `expire_at` and
 * point-in-time recovery, as configured. Adds missing indexes of `indexKeys`, one after the other. Calling it again, or
 * twice at once, is safe. Other settings of an existing table (billing, tags, encryption …) stay: `updateTable` changes them.
 * With `manageTable: false`, the table is only compared with the options.
 *
 * ```ts
 * await createTable({ tableName: 'visits' }, { logger: console })
 * ```
 *
 * @param options which table, and how to reach it
 * @param context logger and time limits of the call
 * @throws {ConfigurationError}
 * @throws {TableSchemaError} when a table of this name can't hold sessions
 * @throws {TableMissingError} with `manageTable: false`, when there is no table
 * @throws {TableRequestError} when DynamoDB refuses a request, or at the wait limit
 */
export async function createTable(options: Options = {}, context: TableContext = {}): Promise<CreateTableResult> {
  return await workOnTable(options, context, async (work) => {
    if (!work.configuration.manageTable) {
      await verifyTable(work)
      return { created: false }
    }
    const created = await ensureTable(work)
    const { ttl, pointInTimeRecovery } = work.configuration
    if (ttl) await (created ? switchOnTimeToLive(work) : reconcileTimeToLive(work))
    if (pointInTimeRecovery) await switchOnRecovery(work)
    await ensureIndexes(work)
    return { created }
  })
}

/**
 * Returns when the table can be used.
 *
 * @returns whether this call created the table
 */
async function ensureTable(work: TableWork): Promise<boolean> {
  let table = await findTable(work)
  let waiting = false
  for (;;) {
    if (table && table.status !== 'DELETING') {
      await useExisting(work, table)
      return false
    }
    if (!table && (await requestTable(work))) return true
    if (table && !waiting) work.logger.info(`waiting for the deletion of ${work.label}`)
    waiting = true
    table = await lookAgain(
      work,
      `${work.label} ${table ? 'is still being deleted' : 'exists, but DescribeTable does not find it yet'}`,
    )
  }
}

/** @returns false when a table of this name exists, although DescribeTable did not find it */
async function requestTable(work: TableWork): Promise<boolean> {
  const input = createTableInput(work.configuration)
  if (tableArn(input.TableName ?? '')) {
    throw new TableMissingError(`${work.label} does not exist; ${creationRemedy(work.configuration)}`)
  }
  work.logger.info(`creating ${work.label}`)
  let table: TableFacts
  try {
    const output = await work.request('CreateTable', (client, sdk) => client.send(new sdk.CreateTableCommand(input)))
    table = factsOf(work, output.TableDescription)
  } catch (error) {
    if (isAwsError(error, 'ResourceInUseException')) return false
    throw error
  }
  await work.note('created', table.createdAt)
  await untilUsable(work, table)
  work.logger.info(`${work.label} is active`)
  return true
}

async function useExisting(work: TableWork, table: TableFacts): Promise<void> {
  const problem = keyProblem(table, work.configuration)
  if (problem) throw new TableSchemaError(problem)
  work.logger.info(`${work.label} exists already`)
  await work.note('found', table.createdAt)
  await untilUsable(work, table)
}

/** A table can also be used while DynamoDB changes it (`UPDATING`), which may take hours. */
async function untilUsable(work: TableWork, first: TableFacts): Promise<void> {
  for (let table = first, seen = false; ; ) {
    const problem = statusProblem(table)
    if (problem) throw new TableRequestError(problem)
    if (table.status === 'ACTIVE' || table.status === 'UPDATING') return
    const next = await lookAgain(work, `${work.label} is still ${table.status}`)
    // DescribeTable may not find a new table at first.
    if (next?.status === 'DELETING' || (seen && !next)) {
      throw new TableRequestError(`another process deleted ${work.label} meanwhile; run it again`)
    }
    seen ||= next !== undefined
    table = next ?? table
  }
}
