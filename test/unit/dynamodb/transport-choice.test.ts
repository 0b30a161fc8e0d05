import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { KNOWN_VALUES, leanSettingsOf } from '../../../runtime/dynamodb/transport-choice.js'
import { sdkRequest } from '../../support/sdk-request.js'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'transport-choice-'))
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'secret' }
const ENV = { AWS_REGION: 'eu-central-1', ...KEYS }

function choiceOf(options: Options, env: Record<string, string> = ENV) {
  const all = { HOME: home, ...env }
  return leanSettingsOf(resolveConfiguration({ root: home, ...options }, all), all)
}

function leanSettings(options: Options, env?: Record<string, string>) {
  const choice = choiceOf(options, env)
  if ('reason' in choice) throw new Error(choice.reason)
  return choice
}

function reason(options: Options, env?: Record<string, string>): string | undefined {
  const choice = choiceOf(options, env)
  return 'reason' in choice ? choice.reason : undefined
}

/** Sets `env` as the whole environment that the SDK reads. */
function stubEnv(env: Record<string, string>): void {
  for (const name of Object.keys(process.env)) if (/^_?(AWS|X_AMZN)_/.test(name)) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries({ HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...env }))
    vi.stubEnv(name, value)
}

function sharedFile(path: string, text = '[default]\nregion = us-west-2\n'): string {
  const file = join(home, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  return file
}

const LOCAL = 'http://localhost:8000'
const TOKEN = 'token/with+signs=='
const CASES: [string, Options, Record<string, string>][] = [
  ['keys in ENV', {}, ENV],
  ['a session token in ENV', {}, { ...ENV, AWS_SESSION_TOKEN: TOKEN }],
  ['an account in ENV', {}, { ...ENV, AWS_ACCOUNT_ID: '123456789012' }],
  [
    'an account in a mode without',
    {},
    { ...ENV, AWS_ACCOUNT_ID: '123456789012', AWS_ACCOUNT_ID_ENDPOINT_MODE: 'disabled' },
  ],
  [
    'an account that is required',
    {},
    { ...ENV, AWS_ACCOUNT_ID: '123456789012', AWS_ACCOUNT_ID_ENDPOINT_MODE: 'required' },
  ],
  ['a region in code', { region: 'us-gov-west-1' }, ENV],
  ['an endpoint in code', { endpoint: 'https://vpce.example:8443/path' }, ENV],
  ['an endpoint in ENV', {}, { ...ENV, AWS_ENDPOINT_URL: 'http://proxy.example/a/' }],
  [
    'an endpoint for DynamoDB in ENV',
    {},
    { ...ENV, AWS_ENDPOINT_URL: 'http://other.example', AWS_ENDPOINT_URL_DYNAMODB: 'http://dynamodb.example' },
  ],
  ['an empty endpoint in ENV', {}, { ...ENV, AWS_ENDPOINT_URL_DYNAMODB: '', AWS_ENDPOINT_URL: 'http://other.example' }],
  ['keys in code', { credentials: { accessKeyId: 'AKIDCODE', secretAccessKey: 's' } }, ENV],
  [
    'all of them in code',
    { credentials: { accessKeyId: 'AKIDCODE', secretAccessKey: 's', sessionToken: TOKEN, accountId: '210987654321' } },
    ENV,
  ],
  ['a provider in code', { credentials: async () => ({ accessKeyId: 'AKIDFUN', secretAccessKey: 's' }) }, ENV],
  ['a local endpoint with keys', { endpoint: LOCAL }, ENV],
]

describe('requests without the SDK', () => {
  it.each(CASES)("have the SDK's endpoint and signature, with %s", async (_, options, env) => {
    stubEnv(env)
    const { region, endpoint, credentials } = options
    const request = await sdkRequest({
      ...(region && { region }),
      ...(endpoint && { endpoint }),
      ...(credentials && { credentials }),
    })
    const choice = leanSettings(options, env)
    const keys = await choice.credentials.get()
    const to = choice.endpoint(keys.accountId)
    expect({
      url: `${to?.protocol}//${to?.host}${to?.path}`,
      scope: `${keys.accessKeyId}/${to?.signingRegion}`,
      token: keys.sessionToken,
    }).toEqual({
      url: `${request?.protocol}//${request?.headers.host}${request?.path}`,
      scope: request?.headers.authorization?.replace(/^.*Credential=([^/]+)\/\d+\/([^/]+).*/, '$1/$2'),
      token: request?.headers['x-amz-security-token'],
    })
    expect(choice.credentials.current()).toBe(keys)
  })

  it('have placeholders for an endpoint on this machine when nothing is set', async () => {
    const choice = leanSettings({ endpoint: LOCAL }, {})
    expect(choice.region).toBe('us-east-1')
    expect(choice.credentials.current()).toEqual({ accessKeyId: 'local', secretAccessKey: 'local' })
  })

  it("have a user agent with the application's name", () => {
    const version = /^dynamo-session-store\/\d+\.\d+\.\d+\S* os\/\w+#\S+ lang\/js md\/nodejs#\d+\.\S+/
    expect(leanSettings({}).userAgent).toMatch(new RegExp(`${version.source}$`))
    expect(leanSettings({}, { ...ENV, AWS_SDK_UA_APP_ID: 'my shop/ü' }).userAgent).toMatch(/ app\/my-shop--$/)
  })

  it('have headers for traces only in AWS Lambda', () => {
    expect(leanSettings({}).traceHeaders).toBeUndefined()
    const { traceHeaders } = leanSettings(
      {},
      { ...ENV, AWS_LAMBDA_FUNCTION_NAME: 'shop', _X_AMZN_TRACE_ID: 'Root=1-2' },
    )
    expect(traceHeaders?.()).toEqual({ 'x-amzn-trace-id': 'Root=1-2' })
  })

  it("have the SDK's number of attempts", async () => {
    for (const value of [undefined, '', '1', '7']) {
      const env = { ...ENV, ...(value !== undefined && { AWS_MAX_ATTEMPTS: value }) }
      stubEnv(env)
      expect(leanSettings({}, env).maxAttempts).toBe(await new DynamoDBClient({}).config.maxAttempts())
    }
    expect(leanSettings({ maxAttempts: 2 }, { ...ENV, AWS_MAX_ATTEMPTS: '7' }).maxAttempts).toBe(2)
  })
})

describe('the SDK sends', () => {
  const object = { send() {}, handle() {}, debug() {}, info() {}, warn() {}, error() {} }
  it.each([
    ['client', { client: object }, 'the option client is set'],
    ['requestHandler', { requestHandler: object }, 'the option requestHandler is set'],
    ['logger', { logger: object }, 'the option logger is set'],
    ['profile', { profile: 'shop' }, 'the option profile is set'],
    ['transport', { transport: 'sdk' }, 'the option transport is sdk'],
    ['region of no partition', { region: 'nowhere' }, 'only the AWS SDK knows the endpoint'],
    ['FIPS region', { region: 'fips-us-east-1', endpoint: LOCAL }, 'only the AWS SDK knows the endpoint'],
  ])('with the option %s', (_, options, text) => {
    expect(reason(options as unknown as Options)).toBe(text)
  })

  it('without a region', () => {
    const text = 'neither the option region nor ENV AWS_REGION is set'
    expect(reason({}, KEYS)).toBe(text)
    expect(reason({}, { ...KEYS, AWS_REGION: '' })).toBe(text)
    expect(reason({ endpoint: 'http://db.example' }, KEYS)).toBe(text)
  })

  it('with an account in a partition without endpoints for accounts', () => {
    expect(reason({ region: 'us-iso-east-1' })).toBeUndefined()
    expect(reason({ region: 'us-iso-east-1' }, { ...ENV, AWS_ACCOUNT_ID: '123456789012' })).toMatch(/endpoint/)
    const choice = leanSettings({
      region: 'us-iso-east-1',
      credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
    })
    expect(choice.endpoint('123456789012')).toBeUndefined()
  })

  it.each([
    ['.aws/config', {}],
    ['.aws/credentials', {}],
    ['config', { AWS_CONFIG_FILE: '~/config' }],
    ['credentials', { AWS_SHARED_CREDENTIALS_FILE: '~/credentials' }],
  ])('with a configuration file of the SDK: %s', async (path, env) => {
    expect(reason({}, { ...ENV, ...env })).toBeUndefined()
    const file = sharedFile(path)
    expect(reason({}, { ...ENV, ...env })).toMatch(/exists$/)
    // The SDK finds the region in the same file.
    stubEnv({ ...KEYS, ...env })
    expect(await new DynamoDBClient({}).config.region()).toBe('us-west-2')
    rmSync(file)
    expect(reason({}, { ...ENV, ...env })).toBeUndefined()
  })

  it('with a configuration file at a path from ENV', () => {
    const file = sharedFile('elsewhere/config')
    expect(reason({}, { ...ENV, AWS_CONFIG_FILE: file })).toBe(`${file} exists`)
    expect(reason({}, { ...ENV, AWS_SHARED_CREDENTIALS_FILE: file })).toBe(`${file} exists`)
    expect(reason({}, { ...ENV, AWS_CONFIG_FILE: `${file}x` })).toBeUndefined()
  })

  it('with a file in the home folder that the SDK uses', () => {
    const other = join(home, 'other')
    sharedFile('other/.aws/config')
    expect(reason({}, { ...ENV, HOME: other })).toMatch(/exists/)
    expect(reason({}, { ...ENV, USERPROFILE: other })).toBeUndefined()
    expect(reason({}, { ...ENV, HOME: '', USERPROFILE: other })).toMatch(/exists/)
    expect(reason({}, { ...ENV, HOME: '', HOMEDRIVE: home, HOMEPATH: '/other' })).toMatch(/exists/)
  })

  it('but not for an endpoint on this machine from code', () => {
    sharedFile('.aws/config')
    for (const endpoint of [LOCAL, 'http://127.0.0.1:8000', 'http://[::1]:8000']) {
      expect(reason({ endpoint })).toBeUndefined()
    }
    expect(reason({ endpoint: 'http://db.example' })).toMatch(/exists/)
    expect(reason({}, { ...ENV, AWS_DYNAMO_DB_SESSION_ENDPOINT: LOCAL })).toMatch(/exists/)
    expect(reason({}, { ...ENV, AWS_ENDPOINT_URL: LOCAL })).toMatch(/exists/)
    // The file may hold the region.
    expect(reason({ endpoint: LOCAL }, KEYS)).toMatch(/region/)
  })
})

describe("ENV that changes the SDK's requests", () => {
  /** Known and unknown values for each name. */
  const VALUES: Record<string, { known: string[]; unknown: string[] }> = {
    AWS_PROFILE: { known: [''], unknown: ['default', 'shop'] },
    AWS_MAX_ATTEMPTS: { known: ['', '1', '10', '99'], unknown: ['0', '-1', '3.5', '3x', 'x', '100', ' 3', '0x3'] },
    AWS_RETRY_MODE: { known: ['standard'], unknown: ['adaptive', 'legacy', '', 'STANDARD'] },
    AWS_DEFAULTS_MODE: {
      known: ['legacy', 'standard', 'in-region', 'cross-region', 'mobile'],
      unknown: ['auto', 'Standard', '', 'x'],
    },
    AWS_USE_FIPS_ENDPOINT: { known: ['false'], unknown: ['true', '', 'False'] },
    AWS_USE_DUALSTACK_ENDPOINT: { known: ['false'], unknown: ['true', '', '0'] },
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: { known: ['false'], unknown: ['true', ''] },
    AWS_ENABLE_ENDPOINT_DISCOVERY: { known: ['false', '0'], unknown: ['true', '1', ''] },
    AWS_ENDPOINT_DISCOVERY_ENABLED: { known: ['false', '0'], unknown: ['true', '1', ''] },
    AWS_ACCOUNT_ID_ENDPOINT_MODE: { known: ['disabled', 'preferred'], unknown: ['', 'required ', 'x'] },
    AWS_AUTH_SCHEME_PREFERENCE: { known: ['sigv4'], unknown: ['sigv4a', 'sigv4a,sigv4', ''] },
    AWS_SIGV4A_SIGNING_REGION_SET: { known: [''], unknown: ['*', 'eu-central-1'] },
    AWS_BEARER_TOKEN_DYNAMODB: { known: [], unknown: ['', 'token'] },
    AWS_DISABLE_CLOCK_SKEW_CORRECTION: { known: ['false'], unknown: ['true', ''] },
    AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: { known: ['', '0', 'false'], unknown: ['true', '1'] },
  }

  /** The SDK's request, and its number of attempts. */
  async function sdkBehaviour(env: Record<string, string>) {
    stubEnv(env)
    const request = await sdkRequest({})
    const { config } = new DynamoDBClient({})
    return {
      url: `${request?.protocol}//${request?.headers.host}${request?.path}`,
      key: request?.headers.authorization?.replace(/\d{8}|, Signature=.*/g, ''),
      mode: ((await config.retryStrategy()) as { mode?: string }).mode,
      clockCorrected: !(await config.disableClockSkewCorrection()),
      discovery: (await config.endpointDiscoveryEnabled()) === true,
    }
  }

  it('has values for every name', () => {
    expect(Object.keys(VALUES).sort()).toEqual(Object.keys(KNOWN_VALUES).sort())
  })

  it.each(Object.keys(VALUES))('%s: the SDK does with a known value what it does without one', async (name) => {
    const usual = await sdkBehaviour(ENV)
    expect(usual).toMatchObject({ url: 'https://dynamodb.eu-central-1.amazonaws.com/', mode: 'standard' })
    for (const value of VALUES[name]?.known ?? []) {
      const env = { ...ENV, [name]: value }
      expect(reason({}, env), value).toBeUndefined()
      expect(await sdkBehaviour(env), value).toEqual(usual)
    }
  })

  it.each(Object.keys(VALUES))('%s: the SDK sends with another value, which is not printed', (name) => {
    for (const value of VALUES[name]?.unknown ?? []) {
      expect(reason({}, { ...ENV, [name]: value }), value).toBe(`ENV ${name} has a value that only the AWS SDK knows`)
      expect(reason({ endpoint: LOCAL }, { ...ENV, [name]: value }), value).toMatch(name)
    }
  })
})

describe("values that a header can't hold", () => {
  it.each(['\r', '\n', '\0', '\r\nx-evil: 1', 'ü'])('are refused without being printed: %j', (bad) => {
    const secret = `mysecretvalue${bad}`
    for (const [options, env] of [
      [{}, { ...ENV, AWS_SESSION_TOKEN: secret }],
      ...(bad === 'ü' ? [] : ([[{}, { ...ENV, AWS_SDK_UA_APP_ID: secret }]] as const)),
      [{}, { ...ENV, AWS_ACCESS_KEY_ID: secret }],
      [{ credentials: { accessKeyId: 'a', secretAccessKey: 's', sessionToken: secret } }, ENV],
    ] as const) {
      const error = thrownBy(() => choiceOf(options, env))
      expect(error).toMatchObject({ name: 'ConfigurationError', message: expect.stringMatching(/HTTP header/) })
      expect(String(error)).not.toContain('mysecretvalue')
    }
  })
})

describe('the option credentials', () => {
  it.each([['AKIAXXXXXXXXXXXXXXXX'], [{}], [{ accessKeyId: 'AKIAXXXXXXXXXXXXXXXX' }], [[]], [7]])(
    'is refused: %j',
    (value) => {
      const error = thrownBy(() => choiceOf({ credentials: value as never }))
      expect(String(error)).toMatch(
        /must be an object with the texts accessKeyId and secretAccessKey, or a function that returns one: \w+ is missing$/,
      )
    },
  )
})

it('loads no module of the SDK', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s(?!type\b)[^'"]*?from\s+'([^']+)'/gm)
    for (const [, name = ''] of imports) {
      if (name.startsWith('.')) visit(join(file, '..', name.replace(/js$/, 'ts')))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  visit('runtime/dynamodb/transport-choice.ts')
  expect(seen).toContain('runtime/fit-for-output.ts')
  expect([...packages]).toEqual([])
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
