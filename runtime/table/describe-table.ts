import type {
  TableDescription as AwsTableDescription,
  IndexStatus,
  KeySchemaElement,
  ProjectionType,
  ProvisionedThroughputDescription,
  ScalarAttributeType,
  SSEDescription,
  TableStatus,
} from '@aws-sdk/client-dynamodb'
import type { Options } from '../configuration/options.js'
import { isAwsError, isTransient } from '../dynamodb/error-facts.js'
import { TableRequestError } from '../errors.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'
import { findTimeToLive, type TimeToLive } from './time-to-live.js'

/** Read and write units, per second. */
export interface Units {
  readonly read: number
  readonly write: number
}

/** The facts from `DescribeTable` that matter for sessions. */
export interface TableFacts {
  readonly name: string
  /** undefined: the endpoint does not return it (some emulators). */
  readonly arn: string | undefined
  /** DynamoDB's status: `CREATING`, `UPDATING`, `DELETING`, `ACTIVE` … */
  readonly status: TableStatus
  /** The partition key, followed by the sort key if there is one. */
  readonly key: readonly KeyAttribute[]
  readonly billingMode: 'pay_per_request' | 'provisioned'
  /** Capacity units of a provisioned table. */
  readonly capacity: Units | undefined
  /** Maximum request units of a table with on-demand billing; 0: no maximum. */
  readonly maxRequestUnits: Units
  /** The throughput that the table can serve at any moment. undefined: the endpoint does not return it. */
  readonly warmThroughput: Units | undefined
  /** ARN of the KMS key that encrypts the table; undefined: a key owned by DynamoDB. */
  readonly kmsKeyArn: string | undefined
  readonly tableClass: 'standard' | 'standard_infrequent_access'
  /** DynamoDB updates this number about every six hours. */
  readonly itemCount: number
  /** undefined: the endpoint does not return it (some emulators). */
  readonly deletionProtection: boolean | undefined
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
  /** The attributes that the index copies: `KEYS_ONLY`, `INCLUDE` or `ALL`. */
  readonly projection: ProjectionType
  /** Capacity units of a provisioned index. */
  readonly capacity: Units | undefined
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
 * @param context logger and time limits of the call
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
  // DynamoDB leaves the summary out for a table that was always provisioned.
  const billingMode = table.BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST' ? 'pay_per_request' : 'provisioned'
  const capacityOf = (throughput: ProvisionedThroughputDescription = {}): Units | undefined => {
    const { ReadCapacityUnits: read = 0, WriteCapacityUnits: write = 0 } = throughput
    return billingMode === 'provisioned' ? { read, write } : undefined
  }
  const { ReadUnitsPerSecond, WriteUnitsPerSecond } = table.WarmThroughput ?? {}
  const { MaxReadRequestUnits: maxRead = 0, MaxWriteRequestUnits: maxWrite = 0 } = table.OnDemandThroughput ?? {}
  return {
    // An ARN stays an ARN: a plain name means a table of the caller's account.
    name: work.configuration.tableName,
    arn: table.TableArn,
    status: table.TableStatus,
    key: keyOf(table.KeySchema),
    billingMode,
    capacity: capacityOf(table.ProvisionedThroughput),
    // DynamoDB writes -1 for no maximum.
    maxRequestUnits: { read: Math.max(maxRead, 0), write: Math.max(maxWrite, 0) },
    warmThroughput:
      ReadUnitsPerSecond === undefined || WriteUnitsPerSecond === undefined
        ? undefined
        : { read: ReadUnitsPerSecond, write: WriteUnitsPerSecond },
    kmsKeyArn: kmsKeyOf(table.SSEDescription),
    tableClass:
      table.TableClassSummary?.TableClass === 'STANDARD_INFREQUENT_ACCESS' ? 'standard_infrequent_access' : 'standard',
    itemCount: table.ItemCount ?? 0,
    deletionProtection: table.DeletionProtectionEnabled ?? (work.mayLackOperations ? undefined : false),
    createdAt: table.CreationDateTime,
    indexes: (table.GlobalSecondaryIndexes ?? []).map((index) => ({
      name: index.IndexName ?? '',
      status: index.IndexStatus ?? 'ACTIVE',
      key: keyOf(index.KeySchema),
      projection: index.Projection?.ProjectionType ?? 'KEYS_ONLY',
      capacity: capacityOf(index.ProvisionedThroughput),
    })),
  }
}

/** DynamoDB leaves the description out for a key of its own. Old tables may show it as `AES256`. */
function kmsKeyOf({ Status, SSEType, KMSMasterKeyArn }: SSEDescription = {}): string | undefined {
  if (Status === 'DISABLED' || Status === 'DISABLING' || SSEType === 'AES256') return undefined
  return KMSMasterKeyArn
}
