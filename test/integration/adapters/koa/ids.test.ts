import { createHmac } from 'node:crypto'
import type { CreateSessionOptions } from 'koa-session'
import { expect, it } from 'vitest'
import { DynamoSessionStore } from '../../../../runtime/koa.js'
import { onEachEngine } from '../../../support/engines.js'
import { count, koaBench, signIn, signOut, who } from '../../../support/koa-app.js'
import { encryptsByDefault } from '../../../support/stored-data.js'
import { readItem, writeItem } from '../../../support/table.js'

onEachEngine('session ids in Koa', (engine) => {
  const bench = koaBench(engine)
  const { start, settled } = bench

  const secretKey = 'watermelon_smiles'

  it('can be signed, and a forged id costs no request', async () => {
    const settings = (store: DynamoSessionStore) => ({ genid: store.genid, signed: false })
    const app = await start({ '/in': signIn, '/who': who }, { store: { secretKey }, session: settings })
    await app.get('/in')
    expect(app.id()).toMatch(/^[0-9a-f]{64}--[0-9a-f]{64}$/)
    expect((await app.get('/who')).text).toBe('ada')
    app.jar.set(
      'koa.sess',
      app.id().replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
    )
    await settled()
    expect((await app.get('/who')).text).toBe('nobody')
    expect(bench.proxy.operations).toEqual([])
  })

  it('need a secret', () => {
    expect(() => new DynamoSessionStore({ tableName: 'sessions', region: 'us-east-1' }).genid()).toThrow(
      'need a secret',
    )
  })

  const sid = 'f'.repeat(64)
  const rubysId = `${createHmac('md5', secretKey).update(sid).digest('hex')}--${sid}`
  it.skipIf(encryptsByDefault()).each([
    ['by name', (store: DynamoSessionStore) => ({ genid: store.genid, key: 'rack.session', signed: false })],
    [
      'by externalKey',
      (store: DynamoSessionStore): CreateSessionOptions => ({
        genid: store.genid,
        key: 'rack.session',
        signed: false,
        externalKey: {
          get: (ctx) => decodeURIComponent(ctx.cookies.get('rack.session', { signed: false }) ?? ''),
          set: (ctx, id) => ctx.cookies.set('rack.session', id, { signed: false }),
        },
      }),
    ],
  ])('are those of the Ruby gem where cookie and digest are, %s', async (_, settings) => {
    const store = { secretKey, sessionIdDigest: 'md5' } as const
    const app = await start(
      { '/in': signIn, '/who': who, '/count': count, '/out': signOut },
      { store, session: settings },
    )
    const item = {
      session_id: { S: rubysId },
      data: { S: '{"_csrf_token":"t","user":"matz"}' },
      created_at: { S: '1795371590.1679342' },
      updated_at: { S: '1795371590.1679482' },
      expire_at: { N: '1795371590' },
    }
    await writeItem(bench.client(), bench.tableName, item, store)
    app.jar.set('rack.session', rubysId)
    expect((await app.get('/who')).text).toBe('matz')
    expect((await app.get('/count')).text).toBe('1')
    expect(app.id()).toBe(rubysId)
    expect((await app.item())?.data).toEqual({ S: '{"_csrf_token":"t","user":"matz","views":1}' })
    expect((await app.item())?.created_at).toEqual({ S: '1795371590.1679342' })
    await app.get('/out')
    expect(app.id()).toBe('')
    expect(await readItem(bench.client(), bench.tableName, rubysId, store)).toBeUndefined()
    await app.get('/in')
    expect(app.id()).toMatch(/^[0-9a-f]{32}--[0-9a-f]{64}$/)
  })
})
