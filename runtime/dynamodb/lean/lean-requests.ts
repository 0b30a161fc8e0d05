import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { LeanTransport, Operation, Operations, SendOptions } from '../transport.js'
import { ClientState } from './client-state.js'
import { chooseExchange } from './exchange.js'
import type { Exchange } from './http.js'
import { LeanRequest } from './lean-request.js'
import { isTokenStrategy, withRetries } from './retries.js'
import { learnRoute, type Route } from './route.js'

/** All stores with the same client share what was learnt of it, and its connections. */
const TRANSPORTS = new WeakMap<DynamoDBClient, LeanRequests>()

export function leanTransportOf(client: DynamoDBClient): LeanTransport {
  let transport = TRANSPORTS.get(client)
  if (!transport) {
    transport = new LeanRequests(client)
    TRANSPORTS.set(client, transport)
  }
  return transport
}

/**
 * Sends requests with the SDK's own parts (credentials, signer, serializers, exceptions, retry strategy) without its
 * generic middleware, which takes most of a request's CPU time.
 */
class LeanRequests implements LeanTransport {
  readonly #client: DynamoDBClient
  readonly #state: ClientState
  /** By operation and table; undefined: the SDK has to send. */
  #routes = new Map<string, Route | undefined>()
  #exchange: Exchange | undefined
  #known = false

  constructor(client: DynamoDBClient) {
    this.#client = client
    this.#state = new ClientState(client)
  }

  async send<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
    { abortSignal }: SendOptions = {},
  ): Promise<Operations[O]['output'] | undefined> {
    if (this.#state.changed()) this.#forget()
    if (!this.#known) return undefined
    const route = await this.#route(operation, input)
    if (!route) return undefined
    const { config } = this.#client
    const strategy = await config.retryStrategy()
    if (!isTokenStrategy(strategy)) return undefined
    this.#exchange ??= await chooseExchange(this.#client, route.request.protocol)
    const request = new LeanRequest(route, input, this.#exchange, abortSignal)
    const output = await withRetries(config, strategy, route.retryTokenScope, abortSignal, request)
    return output as Operations[O]['output']
  }

  /** The credentials come first, as in the SDK, and with the refresh that they may need. */
  async #route<O extends Operation>(operation: O, input: Operations[O]['input']): Promise<Route | undefined> {
    const table = 'TableName' in input ? input.TableName : ''
    const name = `${operation} ${table}`
    const routes = this.#routes
    const route = routes.get(name)
    if (route && route.identity === (await this.#client.config.credentials())) return route
    if (!route && routes.has(name)) return undefined
    const learnt = await learnRoute(this.#client, operation, input)
    // A failure may pass; what is not known here stays so until the client changes.
    if (learnt !== 'failed') routes.set(name, learnt)
    return learnt === 'failed' ? undefined : learnt
  }

  #forget(): void {
    this.#routes = new Map()
    this.#exchange = undefined
    this.#known = isOrdinary(this.#client)
  }
}

/**
 * Whether nothing was configured that would see the requests of the SDK's middleware only: a logger, a retry strategy
 * of the old kind, endpoint discovery, tracing by Lambda.
 */
function isOrdinary({ config }: DynamoDBClient): boolean {
  const logged = config.logger !== undefined && config.logger.constructor?.name !== 'NoOpLogger'
  return !logged && !process.env.AWS_LAMBDA_FUNCTION_NAME && typeof config.credentials === 'function'
}
