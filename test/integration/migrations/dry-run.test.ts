import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { UMZUG_COMMANDS } from '../../../runtime/cli/umzug-commands.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { createUmzug, type UmzugOptions } from '../../../runtime/umzug.js'
import { anyEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { folderWith, packageFiles } from './folder.js'

const engine = anyEngine()
let proxy: FaultProxy

beforeEach(async () => {
  proxy = await startFaultProxy(engine.endpoint)
})
afterEach(() => proxy.stop())

const CREATE = `const { createTable, deleteTable } = require('dynamo-session-store')
exports.up = async () => { await createTable() }
exports.down = async () => { await deleteTable() }`

const INDEX = `const { createTable, deleteIndex } = require('dynamo-session-store')
exports.up = async () => { await createTable({ indexKeys: ['user_id'] }) }
exports.down = async () => { await deleteIndex('user_id') }`

async function prepare(files: Record<string, string>, options: UmzugOptions = {}) {
  const root = await folderWith({ ...packageFiles(), ...files })
  const logger = recordingLogger()
  const place = { ...engine.options(), endpoint: proxy.endpoint }
  const umzug = createUmzug({ root, logger, migrationStorage: 'dynamodb', ...place, ...options })
  return { umzug, logger, root, tableName: place.tableName, place }
}

/** What reached DynamoDB and changes something. */
const changes = () => proxy.operations.filter((name) => !/^(Describe|GetItem|Scan|Query|List)/.test(name))

it('shows the requests of up, each migration on top of those before it, and changes nothing', async () => {
  const { umzug, tableName } = await prepare({ 'migrations/1_a.js': CREATE, 'migrations/2_b.js': INDEX })
  const runs = await umzug.dryRun('up')
  expect(runs).toMatchObject([
    {
      name: '1_a',
      requests: [
        { operation: 'CreateTable', input: { TableName: tableName, BillingMode: 'PAY_PER_REQUEST' } },
        { operation: 'UpdateTimeToLive', input: { TableName: tableName } },
      ],
    },
    {
      name: '2_b',
      requests: [
        {
          operation: 'UpdateTable',
          input: { TableName: tableName, GlobalSecondaryIndexUpdates: [{ Create: { IndexName: 'user_id-index' } }] },
        },
      ],
    },
  ])
  expect(runs.map(({ error }) => error)).toEqual([undefined, undefined])
  expect(changes()).toEqual([])
  expect(await umzug.pending()).toHaveLength(2)
})

it('chooses migrations as up and down do', async () => {
  const empty = 'exports.up = async () => {}\nexports.down = async () => {}'
  const files = { 'migrations/1_a.js': empty, 'migrations/2_b.js': empty, 'migrations/3_c.js': empty }
  const { umzug } = await prepare(files)
  const names = async (...args: Parameters<typeof umzug.dryRun>) =>
    (await umzug.dryRun(...args)).map(({ name }) => name)
  expect(await names('up', { to: '2_b.ts' })).toEqual(['1_a', '2_b'])
  expect(await names('up', { migrations: ['3_c'] })).toEqual(['3_c'])
  expect(await names('down')).toEqual([])
  await umzug.up()
  expect(await names('up')).toEqual([])
  expect(await names('down')).toEqual(['3_c'])
  expect(await names('down', { to: 0 })).toEqual(['3_c', '2_b', '1_a'])
  await expect(umzug.dryRun('up', { to: '9_z' })).rejects.toThrow(`Couldn't find migration to apply with name "9_z"`)
})

it('starts from the live table, and shows what down would delete', async () => {
  const { umzug, tableName, place } = await prepare({ 'migrations/1_a.js': CREATE }, { ttl: false })
  await umzug.up()
  const sent = changes().length
  expect(await umzug.dryRun('up', { migrations: ['1_a'], rerun: 'ALLOW' })).toEqual([{ name: '1_a', requests: [] }])
  expect(await umzug.dryRun('down')).toEqual([
    { name: '1_a', requests: [{ operation: 'DeleteTable', input: { TableName: tableName } }] },
  ])
  expect(changes()).toHaveLength(sent)
  expect(await describeTable(place)).toBeDefined()
})

it('simulates the requests of a client that is given in code, too', async () => {
  const client = engine.client(proxy.endpoint)
  const { umzug } = await prepare({ 'migrations/1_a.js': CREATE }, { client, region: undefined, endpoint: undefined })
  expect(await umzug.dryRun('up')).toMatchObject([{ requests: [{ operation: 'CreateTable' }, {}] }])
  expect(proxy.operations).toContain('DescribeTable')
  expect(changes()).toEqual([])
  client.destroy()
})

it('says what a plain object lacks as a client', async () => {
  const missing = Object.assign(new Error('no table'), { name: 'ResourceNotFoundException' })
  const client = { send: () => Promise.reject(missing) } as never
  const { umzug } = await prepare({ 'migrations/1_a.js': CREATE }, { client, region: undefined, endpoint: undefined })
  const [run] = await umzug.dryRun('up')
  expect(run?.error?.message).toBe('client has no config.region(); give a DynamoDBClient of @aws-sdk/client-dynamodb')
})

it('names a migration that imports anything but this package, and neither loads nor runs it', async () => {
  const writing = (statement: string) => `import { writeFileSync } from 'node:fs'\n${statement}`
  const { umzug, root } = await prepare({
    'migrations/1_a.mjs': writing("writeFileSync('loaded', '')\nexport const up = () => {}"),
    'migrations/2_b.js': "exports.up = async () => { await fetch('http://127.0.0.1:1') }",
    'migrations/3_c.js': "const sdk = require('@aws-sdk/client-dynamodb')",
    'migrations/4_d.js': CREATE,
  })
  expect(await umzug.dryRun('up')).toMatchObject([
    { name: '1_a', reason: 'it imports node:fs' },
    { name: '2_b', reason: 'it uses fetch' },
    { name: '3_c', reason: 'it imports @aws-sdk/client-dynamodb' },
    { name: '4_d', requests: [{ operation: 'CreateTable' }, {}] },
  ])
  expect(existsSync('loaded') || existsSync(join(root, 'loaded'))).toBe(false)
})

it('gives the reason when a migration uses its context, or changes items', async () => {
  const cleaning = `const { collectGarbage } = require('dynamo-session-store')
exports.up = async () => { await collectGarbage({ maxStale: 1 }) }`
  const context = { write: () => expect.unreachable() }
  const files = {
    'migrations/1_a.js': 'exports.up = async ({ context }) => context.write()',
    'migrations/2_b.js': cleaning,
  }
  const { umzug, place, tableName } = await prepare(files, { context })
  await createTable({ ...place, ttl: false })
  const client = engine.client()
  const Item = {
    session_id: { S: 'a' },
    data: { S: '{}' },
    created_at: { N: '1' },
    updated_at: { N: '1' },
    expire_at: { N: '1' },
  }
  await client.send(new PutItemCommand({ TableName: tableName, Item }))
  const sent = changes().length
  const [first, second] = await umzug.dryRun('up')
  expect(first).toEqual({ name: '1_a', requests: [], reason: 'it uses the context of the umzug' })
  expect(second).toMatchObject({ name: '2_b', requests: [], reason: expect.stringMatching(/^it sends (Batch|Delete)/) })
  expect(changes()).toHaveLength(sent)
  client.destroy()
})

it('shows an error that the migration would meet, and names the later migrations', async () => {
  const files = { 'migrations/1_a.js': CREATE, 'migrations/2_b.js': "exports.up = () => { throw new Error('no') }" }
  const { umzug } = await prepare({ ...files, 'migrations/3_c.js': CREATE })
  expect(await umzug.dryRun('up')).toMatchObject([
    { name: '1_a' },
    { name: '2_b', error: new Error('no') },
    { name: '3_c', isAfterFailure: true },
  ])
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line))
  onTestFinished(() => log.mockRestore())
  await expect(UMZUG_COMMANDS.up(umzug, { dryRun: true })).rejects.toThrow('2_b (up) would fail: no')
  expect(lines.filter((line) => !line.startsWith('  '))).toEqual([
    'dry run: nothing is changed, nothing is logged',
    'would run 1_a',
    'would fail: 2_b',
    'not simulated, because an earlier migration fails: 3_c',
  ])
  expect(lines.join()).not.toContain('changes nothing')
  expect(await umzug.pending()).toHaveLength(3)
})

it('only names migrations that are given in code', async () => {
  const migrations = [{ name: '1_a', up: async () => expect.unreachable() }]
  const { umzug } = await prepare({}, { migrations })
  expect(await umzug.dryRun('up')).toEqual([{ name: '1_a', reason: 'it is not a file' }])
})
