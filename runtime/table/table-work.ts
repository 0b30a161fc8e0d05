import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { monotonic } from '../async/clock.js'
import { sleep } from '../async/sleep.js'
import { OPTIONS } from '../configuration/option-table.js'
import type { Options } from '../configuration/options.js'
import { ambientLogger, ambientTables, type TableFate } from '../configuration/options-in-migrations.js'
import { type Configuration, resolveConfiguration } from '../configuration/resolve.js'
import { regionOfClient } from '../dynamodb/client.js'
import { type Connection, withConnection } from '../dynamodb/connection.js'
import { endpointOf, isLocal } from '../dynamodb/endpoint.js'
import { factsOf, isAwsError } from '../dynamodb/error-facts.js'
import { explainAwsError } from '../dynamodb/explain-error.js'
import { keyOfAlias } from '../dynamodb/key-management.js'
import { loadSdk, type Sdk } from '../dynamodb/sdk.js'
import type { ServerClock } from '../dynamodb/server-clock.js'
import type { Transport } from '../dynamodb/transport.js'
import { ConfigurationError, type Problem, TableRequestError } from '../errors.js'
import { fitLogger, type Logger, silentLogger } from '../logger.js'
import { Patience, seconds, withTimeout } from './patience.js'

/** Logger and time limits of a call of a table function. The options say which table it is. */
export interface TableContext {
  /**
   * Receives one line for each step, for example `console`.
   *
   * @default none; in a migration, the logger of umzug
   */
  readonly logger?: Logger
  /**
   * Longest wait for the table to become active or to be deleted, in milliseconds.
   *
   * @default 300000
   */
  readonly waitLimit?: number
  /**
   * Longest time of a request with its repeats, in milliseconds.
   *
   * @default 30000
   */
  readonly requestTimeout?: number | undefined
}

/** Sends one request for the table. */
type Sender = Pick<DynamoDBClient, 'send'>

const WAIT_LIMIT = 300_000
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 5_000
const FIRST_REMINDER = 3_000
const LONGEST_REMINDER = 60_000

/** One call of a table function: configuration, requests, timeouts. */
export class TableWork {
  readonly configuration: Configuration
  readonly logger: Logger
  /** Sends requests for items. */
  readonly transport: Transport
  /** Compares this machine's clock with the dates of the responses. */
  readonly serverClock: ServerClock
  readonly #connection: Connection
  readonly #patience: Patience
  readonly #waitLimit: number
  readonly #started = monotonic()
  #pause = FIRST_PAUSE
  /** Since when the work waits for the end of one state, and when a line says so again. */
  #waiting: { readonly state: string; readonly since: number; next: number } | undefined

  constructor(configuration: Configuration, connection: Connection, context: TableContext) {
    const { logger, waitLimit, requestTimeout } = context
    this.configuration = configuration
    this.logger = fitLogger(logger ?? ambientLogger() ?? silentLogger)
    this.#patience = new Patience(configuration, { requestTimeout, tell: (line) => this.logger.warn(line) })
    this.transport = this.#patience.transport(connection.transport)
    this.serverClock = connection.clock
    this.#connection = connection
    this.#waitLimit = waitLimit ?? WAIT_LIMIT
  }

  /** `table "sessions"`, for messages. */
  get label(): string {
    return `table "${this.configuration.tableName}"`
  }

  /** Region and name of the table: `eu-central-1/sessions`. */
  async place(): Promise<string> {
    return `${await regionOfClient(await this.#connection.client())}/${this.configuration.tableName}`
  }

  /** Records in the log of the running migration, if any, what happened to the table. */
  async note(fate: TableFate, createdAt?: Date): Promise<void> {
    const tables = ambientTables()
    if (tables) await tables.note(await this.place(), fate, createdAt)
  }

  /** Limit of a request. Milliseconds. */
  get requestTimeout(): number {
    return this.#patience.requestTimeout
  }

  /** Whether the endpoint may be an emulator, which may lack operations of DynamoDB. */
  get mayLackOperations(): boolean {
    const { client } = this.configuration
    return endpointOf(this.configuration) !== undefined || client?.config?.isCustomEndpoint === true
  }

  /** Whether a request failed because the endpoint is an emulator without this operation, or without its only setting. */
  isLacking(error: unknown): boolean {
    if (!this.mayLackOperations) return false
    const { name, message } = factsOf(error)
    // An emulator ignores a setting that it does not know. An UpdateTable with only this setting then changes nothing.
    return (
      name === 'UnknownOperationException' ||
      (name === 'ValidationException' && /^(At least one of|Nothing to update)/.test(message))
    )
  }

  /**
   * Sends a request with the SDK's client, and ends it after the limit.
   *
   * @param operation name of the operation, such as `CreateTable`
   * @throws {TableRequestError} in place of the SDK's error
   */
  async request<T>(operation: string, send: (client: Sender, sdk: Sdk) => Promise<T>): Promise<T> {
    return await this.explained(operation, () =>
      this.#patience.within(operation, async (abortSignal) => {
        const [client, sdk] = await Promise.all([this.#connection.client(), loadSdk()])
        return await send(abortable(client, abortSignal), sdk)
      }),
    )
  }

  /** Whether KMS can be asked about keys. An emulator on this machine has no KMS, unless ENV names an endpoint for it. */
  get hasKms(): boolean {
    const { AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL } = process.env
    const { client } = this.configuration
    const emulator = client ? client.config?.isCustomEndpoint === true : isLocal(endpointOf(this.configuration))
    return !emulator || Boolean(AWS_ENDPOINT_URL_KMS || AWS_ENDPOINT_URL)
  }

  /**
   * The ARN of the key that an alias stands for now. DynamoDB does not return it, but KMS does.
   *
   * @param path of the package for requests to KMS
   * @throws {TableRequestError} in place of the SDK's error
   */
  async keyOfAlias(alias: string, path: string): Promise<string> {
    const action = 'kms:DescribeKey'
    try {
      return await this.#patience.within(
        'DescribeKey',
        async (abortSignal) => await keyOfAlias(await this.#connection.client(), alias, path, abortSignal),
        'KMS',
      )
    } catch (error) {
      throw explainAwsError(error, { action, configuration: this.configuration })
    }
  }

  /**
   * Calls a function that sends requests in another way, for example by {@link transport}.
   *
   * @param action the IAM action, without `dynamodb:`
   * @throws {TableRequestError} in place of the SDK's error
   */
  async explained<T>(action: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (error) {
      throw explainAwsError(error, { action: `dynamodb:${action}`, configuration: this.configuration })
    }
  }

  /** Repeats a request that DynamoDB refuses while it changes the table, until the wait limit. */
  async whileInUse<T>(operation: string, send: (client: Sender, sdk: Sdk) => Promise<T>): Promise<T> {
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
   * Pauses before the next request: half a second at first, then longer.
   *
   * @param state the reason for the pause, such as `table "sessions" is still CREATING`
   * @throws {TableRequestError} at the wait limit
   */
  async pause(state: string, cause?: unknown): Promise<void> {
    const left = this.#started + this.#waitLimit - monotonic()
    if (left <= 0) {
      const limit = seconds(this.#waitLimit)
      throw new TableRequestError(`${state} after ${limit}, the wait limit; run it again to go on waiting`, { cause })
    }
    this.#remind(state)
    await sleep(Math.min(this.#pause, left))
    this.#pause = Math.min(this.#pause * 1.5, LONGEST_PAUSE)
  }

  /** Says what the work waits for: after three seconds, then less and less often, but at least each minute. */
  #remind(state: string): void {
    const now = monotonic()
    if (this.#waiting?.state !== state) this.#waiting = { state, since: now, next: FIRST_REMINDER }
    const waited = now - this.#waiting.since
    if (waited < this.#waiting.next) return
    this.logger.info(`${state} (${Math.round(waited / 1000)} s)`)
    this.#waiting.next = waited + Math.min(waited, LONGEST_REMINDER)
  }
}

/** Resolves the options, runs `work`, and closes the connection. */
export async function workOnTable<T>(
  options: Options,
  context: TableContext,
  work: (table: TableWork) => Promise<T>,
): Promise<T> {
  const problems = [
    ...limitProblem('waitLimit', context.waitLimit, 0, Number.POSITIVE_INFINITY),
    ...limitProblem('requestTimeout', context.requestTimeout, 1, OPTIONS.requestTimeout.maximum),
  ]
  if (problems.length > 0) throw new ConfigurationError(problems)
  const configuration = withTimeout(resolveConfiguration(options), context.requestTimeout)
  return await withConnection(configuration, (connection) => work(new TableWork(configuration, connection, context)))
}

function limitProblem(place: string, value: number | undefined, minimum: number, maximum: number): Problem[] {
  if (value === undefined || (value >= minimum && value <= maximum)) return []
  const range = maximum === Number.POSITIVE_INFINITY ? `at least ${minimum}` : `${minimum} to ${maximum}`
  return [{ place, text: `must be milliseconds, ${range}, not ${value}` }]
}

/** A client whose requests end when the signal is aborted. */
function abortable(client: DynamoDBClient, abortSignal: AbortSignal): Sender {
  const send = (command: Parameters<Sender['send']>[0]) => client.send(command, { abortSignal })
  return { send: send as Sender['send'] }
}
