import type { MigrateDownOptions, MigrateUpOptions, Umzug } from 'umzug'
import { DynamoSessionError, messageOf } from '../errors.js'
import { fitForLine, jsonForOutput } from '../fit-for-output.js'
import { type Direction, type DryRun, dryRun } from '../migrations/dry-run/dry-run.js'
import { leniently } from '../migrations/migration-module.js'
import { isSessionUmzug } from '../migrations/session-umzug.js'
import { consoleLogger, exactLogger } from './command.js'

/**
 * `umzug up --dry-run` and `umzug down --dry-run`.
 *
 * @throws {DynamoSessionError} when one of the migrations would fail
 */
export async function dryRunCommand(
  umzug: Umzug,
  direction: Direction,
  options: MigrateUpOptions | MigrateDownOptions,
): Promise<void> {
  consoleLogger.info('dry run: nothing is changed, nothing is logged')
  const runs = isSessionUmzug(umzug)
    ? await umzug.dryRun(direction, options)
    : await dryRunOfPlain(umzug, direction, options)
  const verb = direction === 'up' ? 'run' : 'revert'
  for (const run of runs) {
    const { title, sent } = linesOf(run, verb)
    consoleLogger.info(title)
    for (const line of sent) exactLogger.info(`  ${line}`)
  }
  const failed = runs.find(({ error }) => error)
  if (failed) {
    const text = `${fitForLine(failed.name)} (${direction}) would fail: ${messageOf(failed.error)}`
    throw new DynamoSessionError(text, { cause: failed.error })
  }
  const { length } = runs
  consoleLogger.info(`${length} migration${length === 1 ? '' : 's'} would ${verb === 'run' ? 'run' : 'be reverted'}`)
}

/** The dry run of an umzug that this package did not make. */
async function dryRunOfPlain(
  umzug: Umzug,
  direction: Direction,
  options: MigrateUpOptions | MigrateDownOptions,
): Promise<readonly DryRun[]> {
  const { migrations } = umzug.options
  const isPlain = typeof migrations === 'object' && 'glob' in migrations && !migrations.resolve
  return await dryRun(direction, options, {
    executed: await umzug.executed(),
    pending: await umzug.pending(),
    root: process.cwd(),
    reason: isPlain ? undefined : "the application's umzug loads migrations in its own way",
    load: leniently,
    options: {},
    logger: consoleLogger,
    tables: async () => undefined,
  })
}

/** A sentence about a migration, and its requests, which are code. */
function linesOf(
  { name, requests, reason, error, isAfterFailure }: DryRun,
  verb: string,
): { readonly title: string; readonly sent: readonly string[] } {
  if (isAfterFailure)
    return { title: `not simulated, because an earlier migration fails: ${fitForLine(name)}`, sent: [] }
  const title = `would ${verb} ${fitForLine(name)}`
  const sent = (requests ?? []).map(({ operation, input }) => `${operation} ${jsonForOutput(input, 0)}`)
  if (reason !== undefined) {
    const known = requests === undefined ? 'its requests are not known' : 'its requests are only partly known'
    return { title: `${title}: ${known}, because ${fitForLine(reason)}`, sent }
  }
  if (error) return { title: `would fail: ${fitForLine(name)}`, sent }
  return { title, sent: sent.length > 0 ? sent : ['changes nothing'] }
}
