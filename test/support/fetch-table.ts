import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Options } from '../../runtime/index.js'
import type { Item } from '../../runtime/session/item/session-record.js'
import { type Engine, uniqueTableName } from './engines.js'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'
import { deleteItem, makeTable, readItem, writeItem } from './table.js'

const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

export interface FetchTable {
  readonly proxy: FaultProxy
  /** Operation and name of each error that reached the error handler. */
  readonly reported: string[]
  /** Options that lead to the table through the proxy. No request is repeated. */
  options(more?: Options): Options
  item(id: string): Promise<Item | undefined>
  /** The data of the session. */
  data(id: string): Promise<unknown>
  /** Changes the item, as another program would. */
  change(id: string, changes: Item): Promise<void>
  remove(id: string): Promise<void>
  /** Waits for the release of the lock in the background. */
  unlocked(id: string): Promise<void>
  /** The requests to the engine since the last call. */
  requests(): Promise<readonly string[]>
}

/** A table for the tests of a file, and a proxy in front of the engine. */
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
    remove: (id) => deleteItem(client, tableName, id),
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
