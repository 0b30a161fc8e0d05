import type { AttributeValue, BatchStatementRequest, DeleteItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { TIMES } from '../session/item/attributes.js'
import type { Item } from '../session/item/session-record.js'

/** The attributes that the scan fetches. */
export function seenAttributes({ tableKey }: Table): readonly string[] {
  return [tableKey, ...TIMES, 'successor']
}

type Table = Pick<Configuration, 'tableName' | 'tableKey'>

/** PartiQL statements that delete an item if its times are unchanged since the scan. */
export class DeleteStatements {
  readonly #table: Table
  /** Texts of statements, by a number whose bits say which times the item has. */
  readonly #texts: string[] = []

  constructor(table: Table) {
    this.#table = table
  }

  of(seen: Item): BatchStatementRequest {
    const Parameters = [seen[this.#table.tableKey] as AttributeValue]
    let present = 0
    for (const [bit, name] of TIMES.entries()) {
      const value = seen[name]
      if (value === undefined) continue
      present |= 1 << bit
      Parameters.push(value)
    }
    this.#texts[present] ??= this.#text(present)
    return { Statement: this.#texts[present], Parameters }
  }

  #text(present: number): string {
    const { tableName, tableKey } = this.#table
    const times = TIMES.map((name, bit) => ` AND ${quoted(name)} ${present & (1 << bit) ? '= ?' : 'IS MISSING'}`)
    return `DELETE FROM ${quoted(tableName)} WHERE ${quoted(tableKey)} = ?${times.join('')}`
  }
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
