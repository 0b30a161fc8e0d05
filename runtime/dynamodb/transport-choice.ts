import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, sep } from 'node:path'
import type { Configuration } from '../configuration/resolve.js'
import { tableArn } from '../configuration/table-arn.js'
import { fitForLine } from '../fit-for-output.js'
import {
  type CredentialsSource,
  credentialsFromChain,
  credentialsFromCode,
  credentialsFromEnv,
  localCredentialsFromChain,
  placeholderCredentials,
} from './credentials.js'
import { type Endpoint, endpointFor, endpointOf, isLocal, LOCAL_REGION } from './endpoint.js'
import { DEFAULT_ATTEMPTS } from './lean/retries.js'
import { traceHeadersIn } from './trace-header.js'
import { userAgent } from './user-agent.js'

/** What the lean transport needs for its requests. */
export interface LeanSettings {
  readonly region: string
  readonly credentials: CredentialsSource
  /** Attempts of a request at most. */
  readonly maxAttempts: number
  /** The header `user-agent`. */
  readonly userAgent: string
  /** Makes the headers for tracing in AWS Lambda; undefined elsewhere. */
  readonly traceHeaders: (() => Record<string, string>) | undefined
  /**
   * The endpoint for requests with these credentials.
   *
   * @param accountId the account of the credentials
   * @returns undefined when only the SDK knows the endpoint
   */
  endpoint(accountId: string | undefined): Endpoint | undefined
}

/**
 * ENV names that can change how the SDK sends requests, and the values that change nothing. With any other value, the SDK
 * has to send. A test compares the list with the names that the installed SDK reads.
 */
export const KNOWN_VALUES: Readonly<Record<string, RegExp>> = {
  AWS_PROFILE: /^$/,
  AWS_MAX_ATTEMPTS: /^([1-9]\d?)?$/,
  AWS_RETRY_MODE: /^standard$/,
  // These modes differ only in the time to connect, which `connect_timeout` decides.
  AWS_DEFAULTS_MODE: /^(legacy|standard|in-region|cross-region|mobile)$/,
  AWS_USE_FIPS_ENDPOINT: /^false$/,
  AWS_USE_DUALSTACK_ENDPOINT: /^false$/,
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: /^false$/,
  AWS_ENABLE_ENDPOINT_DISCOVERY: /^(false|0)$/,
  AWS_ENDPOINT_DISCOVERY_ENABLED: /^(false|0)$/,
  AWS_ACCOUNT_ID_ENDPOINT_MODE: /^(disabled|preferred|required)$/,
  AWS_AUTH_SCHEME_PREFERENCE: /^sigv4$/,
  AWS_SIGV4A_SIGNING_REGION_SET: /^$/,
  AWS_BEARER_TOKEN_DYNAMODB: /(?!)/,
  AWS_DISABLE_CLOCK_SKEW_CORRECTION: /^false$/,
  // With `true` or `1`, trace-header.ts can't find the trace of the invocation.
  AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: /^(?!true$|1$)/,
}

/**
 * Decides whether requests can be sent without the AWS SDK. The function does not load the SDK. It reads ENV once, and looks
 * for files once.
 *
 * @returns what the lean transport needs; or the reason why the SDK has to send
 * @throws {ConfigurationError} when a header can't hold the value of an ENV variable or of the credentials
 */
export function leanSettingsOf(
  configuration: Configuration,
  env: NodeJS.ProcessEnv = process.env,
): LeanSettings | { readonly reason: string } {
  const { sources, maxAttempts = Number(env.AWS_MAX_ATTEMPTS || DEFAULT_ATTEMPTS) } = configuration
  const reason = reasonInCode(configuration) ?? reasonInEnv(env)
  if (reason) return { reason }

  const configured = endpointOf(configuration, env)
  const local = isLocal(configured)
  const file = sharedFile(env)
  if (file && !(local && sources.endpoint === 'code')) return { reason: `${fitForLine(file)} exists` }

  const region = configuration.region ?? (env.AWS_REGION || (local && !file ? LOCAL_REGION : undefined))
  if (!region) return { reason: 'neither the option region nor ENV AWS_REGION is set' }

  const arn = tableArn(configuration.tableName)
  const endpoint = (credentialsAccount: string | undefined) => {
    // As in the SDK, the account of a table's ARN has priority over the account of the credentials.
    const accountId = arn?.region === region ? arn.account : credentialsAccount
    return endpointFor({ region, endpoint: configured, accountId, accountIdMode: env.AWS_ACCOUNT_ID_ENDPOINT_MODE })
  }
  const credentials = credentialsOf(configuration, env, { region, local, file })
  if (!endpoint(credentials.current()?.accountId)) return { reason: 'only the AWS SDK knows the endpoint' }
  return {
    region,
    credentials,
    maxAttempts,
    userAgent: userAgent(env.AWS_SDK_UA_APP_ID),
    traceHeaders: traceHeadersIn(env),
    endpoint,
  }
}

/** The option that makes the SDK send all requests; undefined when none does. */
export function reasonInCode(configuration: Configuration): string | undefined {
  if (configuration.transport === 'sdk') return 'the option transport is sdk'
  const option = (['client', 'requestHandler', 'logger', 'profile'] as const).find(
    (name) => configuration[name] !== undefined,
  )
  return option && `the option ${option} is set`
}

function reasonInEnv(env: NodeJS.ProcessEnv): string | undefined {
  const name = Object.keys(KNOWN_VALUES).find((known) => {
    const value = env[known]
    return value !== undefined && !KNOWN_VALUES[known]?.test(value)
  })
  return name && `ENV ${name} has a value that only the AWS SDK knows`
}

/** The first of the SDK's configuration files that exists. Such a file can set endpoint, retries, FIPS and more. */
function sharedFile(env: NodeJS.ProcessEnv): string | undefined {
  const files = [env.AWS_CONFIG_FILE || '~/.aws/config', env.AWS_SHARED_CREDENTIALS_FILE || '~/.aws/credentials']
  const home = homeOf(env)
  return files.find((file) => {
    if (!file.startsWith('~/')) return existsSync(file)
    return home !== undefined && existsSync(join(home, file.slice(2)))
  })
}

/** The home directory as the SDK finds it; undefined for a user without one. */
function homeOf({ HOME, USERPROFILE, HOMEPATH, HOMEDRIVE = `C:${sep}` }: NodeJS.ProcessEnv): string | undefined {
  if (HOME || USERPROFILE) return HOME || USERPROFILE
  if (HOMEPATH) return `${HOMEDRIVE}${HOMEPATH}`
  try {
    return homedir()
  } catch {
    return undefined
  }
}

/** ENV names of credentials that the SDK's default chain finds without a file. */
const REMOTE_CREDENTIALS = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
]

function credentialsOf(
  { credentials }: Configuration,
  env: NodeJS.ProcessEnv,
  { region, local, file }: { region: string; local: boolean; file: string | undefined },
): CredentialsSource {
  if (credentials) return credentialsFromCode(credentials, region)
  const found = credentialsFromEnv(env)
  if (found) return found
  if (!local) return credentialsFromChain(region)
  const mayFind = file !== undefined || REMOTE_CREDENTIALS.some((name) => env[name])
  return mayFind ? localCredentialsFromChain(region) : placeholderCredentials()
}
