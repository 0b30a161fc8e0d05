import { describe, expect, it } from 'vitest'
import { SessionUnreadError } from '../../../../runtime/errors.js'
import { onEachEngine } from '../../../support/engines.js'
import { koaBench } from '../../../support/koa-app.js'
import { readItem } from '../../../support/table.js'

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

  it('takes no lock and waits for no lock', async () => {
    const { store } = await start({}, { store: { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } })
    const id = newId()
    await store.set(id, { user: 'ada' })
    await store.get(id, undefined, { ctx: {} })
    expect(await itemOf(id)).toHaveProperty('locked_at')
    expect(await store.get(id)).toEqual({ user: 'ada' })
    await store.destroy(id)
    expect(await itemOf(id)).toBeUndefined()
  })

  it('returns every key, and saves a loaded session as a request would: same lifetime, logout final', async () => {
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

  it('finds no expired session, although its item is still stored', async () => {
    const { store } = await start({})
    const id = newId()
    await store.set(id, { user: 'ada' }, 400)
    expect(await store.get(id)).toEqual({ user: 'ada' })
    await new Promise((resolve) => setTimeout(resolve, 410))
    expect(await store.get(id)).toBeUndefined()
    expect(await itemOf(id)).toBeDefined()
  })

  it('refuses to save a session that could not be read', async () => {
    const { store } = await start({})
    const id = newId()
    await store.set(id, { user: 'ada' })
    const before = await itemOf(id)
    await settled()
    bench.proxy.inject('GetItem', { error: 'ThrottlingException' })
    const found = await store.get(id)
    expect(found).toEqual({})
    await expect(store.set(id, Object.assign(found ?? {}, { user: 'eve' }))).rejects.toThrow(SessionUnreadError)
    expect(await itemOf(id)).toEqual(before)
  })

  it('overwrites a session under another id than that of the loaded session', async () => {
    const { store } = await start({})
    const [id, other] = [newId(), newId()]
    await store.set(id, { user: 'ada' })
    const found = (await store.get(id)) ?? {}
    await store.set(other, found)
    expect(await store.get(other)).toEqual({ user: 'ada' })
  })

  it('never stores koa-session’s own keys', async () => {
    const { store } = await start({})
    const id = newId()
    await store.set(id, { user: 'ada', _expire: Date.now() + 20_000, _maxAge: 30_000 }, 40_000)
    expect((await itemOf(id))?.data).toEqual({ S: '{"user":"ada"}' })
    expect(Number((await itemOf(id))?.expire_at?.N) - Date.now() / 1000).toBeLessThan(21.5)
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
