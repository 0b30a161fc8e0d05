import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeTable } from '../../runtime/table/describe-table.js'
import { type App, installApp } from '../support/app.js'
import { anyEngine } from '../support/engines.js'
import { putRawItem } from '../support/raw-table.js'
import { ENTER, openTerminal } from '../support/terminal.js'

const engine = anyEngine()

const CREATE = `const { createTable, deleteTable } = require('dynamo-session-store')
exports.up = async () => { await createTable({ ttl: false }) }
exports.down = async () => { await deleteTable() }
`

const CLIENT = `const { createTable } = require('dynamo-session-store')
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb')
require('node:fs').writeFileSync('loaded', '')
exports.up = async () => { await createTable({ client: new DynamoDBClient({ endpoint: '${engine.endpoint}' }) }) }
`

const FETCHING = `require('node:fs').writeFileSync('loaded', '')
exports.up = async () => { await fetch('${engine.endpoint}') }
`

/** An application whose configuration file leads to a table of its own. */
async function newApp(files: Record<string, string>, settings: { type?: 'module' } = {}) {
  const options = engine.options()
  const yaml = `table_name: ${options.tableName}\nendpoint: ${options.endpoint}\nregion: us-east-1\n`
  const app = await installApp({ ...settings, files: { 'config/dynamo_session_store.yml': yaml, ...files } })
  const umzug = async (...args: string[]) => await app.run('npx', ['umzug', ...args])
  return { app, umzug, options, exists: async () => (await describeTable(options)) !== undefined }
}

describe('npx umzug in a deployment', () => {
  const apps: App[] = []
  const prepare = async (...args: Parameters<typeof newApp>) => {
    const made = await newApp(...args)
    apps.push(made.app)
    return made
  }
  afterAll(async () => void (await Promise.all(apps.map((app) => app.remove()))))

  it('shows requests with --dry-run, and only names migrations that import anything but this package', async () => {
    const { app, umzug, options, exists } = await prepare({
      'migrations/1_create.js': CREATE,
      'migrations/2_client.js': CLIENT,
      'migrations/3_fetch.js': FETCHING,
    })
    const { code, stdout } = await umzug('up', '--dry-run')
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(5)).toEqual([
      'dry run: nothing is changed, nothing is logged',
      'would run 1_create',
      expect.stringMatching(new RegExp(`^ {2}CreateTable \\{"TableName":"${options.tableName}",`)),
      'would run 2_client: its requests are not known, because it imports @aws-sdk/client-dynamodb',
      'would run 3_fetch: its requests are not known, because it imports node:fs',
      '3 migrations would run',
      '',
    ])
    expect(app.exists('loaded')).toBe(false)
    expect(await exists()).toBe(false)
    expect(await describeTable({ ...options, tableName: `${options.tableName}_migrations` })).toBeUndefined()
    await umzug('up', '--to', '1_create')
    const down = await umzug('down', '--dry-run')
    expect(down.stdout).toContain(`would revert 1_create\n  DeleteTable {"TableName":"${options.tableName}"}\n`)
    expect(await exists()).toBe(true)
    expect((await umzug('status')).stdout).toContain('executed  1_create')
  })

  it.each([['commonjs'], ['module']] as const)('shows requests of generated TypeScript with type %s', async (type) => {
    const { app, umzug, options, exists } = await prepare(
      { 'tsconfig.json': '{ "compilerOptions": { "module": "nodenext", "target": "es2023" } }' },
      type === 'module' ? { type } : {},
    )
    await umzug('create', '--name', 'AddSessions')
    const dry = await umzug('up', '--dry-run')
    expect({ code: dry.code, stderr: dry.stderr.match(/^error.*/m)?.[0] }).toEqual({ code: 0 })
    expect(dry.stdout).toMatch(new RegExp(`^ {2}CreateTable \\{"TableName":"${options.tableName}"`, 'm'))
    expect(await exists()).toBe(false)
    await app.run('mv', ['node_modules/tsx', 'node_modules/.tsx'])
    expect((await umzug('up', '--dry-run')).stdout).toBe(dry.stdout)
    await app.run('mv', ['node_modules/.tsx', 'node_modules/tsx'])
  })

  it("shows requests for the application's own umzug, unless it loads migrations in its own way", async () => {
    const plain = (more: string) => `import { JSONStorage, Umzug } from 'umzug'
export default new Umzug({ migrations: { glob: 'migrations/*.js'${more} }, storage: new JSONStorage(), logger: undefined })
`
    const { app, umzug } = await prepare({ 'migrations/1_create.js': CREATE, 'umzug.config.mjs': plain('') })
    expect((await umzug('up', '--dry-run')).stdout).toMatch(/^would run 1_create\.js\n {2}CreateTable /m)
    await app.write('umzug.config.mjs', plain(', resolve: ({ name }) => ({ name, up: async () => process.exit(7) })'))
    const { code, stdout } = await umzug('up', '--dry-run')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^would run 1_create\.js: its requests are/m),
    })
  })

  it('ends a dry run with code 1 when a migration would fail', async () => {
    const { umzug } = await prepare({ 'migrations/1_a.js': "exports.up = async () => { throw new Error('no way') }" })
    const { code, stderr } = await umzug('up', '--dry-run')
    expect(code).toBe(1)
    expect(stderr).toContain('error: 1_a (up) would fail: no way')
  })

  it('shows changed migrations, accepts them, and marks migrations of an existing table as executed', async () => {
    const { app, umzug, options } = await prepare({ 'migrations/1_create.js': CREATE })
    const early = await umzug('baseline')
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist: nothing was marked') })
    await umzug('up')
    await app.write('migrations/1_create.js', `${CREATE}// Another line.\n`)
    const status = await umzug('status', '--check')
    expect(status.code).toBe(2)
    expect(status.stdout).toContain('executed  1_create  (changed since it ran; to accept it: npx umzug repair)\n')
    expect(await umzug('repair')).toMatchObject({ code: 0, stdout: expect.stringContaining('accepted: 1_create\n') })
    expect(await umzug('status', '--check')).toMatchObject({ code: 0 })
    await app.write('migrations/2_again.js', CREATE)
    const baseline = await umzug('baseline', '--to', '2_again.js')
    expect(baseline).toMatchObject({ code: 0, stdout: expect.stringContaining('marked as executed: 2_again\n') })
    const down = await umzug('down')
    expect(down.code).toBe(0)
    expect(down.stderr).toContain(
      `warning: table "${options.tableName}" stays: umzug baseline marked 2_again as executed`,
    )
  })

  it('ends with code 1 when the table of an executed migration is missing', async () => {
    const { app, umzug, exists } = await prepare({ 'migrations/1_create.js': CREATE })
    await umzug('up')
    expect(await umzug('up')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to do') })
    await app.run('npx', ['dynamo-session', 'delete-table', '--yes'])
    const up = await umzug('up')
    expect(up.code).toBe(1)
    expect(up.stderr).toMatch(
      /^error \[TABLE_MISSING\]: table ".*" does not exist, although 1_create is logged as executed/m,
    )
    expect(await umzug('up', '--name', '1_create', '--rerun', 'ALLOW')).toMatchObject({ code: 0 })
    expect(await exists()).toBe(true)
  })
})

// node-pty drops what a program printed if it is not read within 200 ms after its end: on a machine under full load.
describe('npx umzug down in a terminal', { retry: 2 }, () => {
  let made: Awaited<ReturnType<typeof newApp>>
  beforeAll(async () => {
    made = await newApp({ 'migrations/1_create.js': CREATE })
  })
  afterAll(() => made?.app.remove())

  const down = (...args: string[]) =>
    openTerminal(join(made.app.folder, 'node_modules/.bin/umzug'), ['down', ...args], made.app.folder, { columns: 200 })

  async function withSession(): Promise<void> {
    const { code } = await made.umzug('up', '--name', '1_create', '--rerun', 'ALLOW')
    expect(code).toBe(0)
    const client = engine.client()
    await putRawItem(client, made.options.tableName)
    client.destroy()
  }

  it('asks before it deletes a table with sessions, except with --yes', async () => {
    await withSession()
    const dry = down('--dry-run')
    await dry.see('1 migration would be reverted')
    expect(await dry.exit).toBe(0)
    expect(dry.output()).not.toContain('[y/N]')
    const refused = down()
    await refused.see(`Delete table "${made.options.tableName}" in us-east-1, which holds sessions? [y/N]`)
    refused.type(`n${ENTER}`)
    await refused.see('was not deleted: the deletion was not confirmed')
    expect(await refused.exit).toBe(1)
    expect(await made.exists()).toBe(true)
    expect((await made.umzug('status')).stdout).toContain('executed  1_create')
    const confirmed = down()
    await confirmed.see('? [y/N]')
    confirmed.type(`y${ENTER}`)
    await confirmed.see('1 migration reverted')
    expect(await confirmed.exit).toBe(0)
    expect(await made.exists()).toBe(false)
    await withSession()
    const unasked = down('--yes')
    await unasked.see('1 migration reverted')
    expect(await unasked.exit).toBe(0)
    expect(unasked.output()).not.toContain('[y/N]')
  })

  it('does not ask without a terminal, or for an empty table', async () => {
    await withSession()
    expect(await made.umzug('down')).toMatchObject({ code: 0 })
    expect(await made.exists()).toBe(false)
    await made.umzug('up')
    const empty = down()
    await empty.see('1 migration reverted')
    expect(await empty.exit).toBe(0)
    expect(empty.output()).not.toContain('[y/N]')
  })
})
