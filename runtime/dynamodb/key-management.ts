import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { namedExports } from './named-exports.js'

/**
 * The ARN of the KMS key that an alias stands for now. The request has the region and the credentials of the client for
 * DynamoDB.
 */
export async function keyOfAlias(client: DynamoDBClient, alias: string, abortSignal: AbortSignal): Promise<string> {
  const { KMSClient, DescribeKeyCommand } = namedExports(await import('#@aws-sdk/client-kms'), 'KMSClient')
  const { region, credentials } = client.config
  const kms = new KMSClient({ region, credentials })
  try {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: alias }), { abortSignal })
    return KeyMetadata?.Arn ?? ''
  } finally {
    kms.destroy()
  }
}
