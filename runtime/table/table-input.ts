import type {
  AttributeDefinition,
  CreateTableInput,
  GlobalSecondaryIndex,
  ProvisionedThroughput,
  UpdateTableInput,
  WarmThroughput,
} from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { indexName } from '../session/item/index-attributes.js'
import type { TableFacts } from './describe-table.js'

/**
 * The request that creates the table. Parameters with DynamoDB's default are left out: emulators refuse parameters that they
 * don't know.
 */
export function createTableInput(configuration: Configuration): CreateTableInput {
  const { tableName, tableKey, indexKeys, deletionProtection, tableClass } = configuration
  const kmsKeyId = kmsKeyOf(configuration)
  const warm = warmThroughput(configuration)
  const { ProvisionedThroughput } = capacity(configuration)
  const tags = Object.entries(configuration.tags ?? {})
  return {
    TableName: tableName,
    AttributeDefinitions: [tableKey, ...indexKeys].map(textAttribute),
    KeySchema: [{ AttributeName: tableKey, KeyType: 'HASH' }],
    ...(indexKeys.length > 0 && { GlobalSecondaryIndexes: indexKeys.map((key) => index(key, ProvisionedThroughput)) }),
    ...capacity(configuration),
    ...(warm && { WarmThroughput: warm }),
    ...(tags.length > 0 && { Tags: tags.map(([Key, Value]) => ({ Key, Value })) }),
    ...(deletionProtection && { DeletionProtectionEnabled: true }),
    ...(kmsKeyId && { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKeyId } }),
    ...(tableClass === 'standard_infrequent_access' && { TableClass: 'STANDARD_INFREQUENT_ACCESS' }),
  }
}

/** The request that adds the index for a key to an existing table, with the table's capacity. */
export function addIndexInput(key: string, { name, capacity }: TableFacts): UpdateTableInput {
  const throughput = capacity && { ReadCapacityUnits: capacity.read, WriteCapacityUnits: capacity.write }
  return {
    TableName: name,
    AttributeDefinitions: [textAttribute(key)],
    GlobalSecondaryIndexUpdates: [{ Create: index(key, throughput) }],
  }
}

export function deleteIndexInput(key: string, { name }: TableFacts): UpdateTableInput {
  return { TableName: name, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: indexName(key) } }] }
}

function index(key: string, ProvisionedThroughput: ProvisionedThroughput | undefined): GlobalSecondaryIndex {
  return {
    IndexName: indexName(key),
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
    ...(ProvisionedThroughput && { ProvisionedThroughput }),
  }
}

function textAttribute(name: string): AttributeDefinition {
  return { AttributeName: name, AttributeType: 'S' }
}

function capacity(configuration: Configuration): Partial<CreateTableInput> {
  const { billingMode, readCapacity, writeCapacity, maxReadRequestUnits, maxWriteRequestUnits } = configuration
  if (billingMode === 'provisioned') {
    return {
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: readCapacity, WriteCapacityUnits: writeCapacity },
    }
  }
  const maximum = {
    ...(maxReadRequestUnits > 0 && { MaxReadRequestUnits: maxReadRequestUnits }),
    ...(maxWriteRequestUnits > 0 && { MaxWriteRequestUnits: maxWriteRequestUnits }),
  }
  return {
    BillingMode: 'PAY_PER_REQUEST',
    ...(Object.keys(maximum).length > 0 && { OnDemandThroughput: maximum }),
  }
}

function warmThroughput({ warmReadUnits, warmWriteUnits }: Configuration): WarmThroughput | undefined {
  if (warmReadUnits === undefined && warmWriteUnits === undefined) return undefined
  return {
    ...(warmReadUnits !== undefined && { ReadUnitsPerSecond: warmReadUnits }),
    ...(warmWriteUnits !== undefined && { WriteUnitsPerSecond: warmWriteUnits }),
  }
}

/** The KMS key of the configuration; undefined for a key owned by DynamoDB. */
export function kmsKeyOf({ kmsKeyId }: Pick<Configuration, 'kmsKeyId'>): string | undefined {
  return kmsKeyId === 'none' ? undefined : kmsKeyId
}
