import type { Configuration } from '../configuration/resolve.js'
import { tableArn } from '../configuration/table-arn.js'
import { indexName } from '../session/item/index-attributes.js'
import type { IndexFacts, KeyAttribute, TableFacts } from './describe-table.js'

/** Why the table's key does not fit sessions; undefined when it does. */
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
 * Why the indexes of the table do not fit this key, one of `index_keys`. Undefined when they do, or when the key has no index
 * yet.
 */
export function indexProblem(table: TableFacts, key: string): string | undefined {
  const other = table.indexes.find((index) => index.key.some(({ name, type }) => name === key && type !== 'S'))
  if (other) {
    const found = other.key.map(attributeText).join(' and ')
    return `the index "${other.name}" of table "${table.name}" has the key ${found}, but sessions write "${key}" as text (S); delete that index, or remove the key from index_keys`
  }
  const index = findIndex(table, key)
  if (!index || (index.key[0]?.name === key && index.key.length === 1)) return undefined
  const found = index.key.map(attributeText).join(' and ')
  return `the index "${index.name}" of table "${table.name}" has the key ${found}, but sessions need "${key}" (S) alone; delete it and run this again, or remove the key from index_keys`
}

/** The index with the name for this key. Its own key may differ. */
export function findIndex(table: TableFacts, key: string): IndexFacts | undefined {
  return table.indexes.find(({ name }) => name === indexName(key))
}

/** Queries also work while DynamoDB changes the capacity of the index. */
export function isUsable({ status }: IndexFacts): boolean {
  return status === 'ACTIVE' || status === 'UPDATING'
}

/** How to create the missing table. */
export function creationRemedy({ tableName, manageTable, sources }: Configuration): string {
  const arn = tableArn(tableName)
  if (arn) return `only the owner's account may create it: create "${arn.name}" in account ${arn.account}`
  if (manageTable) return 'create it with npx umzug up, or with npx dynamo-session create-table'
  return `create it with the tool that manages it, because manage_table is false (${sources.manageTable})`
}

/** Why the table can't be used, if waiting does not help; undefined otherwise. */
export function statusProblem(table: TableFacts): string | undefined {
  const text = `table "${table.name}" is ${table.status}`
  switch (table.status) {
    case 'INACCESSIBLE_ENCRYPTION_CREDENTIALS':
      return `${text}: DynamoDB can't use its KMS key; enable that key and its key policy within seven days, or DynamoDB archives the table`
    case 'ARCHIVING':
    case 'ARCHIVED':
      return `${text}: its KMS key could not be used for seven days; restore the table from the backup that DynamoDB made, or choose another table_name`
    case 'REPLICATION_NOT_AUTHORIZED':
      return `${text}: the replica lacks permission to replicate; correct the resource policies of the global table`
    default:
      return undefined
  }
}

export function attributeText({ name, type }: KeyAttribute): string {
  return `"${name}" (${type})`
}
