import type { Configuration } from '../configuration/resolve.js'
import { indexName } from '../session/item/index-attributes.js'
import type { IndexFacts, KeyAttribute, TableFacts } from './describe-table.js'

/** Why sessions can't be kept under this table's key; undefined when they can. */
export function keyProblem(table: TableFacts, configuration: Configuration): string | undefined {
  const { tableKey, sources } = configuration
  const [partitionKey, sortKey] = table.key
  if (partitionKey?.name === tableKey && partitionKey.type === 'S' && !sortKey) return undefined
  const found = table.key.map(attributeText).join(' and ')
  const usable = partitionKey?.type === 'S' && !sortKey
  const remedy = usable
    ? `set table_key to "${partitionKey.name}", or choose another table_name`
    : 'choose another table_name'
  return `table "${table.name}" has the key ${found}, but sessions need "${tableKey}" (S) alone (table_key: ${sources.tableKey}); ${remedy}`
}

/**
 * Why sessions can't be found by this key (one of `index_keys`), or not even be stored with it; undefined when they
 * can, or when there is no index for it yet.
 */
export function indexProblem(table: TableFacts, key: string): string | undefined {
  const other = table.indexes.find((index) => index.key.some(({ name, type }) => name === key && type !== 'S'))
  if (other) {
    const found = other.key.map(attributeText).join(' and ')
    return `the index "${other.name}" of table "${table.name}" has the key ${found}, but sessions write "${key}" as text (S); delete that index, or take the key out of index_keys`
  }
  const index = findIndex(table, key)
  if (!index || (index.key[0]?.name === key && index.key.length === 1)) return undefined
  const found = index.key.map(attributeText).join(' and ')
  return `the index "${index.name}" of table "${table.name}" has the key ${found}, but sessions need "${key}" (S) alone; delete it and run this again, or take the key out of index_keys`
}

/** The index that is meant for this key, whatever its own key is. */
export function findIndex(table: TableFacts, key: string): IndexFacts | undefined {
  return table.indexes.find(({ name }) => name === indexName(key))
}

/** An index can be asked while DynamoDB changes its capacity. */
export function isUsable({ status }: IndexFacts): boolean {
  return status === 'ACTIVE' || status === 'UPDATING'
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

function attributeText({ name, type }: KeyAttribute): string {
  return `"${name}" (${type})`
}
