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

/** Settings of an umzug. The options say which table it is, and how to reach it. */
export interface UmzugContext<Context extends object = object> {
  /** The application's knex instance, instead of one made from the knexfile. umzug leaves it open. */
  readonly knex?: KnexInstance
  /** Any storage for umzug, instead of the one that `migrationStorage` names. umzug's own storages have no lock. */
  readonly storage?: UmzugStorage
  /** Migrations instead of the files of the folder, for a bundle without files. */
  readonly migrations?: readonly RunnableMigration<Context>[]
  /** Passed to each migration as `context`. */
  readonly context?: Context | (() => Promise<Context> | Context)
  /**
   * Receives progress, one line per call. The AWS SDK's requests are logged to the option `logger`, not here.
   *
   * @default none; on the command line, the console
   */
  readonly logger?: Logger | null | undefined
  /**
   * Milliseconds after which another process takes over a lock that was not renewed.
   *
   * @default 30000
   */
  readonly lockLease?: number
  /** The application's file that exports its options. Migrations that `create` writes import it. */
  readonly optionsModule?: string
}

/** Options and context in one object. */
export interface UmzugOptions<Context extends object = object> extends Omit<Options, 'logger'>, UmzugContext<Context> {}

/**
 * Makes an umzug for the migrations folder. Each call opens the connections that it needs and closes them at its end.
 *
 * ```js
 * import { createUmzug } from 'dynamo-session-store/umzug'
 * await createUmzug({ environment: 'production' }, { logger: console }).up()
 * ```
 *
 * @param options which table, and how to reach it
 * @param context settings of the umzug, such as its logger
 * @throws {ConfigurationError}
 */
export function createUmzug<Context extends object = object>(
  options: Options | undefined,
  context: UmzugContext<Context>,
): SessionUmzug<Context>
/** Options and context may also come in one object. Its `logger` is the one of the context. */
export function createUmzug<Context extends object = object>(options?: UmzugOptions<Context>): SessionUmzug<Context>
export function createUmzug<Context extends object = object>(
  given: Options | UmzugOptions<Context> = {},
  umzugContext?: UmzugContext<Context>,
): SessionUmzug<Context> {
  const {
    options,
    context: { knex, storage, migrations, context, logger: givenLogger, lockLease = DEFAULT_LEASE, optionsModule },
  } = umzugContext ? { options: given as Options, context: umzugContext } : split(given as UmzugOptions<Context>)
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

function split<Context extends object>({
  knex,
  storage,
  migrations,
  context,
  logger,
  lockLease,
  optionsModule,
  ...options
}: UmzugOptions<Context>): { options: Options; context: UmzugContext<Context> } {
  return { options, context: { knex, storage, migrations, context, logger, lockLease, optionsModule } }
}

/** The given knex instance, or one for the application's knexfile. */
export function knexFor({ root, environment }: Configuration, given: KnexInstance | undefined): KnexSource | undefined {
  if (given) return givenKnex(given)
  const knexfile = findKnexfile(root)
  return knexfile === undefined ? undefined : knexFromFile(knexfile, environment, root)
}

/** The storage of the option `migrationStorage`. */
export function storageFor(
  configuration: Configuration,
  options: Options,
  knex: KnexSource | undefined,
  logger: Logger | undefined,
): UmzugStorage {
  const { migrationStorage, sources, root } = configuration
  if (migrationStorage === 'dynamodb' || (migrationStorage === 'auto' && !knex)) {
    return new DynamoDBStorage(options, { logger })
  }
  if (knex) return new KnexStorage({ source: knex }, { logger })
  const text = `is knex, but there is no knexfile in ${root}: add one, give createUmzug(options, { knex }), or use dynamodb`
  throw new ConfigurationError([{ place: `migration_storage (${sources.migrationStorage})`, text }])
}
