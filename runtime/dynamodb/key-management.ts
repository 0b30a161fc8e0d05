import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { namedExports } from './named-exports.js'

/**
 * The ARN of the KMS key that an alias stands for now. The request has the region, the credentials and the connections
 * of the client for DynamoDB, including its proxy.
 */
export async function keyOfAlias(client: DynamoDBClient, alias: string, abortSignal: AbortSignal): Promise<string> {
  const { KMSClient, DescribeKeyCommand } = namedExports(await import('#@aws-sdk/client-kms'), 'KMSClient')
  const { region, credentials, requestHandler } = client.config
  // Not destroyed: that would close the connections of the client for DynamoDB too.
  const kms = new KMSClient({ region, credentials, requestHandler })
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: alias }), { abortSignal })
  return KeyMetadata?.Arn ?? ''
}
