import { createTable } from '../../table/create-table.js'
import { configurationForCommand, consoleLogger, optionsForCommand, type SharedOptions } from '../command.js'
import { printTarget } from '../target.js'
import { type TimeoutOptions, timeoutOf } from '../timeout.js'

/** `dynamo-session create-table` */
export async function createTableCommand(
  options: SharedOptions & TimeoutOptions,
  logger = consoleLogger,
): Promise<void> {
  const requestTimeout = timeoutOf(options)
  const configuration = configurationForCommand(await optionsForCommand(options), logger)
  await printTarget(configuration, logger)
  await createTable(configuration, { logger, requestTimeout })
}
