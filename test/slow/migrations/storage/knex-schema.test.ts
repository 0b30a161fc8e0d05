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

it('KnexStorage adds its column to a table of an earlier version in that schema', async () => {
  const database = knex({ client: 'pg', connection: await postgres.connection(), pool: { min: 0, max: 4 } })
  onTestFinished(async () => await database.destroy())
  await database.raw('create schema old')
  await database.raw('create table old.done (name varchar(255) primary key, executed_at timestamptz default now())')
  await database.raw("insert into old.done (name) values ('1_a')")
  const storages = [1, 2].map(() => new KnexStorage({ knex: database, schemaName: 'old', tableName: 'done' }))
  await Promise.all(
    storages.map((storage, at) =>
      storage.logMigration({ name: `${at + 2}_b`, context: {}, details: { baseline: true } }),
    ),
  )
  expect(await storages[0]?.entries()).toEqual([
    { name: '1_a', details: undefined },
    { name: '2_b', details: { baseline: true } },
    { name: '3_b', details: { baseline: true } },
  ])
})
