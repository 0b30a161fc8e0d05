import { updateTable } from '../../table/update-table.js'
import { configurationOf, consoleLogger, type SharedOptions } from '../command.js'
import { printTarget } from '../target.js'
import { type TimeoutOptions, timeoutOf } from '../timeout.js'

interface UpdateTableOptions extends SharedOptions, TimeoutOptions {
  /** Delete indexes that are not declared. */
  readonly removeIndexes?: boolean
  /** Remove tags that are not declared. */
  readonly removeTags?: boolean
}

/** `dynamo-session update-table` */
export async function updateTableCommand(options: UpdateTableOptions, logger = consoleLogger): Promise<void> {
  const requestTimeout = timeoutOf(options)
  const { removeIndexes, removeTags } = options
  const configuration = await configurationOf(options, logger)
  await printTarget(configuration, logger)
  await updateTable(configuration, { logger, requestTimeout, removeIndexes, removeTags })
}
