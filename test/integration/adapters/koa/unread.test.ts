import { expect, it } from 'vitest'
import { SessionUnreadError } from '../../../../runtime/errors.js'
import { onEachEngine } from '../../../support/engines.js'
import { count, koaBench, signIn, signOut, who } from '../../../support/koa-app.js'
import { readItem } from '../../../support/table.js'

const THROTTLED = { error: 'ThrottlingException' }

onEachEngine('sessions in Koa that can’t be read', (engine) => {
  const bench = koaBench(engine)
  const { start, settled } = bench

  it('are empty under the same id, and are not saved when unchanged', async () => {
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

  it('keep their cookie with rolling, and with a save without data', async () => {
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

  it('refuse changes, with one error and without a cookie', async () => {
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
