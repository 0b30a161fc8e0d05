import type { Configuration } from '../configuration/resolve.js'

/** A value and where it is set. */
export interface Found {
  readonly value: string
  /** A source of the configuration, or an ENV name of AWS. */
  readonly source: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** The region as the options or AWS's own ENV name set it. Undefined: only the AWS SDK finds it, for example in a profile. */
export function regionInEffect(configuration: Configuration, env: Environment = process.env): Found | undefined {
  const { client, region, sources } = configuration
  if (client) return undefined
  if (region !== undefined) return { value: region, source: sources.region }
  return fromEnv(env, 'AWS_REGION')
}

/** The endpoint as the options or AWS's own ENV names set it. Undefined: AWS's own endpoint, or the client's. */
export function endpointInEffect(configuration: Configuration, env: Environment = process.env): Found | undefined {
  const { client, endpoint, sources } = configuration
  if (client) return undefined
  if (endpoint !== undefined) return { value: endpoint, source: sources.endpoint }
  return fromEnv(env, 'AWS_ENDPOINT_URL_DYNAMODB') ?? fromEnv(env, 'AWS_ENDPOINT_URL')
}

/** An empty variable counts as unset. */
function fromEnv(env: Environment, name: string): Found | undefined {
  const value = env[name]
  return value ? { value, source: `ENV ${name}` } : undefined
}
