import type { Configuration } from '../../configuration/resolve.js'
import { endpointOf } from '../../dynamodb/endpoint.js'
import { TTL_ATTRIBUTE } from '../../session/item/attributes.js'
import { indexName } from '../../session/item/index-attributes.js'
import type { SettingComparison } from '../../table/compare-table.js'
import type { TableFacts } from '../../table/describe-table.js'
import { findIndex, indexProblem, isUsable, statusProblem } from '../../table/table-problems.js'
import type { Finding } from './finding.js'

/** Whether requests to the table can succeed in its present status. */
export function statusFinding(table: TableFacts): Finding {
  const check = 'table'
  const text = `"${table.name}" is ${table.status}`
  const problem = statusProblem(table)
  if (problem) return { level: 'error', check, text: problem }
  switch (table.status) {
    case 'ACTIVE':
      return { level: 'ok', check, text }
    case 'UPDATING':
      return { level: 'warning', check, text, remedy: 'none needed: the table can be used while DynamoDB changes it' }
    case 'DELETING':
      return { level: 'error', check, text, remedy: 'when it is deleted, create it: npx dynamo-session create-table' }
    default:
      return { level: 'error', check, text, remedy: 'run doctor again in a minute' }
  }
}

/** Whether the sessions of a user can be found by each of `index_keys`, and whether each index is declared. */
export function indexFindings(
  comparisons: readonly SettingComparison[],
  table: TableFacts,
  { indexKeys, manageTable, sources }: Configuration,
): readonly Finding[] {
  const check = 'indexes'
  const indexes = comparisons.filter(({ option }) => option === 'indexKeys')
  if (indexes.length === 0) return [{ level: 'ok', check, text: 'none needed, index_keys is empty' }]
  return indexes.map((comparison): Finding => {
    const { index = '', declared, live, state, change } = comparison
    const text = `"${index}"`
    const key = indexKeys.find((candidate) => indexName(candidate) === index)
    if (key === undefined) {
      return {
        level: 'warning',
        check,
        text: `${text} is not declared (index_keys: ${sources.indexKeys})`,
        ...remedyOf(change),
      }
    }
    const problem = indexProblem(table, key)
    if (problem) return { level: 'error', check, text: problem }
    if (live === null) {
      const remedy = manageTable
        ? `add it with a migration (npx plop session-migration -- --index ${key}), or ${change}`
        : change
      return {
        level: 'error',
        check,
        text: `${text} is missing (index_keys: ${sources.indexKeys})`,
        ...remedyOf(remedy),
      }
    }
    const found = findIndex(table, key)
    if (found && !isUsable(found)) {
      return {
        level: 'warning',
        check,
        text: `${text} is ${found.status}`,
        remedy: 'run doctor again in a few minutes',
      }
    }
    if (state === 'same') return { level: 'ok', check, text }
    return { level: 'warning', check, text: `${text} has ${live} instead of ${declared}`, ...remedyOf(change) }
  })
}

/**
 * Whether DynamoDB deletes expired sessions by itself. Without Time to Live this is only a warning: expired sessions
 * stay in the table, but are never served.
 */
export function timeToLiveFinding(comparison: SettingComparison, configuration: Configuration): Finding {
  const check = 'time to live'
  const { state, declared, live, change, note, permission, source } = comparison
  if (permission !== undefined) {
    return { level: 'error', check, text: `unknown: allow ${permission} in the IAM policy` }
  }
  if (state === 'unknown') {
    return { level: 'warning', check, text: `${note}: expired sessions stay in the table` }
  }
  if (typeof live === 'string') {
    if (declared) return { level: 'error', check, text: change ?? live }
    return { level: 'warning', check, text: `${live}, although ttl is false (${source})`, ...remedyOf(change) }
  }
  const also = note === undefined ? '' : `: ${note}`
  if (live) {
    const on = `on ${TTL_ATTRIBUTE}${also}`
    if (declared) return { level: 'ok', check, text: on }
    return { level: 'warning', check, text: `${on}, although ttl is false (${source})`, ...remedyOf(change) }
  }
  if (!declared) return { level: 'ok', check, text: `off, as ttl says (${source})` }
  const emulator =
    endpointOf(configuration) === undefined ? '' : 'none for an emulator without Time to Live, such as dynalite; else '
  return {
    level: 'warning',
    check,
    text: `off, expired sessions stay in the table${also}`,
    remedy: `${emulator}${change}`,
  }
}

function remedyOf(change: string | undefined): { remedy?: string } {
  return change === undefined ? {} : { remedy: change }
}
