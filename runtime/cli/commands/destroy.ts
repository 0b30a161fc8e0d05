import { DynamoSessionError } from '../../errors.js'
import { fitForLine, jsonForOutput } from '../../fit-for-output.js'
import { hashSessionId } from '../../session/item/session-id.js'
import { SessionsByValue } from '../../session/sessions-by-value.js'
import { type ByOptions, hintOfKeys, keyAndValue, sessions } from '../by-option.js'
import { configurationOf, resultLogger, standardError } from '../command.js'
import { printTarget } from '../target.js'
import { timeoutOf, withTransport } from '../timeout.js'

export interface DestroyOptions extends ByOptions {
  readonly dryRun?: boolean
  /** The handle of the session that stays, or its hash. `list` prints both. */
  readonly others?: string
}

/**
 * `dynamo-session destroy`: deletes the sessions with a value in their data, which signs a user out everywhere. All of
 * them, or all except one.
 */
export async function destroyCommand(
  options: DestroyOptions,
  logger = resultLogger(options),
  aside = options.json ? standardError : logger,
): Promise<void> {
  const { key, value } = keyAndValue(options.by)
  const requestTimeout = timeoutOf(options)
  const given = await configurationOf(options, aside)
  await printTarget(given, aside)
  await withTransport(given, { requestTimeout, logger: aside }, async ({ configuration, transport }) => {
    if (options.scan) standardError.info(`reading the whole table "${configuration.tableName}"`)
    const index = new SessionsByValue(configuration, { transport })
    const { dryRun = false, others } = options
    const kept = others === undefined ? undefined : await keptId(index, options, others)
    const count = async () => (await index.countBy(key, value, options)) - (kept === undefined ? 0 : 1)
    const found = dryRun ? await count() : undefined
    const destroy = () =>
      kept === undefined ? index.destroyBy(key, value, options) : index.destroyOthers(key, value, kept, options)
    const deleted = dryRun ? 0 : await destroy()
    const hint = kept === undefined ? hintOfKeys(found ?? deleted, options, configuration) : ''
    if (options.json) logger.info(jsonForOutput({ ...(found !== undefined && { found }), deleted, dryRun }))
    else if (found !== undefined) logger.info(`dry run: ${sessions(found)} would be deleted${hint}`)
    else logger.info(`${sessions(deleted)} deleted${hint}`)
  })
}

/**
 * The id of the session that stays.
 *
 * @throws {DynamoSessionError} when there is no such session: a mistyped handle must not delete all sessions
 */
async function keptId(index: SessionsByValue, options: DestroyOptions, named: string): Promise<string> {
  const { key, value } = keyAndValue(options.by)
  for await (const page of index.pages(key, value, options)) {
    const kept = page.find(({ id, handle }) => handle === named || hashSessionId(id) === named)
    if (kept) return kept.id
  }
  throw new DynamoSessionError(
    `--others ${fitForLine(named)}: no session with ${fitForLine(options.by)} has this handle or hash, so nothing was ` +
      `deleted. npx dynamo-session list --by ${fitForLine(options.by)} prints both.`,
  )
}
