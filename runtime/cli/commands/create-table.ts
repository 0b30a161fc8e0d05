import { createTable } from '../../table/create-table.js'
import { configurationOf, consoleLogger, type SharedOptions } from '../command.js'
import { printTarget } from '../target.js'
import { type TimeoutOptions, timeoutOf } from '../timeout.js'

/** `dynamo-session create-table` */
export async function createTableCommand(
  options: SharedOptions & TimeoutOptions,
  logger = consoleLogger,
): Promise<void> {
  const requestTimeout = timeoutOf(options)
  const configuration = await configurationOf(options, logger)
  await printTarget(configuration, logger)
  await createTable(configuration, { logger, requestTimeout })
}
