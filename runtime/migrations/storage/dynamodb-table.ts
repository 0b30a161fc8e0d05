import { CLIENT_SETTINGS, definitionOf, OPTION_NAMES, type ResolvedOptions } from '../../configuration/option-table.js'
import type { OptionName } from '../../configuration/options.js'
import { type Configuration, withValues } from '../../configuration/resolve.js'
import { plainTableName, tableArn } from '../../configuration/table-arn.js'
import { Connection } from '../../dynamodb/connection.js'
import { isAwsError } from '../../dynamodb/error-facts.js'
import { explainAwsError } from '../../dynamodb/explain-error.js'
import type { Transport } from '../../dynamodb/transport.js'
import { ConfigurationError, TableSchemaError } from '../../errors.js'
import { type Logger, silentLogger } from '../../logger.js'
import { createTable } from '../../table/create-table.js'
import { withTimeout } from '../../table/patience.js'

type Request<T> = (transport: Transport, tableName: string) => Promise<T>

/** Options that also apply to this table: how to reach DynamoDB, and what a company requires of all its tables. */
const SHARED: readonly OptionName[] = [
  ...(['root', 'environment', 'region', 'endpoint', 'transport', 'client', ...CLIENT_SETTINGS] as const),
  ...(['requestTimeout', 'attemptTimeout', 'connectTimeout', 'maxConnections'] as const),
  ...(['tags', 'kmsKeyId'] as const),
]

/** The defaults of all other options. */
const DEFAULTS: Partial<ResolvedOptions> = Object.fromEntries(
  OPTION_NAMES.filter((name) => !SHARED.includes(name)).map((name) => [name, definitionOf(name).default]),
)

const SUFFIX = '_migrations'
const LONGEST_NAME = 255

/** The name of the table of executed migrations. It is in the caller's account, even if the sessions are in another. */
export function migrationsTableName(tableName: string): string {
  return plainTableName(tableName) + SUFFIX
}

/** The table of {@link DynamoDBStorage}. The first change creates it. */
export class DynamoDBMigrationsTable {
  readonly name: string
  readonly #configuration: Configuration
  readonly #logger: Logger
  readonly #connection: Connection

  constructor(configuration: Configuration, logger: Logger = silentLogger) {
    this.name = migrationsTableName(configuration.tableName)
    this.#configuration = configuration
    this.#logger = logger
    // If the sessions' table is in another account, it may have another endpoint than this table.
    this.#connection = new Connection(withTimeout(withValues(configuration, { tableName: this.name })))
    if (this.name.length > LONGEST_NAME) {
      const text = `leaves no room for the table of the executed migrations, whose name ends in ${SUFFIX}: use at most ${LONGEST_NAME - SUFFIX.length} characters, or set migration_storage to knex`
      throw new ConfigurationError([{ place: `table_name (${configuration.sources.tableName})`, text }])
    }
  }

  /** Sends a request. Undefined when there is no table. */
  async request<T>(operation: string, request: Request<T>): Promise<T | undefined> {
    try {
      return await this.#send(request)
    } catch (error) {
      if (isAwsError(error, 'ResourceNotFoundException')) return undefined
      throw this.#explained(error, operation)
    }
  }

  /** Sends a request that needs the table, which is created if it is missing. */
  async change<T>(operation: string, request: Request<T>): Promise<T> {
    try {
      return await this.#send(request)
    } catch (error) {
      if (!isAwsError(error, 'ResourceNotFoundException')) throw this.#explained(error, operation)
    }
    await this.#create()
    try {
      return await this.#send(request)
    } catch (error) {
      throw this.#explained(error, operation)
    }
  }

  close(): void {
    this.#connection.close()
  }

  async #send<T>(request: Request<T>): Promise<T> {
    return await request(this.#connection.transport, this.name)
  }

  async #create(): Promise<void> {
    const { tableName } = this.#configuration
    const configuration = withValues(this.#configuration, {
      ...DEFAULTS,
      // The key of a table in another account belongs to that account too.
      ...(tableArn(tableName) && { kmsKeyId: undefined }),
      tableName: this.name,
      region: this.#configuration.region,
      tableKey: 'name',
      ttl: false,
    })
    try {
      await createTable(configuration, { logger: this.#logger })
    } catch (error) {
      throw error instanceof TableSchemaError ? this.#foreign(error) : error
    }
  }

  #explained(error: unknown, operation: string): Error {
    const { name, message } = error as Error
    if (name === 'ConditionalCheckFailedException') return error as Error
    if (name === 'ValidationException' && /\bkeys?\b|schema/i.test(message)) {
      return this.#foreign(error)
    }
    const failed = { action: `dynamodb:${operation}`, configuration: this.#configuration, tableName: this.name }
    return explainAwsError(error, failed)
  }

  #foreign(cause: unknown): TableSchemaError {
    const text = `table "${this.name}" can't hold the executed migrations, because its key is not "name" (S) alone; it has another purpose: choose another table_name, or set migration_storage to knex`
    return new TableSchemaError(text, { cause })
  }
}
