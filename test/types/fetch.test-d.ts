/**
 * The types of the entries `dynamo-session-store/fetch`, `/hono` and `/node-http`. Nothing here runs:
 * `tsc --noEmit` is the test, and fails where a type is not the expected one or an expected error is missing.
 */
import type { EventEmitter } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createCookie } from '@remix-run/cookie'
import type { Session, SessionStorage } from '@remix-run/session'
import { session as remixSession } from '@remix-run/session-middleware'
import { Hono } from 'hono'
import { expectTypeOf } from 'vitest'
import {
  createSessionManager,
  createSessionStorage,
  type DynamoSessionStorage,
  type ManagerOptions,
  type RequestFacts,
  type SessionHeaders,
  type SessionManager,
  type SessionOptions,
} from '../../runtime/fetch.js'
import { dynamoSession, type SessionVariables } from '../../runtime/hono.js'
import type { Options, SessionConflict, SessionEvents, SessionSearch } from '../../runtime/index.js'
import { withSession } from '../../runtime/node-http.js'

/** The shape of the session, as an application declares it. */
type Values = { user_id: number; cart: readonly string[] }
type Flash = { notice: string }
interface Declared {
  user_id: number
}

// The storage is one of Remix's.
const storage = createSessionStorage<Values, Flash>({ tableName: 'sessions' })
expectTypeOf<DynamoSessionStorage>().toExtend<SessionStorage>()
expectTypeOf<DynamoSessionStorage<Values, Flash>>().toExtend<SessionStorage>()
expectTypeOf<Parameters<typeof createSessionStorage>>().toEqualTypeOf<[options?: Options]>()
remixSession(createCookie('session', { secrets: ['x'] }), createSessionStorage())
remixSession(createCookie('session', { secrets: ['x'] }), storage)
expectTypeOf<DynamoSessionStorage<Values, Flash>>().toExtend<EventEmitter<SessionEvents>>()
expectTypeOf(storage.on('conflict', (conflict) => expectTypeOf(conflict).toEqualTypeOf<SessionConflict>())).toExtend<
  DynamoSessionStorage<Values, Flash>
>()
// @ts-expect-error there is no such event
storage.on('conflicts', () => undefined)
// @ts-expect-error Rack's options are those of the manager
createSessionStorage({ path: '/' })
// @ts-expect-error null where there is no cookie
storage.read()

// The session has the shape that the application declared.
async function stored() {
  const session = await storage.read(null)
  expectTypeOf(session).toEqualTypeOf<Session<Values, Flash>>()
  expectTypeOf(session.get('user_id')).toEqualTypeOf<number | undefined>()
  expectTypeOf(session.get('notice')).toEqualTypeOf<string | undefined>()
  expectTypeOf(session.get('other')).toEqualTypeOf<undefined>()
  session.set('cart', ['apple'])
  session.flash('notice', 'saved')
  // @ts-expect-error a number
  session.set('user_id', '42')
  // @ts-expect-error no such key
  session.set('other', 1)
  expectTypeOf(storage.save(session)).toEqualTypeOf<Promise<string | null>>()
  expectTypeOf(storage.release(session)).toEqualTypeOf<Promise<void>>()
}

// An interface is a shape as well. Without a shape, every key is possible.
const declared = createSessionManager<Declared>()
const any = createSessionManager()
declared.use(null, (session) => expectTypeOf(session.get('user_id')).toEqualTypeOf<number | undefined>())
any.use(null, (session) => {
  session.set('whatever', { deep: true })
  expectTypeOf(session.get('whatever')).toEqualTypeOf<unknown>()
})

const manager = createSessionManager<Values>({ expireAfter: 3600, sameSite: 'lax', maxStale: 60, secure: null })
expectTypeOf(manager).toEqualTypeOf<SessionManager<Values>>()
expectTypeOf(manager.storage).toEqualTypeOf<DynamoSessionStorage<Values>>()
expectTypeOf<ManagerOptions>().toExtend<SessionOptions>()
expectTypeOf<ManagerOptions['tableName']>().toEqualTypeOf<Options['tableName']>()
// @ts-expect-error Rack's name is httponly
createSessionManager({ httpOnly: true })
// @ts-expect-error there is no such value
createSessionManager({ sameSite: 'Lax' })
createSessionManager({ rails: true, key: '__Host-session', secure: 'auto', sameSite: false })
// @ts-expect-error only the manager has the option rails
createSessionStorage({ rails: true })

async function managed(request: Request) {
  const facts: RequestFacts = { secure: true, request }
  const { session, options, commit, release, headers: added } = await manager.load(request.headers.get('cookie'), facts)
  expectTypeOf(added()).toEqualTypeOf<SessionHeaders>()
  options.secure = 'auto'
  options.sameSite = false
  expectTypeOf(session.get('user_id')).toEqualTypeOf<number | undefined>()
  expectTypeOf(options).toEqualTypeOf<SessionOptions>()
  options.renew = true
  // @ts-expect-error the cookie's name is that of all requests
  options.key = 'x'
  expectTypeOf(commit()).toEqualTypeOf<Promise<string | undefined>>()
  expectTypeOf(release()).toEqualTypeOf<Promise<void>>()
  const response = manager.run(request, (session, options) => {
    expectTypeOf(options).toEqualTypeOf<SessionOptions>()
    return Response.json(session.get('cart'))
  })
  expectTypeOf(response).toEqualTypeOf<Promise<Response>>()
  // @ts-expect-error the answer is a Response
  manager.run(request, () => 'x')
  const { result, setCookie, headers } = await manager.use(undefined, async (session) => session.get('user_id'))
  expectTypeOf(result).toEqualTypeOf<number | undefined>()
  expectTypeOf(setCookie).toEqualTypeOf<string | undefined>()
  expectTypeOf(headers).toEqualTypeOf<SessionHeaders>()
  const answer: { statusCode: number; headers: { [name: string]: string | number | boolean } } = {
    statusCode: 200,
    headers: { ...headers, 'Content-Type': 'text/plain' },
  }
  manager.addHeaders(new Headers(headers), headers)
  return answer
}

// Hono: typed by chaining, and by declaring.
new Hono().use(dynamoSession(manager)).get('/', (c) => {
  expectTypeOf(c.get('session').get('user_id')).toEqualTypeOf<number | undefined>()
  expectTypeOf(c.var.sessionOptions).toEqualTypeOf<SessionOptions>()
  return c.text('x')
})
const app = new Hono<{ Variables: SessionVariables<Values> }>()
app.use(dynamoSession(manager))
app.get('/', (c) => {
  expectTypeOf(c.get('session').get('user_id')).toEqualTypeOf<number | undefined>()
  // @ts-expect-error a number
  c.get('session').set('user_id', '42')
  return c.text('x')
})

createServer(
  withSession(manager, (request, response, session, options) => {
    expectTypeOf(request).toEqualTypeOf<IncomingMessage>()
    expectTypeOf(response).toEqualTypeOf<ServerResponse>()
    expectTypeOf(session.get('user_id')).toEqualTypeOf<number | undefined>()
    expectTypeOf(options).toEqualTypeOf<SessionOptions>()
  }),
)

expectTypeOf(stored).returns.resolves.toBeVoid()
expectTypeOf(managed).returns.resolves.toHaveProperty('headers')

// Sessions can be found by their data.
expectTypeOf<DynamoSessionStorage<Values, Flash>>().toExtend<SessionSearch>()
expectTypeOf<SessionManager['storage']>().toExtend<SessionSearch>()

// Storage and manager can be closed, also at the end of a block.
expectTypeOf(storage.close()).toEqualTypeOf<Promise<void>>()
expectTypeOf(manager.close()).toEqualTypeOf<Promise<void>>()
async function script() {
  await using ownStorage = createSessionStorage()
  await using ownManager = createSessionManager()
  await ownStorage.read(null)
  await ownManager.load(null)
}
expectTypeOf(script).returns.resolves.toBeVoid()
