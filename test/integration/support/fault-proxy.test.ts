import { DynamoDBClient, GetItemCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { createRawTable } from '../../support/raw-table.js'

const engine = anyEngine()
const TableName = uniqueTableName()
const Key = { session_id: { S: 'a' } }
let proxy: FaultProxy
let client: DynamoDBClient

beforeAll(async () => {
  proxy = await startFaultProxy(engine.endpoint)
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
  client = new DynamoDBClient({ endpoint: proxy.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  await createRawTable(client, TableName)
  proxy.reset()
})
afterEach(() => proxy.reset())
afterAll(async () => {
  client.destroy()
  await proxy.stop()
})

const put = (value: string) => client.send(new PutItemCommand({ TableName, Item: { ...Key, value: { S: value } } }))
const stored = async () => (await client.send(new GetItemCommand({ TableName, Key }))).Item?.value?.S

it('passes requests on and remembers them', async () => {
  await put('1')
  expect(await stored()).toBe('1')
  expect(proxy.operations).toEqual(['PutItem', 'GetItem'])
  expect(proxy.requests[1]?.input).toMatchObject({ TableName, Key })
})

it('responds with an error instead of the engine', async () => {
  await put('1')
  proxy.inject('PutItem', { error: 'ProvisionedThroughputExceededException', message: 'slowly' })
  await expect(put('2')).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException', message: 'slowly' })
  expect(await stored()).toBe('1')
})

it('breaks the connection before the engine sees the request, or after it carried it out', async () => {
  await put('1')
  proxy.inject('PutItem', { drop: 'before' })
  await expect(put('2')).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(await stored()).toBe('1')
  proxy.inject('PutItem', { drop: 'after' })
  await expect(put('3')).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(await stored()).toBe('3')
})

it('never responds, whether or not the engine got the request', async () => {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
  const requestHandler = { requestTimeout: 200, throwOnRequestTimeout: true }
  const settings = { endpoint: proxy.endpoint, region: 'us-east-1', credentials, requestHandler, maxAttempts: 1 }
  const impatient = new DynamoDBClient(settings)
  const Item = { ...Key, value: { S: '2' } }
  await put('1')
  proxy.inject('PutItem', { hang: 'before' })
  await expect(impatient.send(new PutItemCommand({ TableName, Item }))).rejects.toThrow('requestTimeout')
  expect(await stored()).toBe('1')
  proxy.inject('PutItem', { hang: 'after' })
  await expect(impatient.send(new PutItemCommand({ TableName, Item }))).rejects.toThrow('requestTimeout')
  expect(await stored()).toBe('2')
  impatient.destroy()
})

it('responds with text that is not JSON, whether or not the engine got the request', async () => {
  await put('1')
  proxy.inject('PutItem', { garbage: 'before' })
  await expect(put('2')).rejects.toThrow('is not valid JSON')
  expect(await stored()).toBe('1')
  proxy.inject('PutItem', { garbage: 'after' })
  await expect(put('3')).rejects.toThrow('is not valid JSON')
  expect(await stored()).toBe('3')
})

it('lets other clients write before the client notices, and reports when no request is open', async () => {
  const seen: unknown[] = []
  proxy.inject('PutItem', { drop: 'after' }, { meanwhile: async () => seen.push(await stored()) })
  await expect(put('4')).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(seen).toEqual(['4'])
  proxy.inject('PutItem', { delay: 100 })
  const putting = put('5')
  while (proxy.operations.length < 3) await new Promise((resolve) => setTimeout(resolve, 1))
  await proxy.quiet()
  expect(await stored()).toBe('5')
  await putting
})

it('delays a request', async () => {
  proxy.inject('PutItem', { delay: 200 })
  const started = performance.now()
  await put('1')
  expect(performance.now() - started).toBeGreaterThanOrEqual(195)
})

it('invents a response, and changes one', async () => {
  proxy.inject('ListTables', { answer: { TableNames: ['made-up'] } })
  proxy.inject('ListTables', { change: ({ TableNames }) => ({ TableNames: [...TableNames, 'added'] }) })
  expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual(['made-up'])
  // Of many tables an answer has a hundred: this one begins with ours.
  const before = TableName.slice(0, -1)
  expect((await client.send(new ListTablesCommand({ ExclusiveStartTableName: before }))).TableNames).toEqual(
    expect.arrayContaining([TableName, 'added']),
  )
})

it('applies a fault to the chosen requests, as often and as late as configured', async () => {
  const when = ({ Item }: { Item: { value: { S: string } } }) => Item.value.S.startsWith('bad')
  proxy.inject('*', { error: 'InternalServerError', status: 500 }, { times: 2, after: 1, when })
  const results: string[] = []
  for (const value of ['good', 'bad 1', 'bad 2', 'good', 'bad 3', 'bad 4']) {
    results.push(
      await put(value).then(
        () => 'ok',
        () => 'failed',
      ),
    )
  }
  expect(results).toEqual(['ok', 'ok', 'failed', 'ok', 'failed', 'ok'])
})
