import { TableMissingError, TableRequestError, TableSchemaError } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { indexName } from '../session/item/index-attributes.js'
import { compareTable, differencesOf, type SettingComparison } from './compare-table.js'
import { settingCount, settingText } from './comparison-text.js'
import { type LiveTable, readLiveTable } from './live-table.js'
import { creationRemedy, findIndex, indexProblem, keyProblem, statusProblem } from './table-problems.js'
import type { TableWork } from './table-work.js'
import { timeToLiveProblem } from './time-to-live.js'

/**
 * For a table with `manage_table: false`: compares it with the declared settings, and changes nothing.
 * Logs each setting that differs or is unknown as a warning.
 *
 * @returns the settings that are not as declared
 * @throws {TableMissingError} when there is no such table
 * @throws {TableSchemaError} when sessions can't be used: another key, a missing or wrong index, or Time to Live on another
 *   attribute
 * @throws {TableRequestError} when the table is not ready, or DynamoDB refuses to describe it
 */
export async function verifyTable(work: TableWork): Promise<SettingComparison[]> {
  const { configuration, label, logger } = work
  const live = await readLiveTable(work)
  if (!live || live.table.status === 'DELETING') {
    throw new TableMissingError(`${label} does not exist; ${creationRemedy(configuration)}`)
  }
  assertReady(work, live)
  const left = compareTable(configuration, live).filter(({ state }) => state !== 'same')
  for (const comparison of left) logger.warn(fitForLine(settingText(comparison)))
  const reason = fitForLine(`manage_table is false (${configuration.sources.manageTable})`)
  const problems = problemsOf(work, live)
  if (problems.length > 0)
    throw new TableSchemaError(`${fitForLine(problems.join('; '))}. Nothing was changed, because ${reason}`)
  const differing = differencesOf(left).length
  const result = differing === 0 ? 'is as declared' : `differs in ${settingCount(differing)}`
  logger.info(`${label} ${result}; it was only verified, because ${reason}`)
  return left
}

function assertReady({ label }: TableWork, { table }: LiveTable): void {
  const problem = statusProblem(table)
  if (problem) throw new TableRequestError(problem)
  if (table.status === 'ACTIVE' || table.status === 'UPDATING') return
  throw new TableRequestError(`${label} is still ${table.status}; try again when the table is active`)
}

/** Why sessions of this configuration can't be used with the table. */
function problemsOf({ configuration, label }: TableWork, { table, timeToLive }: LiveTable): string[] {
  const { indexKeys, sources, ttl, tableName } = configuration
  const key = keyProblem(table, configuration)
  if (key) return [key]
  const missing = indexKeys
    .filter((indexKey) => !findIndex(table, indexKey))
    .map((indexKey) => `${label} has no index "${indexName(indexKey)}" (index_keys: ${sources.indexKeys})`)
  const wrong = indexKeys.flatMap((indexKey) => indexProblem(table, indexKey) ?? [])
  const expiry = ttl && 'value' in timeToLive ? timeToLiveProblem(timeToLive.value, tableName) : undefined
  return [...missing, ...wrong, ...(expiry ? [expiry] : [])]
}
