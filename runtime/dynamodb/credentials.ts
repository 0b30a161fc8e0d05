import { monotonic, wallClock } from '../async/clock.js'
import type { Options } from '../configuration/options.js'
import { ConfigurationError } from '../errors.js'
import { assertHeaderValue } from './header-value.js'
import { namedExports } from './named-exports.js'

/** What requests are signed with. The object stays the same as long as the credentials do. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly accountId?: string
  /** undefined: they never expire. */
  readonly expiration?: Date
}

/** As the AWS SDK calls a provider: some ask the security token service of the caller's region. */
export interface Caller {
  readonly callerClientConfig: { readonly region: () => Promise<string> }
}

export type Provider = (caller: Caller) => Promise<Credentials>

/** Credentials that expire in less than this are renewed, as by the AWS SDK. Milliseconds. */
const RENEWED_BEFORE = 300_000

/** Milliseconds between two attempts to renew credentials that are still valid. */
const PAUSE = 1_000

/** The credentials of one configuration. All requests share one call of the provider. */
export class CredentialsSource {
  readonly #provider: () => Promise<Credentials>
  readonly #cached: boolean
  #held: Credentials | undefined
  #asking: Promise<Credentials> | undefined
  #askAgain = Number.NEGATIVE_INFINITY

  /**
   * @param held what the provider would return now, where that is known already
   * @param cached false: the provider is asked for each request, because it may choose by the request
   * @throws {ConfigurationError} when requests can't be signed with `held`
   */
  constructor(provider: () => Promise<Credentials>, { held, cached = true }: { held?: Credentials; cached?: boolean }) {
    this.#provider = provider
    this.#cached = cached
    if (held) this.#held = checked(held)
  }

  /**
   * The valid credentials, at once. In their last five minutes a call renews them in the background. They are used until
   * they expire, even if the renewal fails.
   *
   * @returns undefined when the provider has to be asked first: see {@link get}
   */
  current(): Credentials | undefined {
    const held = this.#held
    if (!held?.expiration) return held
    const rest = held.expiration.getTime() - wallClock()
    if (rest < RENEWED_BEFORE) this.#renew()
    return rest < 0 ? undefined : held
  }

  /**
   * The valid credentials, else what the provider returns, even if that has expired.
   *
   * @throws what the provider throws; a ConfigurationError when requests can't be signed with what it returns
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

/** Credentials that were given in code: as they are, or by a provider. */
export function credentialsFromCode(given: NonNullable<Options['credentials']>, region: string): CredentialsSource {
  if (typeof given !== 'function') return new CredentialsSource(async () => given, { held: given })
  const provider = async () => await given(callerIn(region))
  // The SDK asks a provider with this mark for each request, and so does this package.
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

/** How long and how often the default chain asks services for credentials. Default: as the SDK does. */
interface Patience {
  readonly timeout?: number
  readonly maxRetries?: number
}

/** The AWS SDK's default chain (container, EKS, instance …), which is loaded when credentials are asked for. */
export function credentialsFromChain(region: string, patience: Patience = {}): CredentialsSource {
  let chain: Promise<Provider> | undefined
  return new CredentialsSource(async () => {
    chain ??= loadChain(region, patience).catch((error: unknown) => {
      chain = undefined
      throw error
    })
    return (await chain)(callerIn(region))
  }, {})
}

/** How long the security token service may take, in milliseconds. By default the SDK waits without a limit. */
const SERVICE_PATIENCE = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true }

async function loadChain(region: string, patience: Patience): Promise<Provider> {
  const chain = await import('#@aws-sdk/credential-provider-node')
  const { defaultProvider } = namedExports(chain, 'defaultProvider')
  const parentClientConfig = { ...callerIn(region).callerClientConfig, requestHandler: SERVICE_PATIENCE }
  return defaultProvider({ ...patience, parentClientConfig }) as Provider
}

const PLACEHOLDER: Credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

/** For a DynamoDB on this machine, which accepts any credentials, but not none. */
export function placeholderCredentials(): CredentialsSource {
  return new CredentialsSource(async () => PLACEHOLDER, { held: PLACEHOLDER })
}

/** What the default chain finds when it looks only briefly, else placeholders. */
export function localCredentialsFromChain(region: string): CredentialsSource {
  const chain = credentialsFromChain(region, { timeout: 200, maxRetries: 0 })
  return new CredentialsSource(() => chain.get().catch(() => PLACEHOLDER), {})
}

function callerIn(region: string): Caller {
  return { callerClientConfig: { region: async () => region } }
}

const PLACE = 'AWS credentials'

function checked(credentials: Credentials): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken = '' } = credentials ?? {}
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string' || typeof sessionToken !== 'string') {
    const text = 'have no accessKeyId or no secretAccessKey; give { accessKeyId, secretAccessKey } or a function for it'
    throw new ConfigurationError([{ place: PLACE, text }])
  }
  assertHeaderValue(`${PLACE}: accessKeyId`, accessKeyId)
  assertHeaderValue(`${PLACE}: sessionToken`, sessionToken)
  return credentials
}
