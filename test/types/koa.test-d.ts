/**
 * The types of the entry `dynamo-session-store/koa`. Nothing here runs: `tsc --noEmit` is the test,
 * and fails where a type is not the expected one or an expected error is missing.
 */
import type { EventEmitter } from 'node:events'
import Koa from 'koa'
import session, { type CreateSessionOptions } from 'koa-session'
import { expectTypeOf } from 'vitest'
import type { Options, SessionConflict, SessionEvents, SessionSearch } from '../../runtime/index.js'
import { DynamoSessionStore, type KoaSession, type SessionContext } from '../../runtime/koa.js'

/** The shape of the session, as an application declares it. Open, because other tests in this project use sessions too. */
interface Declared {
  typedCart: { items: readonly string[] }
  // biome-ignore lint/suspicious/noExplicitAny: what Koa's own context has for what is not declared
  [other: string]: any
}
declare module 'koa' {
  interface ExtendableContext extends SessionContext<Declared> {}
}

interface Shape {
  user: string
  views: number
}
declare const store: DynamoSessionStore
declare const typed: DynamoSessionStore<Shape>
const app = new Koa()

// The store is one of koa-session's, without casts.
expectTypeOf<DynamoSessionStore>().toExtend<NonNullable<CreateSessionOptions['store']>>()
expectTypeOf<DynamoSessionStore<Shape>>().toExtend<NonNullable<CreateSessionOptions['store']>>()
app.use(session({ store, genid: store.genid }, app))
app.use(session({ store: typed, maxAge: 'session', signed: false, key: 'rack.session' }, app))
expectTypeOf(store.genid).toEqualTypeOf<() => string>()
expectTypeOf<DynamoSessionStore>().toExtend<EventEmitter<SessionEvents>>()
expectTypeOf(
  store.on('conflict', (conflict) => expectTypeOf(conflict).toEqualTypeOf<SessionConflict>()),
).toExtend<DynamoSessionStore>()
// @ts-expect-error there is no such event
store.on('conflicts', () => undefined)

// Scripts call the methods themselves.
expectTypeOf(store.get('id')).toEqualTypeOf<Promise<Partial<Record<string, unknown>> | undefined>>()
expectTypeOf(typed.get('id')).toEqualTypeOf<Promise<Partial<Shape> | undefined>>()
expectTypeOf(typed.set('id', { user: 'ada' })).toEqualTypeOf<Promise<void>>()
expectTypeOf(typed.set('id', { user: 'ada' }, 3_600_000)).toEqualTypeOf<Promise<void>>()
expectTypeOf(typed.set('id', { user: 'ada' }, 'session')).toEqualTypeOf<Promise<void>>()
expectTypeOf(typed.destroy('id')).toEqualTypeOf<Promise<void>>()

// @ts-expect-error an id is a text
store.get(1)
// @ts-expect-error the shape is another
typed.set('id', { user: 1 })
// @ts-expect-error a lifetime is a number of milliseconds or the word session
store.set('id', {}, 'forever')

// The context has the shape that the application declared.
app.use(async (ctx) => {
  expectTypeOf(ctx.session.typedCart).toEqualTypeOf<Declared['typedCart'] | undefined>()
  expectTypeOf(ctx.session.isNew).toEqualTypeOf<boolean>()
  expectTypeOf(ctx.session.externalKey).toEqualTypeOf<string | undefined>()
  expectTypeOf(ctx.session.regenerate()).toEqualTypeOf<Promise<void>>()
  ctx.session.typedCart = { items: [] }
  ctx.session.maxAge = 1000
  ctx.session.maxAge = 'session'
  ctx.session = { typedCart: { items: ['book'] } }
  ctx.session = null
  // @ts-expect-error a cart has items
  ctx.session.typedCart = { items: 1 }
  // @ts-expect-error a cart has items
  ctx.session = { typedCart: {} }
  // @ts-expect-error koa-session says whether it is new
  ctx.session.isNew = true
})

// Without the augmentation: a context of its own kind.
declare const context: SessionContext<Shape>
expectTypeOf(context.session).toEqualTypeOf<KoaSession<Shape>>()
expectTypeOf(context.session.user).toEqualTypeOf<string | undefined>()
context.session = { user: 'ada' }
context.session = null
// @ts-expect-error there is no such key
context.session.usr
// @ts-expect-error there is no such key
context.session = { usr: 'ada' }

// Every option is optional, and typed.
expectTypeOf(DynamoSessionStore).constructorParameters.toEqualTypeOf<[options?: Options]>()
new DynamoSessionStore()
new DynamoSessionStore<Shape>({ tableName: 'sessions', locking: 'pessimistic' })
// @ts-expect-error there is no such kind of locking
new DynamoSessionStore({ locking: 'hopeful' })

// Sessions can be found by their data.
expectTypeOf<DynamoSessionStore>().toExtend<SessionSearch>()

// A store can be closed, also at the end of a block.
expectTypeOf(store.close()).toEqualTypeOf<Promise<void>>()
async function script() {
  await using own = new DynamoSessionStore()
  await own.destroy('id')
}
expectTypeOf(script).returns.resolves.toBeVoid()
