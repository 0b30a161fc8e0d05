import type { Options } from '../../runtime/configuration/options.js'
import { createTable } from '../../runtime/table/create-table.js'
import type { ControlPlane } from './control-plane.js'

/** The requests that make a table. Settings with DynamoDB's default are left out. */
export interface TableInputs {
  readonly CreateTable: unknown
  readonly UpdateTimeToLive?: unknown
  readonly UpdateContinuousBackups?: unknown
}

type Json = Record<string, unknown>

/** The requests that `createTable` really sends. */
export async function inputsOfCreateTable(plane: ControlPlane, options: Options): Promise<TableInputs> {
  plane.reset()
  if (options.kmsKeyId?.startsWith('alias/'))
    plane.aliases.set(options.kmsKeyId, '99999999-2222-3333-4444-555555555555')
  await createTable({ ...options, endpoint: plane.endpoint, region: plane.region })
  const names = ['CreateTable', 'UpdateTimeToLive', 'UpdateContinuousBackups']
  const sent = plane.requests.filter(({ operation }) => names.includes(operation))
  return Object.fromEntries(
    sent.map(({ operation, input }) => [operation, input.Tags ? { ...input, Tags: byKey(input.Tags) } : input]),
  ) as unknown as TableInputs
}

/** The same requests, made from the properties of an `AWS::DynamoDB::Table`. An unknown property is an error. */
export function inputsOfCloudFormation(properties: Json): TableInputs {
  const {
    TableName,
    AttributeDefinitions,
    KeySchema,
    BillingMode,
    TimeToLiveSpecification,
    PointInTimeRecoverySpecification,
    DeletionProtectionEnabled,
    SSESpecification,
    ProvisionedThroughput,
    OnDemandThroughput,
    WarmThroughput,
    GlobalSecondaryIndexes,
    TableClass,
    Tags,
    ...unknown
  } = properties
  if (Object.keys(unknown).length > 0) throw new Error(`unknown properties: ${Object.keys(unknown).join(', ')}`)
  const { SSEEnabled: Enabled, ...encryption } = (SSESpecification ?? {}) as Json
  return inputs({
    CreateTable: {
      TableName,
      AttributeDefinitions,
      KeySchema,
      BillingMode,
      ProvisionedThroughput,
      OnDemandThroughput,
      WarmThroughput,
      GlobalSecondaryIndexes,
      TableClass,
      Tags: byKey(Tags as Tag[] | undefined),
      DeletionProtectionEnabled: asBoolean(DeletionProtectionEnabled) ? true : undefined,
      SSESpecification: SSESpecification && { Enabled, ...encryption },
    },
    UpdateTimeToLive: TimeToLiveSpecification && { TableName, TimeToLiveSpecification },
    UpdateContinuousBackups: recovery(TableName, PointInTimeRecoverySpecification as Json | undefined),
  })
}

/** The arguments and blocks of Terraform's `aws_dynamodb_table` that are translated, as its documentation names them. */
type Block = Json & { readonly name?: string }

/** The same requests, made from a resource `aws_dynamodb_table` as hcl2json reads it, its variables filled in. */
export function inputsOfTerraform(resource: Json): TableInputs {
  const {
    name: TableName,
    billing_mode: BillingMode,
    hash_key,
    read_capacity,
    write_capacity,
    table_class: TableClass,
    deletion_protection_enabled,
    tags,
    attribute,
    global_secondary_index = [],
    on_demand_throughput,
    warm_throughput,
    ttl,
    point_in_time_recovery,
    server_side_encryption,
    lifecycle: _,
    ...unknown
  } = resource
  assertNone(unknown)
  const indexes = (global_secondary_index as Block[]).map((index) => {
    const { name: IndexName, hash_key: key, projection_type: ProjectionType, ...capacity } = index
    return {
      IndexName,
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      Projection: { ProjectionType },
      ProvisionedThroughput: throughput(capacity),
    }
  })
  const [expiry] = (ttl ?? []) as Json[]
  const [backups] = (point_in_time_recovery ?? []) as Json[]
  const [encryption] = (server_side_encryption ?? []) as Json[]
  return inputs({
    CreateTable: {
      TableName,
      AttributeDefinitions: (attribute as Json[]).map(({ name, type, ...more }) => {
        assertNone(more)
        return { AttributeName: name, AttributeType: type }
      }),
      KeySchema: [{ AttributeName: hash_key, KeyType: 'HASH' }],
      BillingMode,
      ProvisionedThroughput: throughput({ read_capacity, write_capacity }),
      OnDemandThroughput: renamed(on_demand_throughput, {
        max_read_request_units: 'MaxReadRequestUnits',
        max_write_request_units: 'MaxWriteRequestUnits',
      }),
      WarmThroughput: renamed(warm_throughput, {
        read_units_per_second: 'ReadUnitsPerSecond',
        write_units_per_second: 'WriteUnitsPerSecond',
      }),
      GlobalSecondaryIndexes: indexes.length > 0 ? indexes : undefined,
      TableClass,
      Tags: byKey(Object.entries((tags ?? {}) as Json).map(([Key, Value]) => ({ Key, Value }))),
      DeletionProtectionEnabled: deletion_protection_enabled ? true : undefined,
      SSESpecification: encryption && {
        Enabled: encryption.enabled,
        SSEType: 'KMS',
        KMSMasterKeyId: encryption.kms_key_arn,
      },
    },
    UpdateTimeToLive: expiry && {
      TableName,
      TimeToLiveSpecification: { AttributeName: expiry.attribute_name, Enabled: expiry.enabled },
    },
    UpdateContinuousBackups: recovery(TableName, {
      PointInTimeRecoveryEnabled: backups?.enabled,
      RecoveryPeriodInDays: backups?.recovery_period_in_days,
    }),
  })
}

interface Tag {
  readonly Key: string
  readonly Value: unknown
}

/** Tags have no order. */
function byKey(tags: readonly Tag[] | undefined): readonly Tag[] | undefined {
  if (!tags || tags.length === 0) return undefined
  return [...tags].sort((one, other) => (one.Key < other.Key ? -1 : 1))
}

function throughput({ read_capacity, write_capacity, ...more }: Json): Json | undefined {
  assertNone(more)
  if (read_capacity === undefined) return undefined
  return { ReadCapacityUnits: read_capacity, WriteCapacityUnits: write_capacity }
}

function renamed(blocks: unknown, names: Readonly<Record<string, string>>): Json | undefined {
  const [block] = (blocks ?? []) as Json[]
  if (!block) return undefined
  return Object.fromEntries(
    Object.entries(block).map(([name, value]) => {
      if (!names[name]) throw new Error(`unknown argument: ${name}`)
      return [names[name], value]
    }),
  )
}

function assertNone(more: Json): void {
  if (Object.keys(more).length > 0) throw new Error(`unknown arguments: ${Object.keys(more).join(', ')}`)
}

function recovery(TableName: unknown, specification: Json | undefined): Json | undefined {
  if (!specification || !asBoolean(specification.PointInTimeRecoveryEnabled)) return undefined
  return { TableName, PointInTimeRecoverySpecification: { ...specification, PointInTimeRecoveryEnabled: true } }
}

/** CloudFormation takes `"true"` for `true`. */
function asBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 'false') return value === 'true'
  throw new Error(`must be a boolean: ${JSON.stringify(value)}`)
}

/** Without members that are undefined or null. */
function inputs(given: Json): TableInputs {
  return JSON.parse(JSON.stringify(given, (_, value) => value ?? undefined)) as TableInputs
}
