import type { Options } from '../../runtime/configuration/options.js'

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555'

/** Ten tables that together have every setting of a table. */
export const TABLE_CONFIGURATIONS: Readonly<Record<string, Options>> = {
  'all defaults': {},
  'provisioned capacity': { readCapacity: 3, writeCapacity: 4, migrationStorage: 'dynamodb' },
  'provisioned capacity with indexes': { billingMode: 'provisioned', indexKeys: ['user_id', 'account.id'] },
  'a maximum and an index': { maxReadRequestUnits: 500, maxWriteRequestUnits: 100, indexKeys: ['user_id'] },
  "warm throughput, one maximum and AWS's own key": {
    warmReadUnits: 13_000,
    warmWriteUnits: 5_000,
    maxWriteRequestUnits: 60,
    kmsKeyId: 'alias/aws/dynamodb',
  },
  'no Time to Live and short backups': { ttl: false, pointInTimeRecovery: true, pointInTimeRecoveryDays: 14 },
  'odd names, tags and deletion protection': {
    tableName: 'My.Sessions_2',
    tableKey: `it's "the": key # ${'${id}'} %{if}`,
    tags: { 'cost:center': '42', owner: `O'Neill \\ "web" ${'${team}'} %{for}`, stage: 'yes' },
    deletionProtection: true,
    batchReads: false,
  },
  'the alias of a key': { kmsKeyId: 'alias/sessions', pointInTimeRecovery: true, ttl: true, transport: 'sdk' },
  'the ARN of a key and a table class': {
    kmsKeyId: KEY,
    tableClass: 'standard_infrequent_access',
    warmReadUnits: 12_500,
  },
  'everything at once': {
    tableName: 'shop-sessions',
    tableKey: 'id',
    billingMode: 'provisioned',
    readCapacity: 20,
    writeCapacity: 30,
    warmReadUnits: 20_000,
    warmWriteUnits: 9_000,
    indexKeys: ['user_id'],
    ttl: true,
    pointInTimeRecovery: true,
    pointInTimeRecoveryDays: 7,
    tags: { team: 'shop' },
    deletionProtection: true,
    kmsKeyId: '11111111-2222-3333-4444-555555555555',
    tableClass: 'standard_infrequent_access',
  },
}
