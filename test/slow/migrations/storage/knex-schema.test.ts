import knex from 'knex'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { KnexStorage } from '../../../../runtime/umzug.js'
import { type Postgres, startPostgres } from '../../../support/postgres.js'

let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(async () => await postgres.stop())

it('KnexStorage keeps its tables in the schema and under the name that it is given', async () => {
  const database = knex({ client: 'pg', connection: await postgres.connection(), pool: { min: 0, max: 4 } })
  onTestFinished(async () => await database.destroy())
  await database.raw('create schema ops')
  const storage = new KnexStorage({ knex: database, schemaName: 'ops', tableName: 'done' })
  await storage.logMigration({ name: '1_a', context: {} })
  await storage.lock.write({ holder: 'me', since: 'now', version: 'v', lease: 1 }, undefined)
  expect(await storage.executed()).toEqual(['1_a'])
  const { rows } = await database.raw(`select tablename from pg_tables where schemaname = 'ops' order by tablename`)
  expect(rows).toEqual([{ tablename: 'done' }, { tablename: 'done_lock' }])
})
