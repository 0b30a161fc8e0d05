import type { DefaultProviderInit } from '@aws-sdk/credential-provider-node'
import { monotonic, wallClock } from '../async/clock.js'
import type { Options } from '../configuration/options.js'
import { ConfigurationError } from '../errors.js'
import { assertHeaderValue } from './header-value.js'
import { namedExports } from './named-exports.js'

type Given = NonNullable<Options['credentials']>
type Provider = Extract<Given, (...parameters: never) => unknown>

/** The keys that sign requests. They never expire without an `expiration`. */
export type Credentials = Exclude<Given, Provider>

/** Credentials that expire within this time are renewed. The AWS SDK has the same limit. Milliseconds. */
const RENEWED_BEFORE = 300_000

/** Milliseconds between two attempts to renew credentials that are still valid. */
const PAUSE = 1_000

/**
 * The credentials of one configuration. All requests share one call of the provider, and get the same object until the
 * credentials are renewed.
 */
export class CredentialsSource {
  readonly #provider: () => Promise<Credentials>
  readonly #cached: boolean
  #held: Credentials | undefined
  #asking: Promise<Credentials> | undefined
  #askAgain = Number.NEGATIVE_INFINITY

  /**
   * @param held the credentials that the provider would return now, if they are known
   * @param cached false: the provider is called for each request, because its result may depend on the request
   * @throws {ConfigurationError} when `held` can't sign requests
   */
  constructor(provider: () => Promise<Credentials>, { held, cached = true }: { held?: Credentials; cached?: boolean }) {
    this.#provider = provider
    this.#cached = cached
    if (held) this.#held = checked(held)
  }

  /**
   * The valid credentials, without waiting. In their last five minutes, a call renews them in the background. They are used
   * until they expire, even if the renewal fails.
   *
   * @returns undefined when {@link get} has to call the provider first
   */
  current(): Credentials | undefined {
    const held = this.#held
    if (!held?.expiration) return held
    const rest = held.expiration.getTime() - wallClock()
    if (rest < RENEWED_BEFORE) this.#renew()
    return rest < 0 ? undefined : held
  }

  /**
   * The valid credentials, else the provider's new ones, even if these have expired too.
   *
   * @throws the error of the provider; a ConfigurationError when its credentials can't sign requests
   */
  async get(): Promise<Credentials> {
    return this.current() ?? (await (this.#cached ? this.#ask() : this.#provider().then(checked)))
  }

  #renew(): void {
    if (this.#asking || monotonic() < this.#askAgain) return
    this.#askAgain = monotonic() + PAUSE
    this.#ask().catch(() => undefined)
  }

  #ask(): Promise<Credentials> {
    this.#asking ??= this.#provider()
      .then((credentials) => {
        this.#held = checked(credentials)
        return this.#held
      })
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }
}

/** The credentials of the option `credentials`: keys, or a function that returns keys. */
export function credentialsFromCode(given: Given, region: string): CredentialsSource {
  if (typeof given !== 'function') return new CredentialsSource(async () => given, { held: given })
  const provider = async () => await given(callerIn(region))
  // A provider with this mark is called for each request, as by the SDK.
  return new CredentialsSource(provider, { cached: (given as { memoized?: boolean }).memoized !== true })
}

/** @returns undefined when ENV has no keys */
export function credentialsFromEnv(env: NodeJS.ProcessEnv): CredentialsSource | undefined {
  const held = readEnv(env)
  return held && new CredentialsSource(async () => readEnv(env) ?? held, { held })
}

function readEnv(env: NodeJS.ProcessEnv): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || !secretAccessKey) return undefined
  const { AWS_SESSION_TOKEN: sessionToken, AWS_ACCOUNT_ID: accountId, AWS_CREDENTIAL_EXPIRATION: end } = env
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    ...(accountId && { accountId }),
    ...(end && { expiration: new Date(end) }),
  }
}

/** The AWS SDK's default chain (container, EKS, instance …). It is loaded when credentials are first needed. */
export function credentialsFromChain(region: string, settings: DefaultProviderInit = {}): CredentialsSource {
  let chain: Promise<Provider> | undefined
  return new CredentialsSource(async () => {
    chain ??= loadChain(region, settings).catch((error: unknown) => {
      chain = undefined
      throw error
    })
    return (await chain)(callerIn(region))
  }, {})
}

/** Timeouts for the security token service. Milliseconds. The SDK's default is to wait without a limit. */
const TOKEN_SERVICE_TIMEOUTS = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true }

async function loadChain(region: string, settings: DefaultProviderInit): Promise<Provider> {
  const chain = await import('#@aws-sdk/credential-provider-node')
  const { defaultProvider } = namedExports(chain, 'defaultProvider')
  const parentClientConfig = { ...callerIn(region).callerClientConfig, requestHandler: TOKEN_SERVICE_TIMEOUTS }
  return defaultProvider({ ...settings, parentClientConfig })
}

const PLACEHOLDER: Credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

/** Credentials for a DynamoDB on this machine. It accepts any credentials, but no request without them. */
export function placeholderCredentials(): CredentialsSource {
  return new CredentialsSource(async () => PLACEHOLDER, { held: PLACEHOLDER })
}

/** The credentials that the default chain finds quickly, else placeholders. */
export function localCredentialsFromChain(region: string, profile?: string): CredentialsSource {
  const settings = { timeout: 200, maxRetries: 0, ...(profile !== undefined && { profile }) }
  const chain = credentialsFromChain(region, settings)
  return new CredentialsSource(() => chain.get().catch(() => PLACEHOLDER), {})
}

/** The argument that the AWS SDK passes to providers. Some providers call the security token service in this region. */
function callerIn(region: string) {
  return { callerClientConfig: { region: async () => region } }
}

const PLACE = 'AWS credentials'

function checked(credentials: Credentials): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken = '' } = credentials ?? {}
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string' || typeof sessionToken !== 'string') {
    const text =
      'have no accessKeyId or no secretAccessKey; give { accessKeyId, secretAccessKey } or a function that returns it'
    throw new ConfigurationError([{ place: PLACE, text }])
  }
  assertHeaderValue(`${PLACE}: accessKeyId`, accessKeyId)
  assertHeaderValue(`${PLACE}: sessionToken`, sessionToken)
  return credentials
}
