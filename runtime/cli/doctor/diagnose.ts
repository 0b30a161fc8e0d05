import { wallClock } from '../../async/clock.js'
import { assertSecretsReadable, type Configuration, resolveConfiguration } from '../../configuration/resolve.js'
import { explainAwsError } from '../../dynamodb/explain-error.js'
import { ConfigurationError, messageOf } from '../../errors.js'
import type { Logger } from '../../logger.js'
import { findTable } from '../../table/describe-table.js'
import { keyProblem } from '../../table/table-problems.js'
import { workOnTable } from '../../table/table-work.js'
import { findTimeToLive } from '../../table/time-to-live.js'
import { consoleLogger, optionsForCommand, type SharedOptions } from '../command.js'
import { regionOf } from '../target.js'
import { type TimeoutOptions, timeoutOf, withTransport } from '../timeout.js'
import { clockFinding } from './clock.js'
import { CHECKS, type Check, type Finding } from './finding.js'
import { readFinding } from './reads.js'
import { indexFindings, statusFinding, timeToLiveFinding } from './table.js'

/** The time limit of requests, and the logger for what they wait for. */
interface Limits {
  readonly requestTimeout: number | undefined
  readonly logger: Logger
}

/** Makes every possible check and yields each finding at once. Changes nothing. */
export async function* diagnose(
  options: SharedOptions & TimeoutOptions,
  logger = consoleLogger,
): AsyncGenerator<Finding> {
  const limits: Limits = { requestTimeout: timeoutOf(options), logger: warningOnce(logger) }
  let configuration: Configuration
  try {
    configuration = resolveConfiguration(await optionsForCommand(options))
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    yield* problems('configuration', error)
    yield* skipped('configuration', 'the configuration is not valid')
    return
  }
  yield* configurationFindings(configuration)
  yield* secretFindings(configuration)
  const region = await regionFinding(configuration)
  yield region
  const credentials = await credentialsFinding(configuration, limits)
  yield credentials
  const failed = [region, credentials].filter(({ level }) => level === 'error').map(({ check }) => check)
  if (failed.length > 0) yield* skipped('credentials', `no ${failed.join(' and no ')} to ask DynamoDB with`)
  else yield* tableFindings(configuration, region.text, limits)
}

function* configurationFindings({ file, environment, warnings }: Configuration): Generator<Finding> {
  const check = 'configuration'
  yield { level: 'ok', check, text: `${file ?? 'no configuration file'}, environment ${environment}` }
  for (const text of warnings) yield { level: 'warning', check, text }
}

function* secretFindings(configuration: Configuration): Generator<Finding> {
  const check = 'secret_key'
  try {
    assertSecretsReadable(configuration)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    yield* problems(check, error)
    return
  }
  const text = configuration.secretKey
    ? `set (${configuration.sources.secretKey})`
    : 'not set; express-session signs with its own secret'
  yield { level: 'ok', check, text }
}

async function regionFinding(configuration: Configuration): Promise<Finding> {
  const check = 'region'
  try {
    return { level: 'ok', check, text: await regionOf(configuration) }
  } catch (error) {
    return { level: 'error', check, text: explanation(error, configuration) }
  }
}

async function credentialsFinding(configuration: Configuration, limits: Limits): Promise<Finding> {
  const check = 'credentials'
  try {
    const { expiration } = await withTransport(configuration, limits, async ({ connection, patience }) =>
      patience.within(
        'credentials',
        async () => (await connection.client()).config.credentials(),
        'the source of the AWS credentials',
      ),
    )
    if (expiration === undefined) return { level: 'ok', check, text: 'found' }
    const time = expiration.toISOString()
    if (expiration.getTime() > wallClock()) return { level: 'ok', check, text: `found, valid until ${time}` }
    return { level: 'error', check, text: `expired at ${time}`, remedy: 'sign in again or fetch new ones' }
  } catch (error) {
    return { level: 'error', check, text: explanation(error, configuration) }
  }
}

async function* tableFindings(configuration: Configuration, region: string, limits: Limits): AsyncGenerator<Finding> {
  const name = configuration.tableName
  const table = await attempt('table', () => workOnTable(configuration, limits, findTable))
  if ('failed' in table) {
    yield table.failed
    return yield* skipped('table', 'the table could not be checked')
  }
  if (!table.found) {
    const remedy = 'create it with npx umzug up, or with npx dynamo-session create-table'
    yield { level: 'error', check: 'table', text: `there is no table "${name}" in ${region}`, remedy }
    return yield* skipped('table', 'there is no table')
  }
  const status = statusFinding(table.found)
  yield status
  const problem = keyProblem(table.found, configuration)
  const { tableKey, keyPrefix } = configuration
  const key = `"${tableKey}" (S)${keyPrefix === undefined ? '' : `, key_prefix "${keyPrefix}"`}`
  yield problem ? { level: 'error', check: 'key', text: problem } : { level: 'ok', check: 'key', text: key }
  if (status.level === 'error') return yield* skipped('key', `the table is ${table.found.status}`)
  yield* await withTransport(configuration, limits, async (connected): Promise<Finding[]> => {
    const skip: Finding = { level: 'skipped', check: 'reads', text: 'there is another key' }
    return [problem ? skip : await readFinding(connected), await clockFinding(connected)]
  })
  yield* indexFindings(table.found, configuration)
  const ttl = await attempt('time to live', () => workOnTable(configuration, limits, findTimeToLive))
  yield 'failed' in ttl ? ttl.failed : timeToLiveFinding(ttl.found, configuration)
}

async function attempt<T>(check: Check, look: () => Promise<T>): Promise<{ found: T } | { failed: Finding }> {
  try {
    return { found: await look() }
  } catch (error) {
    return { failed: { level: 'error', check, text: messageOf(error) } }
  }
}

function* problems(check: Check, error: ConfigurationError): Generator<Finding> {
  for (const { place, text } of error.problems) yield { level: 'error', check, text: `${place}: ${text}` }
}

/** Findings for all checks after this one. */
function* skipped(last: Check, reason: string): Generator<Finding> {
  for (const check of CHECKS.slice(CHECKS.indexOf(last) + 1)) yield { level: 'skipped', check, text: reason }
}

/** Logs only the first warning. The findings contain all warnings. */
function warningOnce(logger: Logger): Logger {
  let warned = false
  return {
    info() {},
    warn(line) {
      if (!warned) logger.warn(line)
      warned = true
    },
  }
}

/** The explanation of the SDK's error, without the name of a request: none was sent. */
function explanation(error: unknown, configuration: Configuration): string {
  return explainAwsError(error, { action: '', configuration }).message.replace(/^.*? failed: /, '')
}
