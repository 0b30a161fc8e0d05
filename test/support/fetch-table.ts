import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Options } from '../../runtime/index.js'
import type { Item } from '../../runtime/session/item/session-record.js'
import { type Engine, uniqueTableName } from './engines.js'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'
import { makeTable, readItem, writeItem } from './table.js'

const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

export interface FetchTable {
  readonly proxy: FaultProxy
  /** What the error handler was told: operation and name of the error. */
  readonly reported: string[]
  /** Options that lead to the table, through the proxy. The first error is an answer. */
  options(more?: Options): Options
  item(id: string): Promise<Item | undefined>
  /** What is in the session. */
  data(id: string): Promise<unknown>
  /** Another program changes the item. */
  change(id: string, changes: Item): Promise<void>
  remove(id: string): Promise<void>
  /** Waits for the lock to be given back in the background. */
  unlocked(id: string): Promise<void>
  /** The requests of the engine since the last time. */
  requests(): Promise<readonly string[]>
}

/** A table of its own for the tests of a file, and a proxy before it. */
export function fetchTable(engine: Engine): FetchTable {
  const tableName = uniqueTableName()
  const client = engine.client()
  const reported: string[] = []
  let proxy: FaultProxy
  let impatient: DynamoDBClient
  beforeAll(async () => {
    proxy = await startFaultProxy(engine.endpoint)
    impatient = new DynamoDBClient({ ...LOCAL, endpoint: proxy.endpoint, maxAttempts: 1 })
    await makeTable(client, tableName)
  })
  afterEach(async () => {
    await proxy.quiet()
    proxy.reset()
    reported.length = 0
  })
  afterAll(() => proxy.stop())
  const item = (id: string) => readItem(client, tableName, id)
  return {
    get proxy() {
      return proxy
    },
    reported,
    options: (more) => ({
      tableName,
      client: impatient,
      errorHandler: { handle: ({ name }, { operation }) => void reported.push(`${operation}: ${name}`) },
      ...more,
    }),
    item,
    data: async (id) => JSON.parse((await item(id))?.data?.S ?? 'null'),
    change: async (id, changes) =>
      writeItem(client, tableName, { session_id: { S: id }, ...(await item(id)), ...changes }),
    remove: async (id) => {
      await client.send(new DeleteItemCommand({ TableName: tableName, Key: { session_id: { S: id } } }))
    },
    unlocked: (id) => expect.poll(async () => (await item(id))?.locked_at).toBeUndefined(),
    async requests() {
      await new Promise((resolve) => setTimeout(resolve, 20))
      await proxy.quiet()
      const operations = [...proxy.operations]
      proxy.reset()
      return operations
    },
  }
}
