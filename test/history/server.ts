import './wrong-clock.js'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import { type IncomingMessage, Server } from 'node:http'
import { collectGarbage } from '../../runtime/cleaning/collect-garbage.js'
import type { ErrorContext, Options } from '../../runtime/configuration/options.js'
import { hashSessionId } from '../../runtime/session/item/session-id.js'
import type { Adapter, RouteSession } from '../support/adapters/adapter.js'
import { ADAPTERS, LOCKINGS } from './groups.js'
import type { Locking, Seen } from './history.js'
import { type Asked, KEYS, type Order, type Report, type Told } from './wire.js'
import { setClockOffset } from './wrong-clock.js'

/** A server process: every adapter with every kind of locking, each on a port of its own. */

interface Settings {
  readonly options: Options
  /** What is used in place of the locking that the group has. */
  readonly locking?: Locking
}

const { options, locking: forced }: Settings = JSON.parse(process.env.HISTORY_SETTINGS ?? '{}')

interface Context {
  readonly request: IncomingMessage
  readonly arrived: number
}

/** The routes of the adapters get a session only: what was asked for is found here. */
const contexts = new AsyncLocalStorage<Context>()

const emit = Server.prototype.emit
Server.prototype.emit = function (this: Server, event: string, ...given: unknown[]): boolean {
  if (event !== 'request') return Reflect.apply(emit, this, [event, ...given])
  const context = { request: given[0] as IncomingMessage, arrived: performance.now() }
  return contexts.run(context, () => Reflect.apply(emit, this, [event, ...given]))
} as typeof emit

/** Sessions that could not be read, by the hash of their ids, and when. */
const unread = new Map<string, number>()

const errorHandler = {
  handle(error: Error, { operation, sessionIdHash }: ErrorContext): void {
    const isData = error.name === 'SessionDataError'
    if (operation === 'get' && sessionIdHash && !isData) unread.set(sessionIdHash, performance.now())
    if (isData) tell({ event: 'failure', text: `${operation}: ${error.name}: ${error.message}` })
    if (unread.size > 1000) unread.clear()
  },
}

function tell(report: Report): void {
  process.send?.(report)
}

async function start(adapter: Adapter, locking: Locking): Promise<void> {
  const app = await adapter.start(
    { '/': (session) => answer(adapter, session) },
    { options: { ...options, locking: forced ?? locking, errorHandler } },
  )
  const store = app.store as unknown as EventEmitter
  store.on('conflict', ({ keys, sessionIdHash }: { keys: string[]; sessionIdHash: string }) =>
    tell({ event: 'conflict', keys, cookie: sessionIdHash }),
  )
  // Koa's and Fastify's own error handling would print what clients are told anyway.
  setInterval(() => app.failures.splice(0), 5_000).unref()
  tell({ event: 'listening', group: `${adapter.name}/${locking}`, cookieName: adapter.cookieName, port: app.port })
}

async function answer(adapter: Adapter, session: RouteSession): Promise<string> {
  const context = contexts.getStore()
  if (!context) throw new Error('the request of this session is not known')
  const asked: Asked = JSON.parse(String(context.request.headers['x-asked']))
  const seen = seenIn(session)
  const told: Told = {
    seen,
    ...(seen === null && isUnread(adapter, context) && { unread: true }),
    ...(await carryOut(asked, session, seen)),
  }
  return JSON.stringify(told)
}

async function carryOut(
  asked: Asked,
  session: RouteSession,
  seen: Seen | null,
): Promise<{ readonly done: boolean; readonly counted?: number }> {
  const { kind, change, register, user, newLabel } = asked
  if (asked.hold > 0) await new Promise((resolve) => setTimeout(resolve, asked.hold))
  if (kind === 'logout') {
    await session.destroy()
    return { done: true }
  }
  if ((kind === 'login') === (seen !== null)) return { done: false }
  if (kind === 'read') return { done: true }
  if (kind === 'regenerate') await session.regenerate(['user', 'label', 'counter', 'register', ...KEYS])
  if (kind === 'restart') await session.regenerate()
  if (kind === 'login' || kind === 'restart') {
    session.set('user', user)
    session.set('label', newLabel)
  }
  if (change) session.set(...change)
  if (register !== undefined) session.set('register', register)
  const counted = kind === 'increment' ? (seen?.counter ?? 0) + 1 : undefined
  if (counted !== undefined) session.set('counter', counted)
  await session.save?.()
  return { done: true, ...(counted !== undefined && { counted }) }
}

function seenIn(session: RouteSession): Seen | null {
  const label = session.get('label')
  if (label === undefined) return null
  const changes = KEYS.flatMap((key) => {
    const value = session.get(key)
    return value === undefined ? [] : [[key, Number(value)] as const]
  })
  return {
    user: String(session.get('user')),
    label: String(label),
    counter: Number(session.get('counter') ?? 0),
    register: session.get('register') as number | undefined,
    changes: Object.fromEntries(changes),
  }
}

function isUnread(adapter: Adapter, { request, arrived }: Context): boolean {
  const [, value = ''] = /=(.*)$/.exec(request.headers.cookie ?? '') ?? []
  if (value === '') return false
  const failed = unread.get(hashSessionId(adapter.idOf(decodeURIComponent(value))))
  return failed !== undefined && failed >= arrived
}

async function clean(id: number): Promise<void> {
  try {
    const { deleted } = await collectGarbage(options)
    tell({ event: 'cleaned', id, deleted })
  } catch (error) {
    tell({ event: 'cleaned', id, failure: String(error) })
  }
}

process.on('message', (order: Order) => {
  if ('offset' in order) {
    setClockOffset(order.offset)
    tell({ event: 'clock', id: order.id })
  } else {
    void clean(order.id)
  }
})
process.on('disconnect', () => process.exit())
process.on('uncaughtException', (error) => tell({ event: 'crash', text: String(error.stack) }))

await Promise.all(ADAPTERS.flatMap((adapter) => LOCKINGS.map((locking) => start(adapter, locking))))
tell({ event: 'ready' })
