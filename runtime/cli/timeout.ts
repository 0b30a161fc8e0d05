import { OPTIONS } from '../configuration/option-table.js'
import type { Configuration } from '../configuration/resolve.js'
import { type Connection, withConnection } from '../dynamodb/connection.js'
import type { Transport } from '../dynamodb/transport.js'
import { ConfigurationError } from '../errors.js'
import type { Logger } from '../logger.js'
import { Patience, withTimeout } from '../table/patience.js'

/** The option `--timeout`, as typed. */
export interface TimeoutOptions {
  /** Seconds after which a request to DynamoDB ends, retries included. */
  readonly timeout?: string
}

/**
 * The value of `--timeout` in milliseconds; undefined when it is not given.
 *
 * @throws {ConfigurationError}
 */
export function timeoutOf({ timeout }: TimeoutOptions): number | undefined {
  if (timeout === undefined) return undefined
  const milliseconds = /^\d+(\.\d+)?$/.test(timeout) ? Math.round(Number(timeout) * 1000) : Number.NaN
  const { minimum, maximum } = OPTIONS.requestTimeout
  if (milliseconds >= minimum && milliseconds <= maximum) return milliseconds
  const text = `must be seconds, ${minimum / 1000} to ${maximum / 1000}, not ${JSON.stringify(timeout)}`
  throw new ConfigurationError([{ place: '--timeout', text }])
}

/** Sends the requests of a command, each within the time limit. */
export interface Connected {
  readonly configuration: Configuration
  readonly connection: Connection
  readonly transport: Transport
  readonly patience: Patience
}

/**
 * Runs `work` with a connection, which is closed afterwards.
 *
 * @param limits the time limit, and the logger for warnings about slow requests
 */
export async function withTransport<T>(
  configuration: Configuration,
  { requestTimeout, logger }: { readonly requestTimeout: number | undefined; readonly logger: Logger },
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  const timed = withTimeout(configuration, requestTimeout)
  return await withConnection(timed, async (connection) => {
    const patience = new Patience(timed, { requestTimeout, tell: (line) => logger.warn(line) })
    const transport = patience.transport(connection.transport)
    return await work({ configuration: timed, connection, transport, patience })
  })
}
