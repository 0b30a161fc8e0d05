import type { UpdateTableCommandInput } from '@aws-sdk/client-dynamodb'
import type { Options } from '../configuration/options.js'
import { ambientTables } from '../configuration/options-in-migrations.js'
import { factsOf as errorFactsOf } from '../dynamodb/error-facts.js'
import { TableRequestError, TableSchemaError } from '../errors.js'
import { indexName } from '../session/item/index-attributes.js'
import { factsOf, findTable, lookAgain, type TableFacts } from './describe-table.js'
import { addIndexInput, deleteIndexInput } from './table-input.js'
import { findIndex, indexProblem, isUsable } from './table-problems.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'

export interface DeleteIndexResult {
  /** false: the index or the table did not exist, `manageTable` is false, or the reverted migration never ran. */
  readonly deleted: boolean
}

/**
 * Adds an index for each of `index_keys` that has none, and waits until all are complete. DynamoDB adds one index at a time.
 * Other indexes stay as they are. Sessions can be used meanwhile.
 *
 * @throws {TableSchemaError} when an existing index has the wrong key
 * @throws {TableRequestError} when DynamoDB refuses a request, or at the wait limit
 */
export async function ensureIndexes(work: TableWork): Promise<void> {
  const { indexKeys } = work.configuration
  if (indexKeys.length === 0) return
  let table = existing(work, await findTable(work))
  for (const key of indexKeys) {
    const problem = indexProblem(table, key)
    if (problem) throw new TableSchemaError(problem)
  }
  for (const key of indexKeys) table = await ensureIndex(work, key, table)
}

/**
 * Deletes the index for a key, and waits until DynamoDB has finished. The table and its sessions stay. Logs a warning when the
 * index does not exist. Remove the key from `index_keys` too, or the next `createTable` adds the index again. Inside the
 * `down` of a migration that `umzug baseline` marked as executed, the index stays.
 *
 * @param key the key, as listed in `indexKeys` before
 * @param options which table, and how to reach it
 * @param context logger and time limits of the call
 * @throws {ConfigurationError}
 * @throws {TableSchemaError} when the index of that name has another key
 * @throws {TableRequestError} when DynamoDB refuses a request, or at the wait limit
 */
export async function deleteIndex(
  key: string,
  options: Options = {},
  context: TableContext = {},
): Promise<DeleteIndexResult> {
  return await workOnTable(options, context, async (work) => {
    const name = indexName(key)
    const { manageTable, sources } = work.configuration
    if (!manageTable) {
      const reason = `manage_table is false (${sources.manageTable})`
      work.logger.warn(`the index "${name}" of ${work.label} was not deleted, because ${reason}`)
      return { deleted: false }
    }
    const reason = ambientTables()?.reasonToChangeNothing()
    if (reason !== undefined) {
      work.logger.warn(`the index "${name}" of ${work.label} stays: ${reason}`)
      return { deleted: false }
    }
    const table = await findTable(work)
    if (!table || !findIndex(table, key)) {
      work.logger.warn(`the index "${name}" of ${work.label} does not exist: nothing to delete`)
      return { deleted: false }
    }
    const problem = indexProblem(table, key)
    if (problem) throw new TableSchemaError(problem)
    return { deleted: await removeIndex(work, name, table) }
  })
}

/**
 * Deletes an index, and waits until DynamoDB has finished.
 *
 * @returns false when the endpoint can't delete an index
 */
export async function removeIndex(work: TableWork, name: string, first: TableFacts): Promise<boolean> {
  const indexIn = (facts: TableFacts | undefined) => facts?.indexes.find((index) => index.name === name)
  work.logger.info(`deleting the index "${name}" of ${work.label}`)
  let table: TableFacts | undefined = first
  for (let index = indexIn(table); table && index; index = indexIn(table)) {
    const changed = index.status === 'DELETING' ? undefined : await change(work, deleteIndexInput(name, table))
    if (work.mayLackOperations && indexIn(changed)?.status === 'ACTIVE') {
      work.logger.warn(`this endpoint can't delete an index: "${name}" of ${work.label} stays`)
      return false
    }
    table = await lookAgain(work, `the index "${name}" of ${work.label} is still being deleted`)
  }
  work.logger.info(`deleted the index "${name}" of ${work.label}`)
  return true
}

/** Adds the index if it does not exist, and waits until it is complete. */
export async function ensureIndex(work: TableWork, key: string, first: TableFacts): Promise<TableFacts> {
  const name = indexName(key)
  let table = first
  for (let waited = false; ; waited = true) {
    const index = findIndex(table, key)
    const problem = indexProblem(table, key)
    if (problem) throw new TableSchemaError(problem)
    if (index && isUsable(index)) {
      work.logger.info(`the index "${name}" is complete`)
      return table
    }
    if (!waited && !index) work.logger.info(`adding the index "${name}" to ${work.label}; a large table takes long`)
    const changed = index ? undefined : await change(work, addIndexInput(key, table))
    if (work.mayLackOperations && changed && !findIndex(changed, key)) throw lacking(work)
    const state = index?.status === 'DELETING' ? 'still being deleted' : 'still being built'
    table = existing(work, await lookAgain(work, `the index "${name}" of ${work.label} is ${state}`))
  }
}

/**
 * Requests one change of the table's indexes.
 *
 * @returns undefined when DynamoDB is still making another change, or has already made this one
 */
async function change(work: TableWork, input: UpdateTableCommandInput): Promise<TableFacts | undefined> {
  try {
    const output = await work.request('UpdateTable', (client, sdk) => client.send(new sdk.UpdateTableCommand(input)))
    return factsOf(work, output.TableDescription)
  } catch (error) {
    const { name, message } = errorFactsOf(error)
    if (name === 'ResourceInUseException' || name === 'ResourceNotFoundException') return undefined
    if (name === 'LimitExceededException' && /simultaneous/i.test(message)) return undefined
    if (name === 'ValidationException' && /already exists|not found/i.test(message)) return undefined
    if (work.mayLackOperations && name === 'ValidationException' && /provisionedThroughput/i.test(message)) {
      throw lacking(work, error)
    }
    throw error
  }
}

function existing(work: TableWork, table: TableFacts | undefined): TableFacts {
  if (table && table.status !== 'DELETING') return table
  throw new TableRequestError(`another process deleted ${work.label} meanwhile; run it again`)
}

/** dynalite accepts the request without effect, or requires a capacity that DynamoDB refuses. */
function lacking(work: TableWork, cause?: unknown): TableRequestError {
  const text =
    `this endpoint can't add an index to an existing table (dynalite can't): delete ${work.label} ` +
    'with its sessions, and create it again (npx dynamo-session delete-table, then create-table)'
  return new TableRequestError(text, { cause })
}
