/**
 * The types of the entry `dynamo-session-store/fastify`. Nothing here runs: `tsc --noEmit` is the
 * test. It fails when a type is not the expected one, or when an expected error is missing.
 */
import type { EventEmitter } from 'node:events'
import type { FastifySessionOptions, SessionStore } from '@fastify/session'
import fastify, { type FastifyPluginAsync, type FastifyRequest, type Session } from 'fastify'
import { expectTypeOf } from 'vitest'
import { type DynamoSessionOptions, DynamoSessionStore, dynamoSession } from '../../runtime/fastify.js'
import type { Options, SessionConflict, SessionEvents, SessionSearch } from '../../runtime/index.js'

/** The shape of the session, as an application declares it. */
declare module 'fastify' {
  interface Session {
    typedCart?: { items: readonly string[] }
  }
}

declare const store: DynamoSessionStore
declare const session: Session
declare const request: FastifyRequest

// The plugin takes the options of @fastify/session, and the store.
const app = fastify()
expectTypeOf(dynamoSession).toEqualTypeOf<FastifyPluginAsync<DynamoSessionOptions>>()
app.register(dynamoSession)
app.register(dynamoSession, {})
app.register(dynamoSession, { store: { tableName: 'sessions' }, cookie: { secure: 'auto', maxAge: 60_000 } })
app.register(dynamoSession, { store, secret: ['x'], cookieName: 'sid', rolling: false, saveUninitialized: true })
app.register(dynamoSession, { store, secret: store.signer, idGenerator: store.genid })
expectTypeOf<DynamoSessionOptions['store']>().toEqualTypeOf<Options | DynamoSessionStore | undefined>()
expectTypeOf<DynamoSessionOptions['secret']>().toEqualTypeOf<FastifySessionOptions['secret'] | undefined>()
expectTypeOf<DynamoSessionOptions['cookie']>().toEqualTypeOf<FastifySessionOptions['cookie']>()

// @ts-expect-error a word of the YAML file is no name of an option
app.register(dynamoSession, { store: { table_name: 'sessions' } })
// @ts-expect-error the table is an option of the store
app.register(dynamoSession, { tableName: 'sessions' })
// @ts-expect-error the plugin takes no other store
app.register(dynamoSession, { store: new Map() })
// @ts-expect-error a secret is a text, several, or a signer
app.register(dynamoSession, { secret: 7 })

// The store is one of @fastify/session's.
expectTypeOf<DynamoSessionStore>().toExtend<SessionStore>()
expectTypeOf(DynamoSessionStore).constructorParameters.toEqualTypeOf<[options?: Options]>()
expectTypeOf(store.genid).toEqualTypeOf<() => string>()
expectTypeOf(store.signer.sign('id')).toEqualTypeOf<string>()
expectTypeOf(store.signer.unsign('id')).toEqualTypeOf<{ valid: boolean; renew: boolean; value: string | null }>()
expectTypeOf<DynamoSessionStore>().toExtend<EventEmitter<SessionEvents>>()
expectTypeOf(
  store.on('conflict', (conflict) => expectTypeOf(conflict).toEqualTypeOf<SessionConflict>()),
).toExtend<DynamoSessionStore>()
// @ts-expect-error there is no such event
store.on('conflicts', () => undefined)

// Without a callback every method returns a promise. With a callback every method returns nothing.
expectTypeOf(store.get('id')).toEqualTypeOf<Promise<Session | null>>()
expectTypeOf(store.set('id', session)).toEqualTypeOf<Promise<void>>()
expectTypeOf(store.destroy('id')).toEqualTypeOf<Promise<void>>()
expectTypeOf(
  store.get('id', (error, found) => {
    expectTypeOf(error).toEqualTypeOf<unknown>()
    expectTypeOf(found).toEqualTypeOf<Session | null | undefined>()
  }),
).toBeVoid()
expectTypeOf(store.set('id', session, (error) => expectTypeOf(error).toEqualTypeOf<unknown>())).toBeVoid()
expectTypeOf(store.destroy('id', (error) => expectTypeOf(error).toEqualTypeOf<unknown>())).toBeVoid()

// @ts-expect-error an id is a text
store.get(1)
// @ts-expect-error a session has a cookie
store.set('id', { typedCart: { items: [] } })
// @ts-expect-error the application declared another shape
store.set('id', { ...session, typedCart: { items: [1] } })
// @ts-expect-error there is no such method
store.destroyAll()

// Store and request have the shape that the application declared.
expectTypeOf((await loaded()).typedCart).toEqualTypeOf<{ items: readonly string[] } | undefined>()
expectTypeOf(request.session.typedCart).toEqualTypeOf<{ items: readonly string[] } | undefined>()
expectTypeOf(request.session.get('typedCart')).toEqualTypeOf<{ items: readonly string[] } | undefined>()
expectTypeOf(request.session.regenerate(['typedCart'])).toEqualTypeOf<Promise<void>>()

async function loaded(): Promise<Session> {
  const found = await store.get('id')
  if (!found) throw new Error('there is none')
  return found
}

// Sessions can be found by their data.
expectTypeOf<DynamoSessionStore>().toExtend<SessionSearch>()

// A store can be closed, also at the end of a block.
expectTypeOf(store.close()).toEqualTypeOf<Promise<void>>()
async function script() {
  await using own = new DynamoSessionStore()
  await own.destroy('id')
}
expectTypeOf(script).returns.resolves.toBeVoid()
