import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { sleep } from '../async/sleep.js'
import { monotonic } from '../clock.js'
import { ambientLogger } from '../configuration/ambient.js'
import type { Options } from '../configuration/options.js'
import { type Configuration, resolveConfiguration } from '../configuration/resolve.js'
import { explainAwsError } from '../dynamodb/aws-error.js'
import { type Connection, withConnection } from '../dynamodb/connection.js'
import { endpointOf } from '../dynamodb/endpoint.js'
import { isAwsError } from '../dynamodb/error-facts.js'
import type { ServerClock } from '../dynamodb/server-clock.js'
import type { Transport } from '../dynamodb/transport.js'
import { ConfigurationError, TableRequestError } from '../errors.js'
import { fitLogger, type Logger, silentLogger } from '../logger.js'

/** How the table functions do their work, as opposed to what the table is. */
export interface TableContext {
  /** Receives one line for each step. Default: none (in a migration, umzug's own); `console` is one. */
  readonly logger?: Logger
  /** Milliseconds to wait at most for the table to become active, or to be gone. Default: 300 000, five minutes. */
  readonly waitLimit?: number
}

const WAIT_LIMIT = 300_000
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 5_000

/** One call of a table function: what it works on, its requests, its patience. */
export class TableWork {
  readonly configuration: Configuration
  readonly logger: Logger
  /** For requests for items. */
  readonly transport: Transport
  /** Judges this machine's clock by the answers to these requests. */
  readonly serverClock: ServerClock
  readonly #connection: Connection
  readonly #waitLimit: number
  readonly #started = monotonic()
  #pause = FIRST_PAUSE

  constructor(configuration: Configuration, connection: Connection, { logger, waitLimit }: TableContext) {
    this.configuration = configuration
    this.logger = fitLogger(logger ?? ambientLogger() ?? silentLogger)
    this.transport = connection.transport
    this.serverClock = connection.clock
    this.#connection = connection
    this.#waitLimit = waitLimit ?? WAIT_LIMIT
  }

  /** `table "sessions"`, for messages. */
  get label(): string {
    return `table "${this.configuration.tableName}"`
  }

  /** An emulator may lack operations that AWS has; AWS itself never answers that it does not know one. */
  get mayLackOperations(): boolean {
    const { client } = this.configuration
    return endpointOf(this.configuration) !== undefined || client?.config?.isCustomEndpoint === true
  }

  /**
   * @param operation name of the operation, as `CreateTable`
   * @throws {TableRequestError} in place of the SDK's error
   */
  async request<T>(operation: string, send: (client: DynamoDBClient) => Promise<T>): Promise<T> {
    try {
      return await send(await this.#connection.client())
    } catch (error) {
      throw explainAwsError(error, { action: `dynamodb:${operation}`, configuration: this.configuration })
    }
  }

  /** A request that DynamoDB refuses while it is busy with the table is repeated until the wait limit. */
  async whileInUse<T>(operation: string, send: (client: DynamoDBClient) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.request(operation, send)
      } catch (error) {
        if (!isAwsError(error, 'ResourceInUseException', 'ContinuousBackupsUnavailableException')) throw error
        await this.pause(`${this.label} is still busy`, error)
      }
    }
  }

  /**
   * Pauses before the next look: half a second at first, then longer.
   *
   * @param state what is being waited out, as `table "sessions" is still CREATING`
   * @throws {TableRequestError} when the wait limit is over
   */
  async pause(state: string, cause?: unknown): Promise<void> {
    const left = this.#started + this.#waitLimit - monotonic()
    if (left <= 0) {
      const limit = `${this.#waitLimit / 1000} seconds`
      throw new TableRequestError(`${state} after ${limit}, the wait limit; run it again to go on waiting`, { cause })
    }
    await sleep(Math.min(this.#pause, left))
    this.#pause = Math.min(this.#pause * 1.5, LONGEST_PAUSE)
  }
}

/** Resolves the options and runs `work` with a client that is closed afterwards. */
export async function workOnTable<T>(
  options: Options,
  context: TableContext,
  work: (table: TableWork) => Promise<T>,
): Promise<T> {
  const { waitLimit } = context
  if (waitLimit !== undefined && !(waitLimit >= 0)) {
    const text = `must be milliseconds, at least 0, not ${waitLimit}`
    throw new ConfigurationError([{ place: 'waitLimit', text }])
  }
  const configuration = resolveConfiguration(options)
  return await withConnection(configuration, (connection) => work(new TableWork(configuration, connection, context)))
}
