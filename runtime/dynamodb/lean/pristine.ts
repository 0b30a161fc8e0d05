import { DynamoDBClient } from '@aws-sdk/client-dynamodb'

let client: DynamoDBClient | undefined

/** A client as the SDK makes it: what the parts of another have in common with its parts is the SDK's own. Sends nothing. */
export function pristine(): DynamoDBClient {
  client ??= new DynamoDBClient({ region: 'us-east-1', credentials: { accessKeyId: 'none', secretAccessKey: 'none' } })
  return client
}
