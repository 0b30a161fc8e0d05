import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { TableRequestError } from '../errors.js'
import { VERSION } from '../version.js'
import { localCredentialsFromChain } from './credentials.js'
import { endpointOf, isLocal, LOCAL_REGION } from './endpoint.js'
import { loadSdk } from './sdk.js'

/** Builds a client of the AWS SDK from the configuration. */
export async function buildClient(configuration: Configuration): Promise<DynamoDBClient> {
  const sdk = await loadSdk()
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
    ...(credentials ? { credentials } : local && { credentials: localCredentials(region, profile) }),
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

/** The region that the SDK finds, else a placeholder. It is looked up once, although the client asks before each request. */
function localRegion(profile: string | undefined): () => Promise<string> {
  let found: Promise<string> | undefined
  return () => {
    found ??= regionOfSdk(profile).catch(() => LOCAL_REGION)
    return found
  }
}

/**
 * The region to which a client sends requests.
 *
 * @throws {TableRequestError} for an object that only has `send`
 */
export async function regionOfClient({ config }: Partial<Pick<DynamoDBClient, 'config'>>): Promise<string> {
  if (typeof config?.region === 'function') return await config.region()
  throw new TableRequestError('client has no config.region(); give a DynamoDBClient of @aws-sdk/client-dynamodb')
}

/**
 * The region that the SDK finds in ENV or in the profile.
 *
 * @throws the SDK's error when there is none
 */
export async function regionOfSdk(profile: string | undefined): Promise<string> {
  const probe = new (await loadSdk()).DynamoDBClient(profile === undefined ? {} : { profile })
  try {
    return await probe.config.region()
  } finally {
    probe.destroy()
  }
}

function localCredentials(region = LOCAL_REGION, profile?: string) {
  const source = localCredentialsFromChain(region, profile)
  return () => source.get()
}
