import type { CreateTableInput } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'

/**
 * The request that creates the table. What equals the service's default is left out, because emulators refuse
 * parameters that they don't know.
 */
export function createTableInput(configuration: Configuration): CreateTableInput {
  const { tableName, tableKey, kmsKeyId, deletionProtection, tableClass } = configuration
  const tags = Object.entries(configuration.tags ?? {})
  return {
    TableName: tableName,
    AttributeDefinitions: [{ AttributeName: tableKey, AttributeType: 'S' }],
    KeySchema: [{ AttributeName: tableKey, KeyType: 'HASH' }],
    ...capacity(configuration),
    ...(tags.length > 0 && { Tags: tags.map(([Key, Value]) => ({ Key, Value })) }),
    ...(deletionProtection && { DeletionProtectionEnabled: true }),
    ...(kmsKeyId && { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKeyId } }),
    ...(tableClass === 'standard_infrequent_access' && { TableClass: 'STANDARD_INFREQUENT_ACCESS' }),
  }
}

function capacity({ billingMode, readCapacity, writeCapacity }: Configuration): Partial<CreateTableInput> {
  if (billingMode === 'pay_per_request') return { BillingMode: 'PAY_PER_REQUEST' }
  return {
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: readCapacity, WriteCapacityUnits: writeCapacity },
  }
}
