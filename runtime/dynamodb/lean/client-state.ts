import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** What of the client's `config` a request depends on, and an application may replace later. */
const WATCHED = [
  'accountIdEndpointMode',
  'credentials',
  'customUserAgent',
  'disableClockSkewCorrection',
  'endpoint',
  'endpointProvider',
  'httpAuthSchemeProvider',
  'httpAuthSchemes',
  'isCustomEndpoint',
  'logger',
  'maxAttempts',
  'protocol',
  'region',
  'requestHandler',
  'retryStrategy',
  'sha256',
  'signer',
  'streamCollector',
  'useDualstackEndpoint',
  'useFipsEndpoint',
  'userAgentAppId',
] as const

type Stack = Pick<DynamoDBClient['middlewareStack'], (typeof CHANGES)[number]>

const CHANGES = ['add', 'addRelativeTo', 'remove', 'removeByTag'] as const

/**
 * Notices that a client was changed since the last look, cheaply enough for each request. A middleware stack tells
 * what is in it only slowly (60 µs) and keeps no count of its changes, so its four methods are made to count.
 */
export class ClientState {
  readonly #config: Readonly<Record<string, unknown>>
  #seen: readonly unknown[] = []
  #handlerConfig: unknown
  #stackChanged = false

  constructor(client: DynamoDBClient) {
    this.#config = client.config as unknown as Readonly<Record<string, unknown>>
    this.#countChanges(client.middlewareStack)
  }

  /** Whether anything is different from what it was at the last call. */
  changed(): boolean {
    const same = !this.#stackChanged && this.#seen.length > 0 && this.#sameConfig()
    if (same) return false
    this.#stackChanged = false
    this.#seen = WATCHED.map((name) => this.#config[name])
    this.#handlerConfig = handlerConfigOf(this.#config)
    return true
  }

  #sameConfig(): boolean {
    for (let index = 0; index < WATCHED.length; index += 1) {
      if (this.#config[WATCHED[index] as string] !== this.#seen[index]) return false
    }
    return handlerConfigOf(this.#config) === this.#handlerConfig
  }

  #countChanges(stack: Stack): void {
    for (const name of CHANGES) {
      const change = stack[name] as (...given: unknown[]) => unknown
      const counting = (...given: unknown[]) => {
        this.#stackChanged = true
        return change(...given)
      }
      Object.assign(stack, { [name]: counting })
    }
  }
}

/** What `updateHttpClientConfig` of the SDK's handler replaces. */
export function handlerConfigOf({ requestHandler }: Readonly<Record<string, unknown>>): unknown {
  return (requestHandler as { configProvider?: unknown } | undefined)?.configProvider
}
