import { relative, resolve } from 'node:path'
import type { MigrateUpOptions, RunnableMigration, UmzugStorage } from 'umzug'
import { prefersTypeScript } from '../application/load-module.js'
import type { Options } from '../configuration/options.js'
import { withAmbient } from '../configuration/options-in-migrations.js'
import type { Configuration } from '../configuration/resolve.js'
import type { Logger } from '../logger.js'
import { findMigrations, type MigrationFile, withoutExtension } from './migration-files.js'
import type { MigrationLog } from './migration-log.js'
import { checkMigration, runnable } from './migration-module.js'

/** The migrations of an umzug: the files of a folder, or a given list. */
export class MigrationSet<Context extends object> {
  readonly #configuration: Configuration
  readonly #options: Options
  readonly #given: readonly RunnableMigration<Context>[] | undefined

  /** @param options also apply inside the migrations */
  constructor(
    configuration: Configuration,
    options: Options,
    given: readonly RunnableMigration<Context>[] | undefined,
  ) {
    this.#configuration = configuration
    this.#options = options
    this.#given = given?.map((migration) => ({ ...migration, name: withoutExtension(migration.name) }))
  }

  /** The folder of the files, as an absolute path. Undefined for a given list. */
  get folder(): string | undefined {
    return this.#given ? undefined : resolve(this.#configuration.root, this.#configuration.migrationsDir)
  }

  /**
   * All migrations, oldest first. A file is loaded only when it runs.
   *
   * @param log records what the migrations do with tables
   * @param logger for functions of this package that the migrations call
   */
  async list(log: MigrationLog, logger: Logger): Promise<RunnableMigration<Context>[]> {
    const ambient = { options: this.#options, logger }
    const all = this.#given ?? (await this.#files()).map((file) => runnable<Context>(file, this.#configuration.root))
    return all.map(({ up, down, ...meta }) => ({
      ...meta,
      up: async (params) => {
        const tables = await log.followUp(meta.name)
        return await withAmbient({ ...ambient, tables }, () => up(params))
      },
      ...(down && {
        down: async (params) => {
          const tables = await log.followDown(meta.name)
          return await withAmbient({ ...ambient, tables }, () => down(params))
        },
      }),
    }))
  }

  async names(): Promise<string[]> {
    return (this.#given ?? (await this.#files())).map(({ name }) => name)
  }

  /**
   * Loads the migrations that `up` is about to run. If one of them is broken, none runs.
   *
   * @throws {MigrationFileError} for the first that can't be loaded or has no `up`
   */
  async check({ to, step, migrations }: MigrateUpOptions, storage: UmzugStorage): Promise<void> {
    if (this.#given) return
    const { root } = this.#configuration
    const files = await this.#files()
    const executed = new Set(await storage.executed({ context: {} }))
    const pending = files.filter(({ name }) => !executed.has(name))
    const end = to === undefined ? (step ?? pending.length) : pending.findIndex(({ name }) => name === to) + 1
    const chosen = migrations ? files.filter(({ name }) => migrations.includes(name)) : pending.slice(0, end)
    for (const file of chosen) await checkMigration(file, root)
  }

  /** Names that are logged as executed but have no file. */
  async missing(storage: UmzugStorage): Promise<string[]> {
    const known = new Set(await this.names())
    return (await storage.executed({ context: {} })).filter((name) => !known.has(name))
  }

  async #files(): Promise<readonly MigrationFile[]> {
    const { root, migrationsDir, sources } = this.#configuration
    const folder = resolve(root, migrationsDir)
    const shown = `${relative(root, folder).replaceAll('\\', '/') || '.'} (migrations_dir: ${sources.migrationsDir})`
    return await findMigrations(folder, prefersTypeScript(root), shown)
  }
}
