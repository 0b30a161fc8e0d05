import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { MigrationMeta, MigrationParams, UmzugStorage } from 'umzug'
import type { MigratedTables, TableFate } from '../configuration/options-in-migrations.js'
import { fitForLine } from '../fit-for-output.js'
import { withoutExtension } from './migration-files.js'
import { isDetailedStorage, isMigrationName, type MigrationDetails, UNFINISHED } from './storage/contract.js'

type Tables = Readonly<Record<string, TableFate>>

/**
 * The log of executed migrations, over any storage. Names are compared without their extension: another umzug or an earlier
 * version may have stored names with one. Details are logged where the storage keeps them.
 */
export class MigrationLog implements UmzugStorage {
  readonly #storage: UmzugStorage
  /** What migrations that are running, or have just run, did with tables. */
  readonly #tables = new Map<string, RecordedTables>()

  constructor(storage: UmzugStorage) {
    this.#storage = storage
  }

  async executed(meta: { context: unknown }): Promise<string[]> {
    const stored = await this.#storage.executed(meta)
    return [...new Set(stored.map(withoutExtension))]
  }

  async logMigration(params: MigrationParams<unknown>): Promise<void> {
    const tables = this.#tables.get(params.name)
    const didSomething = tables && Object.keys(tables.record).length > 0
    const details = { ...(await fileDetails(params)), ...(didSomething && { tables: tables.record }) }
    await this.#log(params, details)
    if (!tables?.isUnfinished) return
    await this.#storage.unlogMigration({ ...params, name: UNFINISHED + params.name })
  }

  async unlogMigration(params: MigrationParams<unknown>): Promise<void> {
    for (const name of await this.#storedNames(params.name, params)) {
      await this.#storage.unlogMigration({ ...params, name })
    }
  }

  /** Logs a migration that did not run. */
  async logBaseline(migration: MigrationMeta, tables: Tables): Promise<void> {
    await this.#log({ ...migration, context: {} }, { ...(await fileDetails(migration)), tables, baseline: true })
  }

  /** The details of executed migrations by name. Undefined: the storage keeps none. */
  async details(): Promise<ReadonlyMap<string, MigrationDetails | undefined> | undefined> {
    if (!isDetailedStorage(this.#storage)) return undefined
    const rows = await this.#storage.entries()
    return new Map(
      rows.filter(({ name }) => isMigrationName(name)).map(({ name, details }) => [withoutExtension(name), details]),
    )
  }

  /** The migrations whose file has another text than when it ran. A file in another language is not compared. */
  async changed(migrations: readonly MigrationMeta[]): Promise<MigrationMeta[]> {
    return await this.#differing(migrations, (logged, now) => {
      return logged?.checksum !== undefined && logged.file === now.file && logged.checksum !== now.checksum
    })
  }

  /**
   * Logs the checksums of the present files, also where none is logged.
   *
   * @returns the migrations whose logged checksum was different or missing
   */
  async acceptFiles(migrations: readonly MigrationMeta[]): Promise<MigrationMeta[]> {
    const storage = this.#storage
    if (!isDetailedStorage(storage)) return []
    const details = await this.details()
    const differing = await this.#differing(migrations, (logged, now) => {
      return logged?.file !== now.file || logged?.checksum !== now.checksum
    })
    for (const migration of differing) {
      const now = { ...details?.get(migration.name), ...(await fileDetails(migration)) }
      for (const name of await this.#storedNames(migration.name)) await storage.setDetails(name, now)
    }
    return differing
  }

  /** Records what a migration that is about to run does with tables. Undefined: the storage keeps no details. */
  async followUp(name: string): Promise<MigratedTables | undefined> {
    const storage = this.#storage
    if (!isDetailedStorage(storage)) return undefined
    const rows = await storage.entries()
    const unfinished = rows.find((row) => row.name === UNFINISHED + name)
    const before = unfinished ?? rows.find((row) => withoutExtension(row.name) === name)
    const tables = new RecordedTables(before?.details?.tables, unfinished !== undefined, async (record) => {
      await storage.logMigration({ name: UNFINISHED + name, context: {}, details: { tables: record } })
    })
    this.#tables.set(name, tables)
    return tables
  }

  /** Records what a migration that is about to be reverted does with tables. */
  async followDown(name: string): Promise<MigratedTables> {
    const { tables, baseline } = (await this.details())?.get(name) ?? {}
    return {
      async note() {},
      reasonToKeep(table) {
        if (baseline) return `umzug baseline marked ${fitForLine(name)} as executed, so it did not create this table`
        return tables?.[table] === 'found' ? `${fitForLine(name)} did not create it, but found it` : undefined
      },
    }
  }

  async #log(params: MigrationParams<unknown>, details: MigrationDetails): Promise<void> {
    const [stored] = await this.#storedNames(params.name, params)
    if (isDetailedStorage(this.#storage)) {
      if (stored === undefined) await this.#storage.logMigration({ ...params, details })
      else await this.#storage.setDetails(stored, details)
    } else if (stored === undefined) {
      await this.#storage.logMigration(params)
    }
  }

  async #storedNames(name: string, meta: { context: unknown } = { context: {} }): Promise<string[]> {
    return (await this.#storage.executed(meta)).filter((stored) => withoutExtension(stored) === name)
  }

  async #differing(
    migrations: readonly MigrationMeta[],
    differs: (logged: MigrationDetails | undefined, now: MigrationDetails) => boolean,
  ): Promise<MigrationMeta[]> {
    const details = await this.details()
    const differing: MigrationMeta[] = []
    for (const migration of migrations) {
      if (!details?.has(migration.name) || migration.path === undefined) continue
      if (differs(details.get(migration.name), await fileDetails(migration))) differing.push(migration)
    }
    return differing
  }
}

/** What a migration did with tables. */
class RecordedTables implements MigratedTables {
  record: Tables
  /** Whether the storage has a row for this run. */
  isUnfinished: boolean
  readonly #save: (record: Tables) => Promise<void>

  /**
   * @param before what an earlier run did
   * @param save called at once for a new table: the migration may fail, or the process may be killed
   */
  constructor(before: Tables = {}, isUnfinished = false, save: (record: Tables) => Promise<void> = async () => {}) {
    this.record = before
    this.isUnfinished = isUnfinished
    this.#save = save
  }

  async note(table: string, fate: TableFate): Promise<void> {
    if (fate === 'found' && this.record[table] === 'created') return
    this.record = { ...this.record, [table]: fate }
    if (fate !== 'created') return
    this.isUnfinished = true
    await this.#save(this.record)
  }

  reasonToKeep(): undefined {
    return undefined
  }
}

async function fileDetails({ path }: MigrationMeta): Promise<MigrationDetails> {
  if (path === undefined) return {}
  const text = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
  return { file: basename(path), checksum: createHash('sha256').update(text).digest('hex') }
}
