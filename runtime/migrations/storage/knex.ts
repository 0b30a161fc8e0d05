import type { MigrationParams } from 'umzug'
import { messageOf } from '../../errors.js'
import { fitLogger, type Logger } from '../../logger.js'
import {
  type DetailedStorage,
  detailsText,
  isMigrationName,
  type LogEntry,
  type LogParams,
  type MigrationDetails,
  readDetails,
} from './contract.js'
import { givenKnex, type KnexInstance, type KnexSource } from './knex-instance.js'
import { KnexTable, type OpenKnexTable } from './knex-table.js'
import type { LockRecord, LockStore } from './lock.js'

export interface KnexStorageOptions {
  /** The application's knex instance. This storage never closes it. */
  readonly knex: KnexInstance
  /** Default: `umzug_migrations`. The lock is in a second table, `<tableName>_lock`. */
  readonly tableName?: string
  /** Default: the connection's search path. */
  readonly schemaName?: string
}

const TABLE = 'umzug_migrations'
const LOCK_ID = 'lock'
const DETAILS = 'details'

/** Logs executed migrations in a small table of an SQL database. The first migration creates the table. */
export class KnexStorage implements DetailedStorage {
  readonly description: string
  readonly lock: LockStore
  readonly #source: KnexSource
  readonly #table: KnexTable
  readonly #name: string
  readonly #logger: Logger | undefined

  /** @param context `logger` receives warnings */
  constructor(
    options: KnexStorageOptions | (Omit<KnexStorageOptions, 'knex'> & { readonly source: KnexSource }),
    { logger }: { readonly logger?: Logger | undefined } = {},
  ) {
    const { tableName = TABLE, schemaName } = options
    this.#source = 'source' in options ? options.source : givenKnex(options.knex)
    this.#table = new KnexTable(this.#source, tableName, schemaName, (table, knex) => {
      table.string('name').notNullable().primary()
      table.timestamp('executed_at').notNullable().defaultTo(knex.fn.now())
      table.text(DETAILS)
    })
    this.#name = tableName
    this.#logger = logger && fitLogger(logger)
    this.lock = new KnexLockStore(this.#source, `${tableName}_lock`, schemaName)
    this.description = `knex (${this.#source.description}), table ${tableName}`
  }

  async executed(): Promise<string[]> {
    const table = await this.#table.open()
    if (!(await table.exists())) return []
    const rows: { name: string }[] = await table.rows().select('name').orderBy('name')
    return rows.map(({ name }) => name).filter(isMigrationName)
  }

  /** All rows, sorted by name. */
  async entries(): Promise<readonly LogEntry[]> {
    const table = await this.#table.open()
    if (!(await table.exists())) return []
    const columns = (await table.hasColumn(DETAILS)) ? ['name', DETAILS] : ['name']
    const rows: { name: string; details?: string | null }[] = await table.rows().select(columns).orderBy('name')
    return rows.map(({ name, details }) => ({ name, details: readDetails(details) }))
  }

  async logMigration({ name, details }: LogParams): Promise<void> {
    const table = await this.#table.open()
    await table.createIfMissing()
    const row = { name, ...(details && (await this.#hasDetails(table)) && { [DETAILS]: detailsText(details) }) }
    // umzug logs a migration again after it ran again (`rerun: 'ALLOW'`).
    const logged: unknown[] = await table.rows().where({ name }).select('name')
    if (logged.length === 0) await table.rows().insert(row)
    else await table.rows().where({ name }).update(row)
  }

  async setDetails(name: string, details: MigrationDetails): Promise<void> {
    const table = await this.#table.open()
    if (!(await this.#hasDetails(table))) return
    await table
      .rows()
      .where({ name })
      .update({ [DETAILS]: detailsText(details) })
  }

  async unlogMigration({ name }: MigrationParams<unknown>): Promise<void> {
    const table = await this.#table.open()
    if (await table.exists()) await table.rows().where({ name }).del()
  }

  async close(): Promise<void> {
    await this.#source.close()
  }

  /** Adds the column for details to a table of an earlier version. A migration that ran is logged in any case. */
  async #hasDetails(table: OpenKnexTable): Promise<boolean> {
    if (await table.hasColumn(DETAILS)) return true
    try {
      await table.addTextColumn(DETAILS)
      return true
    } catch (error) {
      this.#logger?.warn(
        `the column "${DETAILS}" could not be added to the table of the executed migrations: ${messageOf(error)}. So no ` +
          'checksums are logged, and a later down deletes tables that its up only found. ' +
          `Add the column: ALTER TABLE ${this.#name} ADD COLUMN ${DETAILS} text`,
      )
      return false
    }
  }
}

/** The lock as the only row of a table. The row exists while a process holds the lock. */
class KnexLockStore implements LockStore {
  readonly #table: KnexTable

  constructor(source: KnexSource, tableName: string, schemaName: string | undefined) {
    this.#table = new KnexTable(source, tableName, schemaName, (table) => {
      table.string('id', 10).notNullable().primary()
      table.string('holder').notNullable()
      table.string('since', 40).notNullable()
      table.string('version', 40).notNullable()
      table.integer('lease').notNullable()
    })
  }

  async read(): Promise<LockRecord | undefined> {
    const table = await this.#table.open()
    if (!(await table.exists())) return undefined
    const [row] = await table.rows().where({ id: LOCK_ID }).select(['holder', 'since', 'version', 'lease'])
    return row && { ...row }
  }

  async write(next: LockRecord, expected: LockRecord | undefined): Promise<boolean> {
    const table = await this.#table.open()
    if (expected) {
      return (
        (await table
          .rows()
          .where({ id: LOCK_ID, version: expected.version })
          .update({ ...next })) === 1
      )
    }
    await table.createIfMissing()
    try {
      await table.rows().insert({ id: LOCK_ID, ...next })
      return true
    } catch (error) {
      // Databases report an existing key with different errors. So look whether the lock is held now.
      if (await this.read()) return false
      throw error
    }
  }

  async remove({ version }: LockRecord): Promise<boolean> {
    const table = await this.#table.open()
    if (!(await table.exists())) return false
    return (await table.rows().where({ id: LOCK_ID, version }).del()) === 1
  }
}
