import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { withAmbient } from '../../../runtime/configuration/options-in-migrations.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { compareTable, differencesOf } from '../../../runtime/table/compare-table.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { readLiveTable } from '../../../runtime/table/live-table.js'
import { readTableChange } from '../../../runtime/table/table-change.js'
import { optionsOf } from '../../../runtime/table/table-options.js'
import { workOnTable } from '../../../runtime/table/table-work.js'
import { updateTable } from '../../../runtime/table/update-table.js'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.js'
import { anyEngine } from '../../support/engines.js'
import { environmentWith } from '../../support/folder.js'
import { recordWaits } from '../../support/quick-sleep.js'
import { recordingLogger } from '../../support/recording-logger.js'

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555'

let stub: ControlPlane
beforeAll(async () => {
  stub = await startControlPlane({ settle: 0 })
})
beforeEach(() => environmentWith())
afterEach(() => stub.reset())
afterAll(() => stub.stop())

function options(more: Options = {}): Options {
  return { tableName: 'sessions', endpoint: stub.endpoint, region: stub.region, ...more }
}

/** Names of the settings that differ. */
async function differences(declared: Options): Promise<string[]> {
  return await workOnTable(declared, {}, async (work) => {
    const live = await readLiveTable(work)
    return live ? differencesOf(compareTable(work.configuration, live)).map(({ setting }) => setting) : ['no table']
  })
}

const EVERYTHING: Options = {
  billingMode: 'provisioned',
  readCapacity: 5,
  writeCapacity: 6,
  ttl: true,
  indexKeys: ['user_id', 'device'],
  deletionProtection: true,
  pointInTimeRecovery: true,
  pointInTimeRecoveryDays: 7,
  tags: { team: 'web', stage: 'test' },
  kmsKeyId: KEY,
  tableClass: 'standard_infrequent_access',
}

describe('updateTable', () => {
  it('makes all changes in an order that DynamoDB allows, one at a time, and prints each', async () => {
    await createTable(options({ ttl: false, indexKeys: ['old'] }))
    const before = stub.requests.length
    const logger = recordingLogger()
    const { changed, left } = await updateTable(options(EVERYTHING), { logger, removeIndexes: true })
    expect(left).toEqual([])
    const changes = stub.requests.slice(before).filter(({ operation }) => !/^(Describe|List|Scan)/.test(operation))
    expect(changes.map(({ operation, input }) => [operation, Object.keys(input).slice(0, 2).sort().join()])).toEqual([
      ['UpdateTable', 'GlobalSecondaryIndexUpdates,TableName'],
      ['UpdateTable', 'BillingMode,TableName'],
      ['UpdateTable', 'AttributeDefinitions,TableName'],
      ['UpdateTable', 'AttributeDefinitions,TableName'],
      ['UpdateTable', 'TableClass,TableName'],
      ['UpdateTable', 'SSESpecification,TableName'],
      ['UpdateTimeToLive', 'TableName,TimeToLiveSpecification'],
      ['UpdateContinuousBackups', 'PointInTimeRecoverySpecification,TableName'],
      ['TagResource', 'ResourceArn,Tags'],
      ['UpdateTable', 'DeletionProtectionEnabled,TableName'],
    ])
    expect(changed).toEqual([
      'index "old-index"',
      'billing_mode',
      'index "user_id-index"',
      'index "device-index"',
      'table_class',
      'kms_key_id',
      'ttl',
      'point_in_time_recovery',
      'tags',
      'deletion_protection',
    ])
    expect(logger.lines.filter((line) => line.includes(' → '))).toEqual([
      'index "old-index": "old" (S), KEYS_ONLY → none',
      'billing_mode: pay_per_request → provisioned',
      'index "user_id-index": none → "user_id" (S), KEYS_ONLY',
      'index "device-index": none → "device" (S), KEYS_ONLY',
      'table_class: standard → standard_infrequent_access',
      `kms_key_id: none → ${KEY}`,
      'ttl: false → true',
      'point_in_time_recovery: false → true',
      'tags: none → team=web, stage=test',
      'deletion_protection: false → true',
    ])
    expect(logger.lines.at(-1)).toBe('table "sessions": 10 settings changed')
    expect(await differences(options(EVERYTHING))).toEqual([])
  })

  it('is safe to repeat: nothing is sent when the table is as declared', async () => {
    await createTable(options())
    await updateTable(options({ billingMode: 'provisioned', tags: { team: 'web' } }))
    const before = stub.requests.length
    const logger = recordingLogger()
    const again = await updateTable(options({ billingMode: 'provisioned', tags: { team: 'web' } }), { logger })
    expect(again).toEqual({ changed: [], left: [] })
    expect(logger.lines).toEqual(['table "sessions" is as declared already'])
    const sent = stub.operations.slice(before)
    expect(sent.filter((operation) => !/^(Describe|List)/.test(operation))).toEqual([])
  })

  it('continues after an interruption where it stopped', async () => {
    await createTable(options())
    const declared = options({ deletionProtection: true, tableClass: 'standard_infrequent_access', ttl: true })
    stub.refuse('UpdateTable', { name: 'AccessDeniedException' })
    await expect(updateTable(declared)).rejects.toThrow('allow dynamodb:UpdateTable')
    expect((await updateTable(declared)).changed).toEqual(['table_class', 'deletion_protection'])
  })

  it('prints a change only when it is made', async () => {
    await createTable(options())
    stub.refuse('UpdateTable', { name: 'AccessDeniedException' })
    const logger = recordingLogger()
    await expect(updateTable(options({ deletionProtection: true }), { logger })).rejects.toThrow('UpdateTable')
    expect(logger.lines).toEqual([])
  })

  it('leaves a setting that dynalite lacks, and makes the other changes', async () => {
    const place = anyEngine().options()
    await createTable(place)
    const logger = recordingLogger()
    const declared = { ...place, deletionProtection: true, tableClass: 'standard_infrequent_access' } as const
    const { changed, left } = await updateTable({ ...declared, billingMode: 'provisioned' }, { logger })
    expect(changed).toEqual(['billing_mode'])
    expect(left.filter(({ option }) => option !== 'ttl')).toMatchObject([
      { setting: 'deletion_protection', state: 'unknown', note: 'this endpoint has no deletion protection' },
      { setting: 'table_class', state: 'unknown', note: 'this endpoint has no table class' },
    ])
    expect(logger.warnings).toContainEqual(
      expect.stringMatching(
        /^left as it is: deletion_protection: .*, unknown: this endpoint has no deletion protection$/,
      ),
    )
  })

  it('waits until the table is ACTIVE before the next change, also after a change by another program', async () => {
    await createTable(options())
    Object.assign(stub.table('sessions'), { status: 'UPDATING', pending: 2 })
    const waits = recordWaits()
    await updateTable(options({ deletionProtection: true, tableClass: 'standard_infrequent_access' }))
    expect(waits.length).toBeGreaterThanOrEqual(2)
    expect(stub.table('sessions')).toMatchObject({ deletionProtection: true, tableClass: 'STANDARD_INFREQUENT_ACCESS' })
  })

  it('deletes nothing that is not declared: indexes, tags and protection stay, with a warning each', async () => {
    await createTable(
      options({
        indexKeys: ['user_id'],
        tags: { team: 'web' },
        deletionProtection: true,
        pointInTimeRecovery: true,
        kmsKeyId: KEY,
      }),
    )
    const before = stub.requests.length
    const logger = recordingLogger()
    const { changed, left } = await updateTable(options(), { logger })
    expect(changed).toEqual([])
    const kept = ['point_in_time_recovery', 'tags', 'deletion_protection', 'kms_key_id', 'index "user_id-index"']
    expect(left.map(({ setting }) => setting)).toEqual(kept)
    expect(logger.warnings.map((line) => /^left as it is: (.*?): declared/.exec(line)?.[1])).toEqual(kept)
    expect(stub.operations.slice(before).filter((operation) => /^(Update|Tag|Untag)/.test(operation))).toEqual([])
  })

  it('replaces an index only with removeIndexes', async () => {
    await createTable(options({ indexKeys: ['user_id'] }))
    Object.assign(stub.table('sessions').indexes[0] ?? {}, { Projection: { ProjectionType: 'ALL' } })
    const declared = options({ indexKeys: ['user_id'] })
    expect((await updateTable(declared)).left[0]?.change).toContain('--remove-indexes deletes it and adds it again')
    expect(await updateTable(declared, { removeIndexes: true })).toEqual({
      changed: ['index "user_id-index"'],
      left: [],
    })
  })

  it('raises one warm throughput, and keeps the other', async () => {
    await createTable(options())
    await updateTable(options({ warmReadUnits: 20_000 }))
    expect(stub.table('sessions').warm).toEqual({ ReadUnitsPerSecond: 20_000, WriteUnitsPerSecond: 4_000 })
  })

  it('leaves Time to Live of a table with items off, unless ttl is set', async () => {
    await createTable(options({ ttl: false }))
    stub.table('sessions').items = 1
    const logger = recordingLogger()
    expect((await updateTable(options(), { logger })).left.map(({ setting }) => setting)).toEqual(['ttl'])
    expect(logger.warnings[0]).toContain('stays off: the table holds items')
    expect((await updateTable(options({ ttl: true }))).changed).toEqual(['ttl'])
  })

  it('refuses a table that cannot hold sessions before the first change', async () => {
    await createTable(options({ tableKey: 'id', ttl: false }))
    const before = stub.requests.length
    await expect(updateTable(options({ deletionProtection: true }))).rejects.toMatchObject({ code: 'TABLE_SCHEMA' })
    expect(stub.operations.slice(before)).not.toContain('UpdateTable')
  })

  it('says how to create a table that does not exist', async () => {
    await expect(updateTable(options())).rejects.toThrow(
      'table "sessions" does not exist in this region and account; create it with npx umzug up, or with npx dynamo-session create-table',
    )
  })

  it.each([
    [
      'UpdateTable',
      { billingMode: 'pay_per_request' },
      {
        name: 'LimitExceededException',
        message:
          'Subscriber limit exceeded: Update to PayPerRequest mode are limited to once in 1 day(s). Last update at x. Next update can be made at y',
      },
      /AWS limits how often this change is allowed \(Subscriber limit.*Next update can be made at y\); try again later \(documented limit: AWS allows four switches.*bp-switching-capacity-modes/,
    ],
    [
      'UpdateTable',
      { billingMode: 'provisioned', tableClass: 'standard_infrequent_access' },
      { name: 'ValidationException', message: 'Table class can not be changed now' },
      /DynamoDB refuses the request: Table class can not be changed now \(documented limit: AWS allows two changes of the table class in 30 days, https:/,
    ],
    [
      'UpdateTimeToLive',
      { billingMode: 'provisioned', ttl: false },
      { name: 'ValidationException', message: 'Time to live has been modified multiple times within a fixed interval' },
      /was changed within the last hour.*documented limit/,
    ],
  ] as const)("explains AWS's refusal of %s with %j", async (operation, declared, refusal, text) => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    await createTable(options({ billingMode: 'provisioned' }))
    stub.refuse(operation, refusal)
    await expect(updateTable(options(declared))).rejects.toThrow(text)
  })

  it('applies the options of code over those of ENV, as createTable does', async () => {
    await createTable(options({ billingMode: 'provisioned', readCapacity: 7 }))
    vi.stubEnv('AWS_DYNAMO_DB_SESSION_READ_CAPACITY', '7')
    vi.stubEnv('AWS_DYNAMO_DB_SESSION_DELETION_PROTECTION', 'true')
    const { changed } = await updateTable(options({ billingMode: 'pay_per_request' }))
    expect(changed).toEqual(['billing_mode', 'deletion_protection'])
  })
})

describe('updateTable with a list of tags to remove', () => {
  it('removes only these, and none that is declared', async () => {
    await createTable(options({ tags: { team: 'web', stage: 'test', cost: '7' } }))
    const logger = recordingLogger()
    const removeTags = ['stage', 'team', 'none']
    const { left } = await updateTable(options({ tags: { team: 'shop' } }), { removeTags, logger })
    expect(logger.lines[0]).toBe('tags: team=web, stage=test, cost=7 → team=shop, cost=7')
    expect([...stub.table('sessions').tags]).toEqual([
      ['team', 'shop'],
      ['cost', '7'],
    ])
    expect(left.map(({ change }) => change)).toEqual([expect.stringContaining('add "cost" to tags')])
  })

  it('refuses a text, whose parts would be names', async () => {
    await expect(updateTable(options(), { removeTags: 'team' as never })).rejects.toThrow(
      'removeTags: must be true or a list of names, such as [\'team\'], not "team"',
    )
  })
})

describe('updateTable in a migration', () => {
  const inMigration = async (call: () => Promise<unknown>, ambient: Options = {}) =>
    await withAmbient({ options: options(ambient), isMigration: true }, call)

  it('changes only what its call names, whatever the configuration declares', async () => {
    vi.stubEnv('AWS_DYNAMO_DB_SESSION_DELETION_PROTECTION', 'true')
    await createTable(options({ ...EVERYTHING, deletionProtection: false }))
    Object.assign(stub.table('sessions').ttl, { status: 'ENABLED' })
    const before = structuredClone(stub.table('sessions'))
    const ambient = { billingMode: 'pay_per_request', ttl: false, tags: { shop: 'a' }, indexKeys: ['other'] } as const
    const sent = stub.requests.length
    const result = await inMigration(async () => await updateTable({ tags: { team: 'x' } }), ambient)
    expect(result).toEqual({ changed: ['tags'], left: [] })
    const changes = stub.operations.slice(sent).filter((operation) => !/^(Describe|List)/.test(operation))
    expect(changes).toEqual(['TagResource'])
    const tags = new Map([
      ['team', 'x'],
      ['stage', 'test'],
    ])
    expect(stub.table('sessions')).toEqual({ ...before, tags })
  })

  it('keeps all other tags in down', async () => {
    await createTable(options({ tags: { cost: '7', team: 'x', env: 'prod' } }))
    await inMigration(async () => await updateTable({ tags: { env: 'dev' } }, { removeTags: ['team'] }))
    await inMigration(async () => await updateTable({}, { removeTags: ['cost'] }), { tags: { shop: 'a' } })
    expect([...stub.table('sessions').tags]).toEqual([['env', 'dev']])
  })

  it('takes the other capacity from the table and its indexes', async () => {
    await createTable(options({ readCapacity: 9, writeCapacity: 8, indexKeys: ['user_id'] }))
    await inMigration(async () => await updateTable({ writeCapacity: 3 }), { billingMode: 'pay_per_request' })
    const capacity = { ReadCapacityUnits: 9, WriteCapacityUnits: 3 }
    expect(stub.table('sessions')).toMatchObject({ capacity, indexes: [{ ProvisionedThroughput: capacity }] })
    await inMigration(async () => await updateTable({ billingMode: 'pay_per_request' }))
    await inMigration(async () => await updateTable({ readCapacity: 4 }))
    expect(stub.table('sessions').capacity).toEqual({ ReadCapacityUnits: 4, WriteCapacityUnits: 5 })
  })

  it('adds an index, and removes one only if it is asked to', async () => {
    await createTable(options({ indexKeys: ['old'] }))
    const names = () => stub.table('sessions').indexes.map(({ IndexName }) => IndexName)
    await inMigration(async () => await updateTable({ indexKeys: ['user_id'] }))
    expect(names()).toEqual(['old-index', 'user_id-index'])
    await inMigration(async () => await updateTable({ ttl: true }, { removeIndexes: true }), { indexKeys: ['user_id'] })
    expect(names()).toEqual(['user_id-index'])
  })

  it('reads a setting again that stays, such as the days of backups', async () => {
    await createTable(options({ pointInTimeRecovery: true, pointInTimeRecoveryDays: 35 }))
    await inMigration(async () => await updateTable({ pointInTimeRecoveryDays: 7 }))
    expect(stub.table('sessions').recovery).toEqual({ on: true, days: 7 })
  })
})

describe('the change for a migration', () => {
  it('says from which table the values of down are', async () => {
    await createTable(options({ tags: { cost: '7' } }))
    const declared = options({ tags: { team: 'web' }, deletionProtection: true })
    const { down, addedTags, notices } = await readTableChange(declared)
    expect({ down, addedTags }).toEqual({ down: { tags: {}, deletionProtection: false }, addedTags: ['team'] })
    expect(notices).toEqual([`down has the values that table "sessions" in ${stub.region} has now`])
    expect((await readTableChange(options({ warmReadUnits: 20_000, tags: { cost: '7' } }))).notices.join()).not.toMatch(
      /^down|,down/,
    )
  })
})

describe('a change that the table does not show', () => {
  it('fails when a later step has undone it', async () => {
    await createTable(options())
    const table = stub.table('sessions')
    // DynamoDB Local loses the protection when the billing mode changes.
    Object.defineProperty(table, 'deletionProtection', { get: () => false, set: () => undefined })
    const waits = recordWaits()
    const failed = updateTable(options({ deletionProtection: true, billingMode: 'provisioned' }))
    await expect(failed).rejects.toThrow(
      'table "sessions" accepted the update, but deletion_protection is still false; run it again',
    )
    expect(waits.length).toBeGreaterThanOrEqual(5)
  })

  it('is waited for: DynamoDB shows changed tags after some seconds', async () => {
    await createTable(options())
    const { tags } = stub.table('sessions')
    const show = vi.spyOn(tags, Symbol.iterator)
    for (let i = 0; i < 3; i += 1) show.mockImplementationOnce(() => new Map().entries())
    expect(await updateTable(options({ tags: { team: 'web' } }))).toEqual({ changed: ['tags'], left: [] })
  })
})

describe('defaults that DynamoDB leaves out, or adds', () => {
  it('are no difference: the billing mode of a table that was always provisioned', async () => {
    await createTable(options({ billingMode: 'provisioned' }))
    expect(stub.table('sessions').everOnDemand).toBe(false)
    expect(await differences(options({ billingMode: 'provisioned' }))).toEqual([])
  })

  it('are no difference: a maximum that was removed again, which DynamoDB shows as -1', async () => {
    await createTable(options({ maxReadRequestUnits: 5, maxWriteRequestUnits: 5 }))
    await updateTable(options({ maxReadRequestUnits: 0, maxWriteRequestUnits: 5 }))
    expect(stub.table('sessions').maximum).toEqual({ MaxReadRequestUnits: -1, MaxWriteRequestUnits: 5 })
    expect(await differences(options({ maxWriteRequestUnits: 5 }))).toEqual([])
  })

  it("are no difference: AWS's own tags, on any page", async () => {
    const declared = { team: 'web', stage: 'test', shop: 'a' }
    await createTable(options({ tags: declared }))
    const { tags } = stub.table('sessions')
    tags.set('aws:cloudformation:stack-name', 'shop')
    tags.set('aws:backup:source', 'x')
    expect(await differences(options({ tags: declared }))).toEqual([])
    await updateTable(options({ tags: { team: 'web' } }), { removeTags: true })
    expect([...tags.keys()]).toEqual(['team', 'aws:cloudformation:stack-name', 'aws:backup:source'])
  })

  it('are no difference: the alias of the KMS key that encrypts the table', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', stub.endpoint)
    stub.aliases.set('alias/sessions', KEY.replace(/^.*\//, ''))
    await createTable(options({ kmsKeyId: 'alias/sessions' }))
    expect(await differences(options({ kmsKeyId: 'alias/sessions' }))).toEqual([])
    expect(
      await differences(options({ kmsKeyId: `arn:aws:kms:${stub.region}:${stub.account}:alias/sessions` })),
    ).toEqual([])
    stub.aliases.set('alias/sessions', 'another-key')
    expect(await differences(options({ kmsKeyId: 'alias/sessions' }))).toEqual(['kms_key_id'])
    stub.deny('DescribeKey')
    const { left } = await updateTable(options({ kmsKeyId: 'alias/sessions' }))
    expect(left).toMatchObject([{ setting: 'kms_key_id', state: 'unknown', permission: 'kms:DescribeKey' }])
  })

  it('is unknown whether an alias stands for the same key, where KMS is out of reach', async () => {
    stub.aliases.set('alias/sessions', KEY.replace(/^.*\//, ''))
    await createTable(options({ kmsKeyId: 'alias/sessions' }))
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', 'http://127.0.0.1:1')
    const { left } = await updateTable(options({ kmsKeyId: 'alias/sessions' }))
    expect(left).toMatchObject([
      { setting: 'kms_key_id', state: 'unknown', unreachable: 'KMS', note: "KMS can't be reached" },
    ])
  })

  it('differ: an alias that does not exist', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', stub.endpoint)
    await createTable(options({ kmsKeyId: KEY }))
    const { left } = await updateTable(options({ kmsKeyId: 'alias/nope' }))
    expect(left).toMatchObject([
      {
        setting: 'kms_key_id',
        state: 'differs',
        updatable: false,
        change: expect.stringMatching(/^KMS has no alias\/nope /),
      },
    ])
  })

  it('are no difference: Time to Live on an attribute of another application, with ttl: false', async () => {
    await createTable(options({ ttl: false }))
    const other = { status: 'ENABLED', attribute: 'other', pending: 0 } as const
    stub.table('sessions').ttl = { ...other }
    expect(await differences(options({ ttl: false }))).toEqual([])
    await updateTable(options({ ttl: false }))
    expect(stub.table('sessions').ttl).toEqual(other)
    expect(stub.requests.map(({ operation }) => operation)).not.toContain('UpdateTimeToLive')
  })

  it("are no difference: AWS's own key for DynamoDB, which requests must not name", async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', stub.endpoint)
    stub.aliases.set('alias/aws/dynamodb', 'managed')
    await createTable(options({ kmsKeyId: 'alias/aws/dynamodb' }))
    const { input } = stub.requests.find(({ operation }) => operation === 'CreateTable') ?? {}
    expect(input.SSESpecification).toEqual({ Enabled: true, SSEType: 'KMS' })
    expect(await differences(options({ kmsKeyId: 'alias/aws/dynamodb' }))).toEqual([])
  })
})

describe('the options of a live table', () => {
  const optionsOfTable = async () =>
    await workOnTable(options(), {}, async (work) => {
      const live = await readLiveTable(work)
      if (!live) throw new Error('there is no table')
      return optionsOf(live)
    })

  it('are plain data, from which another table is made the same', async () => {
    const { indexKeys: _, ...made } = EVERYTHING
    await createTable(options({ ...made, indexKeys: ['user_id'] }))
    const read = await optionsOfTable()
    expect(read).toEqual({ ...made, indexKeys: ['user_id'] })
    expect(JSON.parse(JSON.stringify(read))).toEqual(read)
    await createTable(options({ ...read, tableName: 'other' }))
    expect(await differences(options({ ...read, tableName: 'other' }))).toEqual([])
  })

  it('bring a table back, however it was changed', async () => {
    await createTable(options())
    const before = await optionsOfTable()
    await updateTable(options({ ...EVERYTHING, indexKeys: [] }))
    await updateTable(options({ ...before }), { removeTags: true })
    expect(await optionsOfTable()).toEqual(before)
  })

  it('can be resolved as options', async () => {
    await createTable(options({ maxReadRequestUnits: 4 }))
    const read = await optionsOfTable()
    expect(resolveConfiguration(read, {})).toMatchObject({ maxReadRequestUnits: 4, kmsKeyId: 'none', tags: {} })
  })
})
