import type { MigrationParams, UmzugStorage } from 'umzug'
import type { TableFate } from '../../configuration/options-in-migrations.js'
import type { LockStore } from './lock.js'

/** This package's storages: umzug's contract, a lock, a description and `close`. */
export interface MigrationStorage extends UmzugStorage {
  /** The storage as a text for people. */
  readonly description: string
  /** Keeps the lock of this storage. */
  readonly lock: LockStore
  /** Closes the connections that this storage opened itself. The storage can be used again afterwards. */
  close(): Promise<void>
}

/** What is known about an executed migration besides its name. Earlier versions of this package logged no details. */
export interface MigrationDetails {
  /** Name of the file with its extension. */
  readonly file?: string
  /** SHA-256 of the file's text, with LF as line ending. */
  readonly checksum?: string
  /** What the migration last did with each table. The keys are region and name: `eu-central-1/sessions`. */
  readonly tables?: Readonly<Record<string, TableFate>>
  /** When DynamoDB created the tables that the migration created, in ISO 8601. The keys are those of `tables`. */
  readonly createdAt?: Readonly<Record<string, string>>
  /** The migration was marked as executed by `umzug baseline`. It did not run. */
  readonly baseline?: true
}

/** A row of the log. */
export interface LogEntry {
  /** As stored. A name that begins with {@link UNFINISHED} is no executed migration. */
  readonly name: string
  /** Undefined: an earlier version of this package logged the migration. */
  readonly details: MigrationDetails | undefined
}

/** The migration to log. */
export type LogParams = MigrationParams<unknown> & { readonly details?: MigrationDetails | undefined }

/** A storage that also stores details. */
export interface DetailedStorage extends MigrationStorage {
  entries(): Promise<readonly LogEntry[]>
  logMigration(params: LogParams): Promise<void>
  /** Replaces the details of a logged migration. */
  setDetails(name: string, details: MigrationDetails): Promise<void>
}

/** Prefix of the name of a row: the migration created a table, and has not succeeded yet. */
export const UNFINISHED = '#unfinished '

/** Whether a stored name is the name of an executed migration. */
export function isMigrationName(name: string): boolean {
  return !name.startsWith(UNFINISHED)
}

/** Whether a storage has a lock, a description and `close`. umzug's own storages have none. */
export function isMigrationStorage(storage: UmzugStorage): storage is MigrationStorage {
  return ['description', 'lock', 'close'].every((name) => name in storage)
}

/** Whether a storage also stores details. */
export function isDetailedStorage(storage: UmzugStorage): storage is DetailedStorage {
  return isMigrationStorage(storage) && ['entries', 'setDetails'].every((name) => name in storage)
}

/** The stored text of details. */
export function detailsText(details: MigrationDetails): string {
  return JSON.stringify(details)
}

/** Reads what {@link detailsText} wrote. A damaged text counts as none. */
export function readDetails(text: string | null | undefined): MigrationDetails | undefined {
  if (!text) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
