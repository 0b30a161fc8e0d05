import { jsonForOutput } from '../../fit-for-output.js'
import { SessionsByValue } from '../../session/sessions-by-value.js'
import { type ByOptions, hintOfKeys, keyAndValue, sessions } from '../by-option.js'
import { configurationOf, consoleLogger, standardError } from '../command.js'
import { printTarget } from '../target.js'
import { timeoutOf, withTransport } from '../timeout.js'

export interface DestroyOptions extends ByOptions {
  readonly dryRun?: boolean
}

/** `dynamo-session destroy`: deletes all sessions with a value in their data, which signs a user out everywhere. */
export async function destroyCommand(
  options: DestroyOptions,
  logger = consoleLogger,
  aside = options.json ? standardError : logger,
): Promise<void> {
  const { key, value } = keyAndValue(options.by)
  const requestTimeout = timeoutOf(options)
  const given = await configurationOf(options, aside)
  await printTarget(given, aside)
  await withTransport(given, { requestTimeout, logger: aside }, async ({ configuration, transport }) => {
    const index = new SessionsByValue(configuration, { transport })
    const { dryRun = false } = options
    const found = dryRun ? await index.countBy(key, value, options) : undefined
    const deleted = dryRun ? 0 : await index.destroyBy(key, value, options)
    const hint = hintOfKeys(found ?? deleted, configuration)
    if (options.json) logger.info(jsonForOutput({ ...(found !== undefined && { found }), deleted, dryRun }))
    else if (found !== undefined) logger.info(`dry run: ${sessions(found)} would be deleted${hint}`)
    else logger.info(`${sessions(deleted)} deleted${hint}`)
  })
}
