import type {
  AttributeDefinition,
  CreateTableInput,
  GlobalSecondaryIndex,
  ProvisionedThroughput,
  SSESpecification,
  UpdateGlobalSecondaryIndexAction,
  UpdateTableInput,
  WarmThroughput,
} from '@aws-sdk/client-dynamodb'
import type { OptionName } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import { indexName } from '../session/item/index-attributes.js'
import type { TableFacts } from './describe-table.js'
import { capacityOfIndex } from './set-options.js'

/**
 * The request that creates the table. Parameters with DynamoDB's default are left out: emulators refuse parameters that they
 * don't know.
 */
export function createTableInput(configuration: Configuration): CreateTableInput {
  const { tableName, tableKey, indexKeys, deletionProtection, tableClass } = configuration
  const encryption = encryptionOf(configuration)
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
    ...(encryption && { SSESpecification: encryption }),
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

export function deleteIndexInput(index: string, { name }: TableFacts): UpdateTableInput {
  return { TableName: name, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: index } }] }
}

/** The change to the declared billing mode. DynamoDB requires a capacity for every index of a provisioned table. */
export function billingInput(configuration: Configuration, { indexes }: TableFacts): TableChange {
  if (configuration.billingMode === 'pay_per_request') return { BillingMode: 'PAY_PER_REQUEST' }
  const throughput = provisioned(configuration)
  return {
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: throughput,
    ...indexUpdates(indexes.map(({ name }) => ({ IndexName: name, ProvisionedThroughput: throughput }))),
  }
}

/**
 * The change of the settings that differ: capacities of table and indexes, or maximum request units. An index keeps a capacity
 * whose option is not set.
 */
export function throughputInput(
  configuration: Configuration,
  due: readonly Due[],
  { indexes }: TableFacts,
): TableChange {
  const { billingMode, maxReadRequestUnits: maxRead, maxWriteRequestUnits: maxWrite } = configuration
  const differs = (...options: readonly OptionName[]) => due.some(({ option }) => options.includes(option))
  if (billingMode === 'pay_per_request') {
    return {
      OnDemandThroughput: {
        ...(differs('maxReadRequestUnits') && { MaxReadRequestUnits: maxRead || NO_MAXIMUM }),
        ...(differs('maxWriteRequestUnits') && { MaxWriteRequestUnits: maxWrite || NO_MAXIMUM }),
      },
    }
  }
  const updates = indexes
    .filter(({ name }) => due.some(({ index }) => index === name))
    .map(({ name, capacity }) => ({
      IndexName: name,
      ProvisionedThroughput: provisioned(capacityOfIndex(configuration, capacity)),
    }))
  return {
    ...(differs('readCapacity', 'writeCapacity') && { ProvisionedThroughput: provisioned(configuration) }),
    ...indexUpdates(updates),
  }
}

/** In a request, -1 removes a maximum. */
const NO_MAXIMUM = -1

/** The increase to the declared warm throughput. A value that is not declared stays. */
export function warmThroughputInput(
  { warmReadUnits = 0, warmWriteUnits = 0 }: Configuration,
  { warmThroughput: { read, write } = { read: 0, write: 0 } }: TableFacts,
): TableChange {
  return {
    WarmThroughput: {
      ReadUnitsPerSecond: Math.max(warmReadUnits, read),
      WriteUnitsPerSecond: Math.max(warmWriteUnits, write),
    },
  }
}

/** A setting that differs, and its index, if it belongs to one. */
interface Due {
  readonly option: OptionName
  readonly index?: string
}

type TableChange = Omit<UpdateTableInput, 'TableName'>

function indexUpdates(updates: readonly UpdateGlobalSecondaryIndexAction[]): TableChange {
  if (updates.length === 0) return {}
  return { GlobalSecondaryIndexUpdates: updates.map((Update) => ({ Update })) }
}

function provisioned({
  readCapacity,
  writeCapacity,
}: Pick<Configuration, 'readCapacity' | 'writeCapacity'>): ProvisionedThroughput {
  return { ReadCapacityUnits: readCapacity, WriteCapacityUnits: writeCapacity }
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
  const { billingMode, maxReadRequestUnits, maxWriteRequestUnits } = configuration
  if (billingMode === 'provisioned') {
    return { BillingMode: 'PROVISIONED', ProvisionedThroughput: provisioned(configuration) }
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

/** The alias of the key that AWS manages for DynamoDB in each account. Requests must not name this alias. */
const AWS_MANAGED = /^(arn:[^/]+:)?alias\/aws\/dynamodb$/

/** The encryption of the configuration; undefined for a key owned by DynamoDB. */
export function encryptionOf(configuration: Configuration): SSESpecification | undefined {
  const key = kmsKeyOf(configuration)
  if (key === undefined) return undefined
  return { Enabled: true, SSEType: 'KMS', ...(!AWS_MANAGED.test(key) && { KMSMasterKeyId: key }) }
}
