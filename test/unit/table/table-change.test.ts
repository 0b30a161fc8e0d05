import { describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { TableFacts } from '../../../runtime/table/describe-table.js'
import type { LiveTable } from '../../../runtime/table/live-table.js'
import { tableChange } from '../../../runtime/table/table-change.js'
import { indexFacts, tableFacts } from '../../support/table-facts.js'

/** The change from a table with these facts to what is declared. */
function change(declared: Options, facts: Partial<TableFacts> = {}, more: Partial<LiveTable> = {}) {
  return tableChange(resolveConfiguration(declared, {}), {
    table: tableFacts(facts),
    timeToLive: { value: { status: 'ENABLED', attribute: 'expire_at' } },
    recovery: { value: { on: false, days: undefined } },
    tags: { value: {} },
    aliasedKey: undefined,
    ...more,
  })
}

const provisioned = { billingMode: 'provisioned', capacity: { read: 9, write: 8 } } as const

describe('the change of a table', () => {
  it('is empty where nothing differs', () => {
    expect(change({})).toEqual({
      tableName: 'sessions',
      up: {},
      down: {},
      addedIndexes: [],
      addedTags: [],
      notices: [],
    })
  })

  it('has the capacities of the mode in which they count', () => {
    const onDemand = { billingMode: 'pay_per_request' } as const
    expect(change(onDemand, provisioned)).toMatchObject({
      up: { billingMode: 'pay_per_request' },
      down: { billingMode: 'provisioned', readCapacity: 9, writeCapacity: 8 },
      notices: [expect.stringContaining('billing_mode: AWS allows')],
    })
    expect(Object.keys(change(onDemand, provisioned).up)).toEqual(['billingMode'])
    expect(change({ readCapacity: 3 })).toMatchObject({
      up: { billingMode: 'provisioned', readCapacity: 3, writeCapacity: 5 },
      down: { billingMode: 'pay_per_request' },
    })
    expect(Object.keys(change({ readCapacity: 3 }).down)).toEqual(['billingMode'])
  })

  it('has maximum request units where one is declared or set in the table', () => {
    const { up, down } = change({ maxReadRequestUnits: 100 }, provisioned)
    expect(up).toEqual({ billingMode: 'pay_per_request', maxReadRequestUnits: 100 })
    expect(down).toEqual({ billingMode: 'provisioned', readCapacity: 9, writeCapacity: 8 })
    const limited = change({ readCapacity: 3 }, { maxRequestUnits: { read: 0, write: 70 } })
    expect(limited.down).toEqual({ billingMode: 'pay_per_request', maxWriteRequestUnits: 70 })
    expect(change({ maxReadRequestUnits: 0 }, { maxRequestUnits: { read: 50, write: 0 } })).toMatchObject({
      up: { maxReadRequestUnits: 0 },
      down: { maxReadRequestUnits: 50 },
    })
  })

  it.each<[string, Options, Partial<TableFacts>, Partial<LiveTable>, Options, Options]>([
    [
      'one capacity',
      { readCapacity: 9, writeCapacity: 1 },
      provisioned,
      {},
      { writeCapacity: 1 },
      { writeCapacity: 8 },
    ],
    [
      'table class',
      { tableClass: 'standard_infrequent_access' },
      {},
      {},
      { tableClass: 'standard_infrequent_access' },
      { tableClass: 'standard' },
    ],
    ['protection', { deletionProtection: true }, {}, {}, { deletionProtection: true }, { deletionProtection: false }],
    ['a key', { kmsKeyId: 'k' }, {}, {}, { kmsKeyId: 'k' }, { kmsKeyId: 'none' }],
    ['no key', { kmsKeyId: 'none' }, { kmsKeyArn: 'arn:k' }, {}, { kmsKeyId: 'none' }, { kmsKeyId: 'arn:k' }],
    ['Time to Live off', { ttl: false }, {}, {}, { ttl: false }, { ttl: true }],
    [
      'backups',
      { pointInTimeRecovery: true, pointInTimeRecoveryDays: 7 },
      {},
      {},
      { pointInTimeRecovery: true, pointInTimeRecoveryDays: 7 },
      { pointInTimeRecovery: false },
    ],
    [
      'days',
      { pointInTimeRecovery: true, pointInTimeRecoveryDays: 7 },
      {},
      { recovery: { value: { on: true, days: 35 } } },
      { pointInTimeRecoveryDays: 7 },
      { pointInTimeRecoveryDays: 35 },
    ],
  ])('goes there and back: %s', (_title, declared, facts, live, up, down) => {
    const found = change(declared, facts, live)
    expect([found.up, found.down]).toEqual([up, down])
  })

  it('says that Time to Live deletes items', () => {
    const off = { timeToLive: { value: { status: 'DISABLED', attribute: undefined } } } as const
    expect(change({ ttl: true }, {}, off)).toMatchObject({ up: { ttl: true }, down: { ttl: false } })
    expect(change({ ttl: true }, {}, off).notices.join()).toContain('delete items whose expire_at has passed')
  })

  it('has only the tags that differ, and the names of those that it adds', () => {
    const tags = { tags: { value: { team: 'a', env: 'dev' } } }
    const found = change({ tags: { team: 'b' } }, {}, tags)
    expect([found.up, found.down, found.addedTags]).toEqual([{ tags: { team: 'b' } }, { tags: { team: 'a' } }, []])
    const added = change({ tags: { team: 'a', stage: 'x' } }, {}, tags)
    expect([added.up, added.down, added.addedTags]).toEqual([{ tags: { stage: 'x' } }, { tags: {} }, ['stage']])
  })

  it('leaves billing mode, capacities and table class that are not declared', () => {
    const indexes = [indexFacts('tenant', { capacity: { read: 7, write: 7 } })]
    const facts = { ...provisioned, tableClass: 'standard_infrequent_access', indexes } as const
    const found = change({ deletionProtection: true, indexKeys: ['tenant'] }, facts)
    expect([found.up, found.down]).toEqual([{ deletionProtection: true }, { deletionProtection: false }])
    expect(change({ readCapacity: 3, indexKeys: ['tenant'] }, facts).up).toEqual({ readCapacity: 3, writeCapacity: 8 })
  })

  it('names the indexes that it adds, which updateTable does not delete', () => {
    const facts = { indexes: [indexFacts('tenant'), indexFacts('x', { name: 'by-x' })] }
    const found = change({ indexKeys: ['tenant', 'user_id'] }, facts)
    expect(found).toMatchObject({
      up: { indexKeys: ['tenant', 'user_id'] },
      down: { indexKeys: ['tenant'] },
      addedIndexes: ['user_id'],
    })
    expect(found.notices).toEqual([expect.stringContaining('left as it is: index "by-x"')])
  })

  it('has both capacities where only an index has other ones', () => {
    const indexes = [indexFacts('tenant', { capacity: { read: 9, write: 1 } })]
    const declared = { readCapacity: 9, writeCapacity: 8, indexKeys: ['tenant'] }
    expect(change(declared, { ...provisioned, indexes }).up).toEqual({ readCapacity: 9, writeCapacity: 8 })
  })

  it('cannot lower warm throughput again', () => {
    expect(change({ warmReadUnits: 20_000 })).toMatchObject({ up: { warmReadUnits: 20_000 }, down: {} })
  })

  it('leaves what updateTable leaves, with a note', () => {
    const { up, notices } = change(
      {},
      { deletionProtection: true },
      { tags: { permission: 'dynamodb:ListTagsOfResource' } },
    )
    expect(up).toEqual({})
    expect(notices).toEqual([
      expect.stringContaining(
        'tags: declared none (default), unknown: no permission, allow dynamodb:ListTagsOfResource',
      ),
      expect.stringContaining('set deletion_protection: true to keep it'),
    ])
  })
})
