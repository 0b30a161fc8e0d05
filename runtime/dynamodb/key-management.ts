import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

type Kms = Pick<typeof import('@aws-sdk/client-kms'), 'DescribeKeyCommand' | 'KMSClient'>

/** The optional package for requests to KMS. Only the alias of a key needs it. */
export const KMS_PACKAGE = '@aws-sdk/client-kms'

/**
 * The path of {@link KMS_PACKAGE}; undefined when the application has not installed it.
 *
 * @param root folder of the application
 */
export function findKmsPackage(root: string): string | undefined {
  try {
    return createRequire(join(root, 'package.json')).resolve(KMS_PACKAGE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/**
 * The ARN of the KMS key that an alias stands for now. The request has the region, the credentials and the connections
 * of the client for DynamoDB, including its proxy.
 *
 * @param path of {@link KMS_PACKAGE}
 */
export async function keyOfAlias(
  client: DynamoDBClient,
  alias: string,
  path: string,
  abortSignal: AbortSignal,
): Promise<string> {
  const { KMSClient, DescribeKeyCommand }: Kms = createRequire(path)(path)
  const { region, credentials, requestHandler } = client.config
  // Not destroyed: that would close the connections of the client for DynamoDB too.
  const kms = new KMSClient({ region, credentials, requestHandler })
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: alias }), { abortSignal })
  return KeyMetadata?.Arn ?? ''
}
