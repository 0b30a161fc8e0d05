import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSessionManager, type ManagerOptions } from '../../../../runtime/fetch.js'
import { type SessionListener, type WithSessionOptions, withSession } from '../../../../runtime/node-http.js'
import { listen, stop } from '../../../support/adapters/listen.js'
import { anyEngine } from '../../../support/engines.js'
import { fetchTable } from '../../../support/fetch-table.js'
import { forwarderTo } from '../../../support/forwarder.js'

const secretKey = 'a secret of thirty-two characters or more'
const PESSIMISTIC = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const

describe('withSession', () => {
  const table = fetchTable(anyEngine())
  const { item, data, reported, requests } = table
  let servers: ReturnType<typeof createServer>[] = []
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  process.on('uncaughtException', unhandled)

  afterEach(async () => {
    await Promise.all(servers.map(stop))
    servers = []
    expect(unhandled).not.toHaveBeenCalled()
  })

  /** Serves the listener. The path `/in` signs in. */
  async function serve(listener: SessionListener, options: ManagerOptions = {}, how: WithSessionOptions = {}) {
    const manager = createSessionManager({ ...table.options(), secretKey, ...options })
    const signIn: SessionListener = (_request, response, session) => {
      session.set('user', 'ada')
      response.end('in')
    }
    const listen_: SessionListener = (request, response, session, options) =>
      (request.url === '/in' ? signIn : listener)(request, response, session, options)
    const server = createServer(withSession(manager, listen_, how))
    servers.push(server)
    const port = await listen(server)
    const get = async (path = '/', cookie = '') => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } })
      const { status, statusText, headers } = response
      const cookies = headers.getSetCookie()
      return { status, statusText, headers, cookies, text: await response.text() }
    }
    const signedIn = async () => {
      const { cookies } = await get('/in')
      const cookie = cookies[0]?.split(';')[0] ?? ''
      await requests()
      return { cookie, id: cookie.slice('session='.length) }
    }
    return { get, signedIn, port }
  }

  const views: SessionListener = (_request, _response, session) => {
    session.set('views', Number(session.get('views') ?? 0) + 1)
  }

  describe('stores the session before the response is sent, however the listener responds', () => {
    type Answer = (response: ServerResponse) => unknown
    it.each<[string, Answer, { status?: number; text?: string; cookies?: number }]>([
      ['end', (response) => response.end('x'), {}],
      ['end without a body', (response) => response.end(), { text: '' }],
      ['writeHead and end', (response) => response.writeHead(201, { 'x-a': '1' }).end('x'), { status: 201 }],
      [
        'writeHead with a message',
        (response) => response.writeHead(201, 'Made', { 'x-a': '1' }).end('x'),
        { status: 201 },
      ],
      [
        'writeHead with a list',
        (response) => response.writeHead(201, ['x-a', '1', 'x-a', '2']).end('x'),
        { status: 201 },
      ],
      [
        'writeHead with a cookie of its own',
        (response) => response.writeHead(200, { 'set-cookie': 'theme=dark' }).end('x'),
        { cookies: 2 },
      ],
      [
        'setHeader and writeHead with cookies',
        (response) => {
          response.setHeader('Set-Cookie', ['a=1', 'b=2'])
          response.writeHead(200).end('x')
        },
        { cookies: 3 },
      ],
      [
        'write and end',
        (response) => {
          response.write('a')
          response.write('b')
          response.end('c')
        },
        { text: 'abc' },
      ],
      [
        'flushHeaders',
        async (response) => {
          response.statusCode = 202
          response.flushHeaders()
          await new Promise((resolve) => setTimeout(resolve, 50))
          response.end('x')
        },
        { status: 202 },
      ],
      [
        'a pipeline',
        (response) => pipeline(Readable.from(['a', 'b'.repeat(100_000), 'c']), response),
        { text: `a${'b'.repeat(100_000)}c` },
      ],
      ['end with a callback, awaited', (response) => new Promise((resolve) => response.end('x', () => resolve(0))), {}],
      [
        'write with a callback, awaited',
        async (response) => {
          await new Promise((resolve) => response.write('a', resolve))
          response.end('b')
        },
        { text: 'ab' },
      ],
      ['end after the listener has returned', (response) => void setTimeout(() => response.end('x'), 30), {}],
    ])('%s', async (_, answer, { status = 200, text = 'x', cookies = 1 }) => {
      let wasStored = false
      const { get } = await serve((request, response, session, options) => {
        views(request, response, session, options)
        return answer(response)
      })
      table.proxy.inject(
        'UpdateItem',
        { delay: 40 },
        {
          meanwhile: async () => {
            wasStored = true
          },
        },
      )
      const answered = await get()
      expect([answered.status, answered.text]).toEqual([status, text])
      expect(wasStored).toBe(true)
      expect(answered.cookies).toHaveLength(cookies)
      const id = answered.cookies.at(-1)?.split(/[=;]/)[1] ?? ''
      expect(await data(id)).toEqual({ views: 1 })
      if (status === 201) expect(answered.headers.get('x-a')).toMatch(/^1/)
    })
  })

  it('sends the headers on flushHeaders, before there is a body', async () => {
    let end: () => void = () => undefined
    const { port } = await serve((request, response, session, options) => {
      views(request, response, session, options)
      response.flushHeaders()
      end = () => response.end('x')
    })
    const response = await fetch(`http://127.0.0.1:${port}/`)
    expect(response.headers.getSetCookie()).toHaveLength(1)
    end()
    expect(await response.text()).toBe('x')
  })

  it('keeps the arguments of writeHead', async () => {
    const { get } = await serve((request, response, session, options) => {
      views(request, response, session, options)
      response.setHeader('x-b', 'before')
      response.writeHead(203, 'Told', ['x-a', '1', 'x-a', '2', 'x-b', 'after']).end()
    })
    const { status, statusText, headers, cookies } = await get()
    expect([status, statusText, headers.get('x-a'), headers.get('x-b')]).toEqual([203, 'Told', '1, 2', 'after'])
    expect(cookies).toHaveLength(1)
  })

  it('sends no cookie without need', async () => {
    const { get, signedIn } = await serve((_request, response, session) => response.end(String(session.get('user'))))
    expect(await get()).toMatchObject({ text: 'undefined', cookies: [] })
    const { cookie } = await signedIn()
    expect(await get('/', cookie)).toMatchObject({ text: 'ada', cookies: [] })
  })

  it('passes Rack’s options to the listener', async () => {
    const { get, signedIn } = await serve((_request, response, _session, options) => {
      options.renew = true
      response.end()
    })
    const { cookie, id } = await signedIn()
    expect((await get('/', cookie)).cookies).toHaveLength(1)
    expect(await item(id)).toEqual(forwarderTo())
  })

  it('treats http as not secure', async () => {
    const { get } = await serve(
      (request, response, session, options) => {
        views(request, response, session, options)
        response.end()
      },
      { secure: true },
    )
    expect((await get()).cookies).toEqual([])
    expect(await requests()).toEqual([])
  })

  describe('when the listener throws', () => {
    it.each([
      ['before it responds', () => undefined],
      ['after it set headers', (response: ServerResponse) => response.setHeader('content-length', 1000)],
    ])('%s, responds with 500, stores nothing, releases the lock, and reports the error', async (_, before) => {
      const { get, signedIn } = await serve((_request, response, session) => {
        session.set('user', 'eve')
        before(response)
        throw new TypeError('of the listener')
      }, PESSIMISTIC)
      const { cookie, id } = await signedIn()
      expect(await get('/', cookie)).toMatchObject({ status: 500, text: 'Internal Server Error', cookies: [] })
      expect(await data(id)).toEqual({ user: 'ada' })
      await table.unlocked(id)
      expect(reported).toEqual(['request: TypeError'])
    })

    it('after its response, sends the response, and reports the error', async () => {
      const { get } = await serve((_request, response) => {
        response.end('x')
        throw new TypeError('of the listener')
      })
      expect(await get()).toMatchObject({ status: 200, text: 'x' })
      expect(reported).toEqual(['request: TypeError'])
    })

    it('during its response, closes the connection, so that the response does not look complete', async () => {
      const { get } = await serve(async (_request, response) => {
        response.write('x')
        await new Promise((resolve) => setTimeout(resolve, 50))
        throw new TypeError('of the listener')
      })
      await expect(get()).rejects.toThrow()
      expect(reported).toEqual(['request: TypeError'])
    })

    it('lets onError respond', async () => {
      const errors: unknown[] = []
      const later = 'later'.repeat(1_000_000)
      const onError = (error: unknown, _request: IncomingMessage, response: ServerResponse) => {
        errors.push(error)
        response.writeHead(503).end(later)
      }
      const { get } = await serve(() => Promise.reject(new TypeError('of the listener')), {}, { onError })
      expect(await get()).toMatchObject({ status: 503, text: later })
      expect(errors).toEqual([new TypeError('of the listener')])
      expect(reported).toEqual([])
    })

    it('releases the lock before onError has finished', async () => {
      let id = ''
      const onError = () => table.unlocked(id)
      const { get, signedIn } = await serve(() => Promise.reject(new TypeError('of the listener')), PESSIMISTIC, {
        onError,
      })
      const signed = await signedIn()
      id = signed.id
      expect((await get('/', signed.cookie)).status).toBe(500)
      expect(reported).toEqual([])
    })

    it('while its response waits for the session, responds with 500 instead', async () => {
      const { get } = await serve((_request, response, session) => {
        session.set('user', 'eve')
        response.writeHead(201).write('x')
        throw new TypeError('of the listener')
      })
      expect(await get()).toMatchObject({ status: 500, text: 'Internal Server Error' })
      expect(reported).toEqual(['request: TypeError'])
    })

    it('responds with 500 also when onError throws', async () => {
      const onError = () => Promise.reject(new RangeError('of onError'))
      const { get } = await serve(() => Promise.reject(new TypeError('of the listener')), {}, { onError })
      expect((await get()).status).toBe(500)
      expect(reported).toEqual(['onError: RangeError'])
    })
  })

  describe('when the session could not be', () => {
    it('loaded, responds with 500 without calling the listener, and reports the error', async () => {
      const listener = vi.fn()
      const { get, signedIn } = await serve(listener, { raiseErrors: true })
      const { cookie } = await signedIn()
      table.proxy.inject('GetItem', { error: 'ThrottlingException' })
      expect((await get('/', cookie)).status).toBe(500)
      expect(listener).not.toHaveBeenCalled()
      expect(reported).toEqual(['request: ThrottlingException'])
    })

    it('stored, responds with 500, releases the lock, and reports the error once', async () => {
      const { get, signedIn } = await serve((_request, response, session) => {
        session.set('user', 'eve')
        response.setHeader('x-a', '1')
        response.writeHead(201, { 'content-length': 3 })
        response.write('abc')
        response.end()
      }, PESSIMISTIC)
      const { cookie, id } = await signedIn()
      table.proxy.inject('UpdateItem', { error: 'ThrottlingException' }, { after: 1 })
      const answered = await get('/', cookie)
      expect(answered).toMatchObject({ status: 500, text: 'Internal Server Error', cookies: [] })
      expect(answered.headers.get('x-a')).toBeNull()
      expect(reported).toEqual(['request: ThrottlingException'])
      await table.unlocked(id)
      expect(await data(id)).toEqual({ user: 'ada' })
    })
  })

  it.each(['before the listener answers', 'while the session is stored'])(
    'releases the lock when the client goes away %s, and survives later writes',
    async (when) => {
      let id = ''
      let left: () => void = () => undefined
      const leaving = new Promise<void>((resolve) => {
        left = resolve
      })
      let done: () => void = () => undefined
      const finished = new Promise<void>((resolve) => {
        done = resolve
      })
      const { signedIn, port } = await serve(async (_request, response, session) => {
        const closed = new Promise((resolve) => response.once('close', resolve))
        session.set('user', 'eve')
        left()
        if (when.startsWith('before')) {
          await closed
          await table.unlocked(id)
        }
        response.writeHead(200, { 'x-a': '1' })
        response.write('x')
        response.end('y')
        await closed
        done()
      }, PESSIMISTIC)
      const signed = await signedIn()
      id = signed.id
      if (!when.startsWith('before')) table.proxy.inject('UpdateItem', { delay: 100 }, { after: 1 })
      const client = request({ port, host: '127.0.0.1', headers: { cookie: signed.cookie } })
      client.on('error', () => undefined)
      client.end()
      await leaving
      client.destroy()
      await finished
      await new Promise((resolve) => setTimeout(resolve, 150))
      await table.unlocked(id)
      await expect.poll(() => data(id)).toEqual({ user: 'eve' })
      expect(reported).toEqual([])
    },
  )
})
