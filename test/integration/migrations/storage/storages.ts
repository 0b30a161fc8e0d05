import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import knex, { type Knex } from 'knex'
import { afterAll, beforeAll, describe, inject } from 'vitest'
import type { DetailedStorage } from '../../../../runtime/migrations/storage/contract.js'
import { DynamoDBStorage } from '../../../../runtime/migrations/storage/dynamodb.js'
import { KnexStorage } from '../../../../runtime/migrations/storage/knex.js'
import { describeTable } from '../../../../runtime/table/describe-table.js'
import { onEachEngine } from '../../../support/engines.js'
import { noPostgres, type Postgres, startPostgres } from '../../../support/postgres.js'

/** Where executed migrations are stored. */
interface Place {
  /** Each call gives another storage, as another process would have. */
  open(): DetailedStorage
  /** Whether anything was created there. */
  exists(): Promise<boolean>
}

export type NewPlace = () => Promise<Place>

export const PARAMS = { context: {} }

/** Runs the same suite on every storage. */
export function onEachStorage(title: string, suite: (newPlace: NewPlace) => void, { lock = false } = {}): void {
  onEachEngine(`${title}: DynamoDBStorage`, (engine) => {
    suite(async () => {
      const options = engine.options()
      return {
        open: () => new DynamoDBStorage(options),
        async exists() {
          return (await describeTable({ ...options, tableName: `${options.tableName}_migrations` })) !== undefined
        },
      }
    })
  })
  if (inject('backends').includes('embedded')) {
    describe(`${title}: KnexStorage on SQLite`, () => {
      withSQLite(suite)
    })
  }
  if (!inject('backends').includes('servers')) return
  if (lock && noPostgres) {
    describe.skip(`${title}: KnexStorage on PostgreSQL (skipped: ${noPostgres})`, () => suite(never))
  } else {
    describe(`${title}: KnexStorage on PostgreSQL`, () => withPostgres(suite))
  }
}

function withPostgres(suite: (newPlace: NewPlace) => void): void {
  let postgres: Postgres
  const opened: { destroy(): Promise<void> }[] = []
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(async () => {
    await Promise.all(opened.map((instance) => instance.destroy()))
    await postgres?.stop()
  })
  suite(async () => {
    const connection = await postgres.connection()
    return place(() => knex({ client: 'pg', connection, pool: { min: 0, max: 4 } }), opened)
  })
}

function withSQLite(suite: (newPlace: NewPlace) => void): void {
  let folder: string
  let databases = 0
  const opened: { destroy(): Promise<void> }[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-sqlite-'))
  })
  afterAll(async () => {
    await Promise.all(opened.map((instance) => instance.destroy()))
    await rm(folder, { recursive: true, force: true })
  })
  suite(async () => {
    databases += 1
    const filename = join(folder, `${databases}.sqlite3`)
    return place(() => knex({ client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true }), opened)
  })
}

function place(connect: () => Knex, opened: { destroy(): Promise<void> }[]): Place {
  const another = () => {
    const instance = connect()
    opened.push(instance)
    return instance
  }
  return {
    open: () => new KnexStorage({ knex: another() }),
    async exists() {
      const instance = another()
      const found = await Promise.all(
        ['', '_lock'].map((suffix) => instance.schema.hasTable(`umzug_migrations${suffix}`)),
      )
      return found.includes(true)
    },
  }
}

function never(): never {
  throw new Error('this suite is skipped')
}
