import type { CreateTableInput, UpdateTableInput } from '@aws-sdk/client-dynamodb'
import type { Options } from '../../../runtime/configuration/options.js'

/** A table that differs from what is declared in one setting. */
export interface Drift {
  readonly title: string
  readonly declared: Options
  /** The options from which `createTable` made the table. */
  readonly made: Options
  /** The request by which somebody else made the table instead. */
  readonly raw?: (input: CreateTableInput) => CreateTableInput
  /** What somebody else changed afterwards. */
  readonly changed?: Omit<UpdateTableInput, 'TableName'>
  readonly ttl?: string
  /** The one setting that differs. */
  readonly setting: string
  /** How `updateTable` makes both the same. `never`: nothing in DynamoDB can change it. */
  readonly remedy?: 'removeIndexes' | 'removeTags' | 'never'
  /** Only the stub knows the setting. */
  readonly stub?: true
}

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555'
const OTHER_KEY = 'arn:aws:kms:eu-central-1:123456789012:key/99999999-2222-3333-4444-555555555555'

const provisioned = { billingMode: 'provisioned', readCapacity: 5, writeCapacity: 5 } as const

/** One index in place of those of the request. */
function withIndex(name: string, key: string, projection: 'ALL' | 'KEYS_ONLY', type: 'S' | 'N' = 'S') {
  return (input: CreateTableInput): CreateTableInput => ({
    ...input,
    AttributeDefinitions: [
      { AttributeName: 'session_id', AttributeType: 'S' },
      { AttributeName: key, AttributeType: type },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: name,
        KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
        Projection: { ProjectionType: projection },
      },
    ],
  })
}

/** Each differs in exactly one setting. */
export const DRIFTS: readonly Drift[] = [
  { title: 'is provisioned', declared: { billingMode: 'pay_per_request' }, made: provisioned, setting: 'billing_mode' },
  { title: 'is billed by request', declared: provisioned, made: {}, setting: 'billing_mode' },
  {
    title: 'has a lower read capacity',
    declared: provisioned,
    made: { ...provisioned, readCapacity: 1 },
    setting: 'read_capacity',
  },
  {
    title: 'has a higher write capacity',
    declared: provisioned,
    made: { ...provisioned, writeCapacity: 9 },
    setting: 'write_capacity',
  },
  {
    title: 'has another maximum of reads',
    declared: { maxReadRequestUnits: 100 },
    made: { maxReadRequestUnits: 200 },
    setting: 'max_read_request_units',
    stub: true,
  },
  {
    title: 'has no maximum of writes',
    declared: { maxWriteRequestUnits: 100 },
    made: {},
    setting: 'max_write_request_units',
    stub: true,
  },
  {
    title: 'has a maximum of reads that is unwanted',
    declared: { maxReadRequestUnits: 0 },
    made: { maxReadRequestUnits: 200 },
    setting: 'max_read_request_units',
    stub: true,
  },
  {
    title: 'serves fewer reads at once',
    declared: { warmReadUnits: 20_000 },
    made: {},
    setting: 'warm_read_units',
    stub: true,
  },
  {
    title: 'serves fewer writes at once',
    declared: { warmWriteUnits: 20_000 },
    made: {},
    setting: 'warm_write_units',
    stub: true,
  },
  { title: 'has no Time to Live', declared: { ttl: true }, made: { ttl: false }, setting: 'ttl' },
  { title: 'has Time to Live', declared: { ttl: false }, made: { ttl: true }, setting: 'ttl' },
  {
    title: 'has Time to Live on another attribute',
    declared: { ttl: true },
    made: { ttl: false },
    ttl: 'expires',
    setting: 'ttl',
    remedy: 'never',
  },
  {
    title: 'has no point-in-time recovery',
    declared: { pointInTimeRecovery: true },
    made: {},
    setting: 'point_in_time_recovery',
    stub: true,
  },
  {
    title: 'has point-in-time recovery',
    declared: { pointInTimeRecovery: false },
    made: { pointInTimeRecovery: true },
    setting: 'point_in_time_recovery',
    stub: true,
  },
  {
    title: 'keeps backups for fewer days',
    declared: { pointInTimeRecovery: true },
    made: { pointInTimeRecovery: true, pointInTimeRecoveryDays: 7 },
    setting: 'point_in_time_recovery_days',
    stub: true,
  },
  {
    title: 'lacks a tag',
    declared: { tags: { team: 'web', stage: 'test' } },
    made: { tags: { team: 'web' } },
    setting: 'tags',
    stub: true,
  },
  {
    title: 'has another value of a tag',
    declared: { tags: { team: 'web' } },
    made: { tags: { team: 'shop' } },
    setting: 'tags',
    stub: true,
  },
  {
    title: 'has an additional tag',
    declared: { tags: { team: 'web' } },
    made: { tags: { team: 'web', stage: 'test' } },
    setting: 'tags',
    remedy: 'removeTags',
    stub: true,
  },
  { title: 'is not protected', declared: { deletionProtection: true }, made: {}, setting: 'deletion_protection' },
  {
    title: 'is protected',
    declared: { deletionProtection: false },
    made: { deletionProtection: true },
    setting: 'deletion_protection',
  },
  {
    title: "is encrypted with DynamoDB's key",
    declared: { kmsKeyId: KEY },
    made: {},
    setting: 'kms_key_id',
    stub: true,
  },
  {
    title: 'is encrypted with another key',
    declared: { kmsKeyId: KEY },
    made: { kmsKeyId: OTHER_KEY },
    setting: 'kms_key_id',
    stub: true,
  },
  {
    title: 'is encrypted with a key that is unwanted',
    declared: { kmsKeyId: 'none' },
    made: { kmsKeyId: KEY },
    setting: 'kms_key_id',
    stub: true,
  },
  {
    title: 'is of the standard class',
    declared: { tableClass: 'standard_infrequent_access' },
    made: {},
    setting: 'table_class',
    stub: true,
  },
  {
    title: 'is of the class for infrequent access',
    declared: { tableClass: 'standard' },
    made: { tableClass: 'standard_infrequent_access' },
    setting: 'table_class',
    stub: true,
  },
  { title: 'lacks an index', declared: { indexKeys: ['user_id'] }, made: {}, setting: 'index "user_id-index"' },
  {
    title: 'has an additional index',
    declared: { indexKeys: ['user_id'] },
    made: { indexKeys: ['user_id', 'device'] },
    setting: 'index "device-index"',
    remedy: 'removeIndexes',
  },
  {
    title: 'has an index of another application',
    declared: {},
    made: {},
    raw: withIndex('by-shop', 'shop', 'KEYS_ONLY', 'N'),
    setting: 'index "by-shop"',
    remedy: 'removeIndexes',
  },
  {
    title: 'has an index that copies all',
    declared: { indexKeys: ['user_id'] },
    made: {},
    raw: withIndex('user_id-index', 'user_id', 'ALL'),
    setting: 'index "user_id-index"',
    remedy: 'removeIndexes',
  },
  {
    title: 'has an index with another key',
    declared: { indexKeys: ['user_id'] },
    made: {},
    raw: withIndex('user_id-index', 'user', 'KEYS_ONLY'),
    setting: 'index "user_id-index"',
    remedy: 'removeIndexes',
  },
  {
    title: 'has an index with another capacity',
    declared: { ...provisioned, indexKeys: ['user_id'] },
    made: { ...provisioned, indexKeys: ['user_id'] },
    changed: {
      GlobalSecondaryIndexUpdates: [
        {
          Update: {
            IndexName: 'user_id-index',
            ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 5 },
          },
        },
      ],
    },
    setting: 'index "user_id-index"',
  },
  { title: 'has another key', declared: { tableKey: 'sid' }, made: {}, setting: 'table_key', remedy: 'never' },
]

/** Tables that auto scaling or a person changed where no option is set. They do not differ. */
export const KEPT: readonly Pick<Drift, 'title' | 'declared' | 'made' | 'stub'>[] = [
  { title: 'is provisioned', declared: {}, made: { ...provisioned, indexKeys: [] } },
  {
    title: 'has other capacities, with its index',
    declared: { billingMode: 'provisioned', indexKeys: ['user_id'] },
    made: { ...provisioned, readCapacity: 9, writeCapacity: 1, indexKeys: ['user_id'] },
  },
  {
    title: 'has another write capacity',
    declared: { readCapacity: 5 },
    made: { ...provisioned, writeCapacity: 9 },
  },
  {
    title: 'is of the class for infrequent access',
    declared: {},
    made: { tableClass: 'standard_infrequent_access' },
    stub: true,
  },
]

/** Declarations; `createTable` makes tables from them that have no difference. */
export const EQUAL: readonly (Options & { readonly stub?: true })[] = [
  {},
  { tableKey: 'sid' },
  provisioned,
  { readCapacity: 1, writeCapacity: 2 },
  { ...provisioned, indexKeys: ['user_id'] },
  { ttl: true },
  { ttl: false },
  { deletionProtection: true },
  { deletionProtection: false },
  { indexKeys: ['user_id'] },
  { indexKeys: ['user.id', 'device'] },
  { billingMode: 'pay_per_request', readCapacity: 7 },
  { maxReadRequestUnits: 100, stub: true },
  { maxReadRequestUnits: 100, maxWriteRequestUnits: 50, stub: true },
  { warmReadUnits: 15_000, stub: true },
  { warmReadUnits: 15_000, warmWriteUnits: 5_000, stub: true },
  { pointInTimeRecovery: true, stub: true },
  { pointInTimeRecovery: true, pointInTimeRecoveryDays: 7, stub: true },
  { pointInTimeRecovery: false, pointInTimeRecoveryDays: 7 },
  { tags: { team: 'web', stage: 'test', shop: 'a' }, stub: true },
  { tags: {} },
  { kmsKeyId: KEY, stub: true },
  { kmsKeyId: 'none' },
  { tableClass: 'standard_infrequent_access', stub: true },
  {
    ...provisioned,
    indexKeys: ['user_id'],
    pointInTimeRecovery: true,
    tags: { team: 'web' },
    deletionProtection: true,
    kmsKeyId: KEY,
    tableClass: 'standard_infrequent_access',
    stub: true,
  },
]

/** The options of an entry of {@link EQUAL}. */
export function optionsOf({ stub: _, ...options }: (typeof EQUAL)[number]): Options {
  return options
}
