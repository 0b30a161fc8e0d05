import { AsyncLocalStorage } from 'node:async_hooks'
import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import { type Credentials, sign } from 'aws4'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Operation, Operations } from '../../../runtime/dynamodb/operations.js'
import { listen } from '../../support/adapters/listen.js'
import { both, connectionFor, failureOf, leanSend, type Settings, sentBy } from '../../support/both-transports.js'
import {
  CREDENTIALS,
  checksum,
  type Stub,
  sendJson,
  sendText,
  startStub,
  type WireRequest,
} from '../../support/dynamodb-stub.js'
import { environmentWith } from '../../support/folder.js'

const ACCOUNT = { ...CREDENTIALS, accountId: '123456789012' }
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

/** Attributes that need no encoding, as in sessions without compression. */
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

/** An item with attributes of all types, as DynamoDB's JSON. */
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

/** Headers that differ: those of the sender, of the body's JSON, and of the time. */
const OWN = ['amz-sdk-invocation-id', 'authorization', 'content-length', 'user-agent', 'x-amz-content-sha256']

function comparable({ method, path, headers, body }: WireRequest) {
  const { 'x-amz-user-agent': _, ...rest } = headers
  expect(headers['amz-sdk-invocation-id']).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  expect(headers['content-length']).toBe(String(Buffer.byteLength(body)))
  expect(headers['x-amz-content-sha256']).toBe(hash('sha256', body))
  const [, credential, signed, signature] =
    /^AWS4-HMAC-SHA256 Credential=(.*), SignedHeaders=(.*), Signature=(.*)$/.exec(headers.authorization ?? '') ?? []
  expect(signature).toMatch(/^[\da-f]{64}$/)
  const signedNames = signed?.split(';').filter((name) => name !== 'x-amz-user-agent')
  const others = Object.fromEntries(Object.entries(rest).filter(([name]) => !OWN.includes(name)))
  const names = Object.keys(rest).sort()
  return { method, path, names, headers: others, body: JSON.parse(body), credential, signedNames }
}

async function expectSame(settings: Settings, operation: Operation, input = INPUTS[operation]): Promise<void> {
  const { sdk, lean } = await both(stub, settings, async (send) => {
    // The first request prepares the route. The second one is sent like all later ones.
    await send(operation, input)
    await send(operation, input)
  })
  expect(sentBy(sdk.requests)).toEqual(['sdk', 'sdk'])
  expect(sentBy(lean.requests)).toEqual(['lean', 'lean'])
  expect(lean.requests.map(comparable)).toEqual(sdk.requests.map(comparable))
}

/** The store of AWS Lambda's runtime, which runs each invocation. */
interface Store {
  run<T>(context: object | undefined, work: () => T): T
}

/** The signature of `aws4` for a request that came over the wire. */
function signedAnew({ headers, body, path }: WireRequest, credentials: Credentials): unknown {
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
  expect(names).toEqual(expect.arrayContaining(['host', 'x-amz-date', 'x-amz-target', 'content-type']))
  const signed = Object.fromEntries(names.map((name) => [name, headers[name] as string]))
  const request = { service: 'dynamodb', region: 'eu-central-1', method: 'POST', path, headers: signed, body }
  return sign(request, credentials).headers?.Authorization
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
    ['a session token with spaces', { credentials: { ...CREDENTIALS, sessionToken: 'a  b\tc' } }],
    ['credentials from a provider', { credentials: async () => ({ ...CREDENTIALS, sessionToken: 'T' }) }],
    ['another number of attempts', { maxAttempts: 7 }],
    ['an account, which has no host of its own at such an endpoint', { credentials: ACCOUNT }],
    ['another region', { region: 'us-gov-west-1' }],
    ['a region of China', { region: 'cn-north-1' }],
    ['an isolated region', { region: 'us-isob-east-1' }],
  ] as [string, Settings][])('is the one that the SDK sends with %s', async (_, settings) => {
    await expectSame(settings, 'GetItem')
  })

  it.each(['/below/it', '/below/it/'])('goes to the path of the endpoint: %s', async (path) => {
    await expectSame({ endpoint: `${stub.endpoint}${path}` }, 'UpdateItem')
    expect(stub.requests.at(-1)?.path).toBe('/below/it/')
  })

  it.each([
    ['plain credentials', undefined],
    ['a session token', 'FwoGZXIvYXdzE+/='],
    ['a session token with spaces', 'a  b \t c'],
    ['a long session token', 'A'.repeat(2000)],
  ])('has the signature of another implementation: %s', async (_, sessionToken) => {
    const credentials = { ...CREDENTIALS, ...(sessionToken && { sessionToken }) }
    const connection = connectionFor(stub, { credentials })
    for (const operation of OPERATIONS) await leanSend(connection)(operation, INPUTS[operation])
    connection.close()
    expect(sentBy(stub.requests)).toEqual(OPERATIONS.map(() => 'lean'))
    for (const request of stub.requests) {
      expect(request.headers.authorization).toBe(signedAnew(request, credentials))
    }
  })

  it("tells AWS the application id, without characters that a header can't hold", async () => {
    environmentWith({ AWS_SDK_UA_APP_ID: 'shop of ours' })
    const connection = connectionFor(stub)
    await leanSend(connection)('GetItem', INPUTS.GetItem)
    connection.close()
    expect(stub.requests[0]?.headers['user-agent']).toMatch(
      /^dynamo-session-store\/\S+ os\/\S+ lang\/js md\/nodejs#\S+ app\/shop-of-ours$/,
    )
    environmentWith({ AWS_SDK_UA_APP_ID: 'shop\r\nx-evil: 1' })
    expect(() => connectionFor(stub)).toThrow('AWS_SDK_UA_APP_ID')
  })
})

describe("credentials that a header can't hold", () => {
  it.each(['a\r\nx-evil: 1', 'a\n', 'a\rb', 'a\u0000', 'a\u{1f600}'])(
    'are refused without being shown: %j',
    async (bad) => {
      for (const more of [{ sessionToken: bad }, { accessKeyId: bad }]) {
        const credentials = { ...CREDENTIALS, ...more }
        expect(() => connectionFor(stub, { credentials })).toThrow(/can't hold/)
        const connection = connectionFor(stub, { credentials: async () => credentials })
        const error = await failureOf(leanSend(connection)('GetItem', INPUTS.GetItem))
        connection.close()
        expect(error.name).toBe('ConfigurationError')
        expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(bad)
        expect(`${error.stack}`).not.toContain('x-evil')
      }
      expect(stub.requests).toHaveLength(0)
    },
  )
})

describe('a request of the lean transport with credentials', () => {
  const KEYS = { AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'secret of env', AWS_SESSION_TOKEN: 'T+/=' }

  it.each([
    ['keys', { AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'secret of env' }],
    ['keys and a session token', KEYS],
    ['keys of an account', { ...KEYS, AWS_ACCOUNT_ID: '123456789012' }],
    ['keys that end', { ...KEYS, AWS_CREDENTIAL_EXPIRATION: '2026-11-22T18:00:00Z' }],
  ])("from ENV equals the SDK's: %s", async (_, env) => {
    environmentWith(env)
    await expectSame({ credentials: undefined }, 'UpdateItem')
  })

  it("from ENV with endpoint and region equals the SDK's", async () => {
    environmentWith({ ...KEYS, AWS_REGION: 'eu-west-3', AWS_ENDPOINT_URL_DYNAMODB: `${stub.endpoint}/env` })
    await expectSame({ credentials: undefined, endpoint: undefined, region: undefined }, 'UpdateItem')
    expect(stub.requests.map(({ path }) => path)).toEqual(Array(4).fill('/env/'))
  })

  it.each([
    ['by a path on the host of containers', (uri: string) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri })],
    [
      'with a token, as in EKS',
      (uri: string) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'let me in' }),
    ],
  ])("of a container equals the SDK's: %s", async (_, env) => {
    const asked: (string | undefined)[] = []
    const server = createServer(({ headers }, response) => {
      asked.push(headers.authorization)
      const Expiration = new Date(NOW + 6 * 3600_000).toISOString()
      const given = { AccessKeyId: 'ASIACONTAINER', SecretAccessKey: 'of the container', Token: 'C+/=', Expiration }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(given))
    })
    onTestFinished(() => void server.close())
    const variables = env(`http://127.0.0.1:${await listen(server)}/v2/credentials`)
    environmentWith(variables)
    await expectSame({ credentials: undefined }, 'UpdateItem')
    const credentials = { accessKeyId: 'ASIACONTAINER', secretAccessKey: 'of the container', sessionToken: 'C+/=' }
    for (const request of stub.requests.slice(-2)) {
      expect(request.headers.authorization).toBe(signedAnew(request, credentials))
    }
    // One call for each transport.
    const { AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = variables as Record<string, string>
    expect(asked).toEqual([token, token])
  })
})

describe('a request of the lean transport in AWS Lambda', () => {
  const LAMBDA = { AWS_LAMBDA_FUNCTION_NAME: 'f', AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' }

  it.each([
    ['of ENV', { _X_AMZN_TRACE_ID: 'Root=1-2-3;Parent=4;Sampled=1' }],
    ['that is odd', { _X_AMZN_TRACE_ID: 'Root= 1;\t"x",  \\ ~' }],
    ['that is empty', { _X_AMZN_TRACE_ID: '' }],
    ['that is missing', {}],
  ])('has the trace id that the SDK sends, %s', async (_, env) => {
    environmentWith({ ...LAMBDA, ...env })
    await expectSame({}, 'GetItem')
  })

  it('has the trace id of the time of the request', async () => {
    environmentWith({ ...LAMBDA, _X_AMZN_TRACE_ID: 'Root=first' })
    const connection = connectionFor(stub)
    await leanSend(connection)('GetItem', INPUTS.GetItem)
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=second')
    await leanSend(connection)('GetItem', INPUTS.GetItem)
    connection.close()
    expect(stub.requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual(['Root=first', 'Root=second'])
  })

  it('has no trace id outside Lambda', async () => {
    environmentWith({ _X_AMZN_TRACE_ID: 'Root=1' })
    await expectSame({}, 'GetItem')
    expect(stub.requests.flatMap(({ names }) => names)).not.toContain('x-amzn-trace-id')
  })

  it.each(['Root=1\r\nx-evil: 1', 'Root=1\nx', 'Root=1\u0000', 'Root=\u{1f600}', 'Root=ü'])(
    "leaves out the trace id %j, which a header can't hold",
    async (id) => {
      environmentWith(LAMBDA)
      // ENV itself can't hold a NUL.
      vi.stubGlobal('awslambda', { InvokeStore: { getXRayTraceId: () => id } })
      onTestFinished(() => void vi.unstubAllGlobals())
      const connection = connectionFor(stub)
      await leanSend(connection)('GetItem', INPUTS.GetItem)
      connection.close()
      expect(stub.requests[0]?.names).not.toContain('x-amzn-trace-id')
      expect(stub.requests[0]?.names).not.toContain('x-evil')
    },
  )

  it.each([
    ['all', { X_RAY_TRACE_ID: 'Root=1', TRACEPARENT: '00-a-b-01', TRACESTATE: 'a=b', BAGGAGE: 'user=1,shop=%C3%BC' }],
    ['some', { TRACEPARENT: '00-a-b-01', BAGGAGE: 'user=1' }],
    ['odd ones', { X_RAY_TRACE_ID: 'Root= 1;  x', TRACEPARENT: '00-a-b-01', TRACESTATE: 'a=1,  b=2,\tc=3' }],
  ])('has the trace headers that the SDK sends, and signs those that the SDK signs: %s', async (_, values) => {
    environmentWith(LAMBDA)
    await expectSame({}, 'GetItem') // The SDK makes the store.
    const { InvokeStore } = (globalThis as { awslambda?: { InvokeStore?: Store } }).awslambda ?? {}
    if (!InvokeStore) throw new Error('the SDK has made no store')
    onTestFinished(() => InvokeStore.run(undefined, () => {}))
    const context = Object.entries(values).map(([name, value]) => [Symbol.for(`_AWS_LAMBDA_${name}`), value])
    stub.reset()
    await InvokeStore.run(Object.fromEntries(context), () => expectSame({}, 'GetItem'))
    for (const request of stub.requests) {
      expect(request.headers).toMatchObject({ traceparent: '00-a-b-01' })
      expect(request.headers.authorization).toBe(signedAnew(request, CREDENTIALS))
      const signed = /SignedHeaders=([^,]+)/.exec(request.headers.authorization ?? '')?.[1]?.split(';')
      expect(signed).toContain('traceparent')
      expect(signed).not.toContain('x-amzn-trace-id')
    }
  })

  it('has the trace of its invocation when several run at once, like the SDK’s', async () => {
    environmentWith(LAMBDA)
    const trace = new AsyncLocalStorage<string>()
    const InvokeStore = {
      getXRayTraceId: () => trace.getStore(),
      getTraceparent: () => `00-${trace.getStore()}-01`,
      getTracestate: () => 'a=b',
      getBaggage: () => `user=${trace.getStore()}`,
    }
    vi.stubGlobal('awslambda', { InvokeStore })
    onTestFinished(() => void vi.unstubAllGlobals())
    const connection = connectionFor(stub)
    const get = (id: string) => () => leanSend(connection)('GetItem', { ...INPUTS.GetItem, Key: { k: { S: id } } })
    await get('warm')()
    await Promise.all(['a', 'b', 'c'].map((id) => trace.run(id, get(id))))
    connection.close()
    const seen = stub.requests.slice(1).map(({ headers, body }) => ({
      id: JSON.parse(body).Key.k.S,
      trace: headers['x-amzn-trace-id'],
      rest: [headers.traceparent, headers.tracestate, headers.baggage],
    }))
    expect(seen.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
      ['a', 'b', 'c'].map((id) => ({ id, trace: id, rest: [`00-${id}-01`, 'a=b', `user=${id}`] })),
    )
  })
})

describe('an output of the lean transport', () => {
  it.each(OPERATIONS)("equals the SDK's: %s", async (operation) => {
    const more = { ...checksum(JSON.stringify(ANSWERS[operation])), 'x-amz-id-2': 'more', 'X-Odd': ['a', 'b'] }
    stub.answer((_, response) => sendJson(response, ANSWERS[operation], 200, more))
    const { sdk, lean } = await both(stub, {}, (send) => send(operation, INPUTS[operation]))
    expect(lean.result).toStrictEqual(sdk.result)
    expect(lean.result.$metadata).toMatchObject({ attempts: 1, httpStatusCode: 200, requestId: 'REQUEST' })
  })

  it.each(OPERATIONS)("equals the SDK's without binary attributes: %s", async (operation) => {
    const { b: _, bs: __, l: ___, m: ____, ...texts } = WIRE_ITEM
    const odd = { S: JSON.stringify({ B: '"B":', BS: [null], 'x\\': 1 }) }
    const item = { ...texts, odd, '': { S: '' }, l: { L: [{ NULL: true }, { M: { x: { SS: ['ß'] } } }] } }
    const answer = JSON.stringify(ANSWERS[operation]).replaceAll(JSON.stringify(WIRE_ITEM), JSON.stringify(item))
    stub.answer((_, response) => sendText(response, answer, 200, { ...checksum(answer), 'x-amz-request-id': 'OTHER' }))
    const { sdk, lean } = await both(stub, {}, (send) => send(operation, INPUTS[operation]))
    expect(lean.result).toStrictEqual(sdk.result)
    expect(lean.result.$metadata.requestId).toBe('OTHER')
  })

  it('never changes the prototype of the output', async () => {
    const body = `{"__proto__":{"a":{}},"Item":{"__proto__":{"S":"x"},${JSON.stringify(KEY).slice(1, -1)}}}`
    stub.answer((_, response) => sendText(response, body, 200, checksum(body)))
    const connection = connectionFor(stub)
    const { Item, ...rest } = await leanSend(connection)('GetItem', INPUTS.GetItem)
    connection.close()
    expect(Object.getPrototypeOf(Item)).toBe(Object.prototype)
    expect(Object.keys(Item ?? {})).toEqual(['__proto__', 'session_id'])
    expect(Object.keys(rest)).toEqual(['$metadata'])
  })

  it('may come from JSON with spaces', async () => {
    const item = `{ "data" : { "B" : "AAH6/w==" }, "s" : { "BS" : [ "AA==" ] }, ${JSON.stringify(KEY).slice(1)}`
    stub.answer((_, response) => sendText(response, `{ "Item" : ${item} }`))
    const { sdk, lean } = await both(stub, {}, (send) => send('GetItem', INPUTS.GetItem))
    expect(lean.result).toStrictEqual(sdk.result)
    expect(lean.result.Item?.data?.B).toEqual(BINARY)
  })

  it('may arrive in many pieces', async () => {
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
