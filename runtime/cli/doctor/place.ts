import { withoutPassword } from '../../configuration/option-text.js'
import type { Configuration } from '../../configuration/resolve.js'
import { endpointInEffect, regionInEffect } from '../../dynamodb/place-in-effect.js'
import type { Finding } from './finding.js'

/** The region of requests, and where it is set. */
export function regionFinding(region: string, configuration: Configuration): Finding {
  const source = configuration.client ? 'the client' : regionInEffect(configuration)?.source
  return { level: 'ok', check: 'region', text: `${region} (${source ?? 'found by the AWS SDK'})` }
}

/** The endpoint of requests, and where it is set. */
export function endpointFinding(configuration: Configuration): Finding {
  const check = 'endpoint'
  if (configuration.client) return { level: 'ok', check, text: 'that of the client' }
  const endpoint = endpointInEffect(configuration)
  if (!endpoint) return { level: 'ok', check, text: "AWS's own, unless an AWS configuration file sets one" }
  return { level: 'ok', check, text: `${withoutPassword(endpoint.value)} (${endpoint.source})` }
}

/** How to fix a missing region if only `AWS_DEFAULT_REGION` is set, which the SDK does not read. */
export function regionRemedy(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (!env.AWS_DEFAULT_REGION) return undefined
  return `set AWS_REGION=${env.AWS_DEFAULT_REGION}: the AWS SDK for JavaScript does not read AWS_DEFAULT_REGION`
}
