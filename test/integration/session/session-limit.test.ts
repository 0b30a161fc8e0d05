import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { SessionStore } from '../../../runtime/adapters/shared/session-store.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
import { keyOf } from '../../../runtime/session/item/session-key.js'
import type { SessionRecord } from '../../../runtime/session/item/session-record.js'
import { SessionLimit } from '../../../runtime/session/session-limit.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../runtime/session/sessions-by-value.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { connectionTo, reaching } from '../../support/connection.js'
import { onEachEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'

const SECOND = 1000

onEachEngine('max_sessions', (engine) => {
  let client: DynamoDBClient
  let proxy: FaultProxy
  let options: ReturnType<typeof engine.options> & Options
  let reported: { error: Error; operation: string; sessionIdHash?: string | undefined }[]
  let evicted: string[]
  let user = 0
  let now = 0

  beforeAll(async () => {
    proxy = await startFaultProxy(engine.endpoint)
    client = engine.client(proxy.endpoint)
    options = { ...engine.options(), indexKeys: ['user_id', 'tenant'], maxSessions: 2, touchInterval: 0, maxStale: 60 }
    await createTable({ ...options, ttl: false })
  })
  beforeEach(() => {
    user += 1
    now = 1_800_000_000_000
    reported = []
    evicted = []
    proxy.reset()
  })
  afterAll(async () => {
    client.destroy()
    await proxy.stop()
  })

  const clock = { now: () => now }
  const errorHandler: Options['errorHandler'] = (error, context) => void reported.push({ error, ...context })
  const configured = (more: Options = {}) => resolveConfiguration({ ...options, errorHandler, ...more })
  const sessions = () => new SessionRepository(configured(), connectionTo(client), clock)
  const limit = (more: Options = {}) => {
    const configuration = configured(more)
    const index = new SessionsByValue(configuration, connectionTo(client), clock)
    return new SessionLimit(configuration, index, (id) => void evicted.push(id))
  }
  const name = (suffix: string | number) => `secret-${user}-${suffix}`
  const isThere = async (suffix: string | number) => (await sessions().find(name(suffix))) !== undefined

  /** Stores a session, and does not check the limit. */
  async function create(suffix: string | number, data: object = { user_id: user }): Promise<SessionRecord> {
    const created = await sessions().create(name(suffix), { ...data })
    now += SECOND
    return created as SessionRecord
  }
  const left = async (...suffixes: (string | number)[]) => {
    const found = await Promise.all(suffixes.map(isThere))
    return suffixes.filter((_, at) => found[at])
  }

  it('ends the oldest sessions with the value, down to the limit', async () => {
    for (const suffix of [1, 2, 3, 4]) await create(suffix)
    await create('other', { user_id: 'another' })
    await limit().enforce(undefined, await create('new'))
    expect(await left(1, 2, 3, 4, 'new', 'other')).toEqual([4, 'new', 'other'])
    expect(evicted.map(hashSessionId).toSorted()).toEqual([1, 2, 3].map((one) => hashSessionId(name(one))).toSorted())
    expect(reported).toEqual([])
  })

  it('ends none up to the limit, and does not count expired sessions', async () => {
    await create('expired')
    now += 60 * SECOND
    await create(1)
    proxy.reset()
    await limit().enforce(undefined, await create('new'))
    expect(await left(1, 'new')).toEqual([1, 'new'])
    expect(proxy.operations).not.toContain('DeleteItem')
  })

  it('never ends the session that signs in, even if it is the oldest', async () => {
    const visitor = await create('visitor', { cart: [1] })
    for (const suffix of [1, 2]) await create(suffix)
    const signedIn = await sessions().update(visitor, { cart: [1], user_id: user })
    await limit().enforce(visitor, signedIn as SessionRecord)
    expect(await left('visitor', 1, 2)).toEqual(['visitor', 2])
    await limit({ maxSessions: 1 }).enforce(undefined, signedIn as SessionRecord)
    expect(await left('visitor', 2)).toEqual(['visitor'])
  })

  it('sends no request for a save that does not give the session the value', async () => {
    const before = await create('one')
    const update = async (data: object) => (await sessions().update(before, { ...data })) as SessionRecord
    const visited = await update({ user_id: user, visits: 1 })
    const tenant = (await sessions().update(visited, { user_id: String(user), tenant: 'x' })) as SessionRecord
    const signedOut = (await sessions().update(tenant, { tenant: 'x' })) as SessionRecord
    proxy.reset()
    await limit().enforce(before, visited)
    await limit().enforce(visited, tenant)
    await limit().enforce(tenant, signedOut)
    await limit().enforce(undefined, await create('visitor', { cart: [] }))
    await limit({ maxSessions: undefined }).enforce(undefined, await create('unlimited'))
    expect(proxy.operations).toEqual(['UpdateItem', 'UpdateItem'])
  })

  it('applies to the first of index_keys, for each of its values', async () => {
    for (const suffix of [1, 2, 3]) await create(suffix, { user_id: `${user}-${suffix}`, tenant: `t${user}` })
    await limit({ maxSessions: 1 }).enforce(undefined, await create('new', { user_id: user, tenant: `t${user}` }))
    expect(await left(1, 2, 3, 'new')).toEqual([1, 2, 3, 'new'])
    const byTenant = { maxSessions: 1, indexKeys: ['tenant', 'user_id'] }
    await limit(byTenant).enforce(undefined, await create('last', { user_id: user, tenant: `t${user}` }))
    expect(await left(1, 2, 3, 'new', 'last')).toEqual(['last'])
  })

  it('lets two sign-ins at the same time not end each other', async () => {
    const [one, two] = [await create('one'), await create('two')]
    await limit({ maxSessions: 1 }).enforce(undefined, one)
    expect(await left('one', 'two')).toEqual(['one', 'two'])
    await limit({ maxSessions: 1 }).enforce(undefined, two)
    expect(await left('one', 'two')).toEqual(['two'])
  })

  it('does not end the session under its former id, which the index still has', async () => {
    const before = await create('before', { user_id: 'another' })
    const moved = await sessions().regenerate(before, name('after'), { user_id: user }, { keep: false })
    const Items = ['before', 'after'].map((suffix) => {
      return { session_id: { S: keyOf(name(suffix), configured()) }, user_id: { S: String(user) } }
    })
    proxy.inject('Query', { change: (page) => ({ ...page, Items, Count: 2 }) })
    await limit({ maxSessions: 1 }).enforce(before, moved as SessionRecord)
    expect(await left('after')).toEqual(['after'])
  })

  it('publishes each session that it ended on the channel evicted', async () => {
    const notes: unknown[] = []
    const listen = (note: unknown) => void notes.push(note)
    subscribe('dynamo-session-store:evicted', listen)
    onTestFinished(() => void unsubscribe('dynamo-session-store:evicted', listen))
    now = Date.now() - 10 * SECOND
    await create('one')
    const limited = { ...options, ...reaching(client), maxSessions: 1 }
    await new SessionStore(limited, 'koa', new EventEmitter()).start().save(name('two'), { user_id: user })
    expect(await isThere('one')).toBe(false)
    expect(notes).toEqual([{ adapter: 'koa', sessionIdHash: hashSessionId(name('one')) }])
  })

  it('does not fail a sign-in if the index is missing: the error handler gets the error', async () => {
    const other = { ...options, ...reaching(client), errorHandler, tableName: engine.options().tableName }
    await createTable({ ...engine.options(), tableName: other.tableName, ttl: false })
    const store = new SessionStore({ ...other, raiseErrors: true }, 'express', new EventEmitter())
    const session = store.start()
    await session.save(name('new'), { user_id: user })
    expect(session.record?.data).toEqual({ user_id: user })
    expect(reported).toMatchObject([
      { operation: 'max_sessions', sessionIdHash: hashSessionId(name('new')), error: { code: 'INDEX_MISSING' } },
    ])
  })
})
