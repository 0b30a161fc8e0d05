/** The parts of a table's ARN, such as `arn:aws:dynamodb:eu-central-1:123456789012:table/sessions`. */
export interface TableArn {
  readonly partition: string
  readonly region: string
  readonly account: string
  readonly name: string
}

/** A `table_name` that is an ARN. */
export const TABLE_ARN = /^arn:(aws[a-z-]*):dynamodb:([a-z0-9-]+):(\d{12}):table\/([A-Za-z0-9_.-]{3,255})$/

/** The parts of a `table_name` that is an ARN; undefined for a plain name. */
export function tableArn(tableName: string): TableArn | undefined {
  const [, partition, region, account, name] = TABLE_ARN.exec(tableName) ?? []
  if (!partition || !region || !account || !name) return undefined
  return { partition, region, account, name }
}

/** The name of the table, even if `table_name` is an ARN. */
export function plainTableName(tableName: string): string {
  return tableArn(tableName)?.name ?? tableName
}
