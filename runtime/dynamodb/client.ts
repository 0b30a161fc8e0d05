import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import type { Configuration } from '../configuration/resolve.js'
import { VERSION } from '../version.js'
import { endpointOf, isLocal } from './endpoint.js'

export { endpointOf, isLocal }

/** Milliseconds. The SDK's own default is to wait for ever, so that a dead connection would hang a request. */
const CONNECTION_TIMEOUT = 3_000
const REQUEST_TIMEOUT = 10_000

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
  const { endpoint } = configuration
  const region = configuration.region
  const local = isLocal(endpointOf(configuration))
  const client = new DynamoDBClient({
    ...(endpoint && { endpoint }),
    ...(region ? { region } : local && { region: localRegion() }),
    ...(local && { credentials: localCredentials }),
    cacheMiddleware: true,
    customUserAgent: [['dynamo-session-store', VERSION]],
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
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

/** What the SDK finds, else a placeholder; looked for once, for the client asks for every request. */
function localRegion(): () => Promise<string> {
  let found: Promise<string> | undefined
  return () => {
    found ??= foundRegion().catch(() => LOCAL_REGION)
    return found
  }
}

async function foundRegion(): Promise<string> {
  const probe = new DynamoDBClient({})
  try {
    return await probe.config.region()
  } finally {
    probe.destroy()
  }
}

/** What the SDK finds, looking for a machine's own credentials only briefly; else placeholders. */
async function localCredentials() {
  try {
    return await defaultProvider({ timeout: 200, maxRetries: 0 })()
  } catch {
    return LOCAL_CREDENTIALS
  }
}
