import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import type { Configuration } from '../configuration/resolve.js'
import { VERSION } from '../version.js'

const LOCAL_REGION = 'us-east-1'
const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' }

/** The client given in code, or one built from the configuration. */
export function clientFor(configuration: Configuration): DynamoDBClient {
  return configuration.client ?? buildClient(configuration)
}

/** Runs `work` with a client and closes that client afterwards, unless it is the user's own. */
export async function withClient<T>(
  configuration: Configuration,
  work: (client: DynamoDBClient) => Promise<T>,
): Promise<T> {
  const client = clientFor(configuration)
  try {
    return await work(client)
  } finally {
    if (client !== configuration.client) client.destroy()
  }
}

function buildClient(configuration: Configuration): DynamoDBClient {
  const { endpoint, region, credentials, profile, maxAttempts, requestHandler, logger } = configuration
  const local = isLocal(endpointOf(configuration))
  const client = new DynamoDBClient({
    ...(endpoint && { endpoint }),
    ...(region ? { region } : local && { region: localRegion(profile) }),
    ...(credentials ? { credentials } : local && { credentials: () => localCredentials(profile) }),
    ...(profile !== undefined && { profile }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(logger && { logger }),
    cacheMiddleware: true,
    customUserAgent: [['dynamo-session-store', VERSION]],
    requestHandler: requestHandler ?? {
      connectionTimeout: configuration.connectTimeout,
      requestTimeout: configuration.attemptTimeout,
      throwOnRequestTimeout: true,
    },
  })
  OWN.add(client)
  return client
}

const OWN = new WeakSet<DynamoDBClient>()

/** Whether it is known that the client's endpoint stays as it is. */
export function hasFixedEndpoint(client: DynamoDBClient): boolean {
  return OWN.has(client)
}

/** The endpoint that was set for DynamoDB, in the configuration or the SDK's ENV names; undefined for AWS itself. */
export function endpointOf(configuration: Configuration): string | undefined {
  return configuration.endpoint ?? (process.env.AWS_ENDPOINT_URL_DYNAMODB || process.env.AWS_ENDPOINT_URL || undefined)
}

/** True for an endpoint on this machine, where region and credentials only have to be there. */
export function isLocal(endpoint: string | undefined): boolean {
  if (endpoint === undefined || !URL.canParse(endpoint)) return false
  const { hostname } = new URL(endpoint)
  return (
    ['localhost', '[::1]', '0.0.0.0'].includes(hostname) || /^127\./.test(hostname) || hostname.endsWith('.localhost')
  )
}

/** What the SDK finds, else a placeholder; looked for once, for the client asks for every request. */
function localRegion(profile: string | undefined): () => Promise<string> {
  let found: Promise<string> | undefined
  return () => {
    found ??= foundRegion(profile).catch(() => LOCAL_REGION)
    return found
  }
}

async function foundRegion(profile: string | undefined): Promise<string> {
  const probe = new DynamoDBClient(profile === undefined ? {} : { profile })
  try {
    return await probe.config.region()
  } finally {
    probe.destroy()
  }
}

/** What the SDK finds, looking for a machine's own credentials only briefly; else placeholders. */
async function localCredentials(profile: string | undefined) {
  try {
    return await defaultProvider({ ...(profile !== undefined && { profile }), timeout: 200, maxRetries: 0 })()
  } catch {
    return LOCAL_CREDENTIALS
  }
}
