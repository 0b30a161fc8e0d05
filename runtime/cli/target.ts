import { withoutPassword } from '../configuration/option-text.js'
import type { Configuration } from '../configuration/resolve.js'
import { withConnection } from '../dynamodb/connection.js'
import { endpointOf } from '../dynamodb/endpoint.js'
import { fitForLine } from '../fit-for-output.js'
import type { Logger } from '../logger.js'

/**
 * Prints what a command is about to work on: environment, configuration file, table, region, and key_prefix and
 * endpoint when they are set. Every command that changes something calls it first.
 */
export async function printTarget(configuration: Configuration, logger: Logger): Promise<void> {
  const region = await regionOf(configuration).catch(() => undefined)
  const endpoint = await targetEndpoint(configuration)
  const lines = {
    environment: configuration.environment,
    'configuration file': configuration.file ?? 'none',
    table: configuration.tableName,
    ...(configuration.keyPrefix !== undefined && { key_prefix: configuration.keyPrefix }),
    region: region ?? 'not set',
    ...(endpoint !== undefined && { endpoint }),
  }
  const width = Math.max(...Object.keys(lines).map((label) => label.length)) + 1
  for (const [label, text] of Object.entries(lines)) logger.info(`${`${label}:`.padEnd(width)} ${fitForLine(text)}`)
}

/**
 * The region that requests go to: the configuration's, else what the AWS SDK finds.
 *
 * @throws the SDK's error when it finds none
 */
export async function regionOf(configuration: Configuration): Promise<string> {
  return await withConnection(configuration, async (connection) => (await connection.client()).config.region())
}

/** The endpoint that was set, fit to be printed; undefined for AWS itself. A client given in code brings its own. */
async function targetEndpoint(configuration: Configuration): Promise<string | undefined> {
  const { client } = configuration
  if (!client?.config.endpoint) {
    const endpoint = endpointOf(client ? { ...configuration, endpoint: undefined } : configuration)
    return endpoint && withoutPassword(endpoint)
  }
  const { protocol, hostname, port, path } = await client.config.endpoint()
  return `${protocol}//${hostname}${port ? `:${port}` : ''}${path === '/' ? '' : path}`
}
