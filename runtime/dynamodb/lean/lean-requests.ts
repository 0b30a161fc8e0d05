import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { hasFixedEndpoint } from '../client.js'
import { watchedExchange } from '../server-clock.js'
import type { LeanTransport, Operation, Operations, SendOptions } from '../transport.js'
import { withoutAnswer } from '../unreadable-answer.js'
import { ClientState } from './client-state.js'
import { chooseExchange } from './exchange.js'
import type { Exchange } from './http.js'
import { LeanRequest } from './lean-request.js'
import { pristine } from './pristine.js'
import { isTokenStrategy, withRetries } from './retries.js'
import { isOf, learnRoute, type Route } from './route.js'

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
  /** By operation, table and endpoint; undefined: the SDK has to send. */
  #routes = new Map<string, Route | undefined>()
  #learning = new Map<string, Promise<Learnt>>()
  #exchange: Exchange | undefined
  #known = false
  #used = false
  #asksForEndpoint = false

  constructor(client: DynamoDBClient) {
    this.#client = client
    this.#state = new ClientState(client)
  }

  isInUse(): boolean {
    if (this.#state.changed()) this.#forget()
    return this.#used
  }

  mayMerge(): boolean {
    return this.isInUse() && !this.#asksForEndpoint && this.#exchange?.isOurs() === true
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
    const exchange = this.#exchange ?? (await this.#choose(route.request.protocol))
    const request = new LeanRequest(route, operation, input, exchange, abortSignal)
    this.#used = true
    try {
      const output = await withRetries(config, strategy, route.retryTokenScope, abortSignal, request)
      return output as Operations[O]['output']
    } catch (error) {
      throw withoutAnswer(error, operation, input)
    }
  }

  /** The credentials come first, as in the SDK, and with the refresh that they may need. */
  async #route<O extends Operation>(operation: O, input: Operations[O]['input']): Promise<Route | undefined> {
    const name = `${operation} ${tableOf(input)} ${this.#asksForEndpoint ? await endpointOf(this.#client) : ''}`
    const route = this.#routes.get(name)
    if (route && isOf(route.credentials, await this.#client.config.credentials())) return route
    if (!route && this.#routes.has(name)) return undefined
    const learnt = await this.#learn(name, operation, input)
    if (learnt === 'failed' || learnt === undefined) return undefined
    // Whoever began to learn it may have other credentials, where those differ from request to request.
    return isOf(learnt.credentials, await this.#client.config.credentials()) ? learnt : undefined
  }

  /** Once for all requests that wait for it. A failure may pass; what is not known here stays so until the client changes. */
  #learn<O extends Operation>(name: string, operation: O, input: Operations[O]['input']): Promise<Learnt> {
    const learning = this.#learning
    const routes = this.#routes
    const learn = async (): Promise<Learnt> => {
      try {
        const learnt = await learnRoute(this.#client, operation, input)
        if (learnt !== 'failed') routes.set(name, learnt)
        return learnt
      } finally {
        learning.delete(name)
      }
    }
    const learnt = learning.get(name) ?? learn()
    learning.set(name, learnt)
    return learnt
  }

  async #choose(protocol: string): Promise<Exchange> {
    const routes = this.#routes
    const exchange = watchedExchange(await chooseExchange(this.#client, protocol), this.#client)
    if (this.#routes === routes) this.#exchange = exchange
    return exchange
  }

  #forget(): void {
    this.#routes = new Map()
    this.#learning = new Map()
    this.#exchange = undefined
    this.#used = false
    this.#known = isOrdinary(this.#client)
    this.#asksForEndpoint = this.#client.config.endpoint !== undefined && !hasFixedEndpoint(this.#client)
  }
}

type Learnt = Route | 'failed' | undefined

function tableOf(input: Operations[Operation]['input']): string | undefined {
  if ('TableName' in input) return input.TableName
  return 'RequestItems' in input ? Object.keys(input.RequestItems ?? {}).join(' ') : ''
}

/** An endpoint of the application's own may be a function, and another one for the next request. */
async function endpointOf({ config }: DynamoDBClient): Promise<string> {
  const { protocol, hostname, port, path } = (await config.endpoint?.()) ?? {}
  return `${protocol}//${hostname}:${port}${path}`
}

/**
 * Whether nothing was configured that would see the requests of the SDK's middleware only: a logger, a provider of
 * endpoints, tracing by Lambda.
 */
function isOrdinary({ config }: DynamoDBClient): boolean {
  const logged = config.logger !== undefined && config.logger.constructor !== pristine().config.logger?.constructor
  const routed = config.endpointProvider !== pristine().config.endpointProvider
  return !logged && !routed && !process.env.AWS_LAMBDA_FUNCTION_NAME && typeof config.credentials === 'function'
}
