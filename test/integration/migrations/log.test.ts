import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import knex from 'knex'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withAmbient } from '../../../runtime/configuration/options-in-migrations.js'
import type { DetailedStorage } from '../../../runtime/migrations/storage/contract.js'
import { DynamoDBStorage } from '../../../runtime/migrations/storage/dynamodb.js'
import { KnexStorage } from '../../../runtime/migrations/storage/knex.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { deleteTable } from '../../../runtime/table/delete-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { createUmzug } from '../../../runtime/umzug.js'
import { anyEngine } from '../../support/engines.js'
import { startFaultProxy } from '../../support/fault-proxy.js'
import { putRawItem } from '../../support/raw-table.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { folderWith, migration, packageFiles, recordRuns } from './folder.js'
import { onEachStorage, PARAMS } from './storage/storages.js'

const engine = anyEngine()

const CREATE = `const { createTable, deleteTable } = require('dynamo-session-store')
exports.up = async () => { await createTable() }
exports.down = async () => { await deleteTable() }`

const DROP = `const { createTable, deleteTable } = require('dynamo-session-store')
exports.up = async () => { await deleteTable() }
exports.down = async () => { await createTable() }`

const FAILING_ONCE = `const { createTable, deleteTable } = require('dynamo-session-store')
exports.up = async () => { await createTable(); if (!globalThis.failed) { globalThis.failed = true; throw new Error('later') } }
exports.down = async () => { await deleteTable() }`

function sqlite() {
  const database = knex({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true })
  onTestFinished(async () => await database.destroy())
  return database
}

/** A log that ends with the test. */
function inMemory(): () => KnexStorage {
  const database = sqlite()
  return () => new KnexStorage({ knex: database })
}

/** An umzug over these files. The session table is in dynalite. */
async function prepare(files: Record<string, string>, open: () => DetailedStorage) {
  const root = await folderWith({ ...packageFiles(), ...files })
  const logger = recordingLogger()
  const table = { ...engine.options(), ttl: false }
  const umzug = createUmzug({ root, storage: open(), logger, ...table })
  return { umzug, open, root, logger, table, exists: async () => (await describeTable(table)) !== undefined }
}

onEachStorage('the log of migrations', (newPlace) => {
  it('shows an executed file that was changed since, and accepts it', async () => {
    recordRuns()
    const { open } = await newPlace()
    const text = migration('a')
    const { umzug, root } = await prepare({ 'migrations/1_a.js': text, 'migrations/2_b.js': migration('b') }, open)
    await umzug.up()
    expect((await umzug.status()).changed).toEqual([])
    await writeFile(join(root, 'migrations/1_a.js'), text.replaceAll('\n', '\r\n'))
    expect((await umzug.status()).changed).toEqual([])
    await writeFile(join(root, 'migrations/1_a.js'), `${text}// another line\n`)
    expect((await umzug.status()).changed).toEqual(['1_a'])
    expect((await umzug.repair()).map(({ name }) => name)).toEqual(['1_a'])
    expect((await umzug.status()).changed).toEqual([])
    expect(await umzug.repair()).toEqual([])
    expect((await umzug.executed()).map(({ name }) => name)).toEqual(['1_a', '2_b'])
  })

  it('compares no file in another language, and no migration that an earlier version logged', async () => {
    recordRuns()
    const { open } = await newPlace()
    const { umzug, root } = await prepare({ 'migrations/1_a.js': migration('a'), 'migrations/2_b.js': '' }, open)
    await umzug.up({ to: '1_a' })
    await open().logMigration({ ...PARAMS, name: '2_b.js' })
    await rename(join(root, 'migrations/1_a.js'), join(root, 'migrations/1_a.mjs'))
    await writeFile(join(root, 'migrations/1_a.mjs'), 'export const up = () => {}')
    expect((await umzug.status()).changed).toEqual([])
    expect((await umzug.repair()).map(({ name }) => name)).toEqual(['1_a', '2_b'])
    await writeFile(join(root, 'migrations/2_b.js'), '// changed')
    expect((await umzug.status()).changed).toEqual(['2_b'])
    expect(await open().executed(PARAMS)).toEqual(['1_a', '2_b.js'])
  })

  it('remembers the checksum of a migration that ran again', async () => {
    recordRuns()
    const { open } = await newPlace()
    const { umzug, root } = await prepare({ 'migrations/1_a.js': migration('a') }, open)
    await umzug.up()
    await writeFile(join(root, 'migrations/1_a.js'), migration('b'))
    await umzug.up({ migrations: ['1_a'], rerun: 'ALLOW' })
    expect((await umzug.status()).changed).toEqual([])
  })

  it('remembers that a migration created the table, even if the migration failed or ran again', async () => {
    Object.assign(globalThis, { failed: false })
    const { open } = await newPlace()
    const { umzug, exists } = await prepare({ 'migrations/1_a.js': FAILING_ONCE }, open)
    await expect(umzug.up()).rejects.toThrow('later')
    expect(await open().executed(PARAMS)).toEqual([])
    expect((await umzug.status()).missing).toEqual([])
    await umzug.up()
    expect((await open().entries()).map(({ name }) => name)).toEqual(['1_a'])
    await umzug.up({ migrations: ['1_a'], rerun: 'ALLOW' })
    await umzug.down()
    expect(await exists()).toBe(false)
    expect(await open().entries()).toEqual([])
  })
})

describe('tables of migrations', () => {
  it('down leaves a table that its up found, and deletes a table that its up created', async () => {
    const { umzug, exists, logger } = await prepare(
      { 'migrations/1_a.js': CREATE, 'migrations/2_b.js': CREATE },
      inMemory(),
    )
    await umzug.up()
    await umzug.down()
    expect(await exists()).toBe(true)
    expect(logger.warnings.at(-1)).toMatch(
      /^table ".*" stays: 2_b did not create it, but found it\. To delete it: npx dynamo-session delete-table$/,
    )
    expect((await umzug.pending()).map(({ name }) => name)).toEqual(['2_b'])
    await umzug.down()
    expect(await exists()).toBe(false)
  })

  it('marks migrations as executed without running them, for a table that exists', async () => {
    const { umzug, table, exists, logger } = await prepare(
      {
        'migrations/1_a.js': CREATE,
        'migrations/2_b.js': 'exports.up = () => { throw new Error("never") }',
        'migrations/3_c.js': '',
      },
      inMemory(),
    )
    await expect(umzug.baseline()).rejects.toThrow(
      `table "${table.tableName}" does not exist: nothing was marked as executed. Create it: npx umzug up`,
    )
    await createTable(table)
    await expect(umzug.baseline({ to: '9_z' })).rejects.toThrow('no pending migration has the name 9_z')
    expect((await umzug.baseline({ to: '2_b.ts' })).map(({ name }) => name)).toEqual(['1_a', '2_b'])
    expect(await umzug.status()).toMatchObject({ pending: [{ name: '3_c' }], changed: [] })
    await umzug.down({ migrations: ['1_a'] })
    expect(await exists()).toBe(true)
    expect(logger.warnings.at(-1)).toContain('stays: umzug baseline marked 1_a as executed')
    expect((await umzug.baseline()).map(({ name }) => name)).toEqual(['1_a', '3_c'])
    expect(await umzug.baseline()).toEqual([])
    await deleteTable(table)
    await expect(umzug.up()).rejects.toThrow('does not exist, although 3_c is logged as executed')
  })

  it('keeps the fate of the tables when repair accepts a changed file', async () => {
    const files = { 'migrations/1_a.js': CREATE, 'migrations/2_b.js': CREATE }
    const { umzug, root, exists } = await prepare(files, inMemory())
    await umzug.up()
    await writeFile(join(root, 'migrations/2_b.js'), `${CREATE}\n`)
    expect(await umzug.repair()).toMatchObject([{ name: '2_b' }])
    await umzug.down()
    expect(await exists()).toBe(true)
  })

  it('keeps a table in down that was created after the table of the migration was deleted', async () => {
    const { umzug, table, exists, logger } = await prepare({ 'migrations/1_a.js': CREATE }, inMemory())
    await umzug.up()
    await deleteTable(table)
    await createTable(table)
    await umzug.down()
    expect(await exists()).toBe(true)
    expect(logger.warnings.at(-1)).toMatch(
      /stays: it was created again at 20\d\d-[\d-]+T[\d:.]+Z, after the table of 1_a was deleted\. To delete it/,
    )
  })

  it('counts a table as found when the migration ran again on a table that it did not create', async () => {
    const { umzug, table, exists, logger } = await prepare({ 'migrations/1_a.js': CREATE }, inMemory())
    await umzug.up()
    await deleteTable(table)
    await createTable(table)
    await umzug.up({ migrations: ['1_a'], rerun: 'ALLOW' })
    await umzug.down()
    expect(await exists()).toBe(true)
    expect(logger.warnings.at(-1)).toContain('stays: 1_a did not create it, but found it')
  })

  it('deletes the table that a later down created again', async () => {
    const files = { 'migrations/1_a.js': CREATE, 'migrations/2_b.js': DROP }
    const { umzug, exists } = await prepare(files, inMemory())
    await umzug.up()
    await umzug.down()
    expect(await exists()).toBe(true)
    await umzug.down()
    expect(await exists()).toBe(false)
  })

  it('logs nothing in a dry run, which also deletes the table that a later down creates again', async () => {
    const open = inMemory()
    const { umzug } = await prepare({ 'migrations/1_a.js': CREATE, 'migrations/2_b.js': DROP }, open)
    await umzug.up()
    const before = await open().entries()
    const runs = await umzug.dryRun('down', { to: 0 })
    expect(runs.map(({ requests }) => requests?.map(({ operation }) => operation))).toEqual([
      ['CreateTable'],
      ['DeleteTable'],
    ])
    expect(await open().entries()).toEqual(before)
  })

  it('reverts nothing of a migration that did not run', async () => {
    const files = {
      'migrations/1_a.js': `const { deleteIndex, updateTable } = require('dynamo-session-store')
exports.up = () => {}
exports.down = async () => {
  globalThis.reverted = [await deleteIndex('user_id'), await updateTable({ billingMode: 'provisioned' })]
}`,
    }
    const { umzug, table, logger } = await prepare(files, inMemory())
    await createTable({ ...table, indexKeys: ['user_id'] })
    await umzug.baseline()
    await umzug.down()
    expect(globalThis).toHaveProperty('reverted', [{ deleted: false }, { changed: [], left: [] }])
    const reason = 'umzug baseline marked 1_a as executed, so it did not run'
    expect(logger.warnings.slice(-2)).toEqual([
      `the index "user_id-index" of table "${table.tableName}" stays: ${reason}`,
      `table "${table.tableName}" stays as it is: ${reason}`,
    ])
    expect(await describeTable(table)).toMatchObject({
      billingMode: 'pay_per_request',
      indexes: [{ status: 'ACTIVE' }],
    })
  })

  it('updates in a migration, and in its dry run, only what the call names', async () => {
    const update = `const { updateTable } = require('dynamo-session-store')
exports.up = async () => { await updateTable({ ttl: false }) }`
    const { root, table, open } = await prepare({ 'migrations/1_a.js': update }, inMemory())
    await createTable(table)
    const umzug = createUmzug({ root, storage: open(), ...table, billingMode: 'provisioned', deletionProtection: true })
    expect(await umzug.dryRun('up')).toEqual([{ name: '1_a', requests: [] }])
    await umzug.up()
    const after = await describeTable(table)
    expect(after?.billingMode).toBe('pay_per_request')
    // undefined: dynalite does not know the setting.
    expect(after?.deletionProtection ?? false).toBe(false)
  })

  it('fails if the table is missing although the migration that created it is logged', async () => {
    const { umzug, table, exists } = await prepare({ 'migrations/1_a.js': CREATE }, inMemory())
    await umzug.up()
    await umzug.up()
    await deleteTable(table)
    await expect(umzug.up()).rejects.toThrow(
      `table "${table.tableName}" does not exist, although 1_a is logged as executed: the table was deleted afterwards. ` +
        'Create it: npx dynamo-session create-table. Or run the migration again: npx umzug up --name 1_a --rerun ALLOW',
    )
    await expect(umzug.dryRun('up')).rejects.toThrow('does not exist, although 1_a is logged as executed')
    await umzug.up({ migrations: ['1_a'], rerun: 'ALLOW' })
    expect(await exists()).toBe(true)
    expect(await umzug.up()).toEqual([])
  })

  it('expects no table that a later migration deleted, or that no migration created', async () => {
    const { umzug, logger } = await prepare({ 'migrations/1_a.js': CREATE, 'migrations/2_b.js': DROP }, inMemory())
    await umzug.up()
    expect(await umzug.up()).toEqual([])
    await umzug.down()
    await umzug.up()
    expect(await umzug.up()).toEqual([])
    recordRuns()
    const other = await prepare({ 'migrations/1_a.js': migration('a') }, inMemory())
    await other.umzug.up()
    expect(await other.umzug.up()).toEqual([])
    expect([...logger.warnings, ...other.logger.warnings]).toEqual([])
  })

  it('expects no table after a migration that deletes it, even if the table was deleted by hand before', async () => {
    const { umzug, table } = await prepare({ 'migrations/1_a.js': CREATE, 'migrations/2_b.js': DROP }, inMemory())
    await umzug.up({ to: '1_a' })
    await deleteTable(table)
    await umzug.up()
    expect(await umzug.up()).toEqual([])
  })

  it('only warns of a missing table when an earlier version logged the migrations', async () => {
    const open = inMemory()
    const { umzug, table, logger } = await prepare({ 'migrations/1_a.js': CREATE }, open)
    await open().logMigration({ ...PARAMS, name: '1_a' })
    expect(await umzug.up()).toEqual([])
    expect(logger.warnings).toEqual([
      expect.stringMatching(new RegExp(`^table "${table.tableName}" does not exist\\. An earlier version`)),
    ])
    await createTable(table)
    await umzug.up()
    expect(logger.warnings).toHaveLength(1)
  })
})

describe('the log of migrations', () => {
  /** As an earlier version of this package made it. */
  async function olderTable() {
    const database = sqlite()
    await database.schema.createTable('umzug_migrations', (table) => {
      table.string('name').notNullable().primary()
      table.timestamp('executed_at').notNullable().defaultTo(database.fn.now())
    })
    await database('umzug_migrations').insert({ name: '1_a' })
    return database
  }

  it('adds its column to the SQL table of an earlier version, whose rows stay valid', async () => {
    const runs = recordRuns()
    const database = await olderTable()
    const root = await folderWith({ 'migrations/1_a.js': migration('a'), 'migrations/2_b.js': migration('b') })
    const umzug = createUmzug({ root, knex: database })
    expect((await umzug.status()).changed).toEqual([])
    await umzug.up()
    expect(runs).toEqual(['up b'])
    expect(await database('umzug_migrations').orderBy('name').select('name', 'details')).toEqual([
      { name: '1_a', details: null },
      { name: '2_b', details: expect.stringMatching(/^\{"file":"2_b\.js","checksum":"[0-9a-f]{64}"\}$/) },
    ])
    // An earlier version goes on using the table.
    await database('umzug_migrations').insert({ name: '3_c' })
    expect(await new KnexStorage({ knex: database }).executed()).toEqual(['1_a', '2_b', '3_c'])
  })

  it('logs a migration without details, with a warning, if the column cannot be added', async () => {
    recordRuns()
    const database = await olderTable()
    const alterTable = async () => Promise.reject(new Error('permission denied'))
    const restricted = new Proxy(database, {
      get: (target, key) =>
        key === 'schema' ? Object.assign(target.schema, { alterTable }) : Reflect.get(target, key),
    })
    const logger = recordingLogger()
    const root = await folderWith({ 'migrations/1_a.js': migration('a'), 'migrations/2_b.js': migration('b') })
    await createUmzug({ root, knex: restricted, logger }).up()
    expect(await database('umzug_migrations').pluck('name')).toEqual(['1_a', '2_b'])
    expect(logger.warnings).toEqual([
      expect.stringMatching(
        /^the column "details" could not be added .*: permission denied\. So .*a later down deletes tables that its up only found\. .*: ALTER TABLE umzug_migrations ADD COLUMN details text$/,
      ),
    ])
  })

  it('gives the migrations table no setting of the session table but tags and encryption', async () => {
    const proxy = await startFaultProxy(engine.endpoint)
    onTestFinished(() => proxy.stop())
    const settings = { indexKeys: ['user_id'], readCapacity: 7, tableClass: 'standard_infrequent_access' } as const
    const kept = { tags: { team: 'web' }, kmsKeyId: 'alias/web' }
    const options = { ...engine.options(), endpoint: proxy.endpoint, ...settings, ...kept }
    proxy.inject('CreateTable', { error: 'AccessDeniedException' })
    await expect(new DynamoDBStorage(options).logMigration({ ...PARAMS, name: '1_a' })).rejects.toThrow()
    const { input } = proxy.requests.find(({ operation }) => operation === 'CreateTable') ?? {}
    expect(input).toEqual({
      TableName: `${options.tableName}_migrations`,
      AttributeDefinitions: [{ AttributeName: 'name', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'name', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      Tags: [{ Key: 'team', Value: 'web' }],
      SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'alias/web' },
    })
  })
})

it("gives the migrations table of another account's session table no key of that account", async () => {
  const proxy = await startFaultProxy(engine.endpoint)
  onTestFinished(() => proxy.stop())
  const { region = 'us-east-1', tableName } = engine.options()
  const place = {
    region,
    endpoint: proxy.endpoint,
    tableName: `arn:aws:dynamodb:${region}:123456789012:table/${tableName}`,
  }
  const kmsKeyId = `arn:aws:kms:${region}:123456789012:key/1`
  proxy.inject('CreateTable', { error: 'AccessDeniedException' })
  const storage = new DynamoDBStorage({ ...engine.options(), ...place, kmsKeyId })
  await expect(storage.logMigration({ ...PARAMS, name: '1_a' })).rejects.toThrow()
  const { input } = proxy.requests.find(({ operation }) => operation === 'CreateTable') ?? {}
  expect(input).toMatchObject({ TableName: `${tableName}_migrations` })
  expect(input).not.toHaveProperty('SSESpecification')
})

describe('deleteTable in a migration that can ask for confirmation', () => {
  it('asks before it deletes a table with sessions, and only then', async () => {
    const options = { ...engine.options(), ttl: false }
    const questions: string[] = []
    const withAnswer = async (answer: boolean) =>
      await withAmbient(
        { options, confirm: async (question) => questions.push(question) > 0 && answer },
        async () => await deleteTable(),
      )
    await createTable(options)
    await withAnswer(false)
    await withAnswer(false)
    expect(questions).toEqual([])
    await createTable(options)
    const client = engine.client()
    await putRawItem(client, options.tableName)
    client.destroy()
    await expect(withAnswer(false)).rejects.toThrow(
      `table "${options.tableName}" was not deleted: the deletion was not confirmed`,
    )
    expect(await withAnswer(true)).toEqual({ deleted: true })
    expect(questions).toEqual(Array(2).fill(`Delete table "${options.tableName}" in us-east-1, which holds sessions`))
  })
})
