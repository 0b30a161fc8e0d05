import type { AttributeValue, PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { DynamoDBMigrationsTable } from './dynamodb-table.js'
import { DEFAULT_LEASE, type LockRecord, type LockStore } from './lock.js'

/** The key of the lock's item. All other keys are names of migrations. */
export const LOCK_NAME = '#lock'

const Key = { name: { S: LOCK_NAME } }

/** The lock as an item of the migrations table. The item exists while a process holds the lock. */
export class DynamoDBLockStore implements LockStore {
  readonly #table: DynamoDBMigrationsTable

  constructor(table: DynamoDBMigrationsTable) {
    this.#table = table
  }

  async read(): Promise<LockRecord | undefined> {
    const output = await this.#table.request('GetItem', (transport, TableName) =>
      transport.send('GetItem', { TableName, Key, ConsistentRead: true }),
    )
    return output?.Item && recordOf(output.Item)
  }

  async write(next: LockRecord, expected: LockRecord | undefined): Promise<boolean> {
    return await unlessRefused(
      this.#table.change('PutItem', (transport, TableName) =>
        transport.send('PutItem', { TableName, Item: itemOf(next), ...condition(expected) }),
      ),
    )
  }

  async remove(expected: LockRecord): Promise<boolean> {
    return await unlessRefused(
      this.#table.request('DeleteItem', (transport, TableName) =>
        transport.send('DeleteItem', { TableName, Key, ...condition(expected) }),
      ),
    )
  }
}

function condition(expected: LockRecord | undefined): Condition {
  if (!expected) {
    return { ConditionExpression: 'attribute_not_exists(#name)', ExpressionAttributeNames: { '#name': 'name' } }
  }
  return {
    ConditionExpression: '#version = :version',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': { S: expected.version } },
  }
}

type Condition = Pick<
  PutItemCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>

async function unlessRefused(request: Promise<unknown>): Promise<boolean> {
  try {
    return (await request) !== undefined
  } catch (error) {
    if ((error as Error).name === 'ConditionalCheckFailedException') return false
    throw error
  }
}

function itemOf({ holder, since, version, lease }: LockRecord): Record<string, AttributeValue> {
  return { ...Key, holder: { S: holder }, since: { S: since }, version: { S: version }, lease: { N: `${lease}` } }
}

function recordOf(item: Record<string, AttributeValue>): LockRecord {
  const text = (name: string) => item[name]?.S ?? 'unknown'
  return {
    holder: text('holder'),
    since: text('since'),
    version: text('version'),
    lease: Number(item.lease?.N ?? DEFAULT_LEASE),
  }
}
