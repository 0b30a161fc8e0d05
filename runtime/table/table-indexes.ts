import type { UpdateTableCommandInput } from '@aws-sdk/client-dynamodb'
import type { Options } from '../configuration/options.js'
import { factsOf as errorFactsOf } from '../dynamodb/error-facts.js'
import { TableRequestError, TableSchemaError } from '../errors.js'
import { indexName } from '../session/item/index-attributes.js'
import { factsOf, findTable, lookAgain, type TableFacts } from './describe-table.js'
import { addIndexInput, deleteIndexInput } from './table-input.js'
import { findIndex, indexProblem, isUsable } from './table-problems.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'

export interface DeleteIndexResult {
  /** false: there was no such index, or no table. */
  readonly deleted: boolean
}

/**
 * Makes sure that the table has an index for each of `index_keys`, complete and of the right kind: adds what is
 * missing, one after the other, as DynamoDB demands it. Other indexes are left alone. Sessions can be used meanwhile.
 *
 * @throws {TableSchemaError} when an index can't serve
 * @throws {TableRequestError} when DynamoDB refuses a request or the wait limit is over
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
 * Deletes the index for a key, and returns when it is gone. The table and its sessions stay; that there is no such index
 * is a warning. Take the key out of `index_keys` as well, or the next `createTable` adds the index again.
 *
 * @param key as it stood in `indexKeys`
 * @param options which table, and how to reach it
 * @param context how the call does its work
 * @throws {ConfigurationError}
 * @throws {TableSchemaError} when the index of that name is another one
 * @throws {TableRequestError} when DynamoDB refuses it or the wait limit is over
 */
export async function deleteIndex(
  key: string,
  options: Options = {},
  context: TableContext = {},
): Promise<DeleteIndexResult> {
  return await workOnTable(options, context, async (work) => {
    const name = indexName(key)
    let table = await findTable(work)
    if (!table || !findIndex(table, key)) {
      work.logger.warn(`there is no index "${name}" of ${work.label}: nothing to delete`)
      return { deleted: false }
    }
    const problem = indexProblem(table, key)
    if (problem) throw new TableSchemaError(problem)
    work.logger.info(`deleting the index "${name}" of ${work.label}`)
    for (let index = findIndex(table, key); table && index; index = table && findIndex(table, key)) {
      const answer = index.status === 'DELETING' ? undefined : await change(work, deleteIndexInput(key, table))
      if (work.mayLackOperations && answer && findIndex(answer, key)?.status === 'ACTIVE') {
        work.logger.warn(`this endpoint can't delete an index: "${name}" of ${work.label} stays`)
        return { deleted: false }
      }
      table = await lookAgain(work, `the index "${name}" of ${work.label} is still there`)
    }
    work.logger.info(`the index "${name}" of ${work.label} is gone`)
    return { deleted: true }
  })
}

/** Returns the table with the index in it, complete. */
async function ensureIndex(work: TableWork, key: string, first: TableFacts): Promise<TableFacts> {
  const name = indexName(key)
  let table = first
  for (let waited = false; ; waited = true) {
    const index = findIndex(table, key)
    const problem = indexProblem(table, key)
    if (problem) throw new TableSchemaError(problem)
    if (index && isUsable(index)) {
      work.logger.info(waited ? `the index "${name}" is complete` : `the index "${name}" is there`)
      return table
    }
    if (!waited && !index)
      work.logger.info(`adding the index "${name}" to ${work.label}, which takes long where there is much`)
    const answer = index ? undefined : await change(work, addIndexInput(key, table))
    if (work.mayLackOperations && answer && !findIndex(answer, key)) throw lacking(work)
    const state = index?.status === 'DELETING' ? 'still being deleted' : 'still being made'
    table = existing(work, await lookAgain(work, `the index "${name}" of ${work.label} is ${state}`))
  }
}

/**
 * Asks for one change of the table's indexes.
 *
 * @returns undefined when DynamoDB is busy with a change of the same kind, or has made this one already
 */
async function change(work: TableWork, input: UpdateTableCommandInput): Promise<TableFacts | undefined> {
  try {
    const answer = await work.request('UpdateTable', (client, sdk) => client.send(new sdk.UpdateTableCommand(input)))
    return factsOf(work, answer.TableDescription)
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
  throw new TableRequestError(`${work.label} was deleted by somebody else meanwhile; run it again`)
}

/** dynalite takes the request and does nothing, or wants a capacity where there must be none. */
function lacking(work: TableWork, cause?: unknown): TableRequestError {
  const text =
    `this endpoint can't add an index to ${work.label}, as the table is there already (dynalite can't): delete it, ` +
    'with its sessions, and create it again (npx dynamo-session delete-table, then create-table)'
  return new TableRequestError(text, { cause })
}
