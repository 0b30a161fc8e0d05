import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { VERSION } from '../version.js'
import { endpointOf, isLocal } from './endpoint.js'
import { namedExports } from './named-exports.js'
import { loadSdk } from './sdk.js'

const LOCAL_REGION = 'us-east-1'
const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' }

/** A client of the AWS SDK as the configuration describes it. */
export async function buildClient(configuration: Configuration): Promise<DynamoDBClient> {
  const { sdk } = await loadSdk()
  const { endpoint, region, credentials, profile, maxAttempts, logger, requestHandler } = configuration
  const {
    attemptTimeout: requestTimeout,
    connectTimeout: connectionTimeout,
    maxConnections: maxSockets,
  } = configuration
  const local = isLocal(endpointOf(configuration))
  return new sdk.DynamoDBClient({
    ...(endpoint && { endpoint }),
    ...(region ? { region } : local && { region: localRegion(profile) }),
    ...(credentials ? { credentials } : local && { credentials: () => localCredentials(profile) }),
    ...(profile && { profile }),
    ...(maxAttempts && { maxAttempts }),
    ...(logger && { logger }),
    customUserAgent: [['dynamo-session-store', VERSION]],
    requestHandler: requestHandler ?? {
      connectionTimeout,
      requestTimeout,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets },
      httpsAgent: { maxSockets },
    },
  })
}

/** What the SDK finds, else a placeholder. Looked up once, because the client asks before each request. */
function localRegion(profile: string | undefined): () => Promise<string> {
  let found: Promise<string> | undefined
  return () => {
    found ??= foundRegion(profile).catch(() => LOCAL_REGION)
    return found
  }
}

async function foundRegion(profile: string | undefined): Promise<string> {
  const probe = new (await loadSdk()).sdk.DynamoDBClient(profile === undefined ? {} : { profile })
  try {
    return await probe.config.region()
  } finally {
    probe.destroy()
  }
}

/** What the SDK finds, else placeholders. Services with a machine's own credentials are asked only briefly. */
async function localCredentials(profile: string | undefined) {
  try {
    const chain = await import('#@aws-sdk/credential-provider-node')
    const { defaultProvider } = namedExports(chain, 'defaultProvider')
    return await defaultProvider({ ...(profile !== undefined && { profile }), timeout: 200, maxRetries: 0 })()
  } catch {
    return LOCAL_CREDENTIALS
  }
}
