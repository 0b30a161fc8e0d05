import { createInterface } from 'node:readline'
import type { Configuration } from '../../configuration/resolve.js'
import { ConfigurationError, DynamoSessionError } from '../../errors.js'
import { fitForLine } from '../../fit-for-output.js'
import { write } from '../../output.js'
import { deleteTable } from '../../table/delete-table.js'
import { configurationForCommand, consoleLogger, optionsForCommand, type SharedOptions } from '../command.js'
import { printTarget, regionOf } from '../target.js'
import { type TimeoutOptions, timeoutOf } from '../timeout.js'

interface DeleteTableOptions extends SharedOptions, TimeoutOptions {
  /** Do not ask. */
  readonly yes?: boolean
}

/** Where the command asks for confirmation. Without `isTTY` it can't ask. */
interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream
}

/** `dynamo-session delete-table`. It asks on standard error, which stays visible when output is redirected. */
export async function deleteTableCommand(
  options: DeleteTableOptions,
  logger = consoleLogger,
  terminal: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  const requestTimeout = timeoutOf(options)
  const configuration = configurationForCommand(await optionsForCommand(options), logger)
  await printTarget(configuration, logger)
  assertManaged(configuration)
  if (!options.yes) await confirm(configuration, terminal)
  await deleteTable(configuration, { logger, requestTimeout })
}

function assertManaged({ manageTable, sources, tableName }: Configuration): void {
  if (manageTable) return
  const text = `is false, so table "${tableName}" is not deleted here; delete it where it is managed`
  throw new ConfigurationError([{ place: `manage_table (${sources.manageTable})`, text }])
}

async function confirm(configuration: Configuration, terminal: Terminal): Promise<void> {
  const region = await regionOf(configuration).catch(() => undefined)
  const what = `table "${configuration.tableName}"${region ? ` in ${region}` : ''} with all its sessions`
  if (!terminal.input.isTTY) {
    throw new DynamoSessionError(
      `delete-table would delete ${what}: there is no terminal to ask on, so confirm it with --yes`,
    )
  }
  const answer = await ask(`Delete ${what}? [y/N] `, terminal)
  if (!/^y(es)?$/i.test(answer.trim())) throw new Error('nothing was deleted')
}

/** The typed line. Empty when the input ends or is interrupted. */
function ask(question: string, { input, output }: Terminal): Promise<string> {
  const lines = createInterface({ input, output })
  return new Promise((resolve) => {
    lines.once('close', () => {
      write(output, '\n')
      resolve('')
    })
    lines.question(fitForLine(question), (answer) => {
      lines.removeAllListeners('close')
      lines.close()
      resolve(answer)
    })
  })
}
