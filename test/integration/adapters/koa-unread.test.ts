import { describe, expect, it } from 'vitest'
import { SessionUnreadError } from '../../../runtime/errors.js'
import { onEachEngine } from '../../support/engines.js'
import { count, koaBench, signIn, signOut, who } from '../../support/koa-app.js'
import { readItem } from '../../support/table.js'

const THROTTLED = { error: 'ThrottlingException' }

onEachEngine('sessions in Koa that can’t be read', (engine) => {
  const bench = koaBench(engine)
  const { start, settled } = bench

  it('are empty under the same id, and nothing is saved when nothing changed', async () => {
    const app = await start({
      '/in': signIn,
      '/id': (ctx) => `${ctx.session.externalKey} ${Boolean(ctx.session.isNew)}`,
    })
    await app.get('/in')
    await settled()
    bench.proxy.inject('GetItem', THROTTLED)
    const answer = await app.get('/id')
    expect(answer).toEqual({ status: 200, text: `${app.id()} false`, setCookie: [] })
    await settled()
    expect(app.reported).toMatchObject([{ operation: 'get' }])
  })

  it('keep their cookie with rolling, and with a save of nothing', async () => {
    const app = await start(
      { '/in': signIn, '/who': who, '/save': (ctx) => ctx.session.save().then(() => 'saved') },
      { session: { rolling: true } },
    )
    await app.get('/in')
    const [id, before] = [app.id(), await app.item()]
    await settled()
    for (const path of ['/who', '/save']) {
      bench.proxy.inject('GetItem', THROTTLED)
      expect((await app.get(path)).status).toBe(200)
      await settled()
      expect(app.id()).toBe(id)
      expect(await app.item()).toEqual(before)
    }
    expect(app.failures).toEqual([])
    expect((await app.get('/who')).text).toBe('ada')
  })

  it('refuse what a request changed, with one error and without a cookie', async () => {
    const app = await start({ '/in': signIn, '/count': count, '/who': who })
    await app.get('/in')
    const before = await app.item()
    await settled()
    bench.proxy.inject('GetItem', THROTTLED)
    expect(await app.get('/count')).toMatchObject({ status: 500, setCookie: [] })
    await settled()
    expect(app.failures).toEqual([expect.any(SessionUnreadError)])
    expect(await app.item()).toEqual(before)
    expect((await app.get('/who')).text).toBe('ada')
  })

  it('can be logged out of', async () => {
    const app = await start({ '/in': signIn, '/out': signOut })
    await app.get('/in')
    const id = app.id()
    await settled()
    bench.proxy.inject('GetItem', THROTTLED)
    expect((await app.get('/out')).status).toBe(200)
    expect(await readItem(bench.client(), bench.tableName, id)).toBeUndefined()
  })

  it('fail the request once with raise_errors', async () => {
    const app = await start({ '/in': signIn, '/who': who }, { store: { raiseErrors: true } })
    await app.get('/in')
    await settled()
    bench.proxy.inject('GetItem', THROTTLED)
    expect((await app.get('/who')).status).toBe(500)
    expect(app.failures).toMatchObject([{ name: 'ThrottlingException' }])
    expect(app.reported).toEqual([])
  })
})

onEachEngine('the store of Koa as scripts use it', (engine) => {
  const bench = koaBench(engine)
  const { start, settled } = bench
  let ids = 0
  const newId = () => `script-${process.pid}-${++ids}`
  const itemOf = (id: string) => readItem(bench.client(), bench.tableName, id)

  it('stores, reads and deletes', async () => {
    const { store } = await start({})
    const id = newId()
    expect(await store.get(id)).toBeUndefined()
    await store.set(id, { user: 'ada' }, 60_000)
    expect(await store.get(id)).toEqual({ user: 'ada' })
    expect(JSON.parse((await itemOf(id))?.cookie?.S ?? '')).toMatchObject({ originalMaxAge: 60_000 })
    expect(Number((await itemOf(id))?.expire_at?.N) - Date.now() / 1000).toBeCloseTo(60, -1)
    await store.set(id, { user: 'bob' })
    expect(await store.get(id)).toEqual({ user: 'bob' })
    await store.destroy(id)
    await store.destroy(id)
    expect(await store.get(id)).toBeUndefined()
  })

  it('takes no lock, and waits for none', async () => {
    const { store } = await start({}, { store: { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } })
    const id = newId()
    await store.set(id, { user: 'ada' })
    await store.get(id, undefined, { ctx: {} })
    expect(await itemOf(id)).toHaveProperty('locked_at')
    expect(await store.get(id)).toEqual({ user: 'ada' })
    await store.destroy(id)
    expect(await itemOf(id)).toBeUndefined()
  })

  it('gives every key, and changes what it gave as a request would: lifetime kept, logout final', async () => {
    const { store } = await start({})
    const id = newId()
    await store.set(id, { user: 'ada', _csrf_token: 't', save: 1 }, 3_600_000)
    const { cookie } = (await itemOf(id)) ?? {}
    const found = await store.get(id)
    expect(found).toEqual({ user: 'ada', _csrf_token: 't', save: 1 })
    await store.set(id, Object.assign(found ?? {}, { user: 'bob' }))
    expect((await itemOf(id))?.data).toEqual({ S: '{"user":"bob","_csrf_token":"t","save":1}' })
    expect((await itemOf(id))?.cookie).toEqual(cookie)
    expect(Number((await itemOf(id))?.expire_at?.N) - Date.now() / 1000).toBeCloseTo(3600, -2)
    await store.destroy(id)
    await store.set(id, Object.assign(found ?? {}, { user: 'ghost' }))
    expect(await itemOf(id)).toBeUndefined()
  })

  it('gives no session that is over, although its item is still there', async () => {
    const { store } = await start({})
    const id = newId()
    await store.set(id, { user: 'ada' }, 400)
    expect(await store.get(id)).toEqual({ user: 'ada' })
    await new Promise((resolve) => setTimeout(resolve, 410))
    expect(await store.get(id)).toBeUndefined()
    expect(await itemOf(id)).toBeDefined()
  })

  it('refuses to save what it could not read', async () => {
    const { store } = await start({})
    const id = newId()
    await store.set(id, { user: 'ada' })
    const before = await itemOf(id)
    await settled()
    bench.proxy.inject('GetItem', THROTTLED)
    const found = await store.get(id)
    expect(found).toEqual({})
    await expect(store.set(id, Object.assign(found ?? {}, { user: 'eve' }))).rejects.toThrow(SessionUnreadError)
    expect(await itemOf(id)).toEqual(before)
  })

  it('stores under another id what it gave, as what it is: unknown there', async () => {
    const { store } = await start({})
    const [id, other] = [newId(), newId()]
    await store.set(id, { user: 'ada' })
    const found = (await store.get(id)) ?? {}
    await store.set(other, found)
    expect(await store.get(other)).toEqual({ user: 'ada' })
  })

  it('never stores koa-session’s bookkeeping, whoever passes it', async () => {
    const { store } = await start({})
    const id = newId()
    await store.set(id, { user: 'ada', _expire: Date.now() + 30_000, _maxAge: 30_000 }, 40_000)
    expect((await itemOf(id))?.data).toEqual({ S: '{"user":"ada"}' })
    expect(Number((await itemOf(id))?.expire_at?.N) - Date.now() / 1000).toBeLessThan(31.5)
    await store.set(id, { user: 'ada', _session: true })
    expect((await itemOf(id))?.cookie).toEqual({ S: '{"originalMaxAge":null}' })
  })

  describe('refuses ids under which nothing can be stored', () => {
    it.each([
      ['empty', ''],
      ['too long', 'x'.repeat(3000)],
    ])('%s', async (_, id) => {
      const { store } = await start({})
      await settled()
      expect(await store.get(id)).toBeUndefined()
      await store.destroy(id)
      await expect(store.set(id, { user: 'ada' })).rejects.toThrow('session id')
      await expect(store.set(id, { user: 'ada' }, 1000, { ctx: {} })).rejects.toThrow('session id')
      expect(bench.proxy.operations).toEqual([])
    })
  })
})
