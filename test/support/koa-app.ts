import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import Koa from 'koa'
import session, { type CreateSessionOptions } from 'koa-session'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { Options } from '../../runtime/index.js'
import { DynamoSessionStore } from '../../runtime/koa.js'
import type { Item } from '../../runtime/session/item/session-record.js'
import { listen, stop } from './adapters/listen.js'
import { reaching } from './connection.js'
import { type Engine, uniqueTableName } from './engines.js'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'
import { makeTable, readItem, writeItem } from './table.js'

export type Handle = (ctx: Koa.Context, store: DynamoSessionStore) => unknown

export interface Answered {
  readonly status: number
  readonly text: string
  /** Every Set-Cookie header. */
  readonly setCookie: readonly string[]
}

/** A running Koa application with sessions, and a browser that keeps all cookies. */
export interface Browsed {
  readonly store: DynamoSessionStore
  readonly port: number
  get(path: string, init?: RequestInit): Promise<Answered>
  /** The errors that reached Koa's error handling. */
  readonly failures: unknown[]
  /** The errors that reached the error handler of the store. */
  readonly reported: { readonly error: Error; readonly operation: string }[]
  readonly jar: Map<string, string>
  /** The Cookie header. */
  cookie(): string
  id(): string
  item(): Promise<Item | undefined>
  /** Changes attributes of the session's item, as another writer would. undefined removes an attribute. */
  change(changes: Record<string, Item[string] | undefined>): Promise<void>
}

export interface Settings {
  readonly store?: Options
  readonly session?: CreateSessionOptions | ((store: DynamoSessionStore) => CreateSessionOptions)
}

/** For the tests of one suite: a table, and applications whose requests to the engine pass a fault proxy. */
export interface KoaBench {
  readonly tableName: string
  readonly proxy: FaultProxy
  client(): DynamoDBClient
  start(routes: Record<string, Handle>, settings?: Settings): Promise<Browsed>
  /** Waits for the work that requests do in the background. Then the proxy forgets all requests. */
  settled(): Promise<void>
}

export function koaBench(engine: Engine): KoaBench {
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
    for (const stopApp of stops.splice(0)) await stopApp()
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

  async function start(routes: Record<string, Handle>, settings: Settings = {}): Promise<Browsed> {
    const reported: Browsed['reported'] = []
    const failures: unknown[] = []
    const errorHandler = {
      handle: (error: Error, { operation }: { operation: string }) => void reported.push({ error, operation }),
    }
    const store = new DynamoSessionStore({ tableName, ...reaching(impatient), errorHandler, ...settings.store })
    const own = typeof settings.session === 'function' ? settings.session(store) : settings.session
    const app = new Koa({ env: 'test', keys: ['a key of the tests'] })
    app.on('error', (error) => failures.push(error))
    app.use(session({ store, ...own }, app))
    app.use(async (ctx) => {
      const answer = await routes[ctx.path]?.(ctx, store)
      if (answer !== undefined) ctx.body = answer
    })
    const server = createServer(app.callback())
    const port = await listen(server)
    stops.push(() => stop(server))
    const jar = new Map<string, string>()
    const cookie = () => [...jar].map((pair) => pair.join('=')).join('; ')
    const id = () => jar.get(own?.key ?? 'koa.sess') ?? ''
    const item = () => readItem(direct, tableName, id(), settings.store)
    return {
      ...{ store, port, failures, reported, jar, cookie, id, item },
      async get(path, init = {}) {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie: cookie() }, ...init })
        const setCookie = response.headers.getSetCookie()
        for (const line of setCookie) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
          if (value === '') jar.delete(name)
          else jar.set(name, value)
        }
        return { status: response.status, text: await response.text(), setCookie }
      },
      async change(changes) {
        const changed = Object.entries({ ...(await item()), ...changes }).filter(([, value]) => value !== undefined)
        await writeItem(direct, tableName, Object.fromEntries(changed) as Item, settings.store)
      },
    }
  }

  return {
    tableName,
    get proxy() {
      return proxy
    },
    client: () => direct,
    start,
    settled,
  }
}

export const signIn: Handle = (ctx) => {
  ctx.session.user = 'ada'
  return 'in'
}
export const who: Handle = (ctx) => ctx.session.user ?? 'nobody'
export const signOut: Handle = (ctx) => {
  ctx.session = null
  return 'out'
}
export const count: Handle = (ctx) => {
  ctx.session.views = Number(ctx.session.views ?? 0) + 1
  return String(ctx.session.views)
}
