import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../../runtime/session/session-record.js'

/** Makes a bare table by hand, so that tests of the stores do not depend on the table library. */
export async function makeTable(client: DynamoDBClient, TableName: string, key = 'session_id'): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    }),
  )
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))
    if (Table?.TableStatus === 'ACTIVE') return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function readItem(client: DynamoDBClient, TableName: string, id: string): Promise<Item | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName, Key: { session_id: { S: id } }, ConsistentRead: true }),
  )
  return Item
}

export async function writeItem(client: DynamoDBClient, TableName: string, item: Item): Promise<void> {
  await client.send(new PutItemCommand({ TableName, Item: item }))
}
