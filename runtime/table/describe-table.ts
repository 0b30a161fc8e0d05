import type {
  TableDescription as AwsTableDescription,
  IndexStatus,
  KeySchemaElement,
  ScalarAttributeType,
  TableStatus,
} from '@aws-sdk/client-dynamodb'
import type { Options } from '../configuration/options.js'
import { isAwsError, isTransient } from '../dynamodb/error-facts.js'
import { TableRequestError } from '../errors.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'
import { findTimeToLive, type TimeToLive } from './time-to-live.js'

/** The facts from `DescribeTable` that matter for sessions. */
export interface TableFacts {
  readonly name: string
  /** DynamoDB's status: `CREATING`, `UPDATING`, `DELETING`, `ACTIVE` … */
  readonly status: TableStatus
  /** The partition key, followed by the sort key if there is one. */
  readonly key: readonly KeyAttribute[]
  readonly billingMode: 'pay_per_request' | 'provisioned'
  /** Capacity units of a provisioned table. */
  readonly capacity: { readonly read: number; readonly write: number } | undefined
  /** DynamoDB updates this number about every six hours. */
  readonly itemCount: number
  readonly deletionProtection: boolean
  readonly createdAt: Date | undefined
  /** All global secondary indexes, also those that this package does not use. */
  readonly indexes: readonly IndexFacts[]
}

/** The facts from `DescribeTable` about a global secondary index. */
export interface IndexFacts {
  readonly name: string
  /** DynamoDB's status: `CREATING`, `UPDATING`, `DELETING` or `ACTIVE`. */
  readonly status: IndexStatus
  /** The partition key, followed by the sort key if there is one. */
  readonly key: readonly KeyAttribute[]
}

export interface KeyAttribute {
  readonly name: string
  readonly type: ScalarAttributeType
}

export interface TableDescription extends TableFacts {
  /** undefined: the endpoint has no Time to Live (some emulators), or the table was just deleted. */
  readonly ttl: TimeToLive | undefined
}

/**
 * Describes the table.
 *
 * @param options which table, and how to reach it
 * @param context how the call does its work
 * @returns undefined when there is no such table
 * @throws {TableRequestError} when DynamoDB refuses the request, for example because a permission is missing
 */
export async function describeTable(
  options: Options = {},
  context: TableContext = {},
): Promise<TableDescription | undefined> {
  return await workOnTable(options, context, async (work) => {
    const table = await findTable(work)
    return table && { ...table, ttl: await findTimeToLive(work) }
  })
}

/** The facts of the table without its Time to Live; undefined when the table does not exist. */
export async function findTable(work: TableWork): Promise<TableFacts | undefined> {
  const { tableName } = work.configuration
  try {
    const output = await work.request('DescribeTable', (client, sdk) =>
      client.send(new sdk.DescribeTableCommand({ TableName: tableName })),
    )
    return factsOf(work, output.Table)
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException')) return undefined
    throw error
  }
}

/** Pauses, then calls {@link findTable}. Repeats this after a transient error, until the wait limit. */
export async function lookAgain(work: TableWork, state: string): Promise<TableFacts | undefined> {
  for (let cause: unknown; ; ) {
    await work.pause(state, cause)
    try {
      return await findTable(work)
    } catch (error) {
      if (!isTransient(error)) throw error
      cause = error
    }
  }
}

/** The facts of a response. Members that the response lacks have DynamoDB's defaults. */
export function factsOf(work: TableWork, table: AwsTableDescription | undefined): TableFacts {
  if (table?.TableName === undefined || table.TableStatus === undefined) {
    throw new TableRequestError(`${work.label}: the endpoint does not respond like DynamoDB; check the option endpoint`)
  }
  const types = new Map(
    table.AttributeDefinitions?.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  )
  const keyOf = (schema: readonly KeySchemaElement[] = []): KeyAttribute[] =>
    schema.map(({ AttributeName }) => ({ name: AttributeName ?? '', type: types.get(AttributeName) ?? 'S' }))
  const billingMode = table.BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST' ? 'pay_per_request' : 'provisioned'
  const { ReadCapacityUnits: read = 0, WriteCapacityUnits: write = 0 } = table.ProvisionedThroughput ?? {}
  return {
    name: table.TableName,
    status: table.TableStatus,
    key: keyOf(table.KeySchema),
    billingMode,
    capacity: billingMode === 'provisioned' ? { read, write } : undefined,
    itemCount: table.ItemCount ?? 0,
    deletionProtection: table.DeletionProtectionEnabled ?? false,
    createdAt: table.CreationDateTime,
    indexes: (table.GlobalSecondaryIndexes ?? []).map(({ IndexName = '', IndexStatus = 'ACTIVE', KeySchema }) => ({
      name: IndexName,
      status: IndexStatus,
      key: keyOf(KeySchema),
    })),
  }
}
