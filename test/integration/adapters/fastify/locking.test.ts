import { request as httpRequest, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Gate } from '../../../support/adapters/gate.js'
import { onEachEngine } from '../../../support/engines.js'
import { type Browsed, count, fastifyBench, type Handle, signIn, signOut, who } from '../../../support/fastify-app.js'

const store = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0.3 } as const

onEachEngine('locks of sessions in Fastify', (engine) => {
  const bench = fastifyBench(engine)
  const { start, settled, operations, stored } = bench

  it('are taken again by a reload after they were lost, so that the session can be saved', async () => {
    const app = await start(
      {
        '/in': signIn,
        '/reload': async (request) => {
          await app.change({ data: { S: '{"views":5}' }, locked_at: { S: '1763832000.5' } })
          await request.session.reload()
          request.session.views = (request.session.views ?? 0) + 1
          await request.session.save()
          return String(request.session.views)
        },
      },
      { store },
    )
    await app.get('/in')
    expect((await app.get('/reload')).text).toBe('6')
    await settled()
    expect((await app.item())?.data?.S).toBe('{"views":6}')
    expect(await app.item()).not.toHaveProperty('locked_at')
  })

  const handlers: [string, Handle][] = [
    [
      'throws',
      () => {
        throw new Error('thrown')
      },
    ],
    [
      'throws after a change, which is stored',
      (request) => {
        request.session.views = 1
        throw new Error('thrown')
      },
    ],
    ['only reads', who],
    ['does not look at the session', () => 'x'],
    ['answers with 304', (_request, reply) => reply.status(304).send()],
    [
      'takes the response over',
      (_request, reply) => {
        reply.hijack()
        reply.raw.end('x')
      },
    ],
    [
      'takes the response over and destroys it',
      (_request, reply) => {
        reply.hijack()
        reply.raw.destroy()
      },
    ],
    ['closes the connection', (request) => void request.socket.destroy()],
    [
      'saves by itself',
      async (request) => {
        request.session.views = 1
        await request.session.save()
        return 'x'
      },
    ],
    [
      'sets the session to null',
      (request) => {
        Object.assign(request, { session: null })
        return 'x'
      },
    ],
    [
      'reloads',
      async (request) => {
        await request.session.reload()
        return 'x'
      },
    ],
    [
      'fails to delete the session',
      async (request) => {
        bench.proxy.inject('DeleteItem', { error: 'ThrottlingException' })
        await request.session.destroy()
      },
    ],
    [
      'fails to delete the session when it is regenerated',
      async (request) => {
        bench.proxy.inject('DeleteItem', { error: 'ThrottlingException' })
        await request.session.regenerate()
      },
    ],
    [
      'fails to save',
      (request) => {
        request.session.cart = 1n
        return 'x'
      },
    ],
  ]

  it.each(handlers.flatMap(([what, handle]) => [true, false].map((rolling) => ({ what, handle, rolling }))))(
    'are released when the handler $what (rolling: $rolling)',
    async ({ what, handle, rolling }) => {
      const app = await start({ '/in': signIn, '/x': handle }, { store, session: { rolling } })
      await app.get('/in')
      const other = app.browser.clone()
      await other.get('/x').catch(() => undefined)
      await app.isUnlocked()
      expect((await app.item())?.data?.S).toContain('"user":"ada"')
      if (what.includes('after a change')) expect((await app.item())?.data?.S).toContain('"views":1')
      await settled()
      expect(app.reported).toEqual([])
    },
  )

  it('are released after a response of a hook, an error of a hook, a 404, and a stream', async () => {
    const after: NonNullable<Parameters<typeof start>[1]>['after'] = (app) => {
      app.addHook('preHandler', (request, reply, done) => {
        if (request.url === '/early') reply.send('early')
        else done()
      })
      app.addHook('onSend', async (request) => {
        if (request.url === '/late') throw new Error('thrown late')
      })
    }
    const handle: Handle = () => 'x'
    const stream: Handle = () => new Blob(['streamed']).stream()
    const app = await start({ '/in': signIn, '/early': handle, '/late': handle, '/stream': stream }, { store, after })
    await app.get('/in')
    for (const path of ['/early', '/late', '/nowhere', '/stream']) {
      await app.browser.clone().get(path)
      await app.isUnlocked()
    }
  })

  it.each(['GET', 'POST'])('are released when the client of a %s goes away, and no change is lost', async (method) => {
    const gate = new Gate()
    let done: () => void = () => undefined
    const isDone = new Promise<void>((resolve) => {
      done = resolve
    })
    const app = await start(
      {
        '/in': signIn,
        '/count': count,
        '/slow': async (request) => {
          await gate.wait()
          request.session.cart = 'slow'
          await request.session.save()
          done()
        },
      },
      { store },
    )
    await app.get('/in')
    const leaving = httpRequest(options(app, '/slow', method))
    leaving.on('error', () => undefined)
    leaving.end(method === 'POST' ? 'a body, which is read before the handler runs' : undefined)
    await gate.entered
    leaving.destroy()
    await app.isUnlocked()
    expect((await app.get('/count')).text).toBe('1')
    gate.open()
    await isDone
    expect((await app.item())?.data).toEqual({ S: '{"user":"ada","views":1,"cart":"slow"}' })
    await settled()
    await app.isUnlocked()
    expect(app.reported).toEqual([])
  })

  it('are released when the client went away while the request waited for the lock', async () => {
    const gate = new Gate()
    const app = await start(
      { '/in': signIn, '/hold': () => gate.wait().then(() => 'x'), '/who': who },
      { store: { ...store, lockMaxWaitTime: 5 }, session: { rolling: false } },
    )
    await app.get('/in')
    const holding = app.browser.clone().get('/hold')
    await gate.entered
    const waiting = httpRequest(options(app, '/who', 'GET'))
    waiting.on('error', () => undefined)
    waiting.end()
    await sleep(100)
    waiting.destroy()
    await sleep(50)
    gate.open()
    await holding
    await sleep(600)
    await app.isUnlocked()
  })

  it('stay during a reload of their own request, which does not wait for them', async () => {
    const { get, item, isUnlocked } = await start(
      {
        '/in': signIn,
        '/reload': async (request) => {
          request.session.views = 99
          await request.session.reload()
          await request.session.reload()
          const isLocked = 'locked_at' in ((await item()) ?? {})
          request.session.user = 'reloaded'
          return `${request.session.views} ${isLocked}`
        },
      },
      { store },
    )
    await get('/in')
    await settled()
    expect((await get('/reload')).text).toBe('undefined true')
    expect((await item())?.data?.S).toBe('{"user":"reloaded"}')
    expect(await operations()).toEqual(['UpdateItem', 'GetItem', 'GetItem', 'UpdateItem'])
    await isUnlocked()
  })

  it('are released by the save of an unchanged session, in one request to DynamoDB', async () => {
    const { get } = await start({ '/in': signIn, '/who': who }, { store })
    await get('/in')
    await settled()
    await get('/who')
    expect(await operations()).toEqual(['UpdateItem', 'UpdateItem'])
  })

  it('do not hinder a logout, which is final', async () => {
    const gate = new Gate()
    const {
      get,
      browser,
      id,
      store: own,
    } = await start(
      {
        '/in': signIn,
        '/out': signOut,
        '/slow': async (request) => {
          await gate.wait()
          request.session.user = 'ghost'
          return 'slow'
        },
      },
      { store },
    )
    await get('/in')
    const slow = browser.clone().get('/slow')
    await gate.entered
    await own.destroy(id())
    gate.open()
    expect((await slow).status).toBe(200)
    expect(await stored(id())).toBeUndefined()
  })

  it('are not taken by decryptSession, whose session is saved optimistically', async () => {
    const { app, get, item, browser } = await start({ '/in': signIn, '/count': count }, { store })
    await get('/in')
    const socket: { session?: { user?: string; views?: number; cart?: unknown; save(): Promise<void> } } = {}
    await new Promise<void>((resolve, reject) =>
      app.decryptSession(browser.value, socket, (error) => (error ? reject(error) : resolve())),
    )
    const { session } = socket
    if (!session) throw new Error('not decrypted')
    expect(session.user).toBe('ada')
    expect(await item()).not.toHaveProperty('locked_at')
    expect((await get('/count')).text).toBe('1')
    session.cart = 'of the socket'
    await session.save()
    session.cart = 'again'
    await session.save()
    expect((await item())?.data).toEqual({ S: '{"user":"ada","views":1,"cart":"again"}' })
    expect((await get('/count')).text).toBe('2')
  })

  it('are taken by the next load after decryptSession, even in the same turn', async () => {
    const { app, get, id, store: own, isUnlocked } = await start({ '/in': signIn }, { store })
    await get('/in')
    await settled()
    await new Promise((resolve) => app.decryptSession('not signed', {}, () => own.get(id(), resolve)))
    await isUnlocked()
    expect(await operations()).toEqual(['UpdateItem', 'UpdateItem'])
  })

  it('are not held by a WebSocket', async () => {
    const opened = new Gate()
    const app = await start(
      {
        '/in': signIn,
        '/who': who,
        '/socket': async (request, reply) => {
          reply.hijack()
          await opened.wait()
          request.session.views = 7
          await request.session.save()
          request.socket.destroy()
        },
      },
      {
        store,
        // As @fastify/websocket does.
        after: (app) => {
          app.decorateRequest('ws', false)
          app.addHook('onRequest', async (request) => {
            if (request.headers.upgrade) Reflect.set(request, 'ws', true)
          })
          app.server.on('upgrade', (raw, socket) => {
            const response = new ServerResponse(raw)
            response.assignSocket(socket as never)
            app.routing(raw, response)
          })
        },
      },
    )
    await app.get('/in')
    const headers = { ...options(app, '/socket', 'GET').headers, connection: 'upgrade', upgrade: 'websocket' }
    const socket = httpRequest({ ...options(app, '/socket', 'GET'), headers })
    socket.on('error', () => undefined)
    socket.end()
    await opened.entered
    await app.isUnlocked()
    expect((await app.get('/who')).text).toBe('ada')
    opened.open()
    await expect.poll(async () => (await app.item())?.data?.S).toBe('{"user":"ada","views":7}')
  })

  it('are released when no request adopts the loaded session', async () => {
    const { get, id, store: own, isUnlocked } = await start({ '/in': signIn }, { store })
    await get('/in')
    const found = await new Promise((resolve) => own.get(id(), (_, session) => resolve(session)))
    expect(found).toMatchObject({ user: 'ada' })
    await isUnlocked()
  })
})

function options(app: Browsed, path: string, method: string) {
  const cookie = `sessionId=${encodeURIComponent(app.browser.value)}`
  return { port: app.port, host: '127.0.0.1', path, method, headers: { cookie, 'content-type': 'text/plain' } }
}
