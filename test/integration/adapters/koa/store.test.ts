import { describe, expect, it } from 'vitest'
import { InvalidSessionIdError } from '../../../../runtime/errors.js'
import { onEachEngine } from '../../../support/engines.js'
import { forwarderTo } from '../../../support/forwarder.js'
import { count, type Handle, koaBench, signIn, signOut, who } from '../../../support/koa-app.js'
import { readItem, writeItem } from '../../../support/table.js'

onEachEngine('DynamoSessionStore in Koa', (engine) => {
  const bench = koaBench(engine)
  const { start, settled } = bench

  describe('the life of a session', () => {
    it('is stored as its data, with its lifetime beside it, without koa-session’s own keys', async () => {
      const app = await start({ '/in': signIn }, { session: { maxAge: 3_600_000 } })
      const { setCookie } = await app.get('/in')
      expect(setCookie).toHaveLength(2)
      const item = await app.item()
      expect(item?.data).toEqual({ S: '{"user":"ada"}' })
      const { expires, ...settings } = JSON.parse(item?.cookie?.S ?? '{}')
      expect(settings).toEqual({ originalMaxAge: 3_600_000 })
      expect(Math.abs(new Date(expires).getTime() - Date.now() - 3_600_000)).toBeLessThan(5000)
      expect(item?.expire_at).toEqual({ N: String(Math.ceil(new Date(expires).getTime() / 1000)) })
    })

    it('refuses a cookie with a wrong signature without a request to DynamoDB', async () => {
      const app = await start({ '/in': signIn, '/who': who })
      await app.get('/in')
      await settled()
      expect((await app.get('/who')).text).toBe('ada')
      app.jar.set('koa.sess.sig', 'forged')
      await settled()
      expect((await app.get('/who')).text).toBe('nobody')
      expect(bench.proxy.operations).toEqual([])
    })

    it('stores the changes at save(), although koa-session then reports no change', async () => {
      const save: Handle = async (ctx) => {
        ctx.session.views = 1
        await ctx.session.save()
        return 'saved'
      }
      const app = await start({ '/in': signIn, '/save': save })
      await app.get('/in')
      await settled()
      expect((await app.get('/save')).text).toBe('saved')
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":1}' })
      expect(bench.proxy.operations).toEqual(['GetItem', 'UpdateItem'])
    })

    it('is written once by a request that changes it, and not touched after that', async () => {
      const app = await start({ '/in': signIn, '/count': count }, { store: { touchInterval: 0 } })
      await app.get('/in')
      await settled()
      await app.get('/count')
      await new Promise((resolve) => setTimeout(resolve, 30))
      await bench.proxy.quiet()
      expect(bench.proxy.operations).toEqual(['GetItem', 'UpdateItem'])
    })

    it('is replaced by an object, under the same id', async () => {
      const replace: Handle = (ctx) => {
        ctx.session = { views: 7 }
        return 'replaced'
      }
      const app = await start({ '/in': signIn, '/replace': replace })
      await app.get('/in')
      const id = app.id()
      await app.get('/replace')
      expect(app.id()).toBe(id)
      expect((await app.item())?.data).toEqual({ S: '{"views":7}' })
    })

    it('is deleted by null, with its cookies', async () => {
      const app = await start({ '/in': signIn, '/out': signOut })
      await app.get('/in')
      const id = app.id()
      await app.get('/out')
      expect([...app.jar.keys()].filter((name) => !name.endsWith('.sig'))).toEqual([])
      expect(await readItem(bench.client(), bench.tableName, id)).toBeUndefined()
    })

    it('stays when it was null for a moment', async () => {
      const moment: Handle = (ctx) => {
        ctx.session = null
        ctx.session = { views: 1 }
        return 'ok'
      }
      const app = await start({ '/in': signIn, '/moment': moment })
      await app.get('/in')
      await app.get('/moment')
      expect((await app.item())?.data).toEqual({ S: '{"views":1}' })
    })

    it('moves to a new id with regenerate, also when it is changed and saved again afterwards', async () => {
      const login: Handle = async (ctx) => {
        await ctx.session.regenerate()
        ctx.session.user = 'grace'
        await ctx.session.save()
        ctx.session.views = 1
        return 'ok'
      }
      const app = await start({ '/in': signIn, '/login': login })
      await app.get('/in')
      const old = app.id()
      await settled()
      expect((await app.get('/login')).status).toBe(200)
      expect(app.id()).not.toBe(old)
      expect(await readItem(bench.client(), bench.tableName, old)).toEqual(forwarderTo(app.id()))
      expect((await app.item())?.data).toEqual({ S: '{"user":"grace","views":1}' })
      await settled()
      expect(app.reported).toEqual([])
    })

    it('stays under its old id when the old item can’t become a forwarder, and the request fails', async () => {
      const app = await start({ '/in': signIn, '/fresh': (ctx) => ctx.session.regenerate().then(() => 'fresh') })
      await app.get('/in')
      const before = await app.item()
      bench.proxy.inject('UpdateItem', { error: 'AccessDeniedException', message: 'no' }, { after: 1 })
      expect((await app.get('/fresh')).status).toBe(500)
      expect(app.failures).toHaveLength(1)
      expect(await app.item()).toEqual(before)
    })

    it('is saved only on demand with autoCommit: false', async () => {
      const routes: Record<string, Handle> = {
        '/in': (ctx) => {
          ctx.session.user = 'ada'
          return ctx.session.manuallyCommit().then(() => 'in')
        },
        '/count': count,
        '/who': who,
      }
      const app = await start(routes, { session: { autoCommit: false } })
      await app.get('/in')
      await app.get('/count')
      expect((await app.get('/who')).text).toBe('ada')
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada"}' })
    })

    it('never overwrites another session when an id is made twice', async () => {
      await writeItem(bench.client(), bench.tableName, { session_id: { S: 'taken' }, data: { S: '{"user":"bob"}' } })
      const app = await start({ '/in': signIn }, { session: { genid: () => 'taken' } })
      expect((await app.get('/in')).status).toBe(500)
      expect(app.failures).toEqual([expect.any(InvalidSessionIdError)])
      expect((await readItem(bench.client(), bench.tableName, 'taken'))?.data).toEqual({ S: '{"user":"bob"}' })
    })

    it('emits conflict with the keys, without the session id', async () => {
      const conflicting: Handle = async (ctx, store) => {
        const other = await store.get(ctx.session.externalKey ?? '')
        await store.set(ctx.session.externalKey ?? '', Object.assign(other ?? {}, { views: 50 }))
        ctx.session.views = 60
        return 'ok'
      }
      const app = await start({ '/in': signIn, '/conflict': conflicting })
      const conflicts: unknown[] = []
      app.store.on('conflict', (conflict) => conflicts.push(conflict))
      await app.get('/in')
      expect((await app.get('/conflict')).status).toBe(200)
      expect(conflicts).toEqual([{ keys: ['views'], sessionIdHash: expect.stringMatching(/^[0-9a-f]{16}$/) }])
      expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":60}' })
    })
  })

  describe('keys that koa-session’s object can’t carry', () => {
    it('are hidden and stay stored: its own names, and names that begin with _', async () => {
      let names: string[] = []
      const look: Handle = (ctx) => {
        names = Object.getOwnPropertyNames(Object.getPrototypeOf(ctx.session))
        return 'looked'
      }
      const change: Handle = async (ctx) => {
        const { user, length, populated, _csrf_token, externalKey } = ctx.session as Record<string, unknown>
        Object.assign(ctx.session, { views: Number(ctx.session.views ?? 0) + 1 })
        await ctx.session.save()
        return JSON.stringify([
          user,
          length,
          populated,
          _csrf_token,
          externalKey === app.id(),
          Boolean(ctx.session.isNew),
        ])
      }
      const app = await start({ '/in': signIn, '/look': look, '/change': change })
      await app.get('/in')
      await app.get('/look')
      expect(names).toEqual(expect.arrayContaining(['toJSON', 'maxAge', 'externalKey', 'commit']))
      const own = ['isNew', '_expire', '_maxAge', '_session', '_requireSave', '_csrf_token', '_sessCtx', '_ctx']
      const kept = [...own, ...names.filter((name) => name !== 'constructor')].map((name) => `"${name}":1`)
      const stored = `{"__proto__":{"polluted":true},"constructor":1,"user":"ada",${kept}}`
      await app.change({ data: { S: stored } })
      expect((await app.get('/change')).text).toBe('["ada",2,true,null,true,false]')
      expect(JSON.parse((await app.item())?.data?.S ?? '')).toEqual({ ...JSON.parse(stored), views: 1 })
      expect((await app.item())?.data?.S).toContain('"__proto__":{"polluted":true}')
      await app.get('/change')
      expect(JSON.parse((await app.item())?.data?.S ?? '')).toEqual({ ...JSON.parse(stored), views: 2 })
      expect(({} as { polluted?: true }).polluted).toBeUndefined()
    })

    it('stay stored when the session is replaced', async () => {
      const replace: Handle = (ctx) => {
        ctx.session = { views: 1 }
        return 'ok'
      }
      const app = await start({ '/in': signIn, '/replace': replace })
      await app.get('/in')
      await app.change({ data: { S: '{"_csrf_token":"t","user":"ada"}' } })
      await app.get('/replace')
      expect(JSON.parse((await app.item())?.data?.S ?? '')).toEqual({ _csrf_token: 't', views: 1 })
    })
  })
})
