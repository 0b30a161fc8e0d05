import {
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'

/** Name and type of an attribute. */
export type RawKey = readonly [name: string, type: 'S' | 'N']

const HASH = 'HASH' as const
const RANGE = 'RANGE' as const

/** A table as somebody else would have made it, without this package. The first key is the partition key. */
export async function createRawTable(
  client: DynamoDBClient,
  tableName: string,
  keys: readonly RawKey[] = [['session_id', 'S']],
): Promise<void> {
  const AttributeDefinitions = keys.map(([name, type]) => ({ AttributeName: name, AttributeType: type }))
  const KeySchema = keys.map(([name], index) => ({ AttributeName: name, KeyType: index === 0 ? HASH : RANGE }))
  await client.send(
    new CreateTableCommand({ TableName: tableName, BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions, KeySchema }),
  )
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.1 }, { TableName: tableName })
}

export async function putRawItem(client: DynamoDBClient, tableName: string): Promise<void> {
  const Item = { session_id: { S: 'an id' }, expire_at: { N: '1' } }
  await client.send(new PutItemCommand({ TableName: tableName, Item }))
}

export async function deleteRawTable(client: DynamoDBClient, tableName: string): Promise<void> {
  await client.send(new DeleteTableCommand({ TableName: tableName }))
}

/** What DescribeTable answers, as JSON, for a table of this package in some state; for the fault proxy. */
export function tableAnswer(tableName: string, status: string, createdAt = new Date()) {
  return {
    Table: {
      TableName: tableName,
      TableStatus: status,
      AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'session_id', KeyType: HASH }],
      CreationDateTime: createdAt.getTime() / 1000,
    },
  }
}
