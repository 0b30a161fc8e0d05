import { createTable } from '../table/create-table.js'
import { configurationForCommand, consoleLogger, optionsForCommand, type SharedOptions } from './shared.js'
import { printTarget } from './target.js'

/** `dynamo-session create-table` */
export async function createTableCommand(shared: SharedOptions, logger = consoleLogger): Promise<void> {
  const configuration = configurationForCommand(await optionsForCommand(shared), logger)
  await printTarget(configuration, logger)
  await createTable(configuration, { logger })
}
