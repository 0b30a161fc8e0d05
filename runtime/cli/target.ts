import { withoutPassword } from '../configuration/option-text.js'
import type { Configuration } from '../configuration/resolve.js'
import { regionOfClient } from '../dynamodb/client.js'
import { withConnection } from '../dynamodb/connection.js'
import { endpointOf } from '../dynamodb/endpoint.js'
import { endpointInEffect, type Found, regionInEffect } from '../dynamodb/place-in-effect.js'
import { fitForLine } from '../fit-for-output.js'
import type { Logger } from '../logger.js'

/**
 * Prints the target of a command: environment, configuration file, table, region, and key_prefix and endpoint if set.
 * Every command that changes something prints it first.
 */
export async function printTarget(configuration: Configuration, logger: Logger): Promise<void> {
  const region = await regionOf(configuration).catch(() => undefined)
  const endpoint = await targetEndpoint(configuration)
  const lines = {
    environment: configuration.environment,
    'configuration file': configuration.file ?? 'none',
    table: configuration.tableName,
    ...(configuration.keyPrefix !== undefined && { key_prefix: configuration.keyPrefix }),
    region: region === undefined ? 'not set' : region + foreign(configuration.region, regionInEffect(configuration)),
    ...(endpoint !== undefined && {
      endpoint: endpoint + foreign(configuration.endpoint, endpointInEffect(configuration)),
    }),
  }
  const width = Math.max(...Object.keys(lines).map((label) => label.length)) + 1
  for (const [label, text] of Object.entries(lines)) logger.info(`${`${label}:`.padEnd(width)} ${fitForLine(text)}`)
}

/** AWS's ENV name that sets the value, if no option of this package sets it. */
function foreign(option: string | undefined, found: Found | undefined): string {
  return option === undefined && found ? ` (${found.source})` : ''
}

/** Region and endpoint of requests, for `--json`. A region of `null` is not set, an endpoint of `null` is AWS's own. */
export async function placeOfTable(
  configuration: Configuration,
): Promise<{ region: string | null; endpoint: string | null }> {
  const region = await regionOf(configuration).catch(() => null)
  return { region, endpoint: (await targetEndpoint(configuration)) ?? null }
}

/**
 * The region of requests: the configuration's, or else the one that the AWS SDK finds.
 *
 * @throws the SDK's error when there is none
 */
export async function regionOf(configuration: Configuration): Promise<string> {
  return await withConnection(configuration, async (connection) => regionOfClient(await connection.client()))
}

/** The configured endpoint, without a password. Undefined for AWS itself. A client given in code has its own. */
async function targetEndpoint(configuration: Configuration): Promise<string | undefined> {
  const { client } = configuration
  if (!client?.config?.endpoint) {
    const endpoint = endpointOf(client ? { ...configuration, endpoint: undefined } : configuration)
    return endpoint && withoutPassword(endpoint)
  }
  const { protocol, hostname, port, path } = await client.config.endpoint()
  return `${protocol}//${hostname}${port ? `:${port}` : ''}${path === '/' ? '' : path}`
}
