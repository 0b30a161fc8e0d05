import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { KNOWN_VALUES } from '../../../runtime/dynamodb/transport-choice.js'

/** Names that this package reads like the SDK, and the modules that read them. */
const USED: Readonly<Record<string, string>> = {
  AWS_REGION: 'transport-choice',
  AWS_MAX_ATTEMPTS: 'transport-choice',
  AWS_ACCOUNT_ID_ENDPOINT_MODE: 'transport-choice',
  AWS_SDK_UA_APP_ID: 'transport-choice',
  AWS_CONFIG_FILE: 'transport-choice',
  AWS_SHARED_CREDENTIALS_FILE: 'transport-choice',
  HOME: 'transport-choice',
  USERPROFILE: 'transport-choice',
  HOMEPATH: 'transport-choice',
  HOMEDRIVE: 'transport-choice',
  AWS_ENDPOINT_URL: 'endpoint',
  AWS_ACCESS_KEY_ID: 'credentials',
  AWS_SECRET_ACCESS_KEY: 'credentials',
  AWS_SESSION_TOKEN: 'credentials',
  AWS_CREDENTIAL_EXPIRATION: 'credentials',
  AWS_ACCOUNT_ID: 'credentials',
  AWS_LAMBDA_FUNCTION_NAME: 'trace-header',
  _X_AMZN_TRACE_ID: 'trace-header',
}

const chain = "read by the SDK's default chain, which is used where ENV has no keys"
const metadata = 'decides how the service for instance metadata is asked, which only the default chain does'
const symbol = 'the name of a symbol in the invoke store, not of a variable'

const keyOrigin = 'the origin of a key in the SDK for KMS, no name of ENV'

/** Names that this package can ignore, and why. */
const IRRELEVANT: Readonly<Record<string, string>> = {
  AWS_CREDENTIAL_SCOPE: 'a member of credentials of which neither signatures nor the endpoint of DynamoDB know',
  AWS_CLOUDHSM: keyOrigin,
  AWS_KMS: keyOrigin,
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: chain,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: chain,
  AWS_CONTAINER_AUTHORIZATION_TOKEN: chain,
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: chain,
  AWS_WEB_IDENTITY_TOKEN_FILE: chain,
  AWS_ROLE_ARN: chain,
  AWS_ROLE_SESSION_NAME: chain,
  AWS_EC2_METADATA_DISABLED: metadata,
  AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata,
  AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: metadata,
  AWS_EC2_METADATA_V1_DISABLED: metadata,
  AWS_LOGIN_CACHE_DIRECTORY: 'for profiles, which need a file',
  AWS_DEFAULT_REGION: 'only for the defaults mode auto, with which the SDK sends',
  AWS_EXECUTION_ENV: 'a part of the user agent, and for the defaults mode auto',
  AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026: 'a timeout of idle sockets, which attempt_timeout makes superfluous',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'a warning of the SDK',
  AWS_LAMBDA_MAX_CONCURRENCY: 'which invoke store the SDK makes where the runtime has made none: an empty one',
  AWS_LAMBDA_BENCHMARK_MODE: 'for tests of the invoke store',
  AWS_BACKUP: 'a word in the names of backups',
  _AWS_LAMBDA_BAGGAGE: symbol,
  _AWS_LAMBDA_REQUEST_ID: symbol,
  _AWS_LAMBDA_TENANT_ID: symbol,
  _AWS_LAMBDA_TRACEPARENT: symbol,
  _AWS_LAMBDA_TRACESTATE: symbol,
  _AWS_LAMBDA_X_RAY_TRACE_ID: symbol,
}

/** Places in the SDK where the name is composed, and the resulting name. */
const COMPOSED: Readonly<Record<string, string>> = {
  'fromEnvSigningName.js: bearerTokenKey in process.env': 'for clients of other services',
  'fromEnvSigningName.js: process.env[bearerTokenKey]': 'for clients of other services',
  'submodules/httpAuthSchemes/aws_sdk/NODE_AUTH_SCHEME_PREFERENCE_OPTIONS.js: bearerTokenKey in env':
    'AWS_BEARER_TOKEN_DYNAMODB',
  'submodules/endpoints/middleware-endpoint/adaptors/getEndpointUrlConfig.js: env[[ENV_ENDPOINT_URL':
    'AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_DYNAMODB',
  'configurations.js: env[envKey]': 'of a list in this file',
  'configurations.js: envKey in env': 'of a list in this file',
  'fromInstanceMetadata.js: set in env': 'words of a message',
  'submodules/httpAuthSchemes/aws_sdk/resolveAwsSdkSigV4AConfig.js: set in env': 'words of a message',
}

/** The SDK's packages, with nested ones. */
function packages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(({ name }): string[] => {
    const path = join(folder, name)
    if (name.startsWith('.')) return []
    if (name.startsWith('@')) {
      const inside = readdirSync(path).map((each) => join(path, each))
      return [...(['@aws-sdk', '@smithy', '@aws'].includes(name) ? inside : []), ...inside.flatMap(nested)]
    }
    return nested(path)
  })
}

function nested(path: string): string[] {
  try {
    return packages(join(path, 'node_modules'))
  } catch {
    return []
  }
}

function sources(): Map<string, string> {
  const files = packages('node_modules').flatMap((path) => {
    const folder = join(path, 'dist-es')
    return readdirSync(path).includes('dist-es')
      ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file))
      : []
  })
  const read = files.filter((file) => /(?<!\.browser|\.native)\.js$/.test(file))
  return new Map(read.map((file) => [file, readFileSync(file, 'utf8')]))
}

/** The ENV names in these sources, and accesses with a composed name. */
function environmentOf(texts: ReadonlyMap<string, string>): { names: Set<string>; unclear: [string, string][] } {
  const constants = new Map<string, string>()
  for (const text of texts.values()) {
    for (const [, name = '', value = ''] of text.matchAll(/\b(\w+)\s*=\s*["']([A-Z_][A-Z0-9_]+)["']/g))
      constants.set(name, value)
  }
  const names = new Set<string>()
  const unclear: [string, string][] = []
  const note = (file: string, access: string, expression: string) => {
    const name = /^["'](\w+)["']$/.exec(expression)?.[1] ?? constants.get(expression)
    if (name) names.add(name)
    else unclear.push([file, access])
  }
  for (const [file, text] of texts) {
    for (const [, name = ''] of text.matchAll(/["'`](_?AWS_[A-Z0-9_]*[A-Z0-9]|_X_[A-Z0-9_]+)["'`]/g)) names.add(name)
    for (const [, name = ''] of text.matchAll(/\benv\??\.([A-Za-z_]\w*)/g)) names.add(name)
    for (const [access, expression = ''] of text.matchAll(/(?:process\.)?\benv(?:\?\.)?\[(\[?\w+|["']\w+["'])/g)) {
      note(file, access + (/\[\[/.test(access) ? '' : ']'), expression)
    }
    for (const [access, name = ''] of text.matchAll(/(\w+|["']\w+["']) in (?:process\.)?env\b/g))
      note(file, access, name)
    for (const [, list = ''] of text.matchAll(/\{((?:[^{}]|\$\{[^}]*\})*)\}\s*=\s*process\.env/g)) {
      for (const each of list.split(',')) names.add(each.trim().split(/[\s=:]/)[0] ?? '')
    }
  }
  return { names, unclear }
}

const texts = sources()
const { names, unclear } = environmentOf(texts)
const known = [...Object.keys(KNOWN_VALUES), ...Object.keys(USED), ...Object.keys(IRRELEVANT)]

it("finds the names in the SDK's source", () => {
  expect(texts.size).toBeGreaterThan(500)
  for (const name of ['HOME', 'HOMEDRIVE', 'AWS_RETRY_MODE', 'AWS_PROFILE', '_X_AMZN_TRACE_ID', 'AWS_DEFAULTS_MODE']) {
    expect(names).toContain(name)
  }
  const made = new Map([
    ['a.js', 'const { AWS_ONE, TWO = `C:${sep}`, THREE } = process.env; env.FOUR; env["FIVE"]; process.env[SIX_NAME]'],
    ['b.js', 'const SIX_NAME = "SIX"; if ("SEVEN" in process.env) x = env[unknown]; const y = other in env'],
  ])
  const { names: found, unclear: rest } = environmentOf(made)
  expect([...found].sort()).toEqual(['AWS_ONE', 'FIVE', 'FOUR', 'SEVEN', 'SIX', 'THREE', 'TWO'])
  expect(rest).toEqual([
    ['b.js', 'env[unknown]'],
    ['b.js', 'other in env'],
  ])
})

it('knows every name of ENV that the installed SDK reads', () => {
  expect([...names].filter((name) => !known.includes(name)).sort()).toEqual([])
})

it('knows every place where the SDK composes a name', () => {
  const places = unclear.map(([file, access]) => `${file.replace(/^.*\/dist-es\//, '')}: ${access}`)
  expect([...new Set(places)].sort()).toEqual(Object.keys(COMPOSED).sort())
})

it('knows no name that the SDK does not read', () => {
  const composed = ['AWS_BEARER_TOKEN_DYNAMODB']
  expect(known.filter((name) => !names.has(name) && !composed.includes(name))).toEqual([])
})

it('reads the names that it uses', () => {
  for (const [name, module] of Object.entries(USED)) {
    expect(readFileSync(`runtime/dynamodb/${module}.ts`, 'utf8'), name).toMatch(new RegExp(`\\b${name}\\b`))
  }
})
