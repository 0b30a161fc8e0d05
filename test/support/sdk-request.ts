import { DynamoDBClient, type DynamoDBClientConfig, GetItemCommand } from '@aws-sdk/client-dynamodb'

/** A request as the AWS SDK hands it to its request handler. */
export interface SdkRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query?: Record<string, unknown>
  readonly headers: Readonly<Record<string, string>>
}

const REFUSED = new Error('not sent')

/** The request that the SDK would send for a GetItem; undefined when the SDK refuses to send one. */
export async function sdkRequest(
  config: DynamoDBClientConfig,
  TableName = 'sessions',
): Promise<SdkRequest | undefined> {
  let request: SdkRequest | undefined
  const handle = async (given: SdkRequest) => {
    request = given
    throw REFUSED
  }
  const requestHandler = { handle } as unknown as NonNullable<DynamoDBClientConfig['requestHandler']>
  const client = new DynamoDBClient({ maxAttempts: 1, ...config, requestHandler })
  await client.send(new GetItemCommand({ TableName, Key: { session_id: { S: 'x' } } })).catch((error) => {
    if (request && error !== REFUSED) throw error
  })
  return request
}
