import type { RunnableMigration, UmzugStorage } from 'umzug'
import { findKnexfile } from '../application/knexfile.js'
import type { Options } from '../configuration/options.js'
import { type Configuration, resolveConfiguration } from '../configuration/resolve.js'
import { ConfigurationError } from '../errors.js'
import type { Logger } from '../logger.js'
import { MigrationSet } from './migration-set.js'
import { SessionUmzug } from './session-umzug.js'
import { DynamoDBStorage } from './storage/dynamodb.js'
import { KnexStorage } from './storage/knex.js'
import { givenKnex, type KnexInstance, type KnexSource, knexFromFile } from './storage/knex-instance.js'
import { DEFAULT_LEASE } from './storage/lock.js'

/** This package's options, and those for migrations alone. */
export interface UmzugOptions<Context extends object = object> extends Omit<Options, 'logger'> {
  /** The application's knex instance, instead of one made from the knexfile. umzug leaves it open. */
  readonly knex?: KnexInstance
  /** Any storage for umzug, instead of that of the option `migrationStorage`. umzug's own storages have no lock. */
  readonly storage?: UmzugStorage
  /** Migrations instead of the files of the folder, for a bundle without files. */
  readonly migrations?: readonly RunnableMigration<Context>[]
  /** Passed to each migration as `context`. */
  readonly context?: Context | (() => Promise<Context> | Context)
  /**
   * Logs progress, one line a call. Not the logger of the AWS SDK's requests. Default: none; on the command line, the
   * console.
   */
  readonly logger?: Logger | null | undefined
  /** Milliseconds without a renewal after which another process takes the lock over. Default: 30 000. */
  readonly lockLease?: number
  /** The application's file that exports its options. Migrations that `create` writes import it. */
  readonly optionsModule?: string
}

/**
 * Makes an umzug for the migrations folder. Each call opens the connections that it needs and closes them at its end.
 *
 * ```js
 * import { createUmzug } from 'dynamo-session-store/umzug'
 * await createUmzug({ logger: console }).up()
 * ```
 *
 * @throws {ConfigurationError}
 */
export function createUmzug<Context extends object = object>(
  umzugOptions: UmzugOptions<Context> = {},
): SessionUmzug<Context> {
  const {
    knex,
    storage,
    migrations,
    context,
    logger: givenLogger,
    lockLease = DEFAULT_LEASE,
    optionsModule,
    ...options
  } = umzugOptions
  if (!(lockLease >= 1)) {
    throw new ConfigurationError([
      { place: 'option lockLease', text: `must be milliseconds, at least 1, not ${lockLease}` },
    ])
  }
  const logger = givenLogger ?? undefined
  const configuration = resolveConfiguration(options)
  const source = knexFor(configuration, knex)
  return new SessionUmzug<Context>({
    configuration,
    options,
    optionsModule,
    migrations: new MigrationSet(configuration, options, migrations),
    storage: storage ?? storageFor(configuration, options, source, logger),
    knex: source,
    context,
    logger,
    lockLease,
  })
}

function knexFor({ root, environment }: Configuration, given: KnexInstance | undefined): KnexSource | undefined {
  if (given) return givenKnex(given)
  const knexfile = findKnexfile(root)
  return knexfile === undefined ? undefined : knexFromFile(knexfile, environment, root)
}

function storageFor(
  configuration: Configuration,
  options: Options,
  knex: KnexSource | undefined,
  logger: Logger | undefined,
): UmzugStorage {
  const { migrationStorage, sources, root } = configuration
  if (migrationStorage === 'dynamodb' || (migrationStorage === 'auto' && !knex)) {
    return new DynamoDBStorage(options, { logger })
  }
  if (knex) return new KnexStorage({ source: knex })
  const text = `is knex, but there is no knexfile in ${root}: add one, pass createUmzug({ knex }), or use dynamodb`
  throw new ConfigurationError([{ place: `migration_storage (${sources.migrationStorage})`, text }])
}
