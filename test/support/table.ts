import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../../runtime/session/item/session-record.js'
import { decrypted, encrypted } from './stored-data.js'
import { type KeyOptions, storedKey } from './stored-key.js'

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

const made = new Set<string>()

/** For `beforeEach`: makes the table for the first test of a file, and empties it for the others, which is quicker. */
export async function freshTable(client: DynamoDBClient, TableName: string): Promise<void> {
  if (!made.has(TableName)) {
    await makeTable(client, TableName)
    made.add(TableName)
    return
  }
  const { Items = [] } = await client.send(
    new ScanCommand({ TableName, ProjectionExpression: 'session_id', ConsistentRead: true }),
  )
  for (let first = 0; first < Items.length; first += 25) {
    const requests = Items.slice(first, first + 25).map((Key) => ({ DeleteRequest: { Key } }))
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }))
  }
}

/**
 * Reads the item of a session.
 *
 * @param options those of the store that the key depends on
 */
export async function readItem(
  client: DynamoDBClient,
  TableName: string,
  id: string,
  options?: KeyOptions,
): Promise<Item | undefined> {
  const key = storedKey(id, options)
  const Key = { session_id: { S: key } }
  const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))
  return decrypted(Item, key)
}

/** Writes the item of a session. Its `session_id` is the id; the table gets the stored key instead. */
export async function writeItem(
  client: DynamoDBClient,
  TableName: string,
  item: Item,
  options?: KeyOptions,
): Promise<void> {
  const id = item.session_id?.S
  const key = id === undefined ? undefined : storedKey(id, options)
  const Item = key === undefined ? item : encrypted({ ...item, session_id: { S: key } }, key)
  await client.send(new PutItemCommand({ TableName, Item }))
}

export async function deleteItem(
  client: DynamoDBClient,
  TableName: string,
  id: string,
  options?: KeyOptions,
): Promise<void> {
  await client.send(new DeleteItemCommand({ TableName, Key: { session_id: { S: storedKey(id, options) } } }))
}
