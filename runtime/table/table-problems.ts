import type { Configuration } from '../configuration/resolve.js'
import type { TableFacts } from './describe-table.js'
import type { TimeToLive } from './time-to-live.js'

/** The attribute whose time DynamoDB's Time to Live goes by, part of the wire format. */
export const TTL_ATTRIBUTE = 'expire_at'

/** Why sessions can't be kept under this table's key; undefined when they can. */
export function keyProblem(table: TableFacts, configuration: Configuration): string | undefined {
  const { tableKey, sources } = configuration
  const [partitionKey, sortKey] = table.key
  if (partitionKey?.name === tableKey && partitionKey.type === 'S' && !sortKey) return undefined
  const found = table.key.map(({ name, type }) => `"${name}" (${type})`).join(' and ')
  const usable = partitionKey?.type === 'S' && !sortKey
  const remedy = usable
    ? `set table_key to "${partitionKey.name}", or choose another table_name`
    : 'choose another table_name'
  return `table "${table.name}" has the key ${found}, but sessions need "${tableKey}" (S) alone (table_key: ${sources.tableKey}); ${remedy}`
}

/** Why nobody can work with a table in this state, and waiting alone doesn't help; undefined otherwise. */
export function statusProblem(table: TableFacts): string | undefined {
  const text = `table "${table.name}" is ${table.status}`
  switch (table.status) {
    case 'INACCESSIBLE_ENCRYPTION_CREDENTIALS':
      return `${text}: DynamoDB can't use its KMS key; enable that key and its key policy within seven days, or DynamoDB archives the table`
    case 'ARCHIVING':
    case 'ARCHIVED':
      return `${text}: its KMS key could not be used for seven days; restore the table from the backup that DynamoDB made, or choose another table_name`
    case 'REPLICATION_NOT_AUTHORIZED':
      return `${text}: as a replica it may not replicate; correct the resource policies of the global table`
    default:
      return undefined
  }
}

/** Why Time to Live, being switched on, is not ours; undefined when it is, or is off. */
export function timeToLiveProblem(ttl: TimeToLive, tableName: string): string | undefined {
  if (!isOn(ttl) || ttl.attribute === TTL_ATTRIBUTE) return undefined
  return `Time to Live of table "${tableName}" goes by the attribute "${ttl.attribute}", but sessions need "${TTL_ATTRIBUTE}"; switch it off there, or set ttl: false, or choose another table_name`
}

/** Switched on, whether or not DynamoDB has finished that, which may take an hour. */
export function isOn(ttl: TimeToLive): boolean {
  return ttl.status === 'ENABLED' || ttl.status === 'ENABLING'
}
