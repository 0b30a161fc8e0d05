import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient, type DynamoDBClientConfig, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Credentials,
  CredentialsSource,
  credentialsFromChain,
  credentialsFromCode,
  credentialsFromEnv,
  localCredentialsFromChain,
} from '../../../runtime/dynamodb/credentials.js'

/** What the SDK passes to a provider. */
interface Caller {
  readonly callerClientConfig: { readonly region: () => Promise<string> }
}

const START = Date.UTC(2026, 0, 1)
const MINUTE = 60_000
const HOUR = 60 * MINUTE

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: START })
  for (const name of Object.keys(process.env)) if (/^AWS_/.test(name)) vi.stubEnv(name, undefined)
  vi.stubEnv('HOME', '/nowhere')
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** Sets the clock to this time after the start. */
function at(milliseconds: number): void {
  vi.advanceTimersByTime(START + milliseconds - Date.now())
}

/** Gives keys with a number, for an hour each. */
class Provider {
  calls = 0
  lifetime: number | undefined = HOUR
  failing = false
  callers: unknown[] = []
  #hold: Promise<void> | undefined
  #release: (() => void) | undefined

  readonly provide = async (caller?: unknown): Promise<Credentials> => {
    this.calls += 1
    this.callers.push(caller)
    const number = this.calls
    await this.#hold
    if (this.failing) throw new Error('no keys today')
    const expiration = this.lifetime === undefined ? undefined : new Date(Date.now() + this.lifetime)
    return { accessKeyId: `KEY${number}`, secretAccessKey: 'secret', ...(expiration && { expiration }) }
  }

  hold(): void {
    this.#hold = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  release(): void {
    this.#release?.()
    this.#hold = undefined
  }
}

/** Lets pending promises settle. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Sends a request with the SDK, and returns the key that signed it. */
function sdkRequests(config: DynamoDBClientConfig): () => Promise<string> {
  const sent = new Error('sent')
  let key = ''
  const handle = async (request: { headers: Record<string, string> }) => {
    key = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    throw sent
  }
  const requestHandler = { handle } as never
  const client = new DynamoDBClient({ region: 'eu-central-1', maxAttempts: 1, ...config, requestHandler })
  return async () => {
    const command = new GetItemCommand({ TableName: 'sessions', Key: { session_id: { S: 'x' } } })
    await client.send(command).catch((error) => {
      if (error !== sent) throw error
    })
    return key
  }
}

async function outcome(request: () => Promise<string>): Promise<string> {
  return await request().catch((error: Error) => error.message)
}

describe('credentials of a provider', () => {
  it('are requested once for simultaneous requests', async () => {
    const provider = new Provider()
    const source = credentialsFromCode(provider.provide, 'eu-central-1')
    expect(source.current()).toBeUndefined()
    provider.hold()
    const all = Promise.all(Array.from({ length: 20 }, () => source.get()))
    await settle()
    provider.release()
    expect(new Set((await all).map(({ accessKeyId }) => accessKeyId))).toEqual(new Set(['KEY1']))
    expect(source.current()?.accessKeyId).toBe('KEY1')
    expect(provider.calls).toBe(1)
  })

  it('are requested again after a failure', async () => {
    const provider = new Provider()
    provider.failing = true
    const source = credentialsFromCode(provider.provide, 'eu-central-1')
    await expect(source.get()).rejects.toThrow('no keys today')
    provider.failing = false
    expect((await source.get()).accessKeyId).toBe('KEY2')
  })

  it("are never requested again when they don't expire", async () => {
    const provider = new Provider()
    provider.lifetime = undefined
    const source = credentialsFromCode(provider.provide, 'eu-central-1')
    const first = await source.get()
    at(1_000 * HOUR)
    expect(source.current()).toBe(first)
    expect(provider.calls).toBe(1)
  })

  it('are renewed in their last five minutes, in the background and once', async () => {
    const provider = new Provider()
    const source = credentialsFromCode(provider.provide, 'eu-central-1')
    const first = await source.get()
    at(55 * MINUTE)
    expect(source.current()).toBe(first)
    expect(provider.calls).toBe(1)
    at(55 * MINUTE + 1)
    provider.hold()
    for (let request = 0; request < 20; request += 1) {
      expect(source.current()).toBe(first)
      expect(await source.get()).toBe(first)
    }
    await settle()
    provider.release()
    await settle()
    expect(source.current()?.accessKeyId).toBe('KEY2')
    expect(provider.calls).toBe(2)
  })

  it('are used until they expire when renewal fails, which is tried once a second', async () => {
    const provider = new Provider()
    const source = credentialsFromCode(provider.provide, 'eu-central-1')
    const first = await source.get()
    provider.failing = true
    for (const [milliseconds, calls] of [
      [0, 2],
      [1, 2],
      [999, 2],
      [1_000, 3],
      [1_500, 3],
      [5 * MINUTE - 1, 4],
    ] as const) {
      at(55 * MINUTE + 1 + milliseconds)
      for (let request = 0; request < 3; request += 1) {
        expect(source.current(), String(milliseconds)).toBe(first)
        await settle()
      }
      expect(provider.calls, String(milliseconds)).toBe(calls)
    }
    at(HOUR + 1)
    expect(source.current()).toBeUndefined()
    await expect(source.get()).rejects.toThrow('no keys today')
    provider.failing = false
    expect((await source.get()).accessKeyId).toMatch(/^KEY\d$/)
    expect(source.current()).toBeDefined()
  })

  it('are used even if the provider returns expired ones', async () => {
    const provider = new Provider()
    provider.lifetime = -HOUR
    const source = credentialsFromCode(provider.provide, 'eu-central-1')
    expect((await source.get()).accessKeyId).toBe('KEY1')
    expect(source.current()).toBeUndefined()
    await settle()
    expect((await source.get()).accessKeyId).toMatch(/^KEY[23]$/)
  })

  it("are requested for each request from a provider with the SDK's mark, as by the SDK", async () => {
    const provider = new Provider()
    const source = credentialsFromCode(Object.assign(provider.provide, { memoized: true }), 'eu-central-1')
    for (const key of ['KEY1', 'KEY2']) {
      expect(source.current()).toBeUndefined()
      expect((await source.get()).accessKeyId).toBe(key)
    }
    const request = sdkRequests({ credentials: provider.provide })
    const before = provider.calls
    await request()
    await request()
    expect(provider.calls - before).toBeGreaterThanOrEqual(2)
  })

  it("have the caller's region, as with the SDK", async () => {
    const provider = new Provider()
    await credentialsFromCode(provider.provide, 'sa-east-1').get()
    await sdkRequests({ credentials: provider.provide })()
    const regions = provider.callers.map(async (caller) => await (caller as Caller).callerClientConfig.region())
    expect((await Promise.all(regions)).slice(0, 2)).toEqual(['sa-east-1', 'eu-central-1'])
  })

  it.each([undefined, null, {}, { accessKeyId: 'AKIA' }, { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 7 }])(
    'are refused when they are not credentials: %j',
    async (value) => {
      const source = credentialsFromCode(async () => value as never, 'eu-central-1')
      await expect(source.get()).rejects.toThrow(/^AWS credentials: have no accessKeyId/)
      expect(source.current()).toBeUndefined()
    },
  )

  it.each(['\r', '\n', '\0', 'ü'])(
    "are refused without being printed when a header can't hold them: %j",
    async (bad) => {
      const sessionToken = `mysecrettoken${bad}`
      for (const memoized of [false, true]) {
        const provide = async () => ({ accessKeyId: 'AKIA', secretAccessKey: 's', sessionToken })
        const source = credentialsFromCode(Object.assign(provide, { memoized }), 'eu-central-1')
        const error = await source.get().catch((thrown) => thrown)
        expect(error).toMatchObject({ name: 'ConfigurationError' })
        expect(error.message).toMatch(/sessionToken: contains a character/)
        expect(error.message).not.toContain('mysecrettoken')
      }
    },
  )

  it('stay when the renewed ones are refused', async () => {
    let calls = 0
    const provide = async () => {
      calls += 1
      const expiration = new Date(START + HOUR)
      return { accessKeyId: calls === 1 ? 'AKIA' : 'AK\nIA', secretAccessKey: 's', expiration }
    }
    const source = new CredentialsSource(provide, {})
    const first = await source.get()
    at(56 * MINUTE)
    expect(source.current()).toBe(first)
    await settle()
    expect(calls).toBe(2)
    expect(source.current()).toBe(first)
  })
})

/** The outcomes of requests at these times, one after the other. `failing` holds from its time on. */
const TIMES: { minutes: number; failing?: boolean }[] = [
  { minutes: 0 },
  { minutes: 1 },
  { minutes: 54 },
  { minutes: 56 },
  { minutes: 57 },
  { minutes: 110, failing: true },
  { minutes: 113 },
  { minutes: 114 },
  { minutes: 118, failing: true },
  { minutes: 119, failing: false },
  { minutes: 120 },
  { minutes: 400 },
  { minutes: 401, failing: true },
  { minutes: 600 },
  { minutes: 601, failing: false },
]

async function history(provider: { calls: number; failing: boolean }, request: () => Promise<string>) {
  vi.setSystemTime(START)
  const seen = []
  for (const { minutes, failing } of TIMES) {
    at(minutes * MINUTE)
    if (failing !== undefined) provider.failing = failing
    const outcomes = [await outcome(request), await outcome(request)]
    await settle()
    outcomes.push(await outcome(request))
    await settle()
    seen.push({ minutes, outcomes, calls: provider.calls })
  }
  return seen
}

function ours(source: CredentialsSource): () => Promise<string> {
  return async () => (await source.get()).accessKeyId
}

it('calls a provider at most as often as the SDK, and fails only when the SDK fails', async () => {
  const [mine, its] = [new Provider(), new Provider()]
  const own = await history(mine, ours(credentialsFromCode(mine.provide, 'eu-central-1')))
  const sdk = await history(its, sdkRequests({ credentials: its.provide }))
  for (const [index, { minutes, calls, outcomes }] of own.entries()) {
    const theirs = sdk[index]
    expect(calls, `${minutes} min`).toBeLessThanOrEqual(theirs?.calls ?? 0)
    for (const [request, text] of outcomes.entries()) {
      if (theirs?.outcomes[request]?.startsWith('KEY')) expect(text, `${minutes} min`).toMatch(/^KEY/)
    }
  }
  // Without failures, each renewal is one call. The SDK makes several calls for each request.
  expect(own.slice(0, 5).map(({ calls }) => calls)).toEqual([1, 1, 1, 2, 2])
  expect(own.find(({ minutes }) => minutes === 600)?.outcomes).toEqual(Array(3).fill('no keys today'))
})

it('passes the region and timeouts for services to the default chain', async () => {
  const given: { init?: { parentClientConfig: object }; caller?: Caller } = {}
  vi.doMock('@aws-sdk/credential-provider-node', () => ({
    defaultProvider: (init: typeof given.init) => async (caller: Caller) => {
      Object.assign(given, { init, caller })
      return { accessKeyId: 'AKIA', secretAccessKey: 's' }
    },
  }))
  try {
    await credentialsFromChain('sa-east-1').get()
  } finally {
    vi.doUnmock('@aws-sdk/credential-provider-node')
  }
  const region = expect.any(Function)
  expect(given.init?.parentClientConfig).toMatchObject({ region, requestHandler: { requestTimeout: 10_000 } })
  expect(await given.caller?.callerClientConfig.region()).toBe('sa-east-1')
})

it('gets credentials with an account by a web identity, as in EKS', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'token-')), 'token')
  writeFileSync(file, 'web-identity')
  const requests: string[] = []
  const sts = createServer((request, response) => {
    request.on('data', (data) => requests.push(String(data)))
    request.on('end', () => {
      const keys = '<AccessKeyId>STS</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>'
      const end = `<Expiration>${new Date(START + HOUR).toISOString()}</Expiration>`
      const user = '<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>'
      const result = `<AssumeRoleWithWebIdentityResult><Credentials>${keys}${end}</Credentials>${user}</AssumeRoleWithWebIdentityResult>`
      response.end(`<AssumeRoleWithWebIdentityResponse>${result}</AssumeRoleWithWebIdentityResponse>`)
    })
  })
  await new Promise<void>((resolve) => sts.listen(0, '127.0.0.1', resolve))
  try {
    vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${(sts.address() as AddressInfo).port}`)
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', file)
    vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/r')
    const keys = await credentialsFromChain('sa-east-1').get()
    expect(keys).toMatchObject({ accessKeyId: 'STS', sessionToken: 't', accountId: '123456789012' })
    expect(requests.join()).toContain('WebIdentityToken=web-identity')
  } finally {
    sts.closeAllConnections()
    await new Promise((resolve) => sts.close(resolve))
    rmSync(join(file, '..'), { recursive: true })
  }
})

describe('credentials of the default chain', () => {
  let server: Server
  let provider: Provider

  beforeEach(async () => {
    provider = new Provider()
    server = createServer(async (_, response) => {
      const keys = await provider.provide().catch(() => undefined)
      response.statusCode = keys ? 200 : 400
      response.setHeader('connection', 'close')
      const { accessKeyId, secretAccessKey, expiration } = keys ?? {}
      const body = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Expiration: expiration?.toISOString() }
      response.end(JSON.stringify(keys ? { ...body, Token: 'token' } : { code: 'x' }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `http://127.0.0.1:${port}/keys`)
  })

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
  })

  it('are those of a container', async () => {
    expect(await credentialsFromChain('eu-central-1').get()).toMatchObject({
      ...{ accessKeyId: 'KEY1', secretAccessKey: 'secret', sessionToken: 'token' },
      expiration: new Date(START + HOUR),
    })
    expect((await localCredentialsFromChain('eu-central-1').get()).accessKeyId).toBe('KEY2')
  })

  it('are requested at most as often as by the SDK, and fail only when the SDK fails', async () => {
    // The chain renews in the background, over HTTP. The renewal ends before the next request.
    const quiet = (request: () => Promise<string>) => async () => {
      const key = await request()
      for (let turn = 0; turn < 50; turn += 1) await settle()
      return key
    }
    // Without this, the chain waits for a second before the next request to the container.
    const once = { maxRetries: 0 }
    const credentialDefaultProvider = (init: object) => defaultProvider({ ...init, ...once })
    const own = await history(provider, quiet(ours(credentialsFromChain('eu-central-1', once))))
    provider.calls = 0
    provider.failing = false
    const sdk = await history(provider, quiet(sdkRequests({ credentialDefaultProvider })))
    for (const [index, { minutes, calls, outcomes }] of own.entries()) {
      expect(calls, `${minutes} min`).toBeLessThanOrEqual(sdk[index]?.calls ?? 0)
      for (const [request, text] of outcomes.entries()) {
        if (sdk[index]?.outcomes[request]?.startsWith('KEY')) expect(text, `${minutes} min`).toMatch(/^KEY/)
      }
    }
    expect(own.slice(0, 4).map(({ calls }) => calls)).toEqual([1, 1, 1, 2])
    expect(own.find(({ minutes }) => minutes === 600)?.outcomes[0]).not.toMatch(/^KEY/)
  })

  it('are placeholders on this machine when none are found', async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    server = createServer().listen(0)
    expect(await localCredentialsFromChain('us-east-1').get()).toEqual({
      accessKeyId: 'local',
      secretAccessKey: 'local',
    })
  })
})

describe('credentials in ENV', () => {
  it.each([
    [{ AWS_ACCESS_KEY_ID: 'AKIA' }],
    [{ AWS_SECRET_ACCESS_KEY: 's' }],
    [{ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: 's' }],
  ])('need both keys: %j', (env) => {
    expect(credentialsFromEnv(env)).toBeUndefined()
  })

  it.each([
    {},
    { AWS_SESSION_TOKEN: 't', AWS_ACCOUNT_ID: '1', AWS_CREDENTIAL_EXPIRATION: '2026-01-01T01:00:00Z' },
    { AWS_SESSION_TOKEN: '', AWS_ACCOUNT_ID: '', AWS_CREDENTIAL_EXPIRATION: '' },
  ])('are those of the SDK: %j', async (more) => {
    for (const [name, value] of Object.entries({ AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 's', ...more })) {
      vi.stubEnv(name, value)
    }
    const { $source, ...sdk } = (await credentialsFromChain('eu-central-1').get()) as Credentials & { $source: unknown }
    expect(credentialsFromEnv(process.env)?.current()).toEqual(sdk)
  })

  it('are read again when they expire, as by the SDK', async () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'OLD',
      AWS_SECRET_ACCESS_KEY: 's',
      AWS_CREDENTIAL_EXPIRATION: '2026-01-01T01:00:00Z',
    }
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const source = credentialsFromEnv(process.env)
    const sdk = sdkRequests({})
    if (!source) throw new Error('no credentials')
    const both = async () => {
      const keys = [await ours(source)(), await sdk()]
      await settle()
      return keys
    }
    expect(await both()).toEqual(['OLD', 'OLD'])
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'NEW')
    expect(await both()).toEqual(['OLD', 'OLD'])
    at(56 * MINUTE)
    await both()
    expect(await both()).toEqual(['NEW', 'NEW'])
    // They are used even if ENV has no new ones.
    at(2 * HOUR)
    expect(await both()).toEqual(['NEW', 'NEW'])
    vi.stubEnv('AWS_CREDENTIAL_EXPIRATION', 'nonsense')
    expect(credentialsFromEnv(process.env)?.current()?.accessKeyId).toBe('NEW')
  })
})
