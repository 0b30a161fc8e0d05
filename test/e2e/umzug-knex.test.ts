import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import knex from 'knex'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { anyEngine, uniqueTableName } from '../support/engines.js'
import { noPostgres, type Postgres, startPostgres } from '../support/postgres.js'

const engine = anyEngine()
const settings = (tableName: string) => ({
  AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
  AWS_DYNAMO_DB_SESSION_TABLE_NAME: tableName,
})

async function tableExists(TableName: string): Promise<boolean> {
  const found = engine.client().send(new DescribeTableCommand({ TableName }))
  return await found.then(
    () => true,
    (error: Error) => {
      if (error.name === 'ResourceNotFoundException') return false
      throw error
    },
  )
}

let app: App
let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(async () => await postgres?.stop())

async function application(knexfile: Record<string, string>): Promise<{ table: string; env: Record<string, string> }> {
  app = await installApp({ files: knexfile })
  const installed = app
  onTestFinished(async () => await installed.remove())
  const table = uniqueTableName()
  const env = settings(table)
  const created = await app.run('npx', ['umzug', 'create', '--name', 'AddSessions', '--language', 'js'], { env })
  expect(created).toMatchObject({ code: 0 })
  return { table, env }
}

/** The storages that knex offers: each as the text of a knexfile, and how a test looks inside. */
const databases = {
  async PostgreSQL() {
    const connection = await postgres.connection()
    return { client: 'pg', connection, more: '' }
  },
  async SQLite() {
    return { client: 'better-sqlite3', connection: { filename: './app.sqlite3' }, more: ', useNullAsDefault: true' }
  },
}

describe.each(['PostgreSQL', 'SQLite'] as const)('npx umzug with knex on %s', (database) => {
  it('logs in the database, ends by itself, and writes files that knex runs too', async () => {
    const { client, connection, more } = await databases[database]()
    const text = `{ client: '${client}', connection: ${JSON.stringify(connection)}${more} }`
    const { table, env } = await application({
      'knexfile.ts': `const staging: object = ${text}\nexport default { staging }\n`,
    })
    const staging = { ...env, NODE_ENV: 'staging' }
    const up = await app.run('npx', ['umzug', 'up'], { env: staging })
    expect(up).toMatchObject({ code: 0 })
    expect(up.stdout).toContain('migration storage: knex (knexfile.ts, staging), table umzug_migrations')
    expect(await tableExists(table)).toBe(true)
    const filename = typeof connection === 'object' && 'filename' in connection && `${app.folder}/app.sqlite3`
    const inside = knex({ client, connection: filename ? { filename } : connection, useNullAsDefault: true })
    try {
      expect(await inside('umzug_migrations').pluck('name')).toEqual([expect.stringMatching(/^\d{14}_add_sessions$/)])
    } finally {
      await inside.destroy()
    }
    expect(await app.run('npx', ['umzug', 'down'], { env: staging })).toMatchObject({ code: 0 })
    expect(await tableExists(table)).toBe(false)

    await app.run('rm', ['knexfile.ts'])
    await app.write('knexfile.js', `module.exports = { staging: ${text} }\n`)
    expect(await app.run('npx', ['knex', 'migrate:latest'], { env: staging })).toMatchObject({ code: 0 })
    expect(await tableExists(table)).toBe(true)
    const refused = await app.run('npx', ['umzug', 'up'], { env: staging })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/knex has run \d{14}_add_sessions\. umzug has run nothing.*npx knex migrate:latest/)
    expect(await app.run('npx', ['knex', 'migrate:rollback'], { env: staging })).toMatchObject({ code: 0 })
    expect(await tableExists(table)).toBe(false)
  })
})

describe('two npx umzug up at once on PostgreSQL', () => {
  it.skipIf(noPostgres)(`run each migration once${noPostgres ? ` (skipped: ${noPostgres})` : ''}`, async () => {
    const connection = await postgres.connection()
    const { env } = await application({
      'knexfile.js': `module.exports = { client: 'pg', connection: ${JSON.stringify(connection)} }\n`,
      'migrations/10000000000000_slow.js':
        "exports.up = async () => { console.log('slow ran'); await new Promise((done) => setTimeout(done, 1500)) }\n",
    })
    const both = await Promise.all([1, 2].map(() => app.run('npx', ['umzug', 'up'], { env })))
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    const output = both.map(({ stdout }) => stdout).join()
    expect(output.match(/slow ran/g)).toHaveLength(1)
    expect(output.match(/2 migrations executed/g)).toHaveLength(1)
    expect(output.match(/nothing to do: no migration is pending/g)).toHaveLength(1)
  })

  it('says in one line that the database does not respond', async () => {
    const { env } = await application({
      'knexfile.js':
        "module.exports = { client: 'pg', connection: { host: '127.0.0.1', port: 1, password: 'hush' } }\n",
    })
    const { code, stdout, stderr } = await app.run('npx', ['umzug', 'up'], { env })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^error \[KNEXFILE\]: no connection to the database of knexfile\.js, development: .*ECONNREFUSED/m,
    )
    expect(stdout + stderr).not.toMatch(/hush|^\s+at /m)
  })
})
