import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type DynamoSessionOptions, DynamoSessionStore, dynamoSession } from '../../runtime/fastify.js'
import type { Options } from '../../runtime/index.js'
import type { Item } from '../../runtime/session/item/session-record.js'
import { type Answered, Browser } from './adapters/browser.js'
import { reaching } from './connection.js'
import { type Engine, uniqueTableName } from './engines.js'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'
import type { KeyOptions } from './stored-key.js'
import { makeTable, readItem, writeItem } from './table.js'

declare module 'fastify' {
  interface Session {
    user?: string
    views?: number
    cart?: unknown
  }
}

export type Handle = (request: FastifyRequest, reply: FastifyReply) => unknown

/** A running application with sessions, and a browser that keeps their cookie. */
export interface Browsed {
  readonly app: FastifyInstance
  readonly store: DynamoSessionStore
  readonly port: number
  readonly browser: Browser
  get(path: string, init?: RequestInit): Promise<Answered>
  /** The errors that reached the application's error handler. */
  readonly failures: Error[]
  /** The errors that reached the error handler of the store. */
  readonly reported: { readonly error: Error; readonly operation: string }[]
  id(): string
  item(): Promise<Item | undefined>
  /** Changes attributes of the session's item as another writer would. */
  change(changes: Item): Promise<void>
  isUnlocked(): Promise<void>
}

export interface Settings {
  readonly store?: Options
  /** Options of the plugin. */
  readonly session?: DynamoSessionOptions | ((store: DynamoSessionStore) => DynamoSessionOptions)
  /** Called before and after the plugin is registered. */
  readonly before?: (app: FastifyInstance) => unknown
  readonly after?: (app: FastifyInstance) => unknown
  readonly server?: FastifyServerOptions
}

/** For the tests of one suite: a table, and applications whose requests to the engine pass a fault proxy. */
export interface FastifyBench {
  readonly tableName: string
  readonly proxy: FaultProxy
  /** A client that repeats no request. */
  readonly impatient: DynamoDBClient
  start(routes: Record<string, Handle>, settings?: Settings): Promise<Browsed>
  stored(id: string, options?: KeyOptions): Promise<Item | undefined>
  /** Waits for the work that requests do in the background. Then the proxy forgets all requests. */
  settled(): Promise<void>
  /** The names of the operations since then. */
  operations(): Promise<readonly string[]>
}

export const SECRET = 'a secret of thirty-two characters or more'

export function fastifyBench(engine: Engine): FastifyBench {
  const tableName = uniqueTableName()
  const stops: (() => Promise<void>)[] = []
  let direct: DynamoDBClient
  let impatient: DynamoDBClient
  let proxy: FaultProxy

  beforeAll(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    impatient = new DynamoDBClient({ endpoint: proxy.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
    await makeTable(direct, tableName)
  })
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
    await settled()
  })
  afterAll(async () => {
    direct.destroy()
    impatient.destroy()
    await proxy.stop()
  })

  async function settled(): Promise<void> {
    await sleep(30)
    await proxy.quiet()
    proxy.reset()
  }

  const stored = (id: string, options?: KeyOptions) => readItem(direct, tableName, id, options)

  async function start(routes: Record<string, Handle>, settings: Settings = {}): Promise<Browsed> {
    const reported: Browsed['reported'] = []
    const failures: Error[] = []
    const errorHandler = {
      handle: (error: Error, { operation }: { operation: string }) => void reported.push({ error, operation }),
    }
    const store = new DynamoSessionStore({ tableName, ...reaching(impatient), errorHandler, ...settings.store })
    const own = typeof settings.session === 'function' ? settings.session(store) : settings.session
    const app = fastify({ forceCloseConnections: true, ...settings.server })
    await settings.before?.(app)
    await app.register(dynamoSession, { store, secret: SECRET, cookie: { secure: false }, ...own })
    await settings.after?.(app)
    for (const [path, handle] of Object.entries(routes)) app.all(path, async (request, reply) => handle(request, reply))
    app.setErrorHandler((error: Error, _request, reply) => {
      failures.push(error)
      return reply.status(500).send(`the page for ${error.name}`)
    })
    const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
    stops.push(() => app.close())
    const browser = new Browser({ port }, own?.cookieName ?? 'sessionId')
    const id = () => browser.value.replace(/\.[^.]*$/, '')
    const item = () => stored(id(), settings.store)
    return {
      ...{ app, store, port, browser, failures, reported, id, item },
      get: (path, init) => browser.get(path, init),
      change: async (changes) => writeItem(direct, tableName, { ...(await item()), ...changes }, settings.store),
      isUnlocked: () => expect.poll(async () => 'locked_at' in ((await item()) ?? {})).toBe(false) as Promise<void>,
    }
  }

  return {
    tableName,
    get proxy() {
      return proxy
    },
    get impatient() {
      return impatient
    },
    start,
    stored,
    settled,
    async operations() {
      await sleep(30)
      await proxy.quiet()
      return proxy.operations
    },
  }
}

export const signIn: Handle = (request) => {
  request.session.user = 'ada'
  return 'in'
}
export const who: Handle = (request) => request.session.user ?? 'nobody'
export const signOut: Handle = async (request) => {
  await request.session.destroy()
  return 'out'
}
export const count: Handle = (request) => {
  request.session.views = (request.session.views ?? 0) + 1
  return String(request.session.views)
}
