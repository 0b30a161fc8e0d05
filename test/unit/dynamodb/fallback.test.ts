import http from 'node:http'
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { transportFor } from '../../../runtime/dynamodb/transport.js'
import { both, leanSend, sentBy } from '../../support/both-transports.js'
import { CREDENTIALS, type Stub, startStub } from '../../support/dynamodb-stub.js'

const INPUT = { TableName: 'sessions', Key: { session_id: { S: 'a' } } }

let stub: Stub

beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())
beforeEach(() => stub.reset())
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** How two requests of such a client went. */
async function sent(client: DynamoDBClient, between: () => void = () => {}) {
  const send = leanSend(client)
  await send('GetItem', INPUT)
  between()
  await send('GetItem', INPUT)
  client.destroy()
  return sentBy(stub.requests)
}

const counting = () => {
  const count = { calls: 0 }
  const middleware = (next: (args: never) => Promise<never>) => async (args: never) => {
    count.calls += 1
    return await next(args)
  }
  return { count, middleware: middleware as never }
}

describe('the SDK itself sends', () => {
  it('nothing of a client that is as it was made', async () => {
    expect(await sent(stub.client())).toEqual(['undici', 'undici'])
  })

  it('for a client with a provider of endpoints of the application', async () => {
    const { endpointProvider } = stub.client().config
    const client = stub.client({ endpointProvider: (params, context) => endpointProvider(params, context) })
    expect(await sent(client)).toEqual(['node:http', 'node:http'])
  })

  it('where the lean transport can not be loaded, and the process is warned once', async () => {
    const lean = '../../../runtime/dynamodb/lean/lean-requests.js'
    vi.resetModules()
    onTestFinished(() => void vi.doUnmock(lean))
    vi.doMock(lean, () => {
      throw new Error('no dynamic import here')
    })
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const transport = await import('../../../runtime/dynamodb/transport.js')
    for (const client of [stub.client(), stub.client()]) {
      const sending = transport.transportFor({ transport: 'lean' }, client)
      for (let count = 0; count < 2; count += 1) await sending.send('GetItem', INPUT)
      expect([sending.isLean, sending.mayMerge]).toEqual([false, false])
      client.destroy()
    }
    expect(sentBy(stub.requests)).toEqual(Array(4).fill('node:http'))
    const warned = warn.mock.calls.map(([text]) => String(text)).filter((text) => text.includes('lean transport'))
    expect(warned).toEqual([expect.stringContaining('sends by the AWS SDK')])
  })

  it('with transport sdk', async () => {
    const client = stub.client()
    const send = vi.spyOn(client, 'send')
    await transportFor({ transport: 'sdk' }, client).send('GetItem', INPUT)
    client.destroy()
    expect(send).toHaveBeenCalledTimes(1)
    expect(send.mock.calls[0]).toHaveLength(1)
    expect(sentBy(stub.requests)).toEqual(['node:http'])
  })

  it.each(['initialize', 'serialize', 'build', 'finalizeRequest', 'deserialize'] as const)(
    'for a client with middleware of the application: %s',
    async (step) => {
      const { count, middleware } = counting()
      const client = stub.client()
      client.middlewareStack.add(middleware, { step } as never)
      expect(await sent(client)).toEqual(['node:http', 'node:http'])
      expect(count.calls).toBe(2)
    },
  )

  it('from the request on that comes after middleware was added, by add, addRelativeTo or use', async () => {
    for (const way of ['add', 'addRelativeTo', 'use'] as const) {
      stub.reset()
      const { count, middleware } = counting()
      const client = stub.client()
      const transports = await sent(client, () => {
        const { middlewareStack: stack } = client
        const relative = { relation: 'after', toMiddleware: 'retryMiddleware', name: 'mine' } as never
        if (way === 'add') stack.add(middleware, { step: 'build' })
        else if (way === 'addRelativeTo') stack.addRelativeTo(middleware, relative)
        else stack.use({ applyToStack: (whole) => void whole.add(middleware, { step: 'finalizeRequest' }) })
      })
      expect(transports).toEqual(['undici', 'node:http'])
      expect(count.calls).toBe(1)
    }
  })

  it('for a client of which middleware was removed', async () => {
    const client = stub.client()
    expect(await sent(client, () => client.middlewareStack.remove('getUserAgentMiddleware'))).toEqual([
      'undici',
      'node:http',
    ])
    expect(stub.requests[1]?.headers['user-agent']).toBeUndefined()
  })

  it('while send is replaced, on the instance or on the class, and no longer', async () => {
    const client = stub.client()
    const send = leanSend(client)
    await send('GetItem', INPUT)
    for (const target of [client, DynamoDBClient.prototype]) {
      const mock = vi
        .spyOn(target, 'send')
        .mockImplementation((async () => ({ Item: { ...INPUT.Key, mocked: { BOOL: true } } })) as never)
      expect(await send('GetItem', INPUT)).toEqual({ Item: { ...INPUT.Key, mocked: { BOOL: true } } })
      expect(mock.mock.calls[0]?.[0]).toMatchObject({ input: INPUT })
      mock.mockRestore()
    }
    await send('GetItem', INPUT)
    client.destroy()
    expect(sentBy(stub.requests)).toEqual(['undici', 'undici'])
  })

  it('for a client that is none of the SDK', async () => {
    const client = { send: async () => ({ Item: INPUT.Key }) } as unknown as DynamoDBClient
    expect(await leanSend(client)('GetItem', INPUT)).toEqual({ Item: INPUT.Key })
  })

  it('for a client with a logger, which is told of the request', async () => {
    const info = vi.fn()
    const logger = { trace() {}, debug() {}, info, warn() {}, error() {} }
    expect(await sent(stub.client({ logger }))).toEqual(['node:http', 'node:http'])
    expect(info).toHaveBeenCalledTimes(2)
  })

  it('in AWS Lambda, where each request is traced by itself', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'f')
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-2-3')
    expect(await sent(stub.client())).toEqual(['node:http', 'node:http'])
    expect(stub.requests[0]?.headers['x-amzn-trace-id']).toBe('Root=1-2-3')
  })

  it('no other way to an endpoint with a user and password', async () => {
    const endpoint = stub.endpoint.replace('://', '://user:password@')
    const { sdk, lean } = await both(stub, { endpoint }, (send) => send('GetItem', INPUT).catch(() => undefined))
    expect(lean.requests).toHaveLength(1)
    expect(lean.requests.map(({ headers }) => headers.authorization?.slice(0, 10))).toEqual(
      sdk.requests.map(({ headers }) => headers.authorization?.slice(0, 10)),
    )
  })
})

describe('the request handler of the client stays in force', () => {
  it('when it is the application’s own', async () => {
    const inner = new NodeHttpHandler()
    const handle = vi.fn((request: never, options: never) => inner.handle(request, options))
    expect(await sent(stub.client({ requestHandler: { handle } as never }))).toEqual(['node:http', 'node:http'])
    expect(handle).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['an agent', () => new NodeHttpHandler({ httpAgent: new http.Agent({ keepAlive: true }) })],
    ['a limit of sockets', () => new NodeHttpHandler({ httpAgent: { maxSockets: 3 } })],
    ['a warning instead of a timeout', () => new NodeHttpHandler({ requestTimeout: 5000 })],
    ['a logger', () => new NodeHttpHandler({ logger: console })],
  ])('when it was made with %s', async (_, requestHandler) => {
    expect(await sent(stub.client({ requestHandler: requestHandler() }))).toEqual(['node:http', 'node:http'])
  })

  it('when it has only timeouts, for which ours stand in', async () => {
    const requestHandler = { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true }
    expect(await sent(stub.client({ requestHandler }))).toEqual(['undici', 'undici'])
  })

  it('when it is replaced later', async () => {
    const client = stub.client()
    const inner = new NodeHttpHandler()
    const handle = vi.fn((request: never, options: never) => inner.handle(request, options))
    expect(
      await sent(client, () => {
        client.config.requestHandler = { handle } as never
      }),
    ).toEqual(['undici', 'node:http'])
    expect(handle).toHaveBeenCalledTimes(1)
  })

  it('when it is configured anew', async () => {
    const handler = new NodeHttpHandler({ requestTimeout: 5000, throwOnRequestTimeout: true })
    const client = stub.client({ requestHandler: handler })
    const agent = new http.Agent({ keepAlive: true, maxSockets: 3 })
    expect(await sent(client, () => handler.updateHttpClientConfig('httpAgent' as never, agent as never))).toEqual([
      'undici',
      'node:http',
    ])
    const slow = new NodeHttpHandler({ requestTimeout: 5000, throwOnRequestTimeout: true })
    const hasty = stub.client({ requestHandler: slow, maxAttempts: 1 })
    const send = leanSend(hasty)
    await send('GetItem', INPUT)
    slow.updateHttpClientConfig('requestTimeout', 100)
    stub.answer(() => {})
    await expect(send('GetItem', INPUT)).rejects.toThrow('100 ms')
    hasty.destroy()
  })

  it('while timers are faked, also when they were before the first request', async () => {
    vi.useFakeTimers()
    try {
      expect(await sent(stub.client())).toEqual(['node:http', 'node:http'])
    } finally {
      vi.useRealTimers()
    }
    stub.reset()
    expect(await sent(stub.client(), () => vi.useFakeTimers())).toEqual(['undici', 'node:http'])
    vi.useRealTimers()
  })

  it('where there is no setImmediate', async () => {
    vi.stubGlobal('setImmediate', undefined)
    try {
      expect(await sent(stub.client())).toEqual(['node:http', 'node:http'])
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('while the network is mocked under it', async () => {
    const client = stub.client()
    const { request } = http
    let mocked = 0
    const between = () => {
      http.request = ((...given: Parameters<typeof request>) => {
        mocked += 1
        return request(...given)
      }) as typeof request
    }
    try {
      await sent(client, between)
    } finally {
      http.request = request
    }
    expect(sentBy(stub.requests)[0]).toBe('undici')
    expect(stub.requests).toHaveLength(2)
    expect(mocked).toBeLessThanOrEqual(1)
  })
})

describe('the endpoint of the lean transport', () => {
  it('may be another one for each request', async () => {
    const other = await startStub()
    let endpoint = stub.endpoint
    const client = stub.client({ endpoint: async () => endpoint as never })
    const send = leanSend(client)
    await send('GetItem', INPUT)
    endpoint = other.endpoint
    await send('GetItem', INPUT)
    endpoint = stub.endpoint
    await send('GetItem', INPUT)
    client.destroy()
    expect([stub.requests.length, other.requests.length]).toEqual([2, 1])
    expect(sentBy(other.requests)).toEqual(['undici'])
    await other.stop()
  })

  it.each([
    ['of the region', { region: 'eu-west-3' }],
    ['of China', { region: 'cn-north-1' }],
    ['with FIPS', { useFipsEndpoint: true, region: 'us-east-2' }],
    ['with dual stack', { useDualstackEndpoint: true }],
    ['with both', { useDualstackEndpoint: true, useFipsEndpoint: true, region: 'us-east-1' }],
    ['of the account', { credentials: { ...CREDENTIALS, accountId: '123456789012' } }],
    [
      'of the account, not wanted',
      { credentials: { ...CREDENTIALS, accountId: '123456789012' }, accountIdEndpointMode: 'disabled' },
    ],
    ['of a table by its ARN', { table: 'arn:aws:dynamodb:eu-central-1:210987654321:table/sessions' }],
    ['of ENV', { env: 'http://localhost:8123' }],
  ] as [string, DynamoDBClientConfig & { table?: string; env?: string }][])(
    'is the one that the SDK takes: %s',
    async (_, { table = 'sessions', env, ...config }) => {
      if (env) vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', env)
      const handle = vi.fn(
        async (_request: { protocol: string; hostname: string; port?: number; headers: object }) => ({
          response: {
            statusCode: 200,
            headers: { 'content-type': 'application/x-amz-json-1.0' },
            body: Buffer.from('{}'),
          },
        }),
      )
      const requestHandler = { handle } as never
      await both(stub, { endpoint: undefined, ...config, requestHandler }, (send) =>
        send('GetItem', { ...INPUT, TableName: table }),
      )
      const [sdk, lean] = handle.mock.calls.map(([{ protocol, hostname, port, headers }]) => {
        const { host, 'user-agent': agent, authorization } = headers as Record<string, string>
        return { protocol, hostname, port, host, agent, scope: authorization?.replace(/, Signature.*/, '') }
      })
      expect(handle).toHaveBeenCalledTimes(2)
      expect(lean).toEqual(sdk)
    },
  )
})
