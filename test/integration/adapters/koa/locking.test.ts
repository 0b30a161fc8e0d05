import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Gate } from '../../../support/adapters/gate.js'
import { onEachEngine } from '../../../support/engines.js'
import { type Browsed, count, type Handle, koaBench, signIn, signOut, who } from '../../../support/koa-app.js'
import { readItem } from '../../../support/table.js'

const store = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0.3 } as const

onEachEngine('locks of sessions in Koa', (engine) => {
  const bench = koaBench(engine)
  const { start, settled } = bench

  const isUnlocked = (app: Browsed) => expect.poll(async () => 'locked_at' in ((await app.item()) ?? {})).toBe(false)

  it.each<[string, Handle]>([
    [
      'throws',
      () => {
        throw new Error('thrown')
      },
    ],
    [
      'throws after a change, which is stored',
      (ctx) => {
        ctx.session.views = 1
        throw new Error('thrown')
      },
    ],
    ['only reads', who],
    ['does not look at the session', () => 'x'],
    ['answers nothing', () => undefined],
    [
      'answers by itself',
      (ctx) => {
        ctx.respond = false
        ctx.res.end('x')
      },
    ],
    ['closes the connection', (ctx) => void ctx.res.socket?.destroy()],
    [
      'saves by itself, and changes nothing more',
      async (ctx) => {
        ctx.session.views = 1
        await ctx.session.save()
        return 'x'
      },
    ],
    [
      'replaces the session',
      (ctx) => {
        ctx.session = { user: 'ada' }
        return 'x'
      },
    ],
  ])('are released when the handler %s', async (what, handle) => {
    const app = await start({ '/in': signIn, '/x': handle }, { store })
    await app.get('/in')
    await app.get('/x').catch(() => undefined)
    await isUnlocked(app)
    expect((await app.item())?.data?.S).toContain('"user":"ada"')
    if (what.includes('after a change')) expect((await app.item())?.data?.S).toContain('"views":1')
    await settled()
    expect(app.reported).toEqual([])
  })

  it('are released without autoCommit when nothing is committed', async () => {
    const app = await start(
      { '/in': (ctx) => signIn(ctx, app.store) && ctx.session.save().then(() => 'in'), '/count': count },
      { store, session: { autoCommit: false } },
    )
    await app.get('/in')
    await app.get('/count')
    await isUnlocked(app)
    expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
  })

  it('are released when the client goes away, and later changes are stored', async () => {
    const gate = new Gate()
    const slow: Handle = async (ctx) => {
      await gate.wait()
      ctx.session.views = 7
      return 'slow'
    }
    const app = await start({ '/in': signIn, '/slow': slow }, { store })
    await app.get('/in')
    const headers = { cookie: app.cookie() }
    const leaving = httpRequest({ port: app.port, host: '127.0.0.1', path: '/slow', headers })
    leaving.on('error', () => undefined)
    leaving.end()
    await gate.entered
    expect(await app.item()).toHaveProperty('locked_at')
    leaving.destroy()
    await isUnlocked(app)
    gate.open()
    await expect.poll(async () => (await app.item())?.data?.S).toContain('"views":7')
    await isUnlocked(app)
  })

  it('are released when the client went away while the session was loaded', async () => {
    const gate = new Gate()
    const app = await start({ '/in': signIn, '/who': (ctx) => gate.wait().then(() => ctx.session.user) }, { store })
    await app.get('/in')
    await settled()
    bench.proxy.inject('UpdateItem', { delay: 300 })
    const headers = { cookie: app.cookie() }
    const leaving = httpRequest({ port: app.port, host: '127.0.0.1', path: '/who', headers })
    leaving.on('error', () => undefined)
    leaving.end()
    await expect.poll(() => bench.proxy.operations).toEqual(['UpdateItem'])
    leaving.destroy()
    await gate.entered
    await isUnlocked(app)
    gate.open()
    expect(bench.proxy.operations).toEqual(['UpdateItem', 'UpdateItem'])
  })

  it('do not block the request that holds them', async () => {
    const twice: Handle = async (ctx) => {
      const again = await app.store.get(ctx.session.externalKey ?? '', undefined, { ctx })
      ctx.session.views = 1
      return String(again?.user)
    }
    const app = await start({ '/in': signIn, '/twice': twice }, { store })
    await app.get('/in')
    expect(await app.get('/twice')).toMatchObject({ status: 200, text: 'ada' })
    await isUnlocked(app)
    expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":1}' })
  })

  it('end with the session, also while another request holds one', async () => {
    const gate = new Gate()
    const slow: Handle = async (ctx) => {
      await gate.wait()
      ctx.session.views = 1
      return 'slow'
    }
    const app = await start({ '/in': signIn, '/slow': slow, '/out': signOut }, { store })
    await app.get('/in')
    const id = app.id()
    await settled()
    await app.get('/out')
    await settled()
    expect(await readItem(bench.client(), bench.tableName, id)).toBeUndefined()
    await app.get('/in')
    const slower = app.get('/slow')
    await gate.entered
    await app.store.destroy(app.id())
    gate.open()
    expect(await slower).toMatchObject({ status: 200, text: 'slow' })
    expect(await app.item()).toBeUndefined()
  })

  it('cost no request after the session was deleted', async () => {
    const app = await start({ '/in': signIn, '/out': signOut }, { store })
    await app.get('/in')
    await settled()
    await app.get('/out')
    await sleep(30)
    await bench.proxy.quiet()
    expect(bench.proxy.operations).toEqual(['UpdateItem', 'DeleteItem'])
  })

  it('are released for a session that `valid` refuses, which is not touched', async () => {
    const valid = (_: unknown, { user }: { user?: string }) => user !== 'ada'
    const app = await start({ '/in': signIn, '/who': who }, { store, session: { valid } })
    await app.get('/in')
    const before = await app.item()
    expect((await app.get('/who')).text).toBe('nobody')
    await settled()
    expect(await app.item()).toEqual(before)
  })

  it('are released for a session whose cookie is expired', async () => {
    const app = await start({ '/in': signIn, '/who': who }, { store })
    await app.get('/in')
    const cookie = { originalMaxAge: 1000, expires: new Date(Date.now() - 1) }
    await app.change({ cookie: { S: JSON.stringify(cookie) }, expire_at: undefined })
    const before = await app.item()
    expect((await app.get('/who')).text).toBe('nobody')
    await settled()
    expect(await app.item()).toEqual(before)
  })

  it('end after lock_expiry_time when no response tells the end of the request', async () => {
    const app = await start({ '/in': signIn }, { store })
    await app.get('/in')
    const ctx = {}
    expect(await app.store.get(app.id(), undefined, { ctx })).toMatchObject({ user: 'ada' })
    expect(await app.item()).toHaveProperty('locked_at')
    await app.store.set(app.id(), { user: 'ada', _maxAge: 1000 }, 11_000, { ctx })
    expect(await app.item()).not.toHaveProperty('locked_at')
  })

  describe('when requests to DynamoDB fail', () => {
    const THROTTLED = { error: 'ThrottlingException' }

    it('are released although the touch failed, which is reported', async () => {
      const app = await start({ '/in': signIn, '/who': who }, { store })
      await app.get('/in')
      await settled()
      bench.proxy.inject('UpdateItem', THROTTLED, { when: (input) => /updated_at/.test(JSON.stringify(input)) })
      expect((await app.get('/who')).text).toBe('ada')
      await isUnlocked(app)
      expect(app.reported).toMatchObject([{ operation: 'touch', error: { name: 'ThrottlingException' } }])
    })

    it('are released although the save failed, and the caller gets the error', async () => {
      const app = await start({ '/in': signIn, '/count': count }, { store })
      await app.get('/in')
      const before = await app.item()
      await settled()
      bench.proxy.inject('UpdateItem', THROTTLED, { when: (input) => /"data"/.test(JSON.stringify(input)) })
      expect((await app.get('/count')).status).toBe(500)
      await isUnlocked(app)
      expect(await app.item()).toEqual(before)
      expect(app.failures).toMatchObject([{ name: 'ThrottlingException' }])
      expect(app.reported).toEqual([])
    })

    it('are reported after the response, also with raise_errors', async () => {
      const app = await start({ '/in': signIn, '/who': who }, { store: { touchInterval: 0, raiseErrors: true } })
      await app.get('/in')
      await settled()
      bench.proxy.inject('UpdateItem', { error: 'AccessDeniedException', message: 'no' })
      expect((await app.get('/who')).text).toBe('ada')
      await settled()
      expect(app.reported).toMatchObject([{ operation: 'touch', error: { name: 'AccessDeniedException' } }])
      expect(app.failures).toEqual([])
    })
  })
})
