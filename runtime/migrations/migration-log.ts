import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { MigrationMeta, MigrationParams, UmzugStorage } from 'umzug'
import type { MigratedTables, TableFate } from '../configuration/options-in-migrations.js'
import { fitForLine } from '../fit-for-output.js'
import { withoutExtension } from './migration-files.js'
import { isDetailedStorage, isMigrationName, type MigrationDetails, UNFINISHED } from './storage/contract.js'

type Tables = Readonly<Record<string, TableFate>>

/** What a migration did with tables, and when DynamoDB created those that it created. */
type TableRecord = Pick<MigrationDetails, 'tables' | 'createdAt'>

/**
 * The log of executed migrations, in any storage. Names are compared without their extension: another umzug or an earlier
 * version may have stored names with an extension. Details are logged if the storage keeps them.
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
    const details = { ...(await fileDetails(params)), ...tables?.record }
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

  /** The migrations whose file was changed after they ran. A file in another language is not compared. */
  async changed(migrations: readonly MigrationMeta[]): Promise<MigrationMeta[]> {
    return await this.#differing(migrations, (logged, now) => {
      return logged?.checksum !== undefined && logged.file === now.file && logged.checksum !== now.checksum
    })
  }

  /**
   * Logs the checksums of the present files, even if none was logged before.
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
    const { tables: fates, createdAt } = before?.details ?? {}
    const record = { ...(fates && { tables: fates }), ...(createdAt && { createdAt }) }
    const tables = new RecordedTables(record, unfinished !== undefined, async (details) => {
      await storage.logMigration({ name: UNFINISHED + name, context: {}, details })
    })
    this.#tables.set(name, tables)
    return tables
  }

  /** Records what a migration that is about to be reverted does with tables. */
  async followDown(name: string): Promise<MigratedTables> {
    const { tables, createdAt: times, baseline } = (await this.details())?.get(name) ?? {}
    const notRun = baseline ? `umzug baseline marked ${fitForLine(name)} as executed, so it did not run` : undefined
    return {
      note: async (table, fate, createdAt) => {
        if (fate === 'created') await this.#replaceCreation(table, createdAt)
      },
      async reasonToKeep(table, createdAt) {
        if (notRun) return notRun
        if (tables?.[table] === 'found') return `${fitForLine(name)} did not create it, but found it`
        const logged = times?.[table]
        if (logged === undefined) return undefined
        const now = await createdAt()
        if (now === undefined || isSameTime(logged, now)) return undefined
        return `it was created again at ${now.toISOString()}, after the table of ${fitForLine(name)} was deleted`
      },
      reasonToChangeNothing: () => notRun,
    }
  }

  /** After a `down` created the table again: the migration that created the deleted table now owns the new one. */
  async #replaceCreation(table: string, createdAt: Date | undefined): Promise<void> {
    const storage = this.#storage
    if (!isDetailedStorage(storage)) return
    for (const { name, details } of await storage.entries()) {
      if (details?.tables?.[table] !== 'created') continue
      await storage.setDetails(name, withTime(details, table, createdAt))
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
  record: TableRecord
  /** Whether the storage has a row for this run. */
  isUnfinished: boolean
  readonly #save: (record: TableRecord) => Promise<void>

  /**
   * @param before what an earlier run did
   * @param save called at once for a new table: the migration may fail, or the process may be killed
   */
  constructor(before: TableRecord, isUnfinished: boolean, save: (record: TableRecord) => Promise<void>) {
    this.record = before
    this.isUnfinished = isUnfinished
    this.#save = save
  }

  async note(table: string, fate: TableFate, createdAt?: Date): Promise<void> {
    const { tables, createdAt: times } = this.record
    if (fate === 'found' && tables?.[table] === 'created' && isSameTime(times?.[table], createdAt)) return
    const record = { ...this.record, tables: { ...tables, [table]: fate } }
    this.record = withTime(record, table, fate === 'created' ? createdAt : undefined)
    if (fate !== 'created') return
    this.isUnfinished = true
    await this.#save(this.record)
  }

  async reasonToKeep(): Promise<undefined> {
    return undefined
  }

  reasonToChangeNothing(): undefined {
    return undefined
  }
}

/** Some emulators return no creation time. Every table then counts as the same. */
function isSameTime(logged: string | undefined, createdAt: Date | undefined): boolean {
  return logged === undefined || createdAt === undefined || logged === createdAt.toISOString()
}

/** The details with this creation time of a table; undefined removes the time. */
function withTime(details: MigrationDetails, table: string, createdAt: Date | undefined): MigrationDetails {
  const { createdAt: { [table]: _, ...others } = {}, ...more } = details
  const times = { ...others, ...(createdAt && { [table]: createdAt.toISOString() }) }
  return Object.keys(times).length === 0 ? more : { ...more, createdAt: times }
}

async function fileDetails({ path }: MigrationMeta): Promise<MigrationDetails> {
  if (path === undefined) return {}
  const text = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
  return { file: basename(path), checksum: createHash('sha256').update(text).digest('hex') }
}
