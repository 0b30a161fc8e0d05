import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { type CleaningContext, type CleaningSummary, collectGarbage } from '../../../runtime/index.js'
import type { Item } from '../../../runtime/session/item/session-record.js'
import { timestamp } from '../../../runtime/session/item/timestamp.js'
import { changed, reaching } from '../../support/connection.js'
import { type Engine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { storedKey } from '../../support/stored-key.js'
import { freshTable, readItem, writeItem } from '../../support/table.js'

/** `by default`: by PartiQL, on engines that have it. `singly`: the role has no permission for PartiQL. */
export const PATHS = ['by default', 'singly'] as const
type Path = (typeof PATHS)[number]

/** A time attribute as stores write it. */
export const ago = (seconds: number): AttributeValue => ({ S: timestamp(Date.now() - seconds * 1000) })
export const inSeconds = (seconds: number): AttributeValue => ({ N: String(Math.round(Date.now() / 1000 + seconds)) })

export type CleaningTable = ReturnType<typeof cleaningTable>

/** The table of a file, behind a fault proxy. */
function cleaningTable(engine: Engine, proxy: FaultProxy, tableName: string) {
  const direct = engine.client()
  const client = engine.client(proxy.endpoint)

  /** Without other options, sessions expire after a minute of inactivity. */
  const clean = (context: CleaningContext = {}, options: Options = {}): Promise<CleaningSummary> =>
    collectGarbage({ tableName, ...reaching(client), maxStale: 60, ...options }, context)

  function deny(operation: string, action: string): void {
    const message = `User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ${action} on resource: table`
    proxy.inject(operation, { error: 'AccessDeniedException', message }, { times: Number.POSITIVE_INFINITY })
  }

  function take(path: Path): void {
    if (path === 'singly') deny('BatchExecuteStatement', 'dynamodb:PartiQLDelete')
  }

  /** The ids of the sessions that were put, by their keys. */
  const idsByKey = new Map<string, string>()
  const put = (id: string, attributes: Item): Promise<void> => {
    idsByKey.set(storedKey(id), id)
    return writeItem(direct, tableName, { session_id: { S: id }, data: { S: '{}' }, ...attributes })
  }

  async function putExpired(count: number, attributes: Item = {}): Promise<void> {
    const ids = Array.from({ length: count }, (_, index) => `expired${index}`)
    await Promise.all(ids.map((id) => put(id, { updated_at: ago(100), ...attributes })))
  }

  const item = (id: string): Promise<Item | undefined> => readItem(direct, tableName, id)

  /** The ids of all sessions in the table, sorted. */
  async function ids(): Promise<string[]> {
    const found: string[] = []
    for (let start: Item | undefined, first = true; first || start; first = false) {
      const page = await direct.send(
        new ScanCommand({ TableName: tableName, ConsistentRead: true, ...(start && { ExclusiveStartKey: start }) }),
      )
      found.push(...(page.Items ?? []).map(({ session_id: key }) => idsByKey.get(key?.S ?? '') ?? ''))
      start = page.LastEvaluatedKey
    }
    return found.toSorted()
  }

  /** The inputs of all requests of an operation. */
  const inputs = (operation: string) =>
    proxy.requests.filter((request) => request.operation === operation).map(({ input }) => input)

  return { engine, tableName, direct, client, proxy, clean, deny, take, put, putExpired, item, ids, inputs }
}

/** Creates an empty table before each test. */
export function eachWithTable(engine: Engine): () => CleaningTable {
  const tableName = uniqueTableName()
  let table: CleaningTable
  beforeEach(async () => {
    table = cleaningTable(engine, await startFaultProxy(engine.endpoint), tableName)
    await freshTable(table.direct, tableName)
  })
  afterEach(async () => {
    table.direct.destroy()
    table.client.destroy()
    await table.proxy.stop()
  })
  return () => table
}

/** Runs `work` once, after the scan and before the first deletion. */
export function beforeFirstDelete(client: DynamoDBClient, work: () => Promise<unknown>): void {
  let done = false
  changed(client).middlewareStack.add(
    (next, context) => async (args) => {
      if (!done && ['BatchExecuteStatementCommand', 'DeleteItemCommand'].includes(context.commandName ?? '')) {
        done = true
        await work()
      }
      return next(args)
    },
    { step: 'initialize' },
  )
}
