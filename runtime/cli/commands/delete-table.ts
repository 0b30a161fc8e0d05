import type { Configuration } from '../../configuration/resolve.js'
import { ConfigurationError, DynamoSessionError, TableRequestError } from '../../errors.js'
import { deleteTable } from '../../table/delete-table.js'
import { configurationOf, consoleLogger, type SharedOptions } from '../command.js'
import { confirm, processTerminal, type Terminal } from '../confirm.js'
import { printTarget, regionOf } from '../target.js'
import { type TimeoutOptions, timeoutOf } from '../timeout.js'

interface DeleteTableOptions extends SharedOptions, TimeoutOptions {
  /** Do not ask. */
  readonly yes?: boolean
}

/** `dynamo-session delete-table`. It asks on standard error, which stays visible when output is redirected. */
export async function deleteTableCommand(
  options: DeleteTableOptions,
  logger = consoleLogger,
  terminal = processTerminal,
): Promise<void> {
  const requestTimeout = timeoutOf(options)
  const configuration = await configurationOf(options, logger)
  await printTarget(configuration, logger)
  assertManaged(configuration)
  if (!options.yes) await confirmDeletion(configuration, terminal)
  await deleteTable(configuration, { logger, requestTimeout })
}

function assertManaged({ manageTable, sources, tableName }: Configuration): void {
  if (manageTable) return
  const text = `is false, so table "${tableName}" was not deleted; delete it with the tool that manages it`
  throw new ConfigurationError([{ place: `manage_table (${sources.manageTable})`, text }])
}

async function confirmDeletion(configuration: Configuration, terminal: Terminal): Promise<void> {
  const region = await regionOf(configuration).catch(() => undefined)
  const what = `table "${configuration.tableName}"${region ? ` in ${region}` : ''} with all its sessions`
  if (!terminal.input.isTTY) {
    throw new DynamoSessionError(
      `delete-table would delete ${what}: there is no terminal to ask on, so confirm it with --yes`,
    )
  }
  if (!(await confirm(`Delete ${what}`, terminal))) {
    throw new TableRequestError('nothing was deleted: the deletion was not confirmed; --yes deletes without a question')
  }
}
