import type {
  AttributeDefinition,
  CreateTableInput,
  GlobalSecondaryIndex,
  ProvisionedThroughput,
  UpdateTableInput,
} from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { indexName } from '../session/item/index-attributes.js'
import type { TableFacts } from './describe-table.js'

/**
 * The request that creates the table. Parameters with DynamoDB's default are left out: emulators refuse parameters that they
 * don't know.
 */
export function createTableInput(configuration: Configuration): CreateTableInput {
  const { tableName, tableKey, indexKeys, kmsKeyId, deletionProtection, tableClass } = configuration
  const { ProvisionedThroughput } = capacity(configuration)
  const tags = Object.entries(configuration.tags ?? {})
  return {
    TableName: tableName,
    AttributeDefinitions: [tableKey, ...indexKeys].map(textAttribute),
    KeySchema: [{ AttributeName: tableKey, KeyType: 'HASH' }],
    ...(indexKeys.length > 0 && { GlobalSecondaryIndexes: indexKeys.map((key) => index(key, ProvisionedThroughput)) }),
    ...capacity(configuration),
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

function capacity({ billingMode, readCapacity, writeCapacity }: Configuration): Partial<CreateTableInput> {
  if (billingMode === 'pay_per_request') return { BillingMode: 'PAY_PER_REQUEST' }
  return {
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: readCapacity, WriteCapacityUnits: writeCapacity },
  }
}
