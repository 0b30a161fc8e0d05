import type { Configuration } from '../../configuration/resolve.js'
import { endpointOf } from '../../dynamodb/endpoint.js'
import { TTL_ATTRIBUTE } from '../../session/item/attributes.js'
import { indexName } from '../../session/item/index-attributes.js'
import type { TableFacts } from '../../table/describe-table.js'
import { findIndex, indexProblem, isUsable, statusProblem } from '../../table/table-problems.js'
import { isOn, type TimeToLive, timeToLiveProblem } from '../../table/time-to-live.js'
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

/** Whether the sessions of a user can be found by each of `index_keys`. */
export function indexFindings(table: TableFacts, { indexKeys, sources }: Configuration): readonly Finding[] {
  const check = 'indexes'
  if (indexKeys.length === 0) return [{ level: 'ok', check, text: 'none needed, index_keys is empty' }]
  return indexKeys.map((key): Finding => {
    const problem = indexProblem(table, key)
    if (problem) return { level: 'error', check, text: problem }
    const index = findIndex(table, key)
    const text = `"${indexName(key)}"`
    if (!index) {
      const remedy = `add it with a migration (npx plop session-migration -- --index ${key}), or npx dynamo-session create-table`
      return { level: 'error', check, text: `${text} is missing (index_keys: ${sources.indexKeys})`, remedy }
    }
    if (isUsable(index)) return { level: 'ok', check, text }
    return { level: 'warning', check, text: `${text} is ${index.status}`, remedy: 'run doctor again in some minutes' }
  })
}

/**
 * Whether DynamoDB deletes expired sessions by itself. Without Time to Live this is only a warning: expired sessions
 * stay in the table, but are never served.
 *
 * @param ttl undefined where the endpoint does not support Time to Live
 */
export function timeToLiveFinding(ttl: TimeToLive | undefined, configuration: Configuration): Finding {
  const check = 'time to live'
  const wanted = configuration.ttl
  if (ttl === undefined) {
    return { level: 'warning', check, text: 'this endpoint has none: expired sessions stay in the table' }
  }
  const problem = timeToLiveProblem(ttl, configuration.tableName)
  if (problem) return { level: wanted ? 'error' : 'warning', check, text: problem }
  if (isOn(ttl)) {
    return { level: 'ok', check, text: ttl.status === 'ENABLED' ? `on ${TTL_ATTRIBUTE}` : `is being switched on` }
  }
  if (!wanted) return { level: 'ok', check, text: `off, as ttl says (${configuration.sources.ttl})` }
  const text = `off, expired sessions stay in the table (${ttl.status})`
  return { level: 'warning', check, text, remedy: remedy(ttl, configuration) }
}

function remedy({ status }: TimeToLive, configuration: Configuration): string {
  if (status === 'DISABLING') return 'when it is off, which may take an hour, run npx dynamo-session create-table'
  if (endpointOf(configuration))
    return 'none for an emulator without it, such as dynalite; else run npx dynamo-session create-table'
  if (configuration.sources.ttl !== 'default') return 'run npx dynamo-session create-table'
  return 'run npx dynamo-session create-table; if the table holds items, set ttl: true first (Time to Live then deletes the items whose expire_at has passed)'
}
