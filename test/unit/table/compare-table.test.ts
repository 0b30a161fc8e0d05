import { describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { compareTable, differencesOf, type SettingComparison } from '../../../runtime/table/compare-table.js'
import { settingText } from '../../../runtime/table/comparison-text.js'
import type { LiveTable } from '../../../runtime/table/live-table.js'
import { indexFacts, liveTable, tableFacts } from '../../support/table-facts.js'

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555'

function compared(options: Options, live: Partial<LiveTable> = {}): SettingComparison[] {
  return compareTable(resolveConfiguration(options, {}), liveTable(live))
}

function setting(name: string, options: Options, live: Partial<LiveTable> = {}): SettingComparison {
  const found = compared(options, live).find((comparison) => comparison.setting === name)
  if (!found) throw new Error(`${name} is not compared`)
  return found
}

function differences(options: Options, live: Partial<LiveTable> = {}): string[] {
  return differencesOf(compared(options, live)).map((comparison) => comparison.setting)
}

describe('no phantom difference', () => {
  it.each<[string, Options, Partial<LiveTable>]>([
    [
      'key id and ARN of the same KMS key',
      { kmsKeyId: KEY.replace(/^.*\//, '') },
      { table: tableFacts({ kmsKeyArn: KEY }) },
    ],
    ['ARN of the KMS key', { kmsKeyId: KEY }, { table: tableFacts({ kmsKeyArn: KEY }) }],
    [
      'alias and ARN of the same KMS key',
      { kmsKeyId: 'alias/sessions' },
      { table: tableFacts({ kmsKeyArn: KEY }), aliasedKey: { value: KEY } },
    ],
    [
      'alias of the KMS key, as a dry run shows it',
      { kmsKeyId: 'alias/sessions' },
      { table: tableFacts({ kmsKeyArn: 'alias/sessions' }), aliasedKey: { value: KEY } },
    ],
    [
      'warm throughput that has grown',
      { warmReadUnits: 12_000 },
      { table: tableFacts({ warmThroughput: { read: 90_000, write: 30_000 } }) },
    ],
    [
      'warm throughput that nobody declared',
      {},
      { table: tableFacts({ warmThroughput: { read: 90_000, write: 30_000 } }) },
    ],
    [
      'Time to Live that DynamoDB is switching on',
      { ttl: true },
      { timeToLive: { value: { status: 'ENABLING', attribute: 'expire_at' } } },
    ],
    [
      'Time to Live that DynamoDB is switching off',
      { ttl: false },
      { timeToLive: { value: { status: 'DISABLING', attribute: 'expire_at' } } },
    ],
    [
      'an index that DynamoDB is building',
      { indexKeys: ['user_id'] },
      { table: tableFacts({ indexes: [indexFacts('user_id', { status: 'CREATING' })] }) },
    ],
    ['days of recovery that is off', { pointInTimeRecoveryDays: 7 }, {}],
    ['capacities of a table that is billed by request', { billingMode: 'pay_per_request', readCapacity: 99 }, {}],
    [
      'an emulator without the features that nobody declared',
      { ttl: false },
      {
        table: tableFacts({ warmThroughput: undefined }),
        timeToLive: { lacking: 'Time to Live' },
        recovery: { lacking: 'point-in-time recovery' },
        tags: { lacking: 'tags' },
      },
    ],
  ])('by %s', (_, options, live) => {
    expect(compared(options, live).filter(({ state }) => state !== 'same')).toEqual([])
  })
})

describe('a difference', () => {
  it.each<[string, Partial<LiveTable>, string | number]>([
    [
      'billing_mode',
      { table: tableFacts({ billingMode: 'provisioned', capacity: { read: 1, write: 1 } }) },
      'provisioned',
    ],
    ['read_capacity', { table: tableFacts({ billingMode: 'provisioned', capacity: { read: 1, write: 1 } }) }, 1],
    ['table_class', { table: tableFacts({ tableClass: 'standard_infrequent_access' }) }, 'standard_infrequent_access'],
  ])('is not reported for %s, if no option sets it', (name, live, value) => {
    expect(setting(name, {}, live)).toEqual({
      setting: name,
      option: expect.any(String),
      source: 'default',
      state: 'same',
      declared: null,
      live: value,
      updatable: false,
      note: `${name} is not set, so the table keeps its own value`,
    })
  })

  it('names both values, the source, the change and the documented limit', () => {
    const difference = setting('table_class', { tableClass: 'standard_infrequent_access' })
    expect(difference).toEqual({
      setting: 'table_class',
      option: 'tableClass',
      source: 'code',
      state: 'differs',
      declared: 'standard_infrequent_access',
      live: 'standard',
      change: 'npx dynamo-session update-table',
      updatable: true,
      limit: {
        text: 'AWS allows two changes of the table class in 30 days',
        source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.tableclasses.html',
      },
    })
    expect(settingText(difference)).toBe(
      'table_class: declared standard_infrequent_access (code), the table has standard; npx dynamo-session update-table',
    )
  })

  it('is one line when the billing mode differs, without the capacities', () => {
    const table = tableFacts({ billingMode: 'provisioned', capacity: { read: 1, write: 1 } })
    expect(differences({ maxReadRequestUnits: 7 }, { table })).toEqual(['billing_mode'])
    expect(differences({ readCapacity: 7 })).toEqual(['billing_mode'])
  })

  it.each<[string, Options, Partial<LiveTable>, string]>([
    [
      'deletion_protection',
      {},
      { table: tableFacts({ deletionProtection: true }) },
      'set deletion_protection: true to keep it',
    ],
    [
      'point_in_time_recovery',
      {},
      { recovery: { value: { on: true, days: 35 } } },
      'set point_in_time_recovery: true to keep it',
    ],
    [
      'kms_key_id',
      {},
      { table: tableFacts({ kmsKeyArn: KEY }) },
      `set kms_key_id: ${KEY} to keep it, or kms_key_id: none`,
    ],
    [
      'max_read_request_units',
      {},
      { table: tableFacts({ maxRequestUnits: { read: 9, write: 0 } }) },
      'set max_read_request_units: 9 to keep it',
    ],
    [
      'tags',
      {},
      { tags: { value: { team: 'web' } } },
      'add "team" to tags, or npx dynamo-session update-table --remove-tags',
    ],
  ])(
    'of %s, which is not set, is left to the user, because the change removes something',
    (name, options, live, change) => {
      expect(setting(name, options, live)).toMatchObject({
        state: 'differs',
        updatable: false,
        change: expect.stringContaining(change),
      })
    },
  )

  it.each<[string, Options, Partial<LiveTable>]>([
    ['deletion_protection', { deletionProtection: false }, { table: tableFacts({ deletionProtection: true }) }],
    ['point_in_time_recovery', { pointInTimeRecovery: false }, { recovery: { value: { on: true, days: 35 } } }],
    ['kms_key_id', { kmsKeyId: 'none' }, { table: tableFacts({ kmsKeyArn: KEY }) }],
    [
      'max_read_request_units',
      { maxReadRequestUnits: 0 },
      { table: tableFacts({ maxRequestUnits: { read: 9, write: 0 } }) },
    ],
  ])('of %s that is set is a change of updateTable', (name, options, live) => {
    expect(setting(name, options, live)).toMatchObject({ state: 'differs', updatable: true })
  })

  it('says that Time to Live needs an explicit ttl where the table holds items', () => {
    const timeToLive = { value: { status: 'DISABLED', attribute: undefined } } as const
    expect(setting('ttl', {}, { timeToLive }).change).toContain('set ttl: true before')
    expect(setting('ttl', { ttl: true }, { timeToLive }).change).toBe('npx dynamo-session update-table')
  })

  it('has the limit of decreases only for a decrease', () => {
    const table = tableFacts({ billingMode: 'provisioned', capacity: { read: 5, write: 5 } })
    const provisioned = { billingMode: 'provisioned', readCapacity: 1, writeCapacity: 9 } as const
    expect(setting('read_capacity', provisioned, { table }).limit?.text).toContain('four decreases')
    expect(setting('write_capacity', provisioned, { table })).not.toHaveProperty('limit')
  })
})

describe('an unknown setting', () => {
  it.each<[string, Partial<LiveTable>]>([
    ['ttl', { timeToLive: { permission: 'dynamodb:DescribeTimeToLive' } }],
    ['point_in_time_recovery', { recovery: { permission: 'dynamodb:DescribeContinuousBackups' } }],
    ['tags', { tags: { permission: 'dynamodb:ListTagsOfResource' } }],
    ['kms_key_id', { table: tableFacts({ kmsKeyArn: KEY }), aliasedKey: { permission: 'kms:DescribeKey' } }],
  ])('%s names the permission that is missing', (name, live) => {
    const [permission] = Object.values(live).flatMap((reading) => ('permission' in reading ? [reading.permission] : []))
    const found = setting(name, { kmsKeyId: 'alias/sessions' }, live)
    expect(found).toMatchObject({ state: 'unknown', updatable: false, permission })
    expect(settingText(found)).toMatch(new RegExp(`unknown: no permission, allow ${permission}$`))
  })

  it('is a declared one that the endpoint lacks', () => {
    const found = setting('tags', { tags: { team: 'web' } }, { tags: { lacking: 'tags' } })
    expect(found).toMatchObject({ state: 'unknown', note: 'this endpoint has no tags' })
    expect(found).not.toHaveProperty('permission')
  })
})
