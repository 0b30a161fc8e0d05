import type { AttributeValue, BatchStatementRequest, DeleteItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { TIMES } from '../session/item/attributes.js'
import type { Item } from '../session/item/session-record.js'

/** The attributes that the scan fetches. */
export function seenAttributes({ tableKey }: Table): readonly string[] {
  return [tableKey, ...TIMES, 'successor']
}

type Table = Pick<Configuration, 'tableName' | 'tableKey'>

/** A PartiQL statement that deletes the item if its times are unchanged since the scan. */
export function deleteStatement(seen: Item, { tableName, tableKey }: Table): BatchStatementRequest {
  let where = `${quoted(tableKey)} = ?`
  const Parameters = [seen[tableKey] as AttributeValue]
  for (const name of TIMES) {
    const value = seen[name]
    where += ` AND ${quoted(name)} ${value === undefined ? 'IS MISSING' : '= ?'}`
    if (value !== undefined) Parameters.push(value)
  }
  return { Statement: `DELETE FROM ${quoted(tableName)} WHERE ${where}`, Parameters }
}

/** The same deletion as a DeleteItem. */
export function deleteInput(seen: Item, { tableName, tableKey }: Table): DeleteItemCommandInput {
  const conditions: string[] = []
  const names: Record<string, string> = {}
  const values: Record<string, AttributeValue> = {}
  for (const name of TIMES) {
    const value = seen[name]
    names[`#${name}`] = name
    if (value !== undefined) values[`:${name}`] = value
    conditions.push(value === undefined ? `attribute_not_exists(#${name})` : `#${name} = :${name}`)
  }
  return {
    TableName: tableName,
    Key: keyOf(seen, tableKey),
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
    ReturnConsumedCapacity: 'TOTAL',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

function keyOf(seen: Item, tableKey: string): Item {
  const key = seen[tableKey]
  return key === undefined ? {} : { [tableKey]: key }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
