import type { MigrateDownOptions, MigrateUpOptions, MigrationMeta, Umzug, UmzugStorage } from 'umzug'
import { Umzug as Base } from '#umzug'
import { KnexfileError } from '../application/knexfile.js'
import type { Options } from '../configuration/options.js'
import { ambientLogger, withAmbient } from '../configuration/options-in-migrations.js'
import type { Configuration } from '../configuration/resolve.js'
import { DynamoSessionError } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { consoleLogger, fitLogger, type Logger, silentLogger } from '../logger.js'
import { type CreateMigration, createMigration } from './create-migration.js'
import { type Direction, type DryRun, dryRun } from './dry-run/dry-run.js'
import { withoutExtension } from './migration-files.js'
import { MigrationLog } from './migration-log.js'
import { runnable } from './migration-module.js'
import type { MigrationSet } from './migration-set.js'
import { type ExpectedState, expectedState, placeOfTable, refuseMissingTable } from './missing-table.js'
import { readableLog } from './readable-log.js'
import { isMigrationStorage } from './storage/contract.js'
import { KnexStorage } from './storage/knex.js'
import { refuseKnexMigrations } from './storage/knex-history.js'
import type { KnexSource } from './storage/knex-instance.js'
import { acquireLock, breakLock, type HeldLock, type LockRecord } from './storage/lock.js'

/** The parts of a {@link SessionUmzug}, which `createUmzug` puts together. */
export interface SessionUmzugParts<Context extends object> {
  readonly configuration: Configuration
  /** The options given in code. */
  readonly options: Options
  /** The application's file that exports its options, for migrations that `create` writes. */
  readonly optionsModule: string | undefined
  readonly migrations: MigrationSet<Context>
  readonly storage: UmzugStorage
  /** The knex instance whose own migrations may be in the same folder. */
  readonly knex: KnexSource | undefined
  readonly context: Context | (() => Promise<Context> | Context) | undefined
  readonly logger: Logger | undefined
  /** Milliseconds. */
  readonly lockLease: number
}

/** The state of the migrations, for `umzug status`. */
export interface MigrationsStatus {
  readonly executed: readonly MigrationMeta[]
  readonly pending: readonly MigrationMeta[]
  /** Names that are logged as executed but have no file. */
  readonly missing: readonly string[]
  /** Names of executed migrations whose file was changed since. */
  readonly changed: readonly string[]
}

/**
 * An Umzug whose `up` and `down` hold a lock. Migrations are compared by their name without extension. Each call closes
 * the connections that it opened.
 */
export class SessionUmzug<Context extends object = object> extends (Base as typeof Umzug)<Context> {
  readonly configuration: Configuration
  readonly #parts: SessionUmzugParts<Context>
  readonly #log: MigrationLog
  /** The application's logger, else that of the command or migration that calls. */
  readonly #logger: () => Logger
  #calls = 0
  #held: HeldLock | undefined

  constructor(parts: SessionUmzugParts<Context>) {
    const log = new MigrationLog(parts.storage)
    const logger = () => fitLogger(parts.logger ?? ambientLogger() ?? silentLogger)
    super({
      migrations: async () => await parts.migrations.list(log, logger()),
      storage: log,
      logger: readableLog(logger),
      ...(parts.context !== undefined && { context: parts.context }),
    })
    this.configuration = parts.configuration
    this.#parts = parts
    this.#log = log
    this.#logger = logger
    const assertHeld = async () => await this.#held?.assertHeld()
    this.on('migrating', assertHeld)
    this.on('reverting', assertHeld)
  }

  /** Where executed migrations are logged, as a text for people. */
  get storageDescription(): string {
    const { storage } = this.#parts
    return isMigrationStorage(storage) ? storage.description : `${storage.constructor.name} (without a lock)`
  }

  override async up(options: MigrateUpOptions = {}): Promise<MigrationMeta[]> {
    const wanted = normalize(options)
    return await this.#change(async () => {
      for (const name of await this.#parts.migrations.missing(this.#log)) {
        this.#logger().warn(`${fitForLine(name)} is logged as executed, but there is no such migration`)
      }
      await this.#parts.migrations.check(wanted, this.#log)
      const done = await super.up(wanted)
      if (done.length === 0) await this.#refuseMissingTable()
      this.#logger().info(done.length === 0 ? 'nothing to do: no migration is pending' : `${count(done)} executed`)
      return done
    })
  }

  override async down(options: MigrateDownOptions = {}): Promise<MigrationMeta[]> {
    const wanted = normalize(options)
    return await this.#change(async () => {
      const done = await super.down(wanted)
      this.#logger().info(done.length === 0 ? 'nothing to do: no migration is executed' : `${count(done)} reverted`)
      return done
    })
  }

  override async pending(): Promise<MigrationMeta[]> {
    return await this.#call(async () => {
      await this.#refuseKnexMigrations()
      return await super.pending()
    })
  }

  override async executed(): Promise<MigrationMeta[]> {
    return await this.#call(async () => {
      await this.#refuseKnexMigrations()
      return await super.executed()
    })
  }

  /** @throws {KnexMigrationsError} when knex has run migrations of this folder: the status would mislead */
  async status(): Promise<MigrationsStatus> {
    return await this.#call(async () => {
      await this.#refuseKnexMigrations()
      const missing = await this.#parts.migrations.missing(this.#log)
      const executed = await super.executed()
      const changed = (await this.#log.changed(executed)).map(({ name }) => name)
      return { executed, pending: await super.pending(), missing, changed }
    })
  }

  /**
   * Whether the table should exist after the executed migrations.
   *
   * @param table region and name, such as `eu-central-1/sessions`
   */
  async expectedTable(table: string): Promise<ExpectedState> {
    return await this.#call(async () => {
      const details = await this.#log.details()
      return details ? expectedState(details, table) : { state: 'unknown' }
    })
  }

  /**
   * Finds what `up` or `down` would do. Migrations that import nothing but this package run against a simulated control
   * plane. All other migrations are only named. Sends no request that changes anything.
   *
   * @param options as for `up` and `down`
   */
  async dryRun(direction: Direction, options: MigrateUpOptions | MigrateDownOptions = {}): Promise<readonly DryRun[]> {
    const wanted = normalize(options)
    return await this.#call(async () => {
      await this.#refuseKnexMigrations()
      const { configuration, options: given } = this.#parts
      const runs = await dryRun(direction, wanted, {
        executed: await super.executed(),
        pending: await super.pending(),
        root: configuration.root,
        load: runnable,
        options: given,
        logger: this.#logger(),
        tables: async (name) => (direction === 'down' ? await this.#log.followDown(name) : undefined),
      })
      if (direction === 'up' && runs.length === 0) await this.#refuseMissingTable()
      return runs
    })
  }

  /**
   * Marks pending migrations as executed without running them, for a table that exists already.
   *
   * @param options `to`: the last migration to mark. Default: all pending ones.
   * @returns the migrations that were marked
   * @throws {TableMissingError}
   */
  async baseline({ to }: { readonly to?: string } = {}): Promise<MigrationMeta[]> {
    const last = to === undefined ? undefined : withoutExtension(to)
    return await this.#change(async () => {
      const pending = await super.pending()
      const end = last === undefined ? pending.length : pending.findIndex(({ name }) => name === last) + 1
      if (last !== undefined && end === 0) {
        throw new DynamoSessionError(
          `no pending migration has the name ${fitForLine(last)}: npx umzug pending lists the names`,
        )
      }
      const chosen = pending.slice(0, end)
      if (chosen.length === 0) return []
      const place = await placeOfTable(this.configuration)
      for (const migration of chosen) await this.#log.logBaseline(migration, { [place]: 'found' })
      return chosen
    })
  }

  /**
   * Accepts the present files of executed migrations: logs their checksums.
   *
   * @returns the migrations whose logged checksum was different or missing
   */
  async repair(): Promise<MigrationMeta[]> {
    return await this.#change(async () => await this.#log.acceptFiles(await super.executed()))
  }

  /**
   * Frees the lock, even if another process holds it.
   *
   * @returns the record of the holder; undefined when the lock was free
   */
  async unlock(): Promise<LockRecord | undefined> {
    const { storage } = this.#parts
    if (!isMigrationStorage(storage))
      throw new DynamoSessionError(`there is nothing to unlock: ${this.storageDescription}`)
    return await this.#call(async () => await breakLock(storage.lock))
  }

  /**
   * Writes the same file as `npx plop session-migration`.
   *
   * @throws {GeneratorError}
   */
  override async create(options: CreateMigration): Promise<void> {
    const { configuration, optionsModule } = this.#parts
    const text = await withAmbient({ options: this.#parts.options }, () =>
      createMigration({ optionsModule, ...options }, configuration.root),
    )
    this.#logger().info(text)
  }

  /** Runs umzug's own command line. Only `npx umzug` has commands such as `status` and `unlock`. */
  override async runAsCLI(argv?: string[]): Promise<boolean> {
    return await withAmbient({ options: {}, logger: consoleLogger }, () => super.runAsCLI(argv))
  }

  async #refuseMissingTable(): Promise<void> {
    await refuseMissingTable(this.configuration, await this.#log.details(), this.#logger())
  }

  async #refuseKnexMigrations(): Promise<void> {
    const { knex, migrations, storage } = this.#parts
    if (!knex || !migrations.folder) return
    try {
      await refuseKnexMigrations(knex, migrations.folder, await migrations.names())
    } catch (error) {
      // A broken knexfile must not stop a deploy that does not use the knexfile's database.
      if (!(error instanceof KnexfileError) || storage instanceof KnexStorage) throw error
      this.#logger().warn(`not checked whether knex has run migrations of this folder: ${error.message}`)
    }
  }

  /** Runs `work` while it holds the lock. Without any migration, no lock is needed. */
  async #change<T>(work: () => Promise<T>): Promise<T> {
    return await this.#call(async () => {
      this.#logger().info(`migration storage: ${this.storageDescription}`)
      await this.#refuseKnexMigrations()
      const { storage, migrations, lockLease } = this.#parts
      if (!isMigrationStorage(storage) || (await migrations.names()).length === 0) return await work()
      const held = await acquireLock(storage.lock, { logger: this.#logger(), lease: lockLease })
      this.#held = held
      try {
        return await work()
      } finally {
        this.#held = undefined
        await held.release().catch((error: Error) => {
          this.#logger().warn(
            `the migration lock could not be freed; another process will take it over: ${error.message}`,
          )
        })
      }
    })
  }

  /** Of several calls at the same time, the last one closes the connections. */
  async #call<T>(work: () => Promise<T>): Promise<T> {
    this.#calls += 1
    try {
      return await work()
    } finally {
      this.#calls -= 1
      if (this.#calls === 0) await this.#close()
    }
  }

  async #close(): Promise<void> {
    const { storage, knex } = this.#parts
    if (isMigrationStorage(storage)) await storage.close()
    await knex?.close()
  }
}

/** Recognised by its methods: the application may have loaded this package a second time. */
export function isSessionUmzug(umzug: Umzug): umzug is SessionUmzug {
  return ['status', 'unlock', 'dryRun', 'baseline', 'repair'].every(
    (name) => typeof (umzug as unknown as Record<string, unknown>)[name] === 'function',
  )
}

/** Checks `step`, and removes the extension that a name typed by a person may have. */
function normalize<T extends MigrateUpOptions | MigrateDownOptions>(options: T): T {
  const { to, step, migrations } = options
  if (step !== undefined && !(Number.isInteger(step) && step >= 0)) {
    throw new DynamoSessionError(`step must be a whole number of migrations, at least 0, not ${step}`)
  }
  return {
    ...options,
    ...(typeof to === 'string' && { to: withoutExtension(to) }),
    ...(migrations && { migrations: migrations.map(withoutExtension) }),
  }
}

function count({ length }: readonly unknown[]): string {
  return length === 1 ? '1 migration' : `${length} migrations`
}
