/**
 * The types of the entry `dynamo-session-store/express`. Nothing here runs: `tsc --noEmit` is the
 * test. It fails when a type is not the expected one, or when an expected error is missing.
 */
import type { EventEmitter } from 'node:events'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Request } from 'express'
import session, { type Session, type SessionData, type Store } from 'express-session'
import { expectTypeOf } from 'vitest'
import { DynamoSessionStore } from '../../runtime/express.js'
import type {
  Conflict,
  ErrorContext,
  ExportedSession,
  Options,
  SessionConflict,
  SessionEvents,
  UserSession,
} from '../../runtime/index.js'

/** The shape of the session, as an application declares it. */
declare module 'express-session' {
  interface SessionData {
    typedCart?: { items: readonly string[] }
  }
}

declare const store: DynamoSessionStore
declare const data: SessionData
declare const request: Request

// The store is one of express-session's.
expectTypeOf<DynamoSessionStore>().toExtend<Store>()
session({ store, secret: 'x', genid: store.genid, resave: false, saveUninitialized: false })
expectTypeOf(store.genid).toEqualTypeOf<() => string>()
expectTypeOf(store.createSession(request, data)).toEqualTypeOf<Session & SessionData>()
expectTypeOf<DynamoSessionStore>().toExtend<EventEmitter<SessionEvents>>()
expectTypeOf(
  store.on('conflict', (conflict) => expectTypeOf(conflict).toEqualTypeOf<SessionConflict>()),
).toExtend<DynamoSessionStore>()
// @ts-expect-error there is no such event
store.on('conflicts', () => undefined)

// Without a callback every method returns a promise.
expectTypeOf(store.get('id')).toEqualTypeOf<Promise<SessionData | null>>()
expectTypeOf(store.set('id', data)).toEqualTypeOf<Promise<void>>()
expectTypeOf(store.touch('id', data)).toEqualTypeOf<Promise<void>>()
expectTypeOf(store.destroy('id')).toEqualTypeOf<Promise<void>>()
expectTypeOf(store.all()).toEqualTypeOf<Promise<(SessionData & { id: string })[]>>()
expectTypeOf(store.ids()).toEqualTypeOf<Promise<string[]>>()
expectTypeOf(store.length()).toEqualTypeOf<Promise<number>>()
expectTypeOf(store.clear()).toEqualTypeOf<Promise<void>>()

// With a callback every method returns nothing.
expectTypeOf(
  store.get('id', (error, found) => {
    expectTypeOf(error).toEqualTypeOf<unknown>()
    expectTypeOf(found).toEqualTypeOf<SessionData | null | undefined>()
  }),
).toEqualTypeOf<void>()
expectTypeOf(store.set('id', data, (error) => expectTypeOf(error).toEqualTypeOf<unknown>())).toEqualTypeOf<void>()
expectTypeOf(store.touch('id', data, (error) => expectTypeOf(error).toEqualTypeOf<unknown>())).toEqualTypeOf<void>()
expectTypeOf(store.destroy('id', (error) => expectTypeOf(error).toEqualTypeOf<unknown>())).toEqualTypeOf<void>()
expectTypeOf(store.all((_error, all) => expectTypeOf(all).toExtend<SessionData[] | null | undefined>())).toBeVoid()
expectTypeOf(store.ids((_error, ids) => expectTypeOf(ids).toEqualTypeOf<string[] | undefined>())).toBeVoid()
expectTypeOf(store.length((_error, count) => expectTypeOf(count).toEqualTypeOf<number | undefined>())).toBeVoid()
expectTypeOf(store.clear((error) => expectTypeOf(error).toEqualTypeOf<unknown>())).toBeVoid()

// @ts-expect-error an id is a text
store.get(1)
// @ts-expect-error a session has a cookie
store.set('id', { typedCart: { items: [] } })
// @ts-expect-error the application declared another shape
store.set('id', { ...data, typedCart: { items: [1] } })
// @ts-expect-error there is no such method
store.destroyAll()

// Store and request have the shape that the application declared.
expectTypeOf((await loaded()).typedCart).toEqualTypeOf<{ items: readonly string[] } | undefined>()
expectTypeOf(request.session.typedCart).toEqualTypeOf<{ items: readonly string[] } | undefined>()

async function loaded(): Promise<SessionData> {
  const found = await store.get('id')
  if (!found) throw new Error('there is none')
  return found
}

// Every option is typed and optional.
expectTypeOf(DynamoSessionStore).constructorParameters.toEqualTypeOf<[options?: Options]>()
expectTypeOf<Options['locking']>().toEqualTypeOf<'none' | 'optimistic' | 'pessimistic' | null | undefined>()
expectTypeOf<Options['maxAge']>().toEqualTypeOf<number | null | undefined>()
expectTypeOf<Options['lockMaxWaitTime']>().toEqualTypeOf<number | null | undefined>()
expectTypeOf<Options['raiseErrors']>().toEqualTypeOf<boolean | null | undefined>()
expectTypeOf<Options['secretKey']>().toEqualTypeOf<string | readonly string[] | null | undefined>()
expectTypeOf<Options['client']>().toEqualTypeOf<DynamoDBClient | null | undefined>()
expectTypeOf<Options>().not.toBeAny()

new DynamoSessionStore()
new DynamoSessionStore({
  tableName: 'sessions',
  maxStale: 3600,
  onConflict: (conflict) => {
    expectTypeOf(conflict).toEqualTypeOf<Conflict>()
    return { ...conflict.theirs, ...conflict.ours }
  },
  errorHandler: {
    handle(error, context) {
      expectTypeOf(error).toEqualTypeOf<Error>()
      expectTypeOf(context).toEqualTypeOf<ErrorContext>()
    },
  },
})
// @ts-expect-error there is no such kind of locking
new DynamoSessionStore({ locking: 'hopeful' })
// @ts-expect-error seconds are a number
new DynamoSessionStore({ maxAge: '3600' })
// @ts-expect-error a word of the YAML file is no name of an option
new DynamoSessionStore({ table_name: 'sessions' })
// @ts-expect-error onConflict returns session data
new DynamoSessionStore({ onConflict: () => 'ours' })
new DynamoSessionStore({
  errorHandler: (error, context) => {
    expectTypeOf(error).toEqualTypeOf<Error>()
    expectTypeOf(context).toEqualTypeOf<ErrorContext>()
  },
})
// @ts-expect-error an error handler is a function or an object with a method
new DynamoSessionStore({ errorHandler: {} })
// @ts-expect-error a client is a DynamoDBClient
new DynamoSessionStore({ client: {} })

// Sessions of a user.
const sessions = await store.sessionsBy('user_id', 42, { current: 'id' })
expectTypeOf(sessions).toEqualTypeOf<UserSession<{ userAgent?: string; address?: string }>[]>()
expectTypeOf(sessions[0]?.handle).toEqualTypeOf<string | undefined>()
expectTypeOf(sessions[0]?.lastSeenAt).toEqualTypeOf<Date | undefined>()
expectTypeOf(sessions[0]?.current).toEqualTypeOf<boolean | undefined>()
expectTypeOf(sessions[0]?.userAgent).toEqualTypeOf<string | undefined>()
// @ts-expect-error nothing of this name is recorded
expectTypeOf(sessions[0]?.country)
const [described] = await store.sessionsBy<{ country: string; handle: number }>('user_id', 42)
expectTypeOf(described?.country).toEqualTypeOf<string | undefined>()
expectTypeOf(described?.handle).toEqualTypeOf<string | undefined>()
expectTypeOf(store.destroyHandle('user_id', 42, 'handle')).toEqualTypeOf<Promise<boolean>>()
expectTypeOf(store.destroyOthers('user_id', 42, 'id', { scan: true })).toEqualTypeOf<Promise<number>>()
expectTypeOf(store.exportBy('user_id', 42)).toEqualTypeOf<Promise<ExportedSession[]>>()
// @ts-expect-error the session that stays must be named
store.destroyOthers('user_id', 42)

// The option `describe` takes a function of any request.
new DynamoSessionStore({ describe: (request: Request) => ({ userAgent: request.get('user-agent'), port: 80 }) })
new DynamoSessionStore({ describe: async (request) => ({ address: request.ip }) })
new DynamoSessionStore({ describe: () => undefined })
// @ts-expect-error a description has texts, numbers and booleans
new DynamoSessionStore({ describe: (request: Request) => ({ headers: request.headers }) })
// @ts-expect-error a description has names
new DynamoSessionStore({ describe: () => 'Firefox' })

// A store can be closed, also at the end of a block.
expectTypeOf(store.close()).toEqualTypeOf<Promise<void>>()
async function script() {
  await using own = new DynamoSessionStore()
  await own.destroy('id')
}
expectTypeOf(script).returns.resolves.toBeVoid()
