import { AsyncLocalStorage } from 'node:async_hooks'
import type { Logger } from '../logger.js'
import { CLIENT_SETTINGS } from './option-table.js'
import type { Options } from './options.js'

/**
 * What applies inside a migration. A migration usually calls `createTable()` without arguments. It must then mean the same
 * table as the umzug that runs it, and use the same logger.
 */
export interface Ambient {
  readonly options: Options
  readonly logger?: Logger | undefined
  /** Whether this is the code of a migration, and not of a command. */
  readonly isMigration?: boolean | undefined
  /** Records what the migration does with tables. */
  readonly tables?: MigratedTables | undefined
  /**
   * Asks before a table with sessions is deleted. Undefined: the table is deleted without a question.
   *
   * @param question without its question mark
   */
  readonly confirm?: ((question: string) => Promise<boolean | undefined>) | undefined
}

/** What a migration did with a table: it created the table, found it, or deleted it. */
export type TableFate = 'created' | 'found' | 'deleted'

/** The tables of one migration. A table is named by region and name: `eu-central-1/sessions`. */
export interface MigratedTables {
  /**
   * Records what the migration did.
   *
   * @param createdAt when DynamoDB created the table. Undefined: the endpoint does not return it.
   */
  note(table: string, fate: TableFate, createdAt?: Date): Promise<void>
  /**
   * Why the migration must not delete the table. Undefined: it may.
   *
   * @param createdAt asks when DynamoDB created the present table
   */
  reasonToKeep(table: string, createdAt: () => Promise<Date | undefined>): Promise<string | undefined>
  /** Why the migration has nothing to revert. Undefined: it may have. */
  reasonToChangeNothing(): string | undefined
}

/** A key of the global object, because an application may load this package twice, for example through tsx. */
const KEY = Symbol.for('dynamo-session-store.ambient')

interface Place {
  [KEY]?: AsyncLocalStorage<Ambient>
}

/** The options of the umzug that runs this code. */
export function ambientOptions(): Options {
  return current()?.options ?? {}
}

/** The logger of the umzug that runs this code. */
export function ambientLogger(): Logger | undefined {
  return current()?.logger
}

/** Whether a migration runs this code. */
export function isInMigration(): boolean {
  return current()?.isMigration ?? false
}

/** The tables of the migration that runs this code. */
export function ambientTables(): MigratedTables | undefined {
  return current()?.tables
}

/** Asks before a table with sessions is deleted. */
export function ambientConfirm(): Ambient['confirm'] {
  return current()?.confirm
}

/** Runs `work`, and all that it calls, with these values. Inner values override outer ones. */
export function withAmbient<T>(ambient: Ambient, work: () => T): T {
  const place = globalThis as Place
  place[KEY] ??= new AsyncLocalStorage()
  const { logger = ambientLogger(), tables = ambientTables(), confirm = ambientConfirm() } = ambient
  const { isMigration = isInMigration() } = ambient
  return place[KEY].run({ options: overAmbient(ambient.options), logger, isMigration, tables, confirm }, work)
}

/**
 * These options over those of the umzug that runs this code. Undefined and null mean *not set*. A client and the settings
 * of a client contradict each other, so both come from the same place.
 */
export function overAmbient(options: Options): Options {
  const ambient: Record<string, unknown> = { ...ambientOptions() }
  if (isSet(options.client)) for (const name of CLIENT_SETTINGS) delete ambient[name]
  if (CLIENT_SETTINGS.some((name) => isSet(options[name]))) delete ambient.client
  return {
    ...ambient,
    ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key, value ?? ambient[key]])),
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}

function current(): Ambient | undefined {
  return (globalThis as Place)[KEY]?.getStore()
}
