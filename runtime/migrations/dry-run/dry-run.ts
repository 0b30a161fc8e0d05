import type {
  MigrateDownOptions,
  MigrateUpOptions,
  MigrationMeta,
  MigrationParams,
  RunnableMigration,
  Umzug,
} from 'umzug'
import { Umzug as Base } from '#umzug'
import type { Options } from '../../configuration/options.js'
import { type MigratedTables, withAmbient } from '../../configuration/options-in-migrations.js'
import { withSimulation } from '../../dynamodb/simulation.js'
import { DynamoSessionError } from '../../errors.js'
import { type Logger, silentLogger } from '../../logger.js'
import type { MigrationFile } from '../migration-files.js'
import { SimulatedControlPlane, type SimulatedRequest } from './control-plane.js'
import { reasonNotToRun } from './migration-source.js'

/** What a migration would do. */
export interface DryRun {
  readonly name: string
  /** The requests that would change the table. Undefined: the migration was not run. */
  readonly requests?: readonly SimulatedRequest[]
  /** Why the migration was not run, or why its requests are not known. */
  readonly reason?: string
  /** The migration would fail with this error. Later migrations would not run. */
  readonly error?: Error
  /** Whether an earlier migration would fail, so that this one was not simulated. */
  readonly isAfterFailure?: boolean
}

export type Direction = 'up' | 'down'

/** The migrations, and how they are run. */
export interface DryRunParts {
  readonly executed: readonly MigrationMeta[]
  readonly pending: readonly MigrationMeta[]
  /** Folder of the application. */
  readonly root: string
  /** Why no migration can be run. Undefined: the file of each migration decides. */
  readonly reason?: string | undefined
  /** Makes a migration from a file. The file is loaded when the migration runs. */
  readonly load: (file: MigrationFile, root: string) => RunnableMigration<object>
  /** Options that apply inside the migrations. */
  readonly options: Options
  /** Receives warnings. */
  readonly logger: Logger
  /** Records what a migration does with tables. */
  tables(name: string): Promise<MigratedTables | undefined>
}

/**
 * Finds what `up` or `down` would do. Migrations that import nothing but this package run against a simulated control plane.
 * All other migrations are only named. Nothing is logged as executed, and no lock is taken.
 */
export async function dryRun(
  direction: Direction,
  options: MigrateUpOptions | MigrateDownOptions,
  parts: DryRunParts,
): Promise<readonly DryRun[]> {
  const runs: DryRun[] = []
  const plane = new SimulatedControlPlane()
  const simulated = ({ name, path }: MigrationMeta): RunnableMigration<object> => {
    const run = async () => {
      const isAfterFailure = runs.some(({ error }) => error)
      runs.push(isAfterFailure ? { name, isAfterFailure } : await simulate(direction, { name, path }, plane, parts))
    }
    return { name, up: run, down: run }
  }
  // umzug itself chooses the migrations.
  const umzug = new (Base as typeof Umzug)<object>({
    migrations: [...parts.executed, ...parts.pending].map(simulated),
    storage: {
      executed: async () => parts.executed.map(({ name }) => name),
      async logMigration() {},
      async unlogMigration() {},
    },
    logger: undefined,
  })
  if (direction === 'up') await umzug.up(options as MigrateUpOptions)
  else await umzug.down(options as MigrateDownOptions)
  return runs
}

async function simulate(
  direction: Direction,
  { name, path }: MigrationMeta,
  plane: SimulatedControlPlane,
  { root, reason: forAll, options, logger, load, tables: tablesOf }: DryRunParts,
): Promise<DryRun> {
  if (forAll !== undefined) return { name, reason: forAll }
  if (path === undefined) return { name, reason: 'it is not a file' }
  const reason = await reasonNotToRun(path, root)
  if (reason !== undefined) return { name, reason }
  const start = plane.requests.length
  plane.unknown = undefined
  const params = new ParamsWithoutContext(name, path)
  const ambient = {
    options,
    logger: { ...silentLogger, warn: (line: string) => logger.warn(line) },
    isMigration: true,
    tables: withoutNotes(await tablesOf(name)),
  }
  let error: unknown
  try {
    const { [direction]: run } = load({ name, path }, root)
    await withSimulation(
      (client) => plane.client(client),
      () => withAmbient(ambient, () => run?.(params)),
    )
  } catch (thrown) {
    error = thrown
  }
  const requests = plane.requests.slice(start)
  if (params.wasContextRead) return { name, requests, reason: 'it uses the context of the umzug' }
  if (plane.unknown !== undefined) return { name, requests, reason: `it sends ${plane.unknown}` }
  return error === undefined ? { name, requests } : { name, requests, error: error as Error }
}

/** The rules for tables, without recording what happens to them. */
function withoutNotes(tables: MigratedTables | undefined): MigratedTables | undefined {
  return tables && { ...tables, async note() {} }
}

/** The parameters of a migration. A context could write elsewhere, so a dry run has none. */
class ParamsWithoutContext implements MigrationParams<object> {
  wasContextRead = false
  readonly name: string
  readonly path: string

  constructor(name: string, path: string) {
    this.name = name
    this.path = path
  }

  get context(): never {
    this.wasContextRead = true
    throw new DynamoSessionError('a dry run passes no context to a migration')
  }
}
