import { wallClock } from '../../async/clock.js'
import type { Options } from '../../configuration/options.js'
import { type Configuration, resolveConfiguration } from '../../configuration/resolve.js'
import { explainAwsError } from '../../dynamodb/explain-error.js'
import { ConfigurationError, messageOf } from '../../errors.js'
import type { Logger } from '../../logger.js'
import { compareTable } from '../../table/compare-table.js'
import { findTable } from '../../table/describe-table.js'
import { readSettings } from '../../table/live-table.js'
import { keyProblem } from '../../table/table-problems.js'
import { workOnTable } from '../../table/table-work.js'
import { consoleLogger, optionsForCommand, type SharedOptions } from '../command.js'
import { explainMissingTable } from '../missing-table.js'
import { regionOf } from '../target.js'
import { type TimeoutOptions, timeoutOf, withTransport } from '../timeout.js'
import { clockFinding } from './clock.js'
import { CHECKS, type Check, type Finding } from './finding.js'
import { nodeFinding } from './node.js'
import { endpointFinding, regionFinding, regionRemedy } from './place.js'
import { readFinding } from './reads.js'
import { sampleFindings } from './sample.js'
import { secretFindings } from './secret.js'
import { lifetimeFinding, settingFindings } from './settings.js'
import { indexFindings, statusFinding, timeToLiveFinding } from './table.js'

/** The time limit of requests, and the logger for warnings about slow requests. */
interface Limits {
  readonly requestTimeout: number | undefined
  readonly logger: Logger
}

/** Runs all checks that are possible, and yields each finding as soon as it is known. Changes nothing. */
export async function* diagnose(
  options: SharedOptions & TimeoutOptions,
  logger = consoleLogger,
): AsyncGenerator<Finding> {
  const limits: Limits = { requestTimeout: timeoutOf(options), logger: warningOnce(logger) }
  yield nodeFinding(process.versions.node)
  let given: Options
  let configuration: Configuration
  try {
    given = await optionsForCommand(options)
    configuration = resolveConfiguration(given)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    yield* problems('configuration', error)
    yield* skipped('configuration', 'the configuration is not valid')
    return
  }
  yield* configurationFindings(configuration)
  yield* secretFindings(configuration)
  yield lifetimeFinding(configuration)
  const region = await findRegion(configuration)
  yield typeof region === 'string' ? regionFinding(region, configuration) : region
  yield endpointFinding(configuration)
  const credentials = await credentialsFinding(configuration, limits)
  yield credentials
  const failed = [
    ...(typeof region === 'string' ? [] : ['region']),
    ...(credentials.level === 'error' ? ['credentials'] : []),
  ]
  if (typeof region !== 'string' || failed.length > 0) {
    return yield* skipped('credentials', `no ${failed.join(' and no ')} for requests to DynamoDB`)
  }
  yield* tableFindings(configuration, { region, given, limits })
}

function* configurationFindings({ file, root, environment, warnings }: Configuration): Generator<Finding> {
  const check = 'configuration'
  yield { level: 'ok', check, text: `${file ?? `no configuration file in ${root}`}, environment ${environment}` }
  for (const text of warnings) yield { level: 'warning', check, text }
}

/** The region of requests, or the finding that there is none. */
async function findRegion(configuration: Configuration): Promise<string | Finding> {
  try {
    return await regionOf(configuration)
  } catch (error) {
    const remedy = regionRemedy()
    const text = explanation(error, configuration)
    return { level: 'error', check: 'region', text, ...(remedy !== undefined && { remedy }) }
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

/** What the checks of the table need. */
interface Surroundings {
  readonly region: string
  /** The options given in code or on the command line. */
  readonly given: Options
  readonly limits: Limits
}

async function* tableFindings(
  configuration: Configuration,
  { region, given, limits }: Surroundings,
): AsyncGenerator<Finding> {
  const found = await attempt('table', () => workOnTable(configuration, limits, findTable))
  if ('failed' in found) {
    yield found.failed
    return yield* skipped('table', 'the table could not be checked')
  }
  const { found: table } = found
  if (!table) {
    yield await missingFinding(configuration, region, given)
    return yield* skipped('table', 'there is no table')
  }
  const status = statusFinding(table)
  yield status
  const problem = keyProblem(table, configuration)
  const { tableKey, keyPrefix } = configuration
  const key = `"${tableKey}" (S)${keyPrefix === undefined ? '' : `, key_prefix "${keyPrefix}"`}`
  yield problem ? { level: 'error', check: 'key', text: problem } : { level: 'ok', check: 'key', text: key }
  if (status.level === 'error') return yield* skipped('key', `the table is ${table.status}`)
  yield* await withTransport(configuration, limits, async (connected): Promise<Finding[]> => {
    const reads: Finding = problem
      ? { level: 'skipped', check: 'reads', text: 'the table has another key' }
      : await readFinding(connected)
    const why = problem ? 'there is another key' : 'sessions could not be read'
    const sample: Finding[] =
      problem || reads.level === 'error'
        ? (['ids', 'encryption'] as const).map((check) => ({ level: 'skipped', check, text: why }))
        : await sampleFindings(connected)
    return [reads, ...sample, await clockFinding(connected)]
  })
  const live = await attempt('indexes', () => workOnTable(configuration, limits, (work) => readSettings(work, table)))
  if ('failed' in live) {
    yield live.failed
    return yield* skipped('indexes', 'the settings of the table could not be read')
  }
  const comparisons = compareTable(configuration, live.found)
  yield* indexFindings(comparisons, table, configuration)
  for (const comparison of comparisons)
    if (comparison.option === 'ttl') yield timeToLiveFinding(comparison, configuration)
  yield* settingFindings(comparisons)
}

async function missingFinding(configuration: Configuration, region: string, given: Options): Promise<Finding> {
  const { logged, isDropped, remedy } = await explainMissingTable(given, configuration, region)
  const text = `there is no table "${configuration.tableName}" in ${region}${logged}`
  return { level: isDropped ? 'warning' : 'error', check: 'table', text, remedy }
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

/** The explanation of the SDK's error, without the name of a request, because no request was sent. */
function explanation(error: unknown, configuration: Configuration): string {
  return explainAwsError(error, { action: '', configuration }).message.replace(/^.*? failed: /, '')
}
