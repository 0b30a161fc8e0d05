import { join } from 'node:path'
import knex from 'knex'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createUmzug, KnexfileError, KnexMigrationsError } from '../../../../runtime/umzug.js'
import { anyEngine } from '../../../support/engines.js'
import { recordingLogger } from '../../../support/recording-logger.js'
import { folderWith, migration, recordRuns } from '../folder.js'

const sqlite = (more = '') =>
  `module.exports = { client: 'better-sqlite3', connection: { filename: __dirname + '/dev.sqlite3' }, useNullAsDefault: true, ${more} }`

describe('the choice of the storage', () => {
  it('is knex where there is a knexfile, with the section of the environment', async () => {
    const runs = recordRuns()
    const root = await folderWith({
      'knexfile.js': `${sqlite()}
        module.exports = { production: module.exports, test: { client: 'pg', connection: 'postgres://127.0.0.1:1/' } }`,
      'migrations/1_a.js': migration('a'),
    })
    const logger = recordingLogger()
    const umzug = createUmzug({ root, environment: 'production', logger })
    await umzug.up()
    expect(runs).toEqual(['up a'])
    expect(logger.lines[0]).toBe('migration storage: knex (knexfile.js, production), table umzug_migrations')
    expect(await executedIn(root, 'umzug_migrations')).toEqual(['1_a'])
  })

  it('is DynamoDB where there is no knexfile, or where the option says so', async () => {
    const { tableName, ...options } = anyEngine().options()
    const root = await folderWith({ 'migrations/1_a.js': migration('a') })
    expect(createUmzug({ root, tableName, ...options }).storageDescription).toBe(
      `dynamodb, table ${tableName}_migrations`,
    )
    const both = await folderWith({ 'knexfile.js': sqlite() })
    expect(createUmzug({ root: both, tableName, migrationStorage: 'dynamodb' }).storageDescription).toMatch(/^dynamodb/)
  })

  it("can't be knex without a knexfile or a knex instance", async () => {
    const root = await folderWith({})
    expect(() => createUmzug({ root, migrationStorage: 'knex' })).toThrow(
      /^migration_storage \(code\): is knex, but there is no knexfile in /,
    )
  })

  it("says in one line, and only once, why the knexfile's database does not respond", async () => {
    const root = await folderWith({
      'knexfile.js':
        "module.exports = { client: 'pg', connection: { host: '127.0.0.1', port: 1, password: 'secret' } }",
      'migrations/1_a.js': migration('a'),
    })
    const printed = vi.spyOn(console, 'log')
    onTestFinished(() => printed.mockRestore())
    const error = await createUmzug({ root, environment: 'development' })
      .up()
      .catch((thrown: Error) => thrown)
    expect(error).toBeInstanceOf(KnexfileError)
    expect(String(error)).toMatch(/no connection to the database of knexfile\.js, development: .*ECONNREFUSED/)
    expect(String(error)).not.toMatch(/secret|\n/)
    expect(printed).not.toHaveBeenCalled()
  })
})

describe('a folder that knex uses too', () => {
  const files = { 'migrations/1_a.js': migration('a'), 'migrations/2_b.js': migration('b') }

  async function runByKnex(root: string, settings: { tableName?: string } = {}): Promise<void> {
    const database = open(root)
    await database.migrate.up({ directory: join(root, 'migrations'), ...settings })
  }

  it('is refused when knex has run one of its migrations, and the message names the command to use', async () => {
    const root = await folderWith({ ...files, 'knexfile.js': sqlite() })
    const runs = recordRuns()
    await runByKnex(root)
    expect(runs).toEqual(['up a'])
    const umzug = createUmzug({ root })
    await expect(umzug.up()).rejects.toThrow(KnexMigrationsError)
    await expect(umzug.up()).rejects.toThrow(/knex has run 1_a\. umzug has run nothing\. .*npx knex migrate:latest/)
    await expect(umzug.status()).rejects.toThrow(/npx knex migrate:latest/)
    await expect(umzug.pending()).rejects.toThrow(/npx knex migrate:latest/)
    await expect(umzug.executed()).rejects.toThrow(/npx knex migrate:latest/)
    expect(runs).toEqual(['up a'])
    expect(await executedIn(root, 'umzug_migrations')).toEqual([])
  })

  it("is recognised in knex's list of folders and in the table that the knexfile names", async () => {
    const section = "migrations: { directory: ['./other', './migrations'], tableName: 'history' }"
    const root = await folderWith({ ...files, 'knexfile.js': sqlite(section) })
    recordRuns()
    await runByKnex(root, { tableName: 'history' })
    await expect(createUmzug({ root }).up()).rejects.toThrow(KnexMigrationsError)
  })

  it('is recognised too when executed migrations are logged in DynamoDB', async () => {
    const root = await folderWith({ ...files, 'knexfile.js': sqlite() })
    recordRuns()
    await runByKnex(root)
    const umzug = createUmzug({ root, migrationStorage: 'dynamodb', ...anyEngine().options() })
    await expect(umzug.up()).rejects.toThrow(KnexMigrationsError)
  })

  it('is recognised by the settings of a given knex instance', async () => {
    const root = await folderWith(files)
    recordRuns()
    const database = open(root, { migrations: { directory: join(root, 'migrations') } })
    await database.migrate.up()
    await expect(createUmzug({ root, knex: database }).up()).rejects.toThrow(/given knex instance.*migrate:latest/)
  })

  it('is used while knex has run none of its migrations, as is a separate folder', async () => {
    const runs = recordRuns()
    const root = await folderWith({ ...files, 'knexfile.js': sqlite(), 'own/3_c.js': migration('c') })
    await createUmzug({ root }).up({ to: '1_a' })
    await runByKnex(root)
    expect(runs).toEqual(['up a', 'up a'])
    await createUmzug({ root, migrationsDir: 'own' }).up()
    expect(runs).toEqual(['up a', 'up a', 'up c'])
  })

  it("causes only a warning when the knexfile can't be used and nothing is logged through it", async () => {
    const runs = recordRuns()
    const root = await folderWith({
      'migrations/1_a.js': migration('a'),
      'knexfile.js': "throw new Error('no secret')",
    })
    const logger = recordingLogger()
    await createUmzug({ root, logger, migrationStorage: 'dynamodb', ...anyEngine().options() }).up()
    expect(runs).toEqual(['up a'])
    expect(logger.warnings).toEqual([
      expect.stringMatching(/not checked whether knex has run migrations .*knexfile\.js can't be loaded: no secret/),
    ])
    await expect(createUmzug({ root }).up()).rejects.toThrow(KnexfileError)
  })
})

describe('KnexStorage', () => {
  it('leaves a given instance open', async () => {
    const root = await folderWith({ 'migrations/1_a.js': migration('a') })
    recordRuns()
    const database = open(root)
    await createUmzug({ root, knex: database }).up()
    expect(await database('umzug_migrations').select('name')).toEqual([{ name: '1_a' }])
  })
})

function open(root: string, settings: object = {}) {
  const connection = { filename: join(root, 'dev.sqlite3') }
  const database = knex({ client: 'better-sqlite3', connection, useNullAsDefault: true, ...settings })
  onTestFinished(async () => await database.destroy())
  return database
}

async function executedIn(root: string, table: string): Promise<string[]> {
  const database = open(root)
  return (await database.schema.hasTable(table)) ? await database(table).pluck('name') : []
}
