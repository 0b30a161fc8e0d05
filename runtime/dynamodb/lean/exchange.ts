import http from 'node:http'
import https from 'node:https'
import { isDeepStrictEqual } from 'node:util'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { loadOptional } from '../optional-module.js'
import { closeOnSurplus, connectionOf, inLowerCase, readWhole } from '../raw-body.js'
import type { Exchange, HttpRequest, HttpResponse } from './http.js'
import { pristine } from './pristine.js'

/** What of a `NodeHttpHandler`'s settings connections of our own have to keep to. Milliseconds. */
export interface Timeouts {
  readonly connectionTimeout?: number
  readonly requestTimeout?: number
  readonly socketTimeout?: number
}

/**
 * The client's request handler, or, where that is the SDK's default one, undici, which takes much less CPU time
 * (docs/performance.md). A handler of the application's own and one with agents (proxy, CA, socket limit) stay in force.
 */
export async function chooseExchange(client: DynamoDBClient, protocol: string): Promise<Exchange> {
  const handler = client.config.requestHandler as Handler
  const timeouts = await timeoutsOfDefault(handler, protocol)
  const undici = timeouts && (await loadOptional(() => import('./connections.js'), WITHOUT_UNDICI))
  if (!undici) return throughHandler(handler)
  const connections = undici.Connections.of(handler, timeouts)
  const own = throughHandler(handler)
  const { request } = protocol === 'https:' ? https : http
  // Mocks of the network (nock, msw) replace what the handler calls, also later. With fake timers undici waits for ever.
  const isOurs = () => (protocol === 'https:' ? https : http).request === request && hasTimers()
  return {
    isOurs,
    send: (...sent) => (isOurs() ? connections.exchange(...sent) : own.send(...sent)),
  }
}

/** It can do without `node:sqlite`, which Node has since 22.13; but Rollup makes an import of that, which fails. */
const WITHOUT_UNDICI =
  'dynamo-session-store could not load undici, and uses the request handler of the AWS SDK, which takes more CPU time. If ' +
  'this is a bundle: leave undici out of it, and install it beside it'

let known: unknown

/** Whether timers are Node's. By their text: they may have been faked before this file was loaded, `node:timers` with them. */
function hasTimers(): boolean {
  const { setImmediate } = globalThis
  if (setImmediate === known) return known !== undefined
  if (!/\bnew Immediate\b/.test(Function.prototype.toString.call(setImmediate ?? Object))) return false
  known = setImmediate
  return true
}

export interface Handler {
  handle(request: HttpRequest, options: { abortSignal?: AbortSignal }): Promise<{ response: HttpResponse }>
  destroy?(): void
  /** Of the SDK's handler. */
  readonly configProvider?: Promise<object>
}

function throughHandler(handler: Handler): Exchange {
  return {
    isOurs: () => false,
    async send(request, abortSignal, most) {
      const { response } = await handler.handle(request, abortSignal ? { abortSignal } : {})
      const connection = connectionOf(response.body)
      if (connection) closeOnSurplus(connection)
      const body = (await readWhole(response.body, most)) ?? response.body
      const headers = inLowerCase(response.headers)
      return { response: Object.assign(response, { body, headers }), drop: () => void connection?.destroy() }
    },
  }
}

/** What a `NodeHttpHandler` keeps; none of it is a promise of the SDK, so all of it may be missing. */
interface HandlerConfig extends Timeouts {
  readonly throwOnRequestTimeout?: boolean
  readonly socketAcquisitionWarningTimeout?: number
  readonly defaultSocketTimeout?: number
  readonly logger?: object
  readonly httpAgent?: http.Agent
  readonly httpsAgent?: http.Agent
  readonly httpAgentProvider?: () => Promise<http.Agent>
}

const KEPT = [
  'connectionTimeout',
  'requestTimeout',
  'socketTimeout',
  'defaultSocketTimeout',
  'socketAcquisitionWarningTimeout',
  'throwOnRequestTimeout',
  'httpAgentProvider',
  'httpAgent',
  'httpsAgent',
  'logger',
]

/** @returns undefined when it is not the SDK's default handler, at most with timeouts of its own */
async function timeoutsOfDefault(handler: Handler, protocol: string): Promise<Timeouts | undefined> {
  const own = pristine().config
  if (handler.constructor !== own.requestHandler.constructor || Object.hasOwn(handler, 'handle')) return undefined
  const config: HandlerConfig | undefined = await handler.configProvider
  if (!config || Object.keys(config).some((name) => !KEPT.includes(name))) return undefined
  // In a minified bundle the SDK does not recognise its own logger, which says nothing, by its name.
  const logs = config.logger !== undefined && config.logger.constructor !== own.logger?.constructor
  if (logs || config.socketAcquisitionWarningTimeout) return undefined
  if (config.requestTimeout && !config.throwOnRequestTimeout) return undefined
  const secure = protocol === 'https:'
  const agent = secure ? config.httpsAgent : (config.httpAgent ?? (await config.httpAgentProvider?.()))
  if (!isDefaultAgent(agent, secure ? https.Agent : http.Agent) || !isNodes(secure)) return undefined
  const { connectionTimeout, requestTimeout, socketTimeout = config.defaultSocketTimeout } = config
  return { connectionTimeout, requestTimeout, socketTimeout }
}

/** The agent that a `NodeHttpHandler` makes when none was given. */
function isDefaultAgent(agent: http.Agent | undefined, Agent: typeof http.Agent): boolean {
  if (agent?.constructor !== Agent || Object.hasOwn(agent, 'createConnection')) return false
  const { maxSockets, maxTotalSockets, options } = new Agent({ keepAlive: true, maxSockets: 50 }) as Settings
  const given = agent as Settings
  if (given.maxSockets !== maxSockets || given.maxTotalSockets !== maxTotalSockets) return false
  return isDeepStrictEqual(given.options, options)
}

type Settings = http.Agent & { readonly options: object }

/** Whether `request` is Node's, not wrapped by tracing or by a mock of the network. */
function isNodes(secure: boolean): boolean {
  const { request } = secure ? https : http
  return /^function request\([^)]*\) \{[\s\S]*\bClientRequest\b/.test(Function.prototype.toString.call(request))
}
