import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { sign } from 'aws4'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Operation, Operations } from '../../../runtime/dynamodb/transport.js'
import { both, leanSend, sentBy } from '../../support/both-transports.js'
import {
  CREDENTIALS,
  checksum,
  type Stub,
  sendJson,
  sendText,
  startStub,
  type WireRequest,
} from '../../support/dynamodb-stub.js'

const NOW = Date.UTC(2026, 10, 22, 12)
const BINARY = Uint8Array.from([0, 1, 250, 255])
const KEY = { session_id: { S: 'ses/sion+id' } }
const EVERYTHING = {
  s: { S: 'Grüße "quoted" \\ \n\t \u2028 \u{1f600} \u0000 </script> \ud800' },
  n: { N: '12345678901234567890.5' },
  b: { B: BINARY },
  bool: { BOOL: false },
  null: { NULL: true as const },
  ss: { SS: ['a', 'ß'] },
  ns: { NS: ['1', '2.5'] },
  bs: { BS: [BINARY, Uint8Array.from([])] },
  l: { L: [{ S: '' }, { M: { inner: { B: BINARY }, 'odd "key"': { L: [] } } }] },
  m: { M: { deep: { M: { deeper: { BS: [BINARY] }, __proto: { S: 'x' } } } } },
}

const INPUTS: { [O in Operation]: Operations[O]['input'] } = {
  GetItem: { TableName: 'sessions', Key: KEY, ConsistentRead: true },
  BatchGetItem: {
    RequestItems: {
      sessions: { Keys: [KEY, { session_id: EVERYTHING.s }, { session_id: EVERYTHING.b }], ConsistentRead: true },
      others: { Keys: [KEY] },
    },
  },
  PutItem: { TableName: 'sessions', Item: { ...KEY, ...EVERYTHING } },
  UpdateItem: {
    TableName: 'sessions',
    Key: KEY,
    UpdateExpression: 'SET #d = :d REMOVE #l',
    ConditionExpression: 'attribute_exists(#k)',
    ExpressionAttributeNames: { '#d': 'data', '#k': 'session_id', '#l': 'locked_at' },
    ExpressionAttributeValues: { ':d': EVERYTHING.s, ':m': { M: EVERYTHING } },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
  DeleteItem: { TableName: 'sessions', Key: KEY, ConditionExpression: 'a = :a', ReturnConsumedCapacity: 'TOTAL' },
  Query: { TableName: 'sessions', IndexName: 'user_id-index', KeyConditionExpression: '#a = :b', Limit: 100 },
  Scan: {
    TableName: 'sessions',
    Segment: 0,
    TotalSegments: 4,
    Limit: 5,
    ExclusiveStartKey: KEY,
    ConsistentRead: false,
  },
  BatchExecuteStatement: {
    Statements: [
      { Statement: 'DELETE FROM "sessions" WHERE "session_id" = ?', Parameters: [{ S: 'é' }, EVERYTHING.l] },
    ],
    ReturnConsumedCapacity: 'TOTAL',
  },
}

/** Nothing that has to be encoded: what sessions without compression have. */
const TEXTS = { s: EVERYTHING.s, n: EVERYTHING.n, ['__proto__']: { S: 'x' }, 'odd "key"': { S: '' } }
const PLAIN_INPUTS: Partial<{ [O in Operation]: Operations[O]['input'] }> = {
  BatchGetItem: {
    RequestItems: {
      sessions: { Keys: [KEY, { session_id: EVERYTHING.s }], ConsistentRead: false },
      'odd "table"': { Keys: [] },
    },
  },
  PutItem: { TableName: 'sessions', Item: { ...KEY, ...TEXTS } },
  UpdateItem: { ...INPUTS.UpdateItem, ExpressionAttributeValues: TEXTS, ConditionExpression: undefined },
  Query: { ...INPUTS.Query, ExpressionAttributeValues: TEXTS, ExclusiveStartKey: KEY },
  BatchExecuteStatement: {
    Statements: [{ Statement: 'SELECT \u{1f600}' }, { Statement: 'DELETE ?', Parameters: Object.values(TEXTS) }],
  },
}
const OPERATIONS = Object.keys(INPUTS) as Operation[]

/** Of all types; the transport gets it as JSON, as DynamoDB sends it. */
const WIRE_ITEM = {
  ...KEY,
  s: { S: 'Grüße \u{1f600}' },
  n: { N: '1e3' },
  b: { B: 'AAH6/w==' },
  bs: { BS: ['AAH6/w==', ''] },
  l: { L: [{ B: 'AAH6/w==' }, { M: { x: { BS: ['AA=='] } } }, { NULL: true }] },
  m: { M: { '': { B: '' }, inner: { M: { b: { B: '/w==' } } } } },
  rest: { BOOL: true },
  sets: { SS: ['a'], NS: ['1'] },
}
const ANSWERS: { [O in Operation]: object } = {
  GetItem: { Item: WIRE_ITEM, ConsumedCapacity: { TableName: 'sessions', CapacityUnits: 0.5 }, Unknown: { a: 1 } },
  BatchGetItem: {
    Responses: { sessions: [WIRE_ITEM, { session_id: EVERYTHING.s }], others: [] },
    UnprocessedKeys: { sessions: { Keys: [KEY], ConsistentRead: true } },
    ConsumedCapacity: [{ TableName: 'sessions', CapacityUnits: 1 }],
  },
  PutItem: {},
  UpdateItem: { Attributes: WIRE_ITEM, ItemCollectionMetrics: { SizeEstimateRangeGB: [0, 1.5] } },
  DeleteItem: { ConsumedCapacity: { CapacityUnits: 2, Table: { CapacityUnits: 2 } } },
  Query: { Items: [], Count: 0, ScannedCount: 0 },
  Scan: { Items: [WIRE_ITEM, { session_id: { S: '2' } }], Count: 2, ScannedCount: 7, LastEvaluatedKey: KEY },
  BatchExecuteStatement: {
    Responses: [
      { TableName: 'sessions', Item: WIRE_ITEM },
      { Error: { Code: 'ConditionalCheckFailed', Message: 'no', Item: WIRE_ITEM } },
      {},
    ],
    ConsumedCapacity: [{ TableName: 'sessions', CapacityUnits: 1 }],
  },
}

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => {
  stub.reset()
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
})
afterEach(() => void vi.useRealTimers())

/** All but the invocation id and its signature, and `connection`, which tells the HTTP client. */
function comparable({ method, path, headers, body }: WireRequest) {
  const { 'amz-sdk-invocation-id': id, authorization, connection: _, ...rest } = headers
  expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  expect(authorization).toMatch(/Signature=[\da-f]{64}$/)
  return { method, path, headers: rest, body, authorization: authorization?.replace(/Signature=\w+/, '') }
}

async function expectSame(
  config: DynamoDBClientConfig,
  operation: Operation,
  input = INPUTS[operation],
): Promise<void> {
  const { sdk, lean } = await both(stub, config, async (send) => {
    // The first one learns the way; the second is sent as all later ones are.
    await send(operation, input)
    await send(operation, input)
  })
  expect(sentBy(sdk.requests)).toEqual(['node:http', 'node:http'])
  expect(sentBy(lean.requests)).toEqual(['undici', 'undici'])
  expect(lean.requests.map(comparable)).toEqual(sdk.requests.map(comparable))
}

describe('a request of the lean transport', () => {
  it.each(OPERATIONS)('has the method, headers and body that the SDK sends: %s', async (operation) => {
    await expectSame({}, operation)
  })

  it.each(Object.entries(PLAIN_INPUTS))(
    'has the body that the SDK sends, without binary attributes: %s',
    async (operation, input) => {
      await expectSame({}, operation as Operation, input)
    },
  )

  it.each([
    ['a session token', { credentials: { ...CREDENTIALS, sessionToken: 'FwoGZXIvYXdzE+/=' } }],
    ['a user agent of the application', { customUserAgent: [['odd name', 'ß/2;  x'], ['b']], userAgentAppId: 'shop' }],
    ['adaptive retries', { retryMode: 'adaptive' }],
    ['another number of attempts', { maxAttempts: 7 }],
    ['an account', { credentials: { ...CREDENTIALS, accountId: '123456789012' }, accountIdEndpointMode: 'preferred' }],
    ['another region', { region: 'us-gov-west-1' }],
  ] as [string, DynamoDBClientConfig][])('is the one that the SDK sends with %s', async (_, config) => {
    await expectSame(config, 'GetItem')
  })

  it('goes below a path that the endpoint has', async () => {
    await expectSame({ endpoint: `${stub.endpoint}/below/it` }, 'UpdateItem')
    expect(stub.requests.at(-1)?.path).toBe('/below/it/')
  })

  it.each([
    ['plain credentials', undefined],
    ['a session token', 'FwoGZXIvYXdzE+/=  two spaces'],
    ['a long session token', 'A'.repeat(2000)],
  ])('has a signature that another implementation makes, too: %s', async (_, sessionToken) => {
    const credentials = { ...CREDENTIALS, ...(sessionToken && { sessionToken }) }
    const client = stub.client({ credentials, customUserAgent: [['odd name', '*~ß/2;  x']] })
    for (const operation of OPERATIONS) await leanSend(client)(operation, INPUTS[operation])
    client.destroy()
    expect(sentBy(stub.requests)).toEqual(OPERATIONS.map(() => 'undici'))
    for (const { headers, body, path } of stub.requests) {
      const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
      expect(names).toEqual(expect.arrayContaining(['host', 'x-amz-date', 'x-amz-target', 'content-type']))
      const signed = Object.fromEntries(names.map((name) => [name, headers[name] as string]))
      const again = sign(
        { service: 'dynamodb', region: 'eu-central-1', method: 'POST', path, headers: signed, body },
        credentials,
      )
      expect(headers.authorization).toBe(again.headers?.Authorization)
    }
  })
})

describe('an answer through the lean transport', () => {
  it.each(OPERATIONS)('is the one that the SDK gives: %s', async (operation) => {
    const more = { ...checksum(JSON.stringify(ANSWERS[operation])), 'x-amz-id-2': 'more', 'X-Odd': ['a', 'b'] }
    stub.answer((_, response) => sendJson(response, ANSWERS[operation], 200, more))
    const { sdk, lean } = await both(stub, {}, (send) => send(operation, INPUTS[operation]))
    expect(lean.result).toStrictEqual(sdk.result)
    expect(lean.result.$metadata).toMatchObject({ attempts: 1, httpStatusCode: 200, requestId: 'REQUEST' })
  })

  it.each(OPERATIONS)('is the one that the SDK gives, without binary attributes: %s', async (operation) => {
    const { b: _, bs: __, l: ___, m: ____, ...texts } = WIRE_ITEM
    const odd = { S: JSON.stringify({ B: '"B":', BS: [null], 'x\\': 1 }) }
    const item = { ...texts, odd, '': { S: '' }, l: { L: [{ NULL: true }, { M: { x: { SS: ['ß'] } } }] } }
    const answer = JSON.stringify(ANSWERS[operation]).replaceAll(JSON.stringify(WIRE_ITEM), JSON.stringify(item))
    stub.answer((_, response) => sendText(response, answer, 200, { ...checksum(answer), 'x-amz-request-id': 'OTHER' }))
    const { sdk, lean } = await both(stub, {}, (send) => send(operation, INPUTS[operation]))
    expect(lean.result).toStrictEqual(sdk.result)
    expect(lean.result.$metadata.requestId).toBe('OTHER')
  })

  it('never reaches the prototype of what is given back', async () => {
    const body = `{"__proto__":{"a":{}},"Item":{"__proto__":{"S":"x"},${JSON.stringify(KEY).slice(1, -1)}}}`
    stub.answer((_, response) => sendText(response, body, 200, checksum(body)))
    const client = stub.client()
    const { Item, ...rest } = await leanSend(client)('GetItem', INPUTS.GetItem)
    client.destroy()
    expect(Object.getPrototypeOf(Item)).toBe(Object.prototype)
    expect(Object.keys(Item ?? {})).toEqual(['__proto__', 'session_id'])
    expect(Object.keys(rest)).toEqual(['$metadata'])
  })

  it('may have spaces where DynamoDB has none', async () => {
    const item = `{ "data" : { "B" : "AAH6/w==" }, "s" : { "BS" : [ "AA==" ] }, ${JSON.stringify(KEY).slice(1)}`
    stub.answer((_, response) => sendText(response, `{ "Item" : ${item} }`))
    const { sdk, lean } = await both(stub, {}, (send) => send('GetItem', INPUTS.GetItem))
    expect(lean.result).toStrictEqual(sdk.result)
    expect(lean.result.Item?.data?.B).toEqual(BINARY)
  })

  it('may come in many pieces', async () => {
    const body = JSON.stringify({ Item: { ...KEY, data: { S: 'ü'.repeat(100_000) } } })
    stub.answer((_, response) => {
      const bytes = Buffer.from(body)
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      for (let at = 0; at < bytes.length; at += 777) response.write(bytes.subarray(at, at + 777))
      response.end()
    })
    const { sdk, lean } = await both(stub, {}, (send) => send('GetItem', INPUTS.GetItem))
    expect(lean.result.Item?.data?.S).toHaveLength(100_000)
    expect(lean.result).toStrictEqual(sdk.result)
  })
})
