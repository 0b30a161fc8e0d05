import { createServer } from 'node:http'
import type { Session } from '@remix-run/session'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { afterEach, describe, expect, it } from 'vitest'
import { createSessionManager, type ManagerOptions, type SessionOptions } from '../../../../runtime/fetch.js'
import { dynamoSession } from '../../../../runtime/hono.js'
import { type SessionListener, withSession } from '../../../../runtime/node-http.js'
import { listen, stop } from '../../../support/adapters/listen.js'
import { anyEngine } from '../../../support/engines.js'
import { fetchTable } from '../../../support/fetch-table.js'

const table = fetchTable(anyEngine())
const { reported } = table
const URL_ = 'https://example.com/'

const open = (options: ManagerOptions = {}) => {
  const secretKey = 'long enough, and nobody has guessed it yet'
  return createSessionManager({ ...table.options(), secretKey, ...options })
}

type Handle = (session: Session, options: SessionOptions) => unknown

const READ: Handle = (session) => session.get('user')
const WRITE: Handle = (session) => session.set('user', 'eve')

let closing: ReturnType<typeof createServer>[] = []
afterEach(async () => {
  await Promise.all(closing.map(stop))
  closing = []
})

/** Answers a request with these headers, after the handler used the session. */
type Ask = (handle: Handle, headers?: Record<string, string>, options?: ManagerOptions) => Promise<Headers>

const ADAPTERS: Record<string, Ask> = {
  run: async (handle, headers, options) => {
    const response = await open(options).run(new Request(URL_, { headers: { cookie } }), (session, own) => {
      handle(session, own)
      return new Response('x', { headers: headers ?? {} })
    })
    return response.headers
  },
  hono: async (handle, headers, options) => {
    const app = new Hono().use(dynamoSession(open(options))).get('/', (c) => {
      handle(c.get('session'), c.get('sessionOptions'))
      return c.text('x', 200, headers ?? {})
    })
    return (await app.request(URL_, { headers: { cookie } })).headers
  },
  'node:http, writeHead with an object': async (handle, headers = {}, options) =>
    served((_request, response, session, own) => {
      handle(session, own)
      response.writeHead(200, headers).end('x')
    }, options),
  'node:http, writeHead with an array': async (handle, headers = {}, options) =>
    served((_request, response, session, own) => {
      handle(session, own)
      response.writeHead(200, Object.entries(headers).flat()).end('x')
    }, options),
  'node:http, setHeader': async (handle, headers = {}, options) =>
    served((_request, response, session, own) => {
      handle(session, own)
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      response.end('x')
    }, options),
}

async function served(listener: SessionListener, options?: ManagerOptions): Promise<Headers> {
  const server = createServer(withSession(open({ assumeSsl: true, ...options }), listener))
  closing.push(server)
  return (await fetch(`http://127.0.0.1:${await listen(server)}/`, { headers: { cookie } })).headers
}

let cookie = ''

async function signIn(): Promise<void> {
  const { setCookie = '' } = await open().use(null, (session) => session.set('user', 'ada'))
  cookie = setCookie.split(';')[0] ?? ''
}

/**
 * @see CVE-2023-30861 Flask sent no `Vary: Cookie` when it renewed a cookie
 * @see CVE-2025-48947, CVE-2025-64762 Auth0 and AuthKit for Next.js: caches stored responses with a session cookie
 * @see CVE-2025-7339 on-headers changed the headers of `writeHead` with an array
 */
describe.each(Object.entries(ADAPTERS))('a cache before %s', (_, ask) => {
  const renew: Handle = (_session, options) => {
    options.renew = true
  }
  const about = (headers: Headers) => [headers.get('vary'), headers.get('cache-control'), headers.getSetCookie().length]

  it.each<[string, Handle, ManagerOptions, unknown[]]>([
    ['did not use the session', () => undefined, {}, [null, null, 0]],
    ['read', READ, {}, ['Cookie', null, 0]],
    ['asked whether there is a key', (session) => session.has('user'), {}, ['Cookie', null, 0]],
    ['counted', (session) => session.size, {}, ['Cookie', null, 0]],
    ['read the id', (session) => session.id, {}, ['Cookie', null, 0]],
    ['read all data', (session) => session.data, {}, ['Cookie', null, 0]],
    ['wrote', WRITE, {}, ['Cookie', null, 0]],
    ['gave the session another id', renew, {}, ['Cookie', 'private, no-store', 1]],
    ['logged out', (session) => session.destroy(), {}, ['Cookie', 'private, no-store', 1]],
    [
      'did nothing, and the cookie is prolonged',
      () => undefined,
      { expireAfter: 60 },
      ['Cookie', 'private, no-store', 1],
    ],
  ])('keeps users apart, if the handler %s', async (_what, handle, options, expected) => {
    await signIn()
    expect(about(await ask(handle, {}, options))).toEqual(expected)
    expect(reported).toEqual([])
  })

  it('sees the application’s own Vary and Cache-Control too', async () => {
    await signIn()
    const own = {
      'X-A': '1',
      Vary: 'Accept-Encoding',
      'Cache-Control': 'private, max-age=60',
      'Set-Cookie': 'theme=dark',
    }
    const headers = await ask(renew, own)
    expect(about(headers)).toEqual(['Accept-Encoding, Cookie', 'private, max-age=60', 2])
    expect([headers.get('x-a'), headers.getSetCookie()[0]]).toEqual(['1', 'theme=dark'])
    expect(reported).toEqual([])
  })

  it('causes a report if the application lets it store a cookie', async () => {
    await signIn()
    const own = { 'Cache-Control': 'public, max-age=60' }
    expect(about(await ask(renew, own))).toEqual(['Cookie', 'public, max-age=60', 1])
    expect(reported).toEqual(['commit: ConfigurationError'])
  })
})

it('reports once for a manager', async () => {
  const manager = open()
  for (const _ of [1, 2]) {
    await manager.run(new Request(URL_), (session) => {
      session.set('user', 'ada')
      return new Response('x', { headers: { 'Cache-Control': 'public' } })
    })
  }
  expect(reported).toHaveLength(1)
})

describe('the response to an error may depend on the session too', () => {
  it('Hono: an HTTPException after a read', async () => {
    const app = new Hono().use(dynamoSession(open())).get('/', (c) => {
      c.get('session').set('user', String(c.get('session').get('user')))
      throw new HTTPException(401)
    })
    const { status, headers } = await app.request(URL_)
    expect([status, headers.get('vary'), headers.getSetCookie()]).toEqual([401, 'Cookie', []])
  })

  it('node:http: a listener that throws after a read', async () => {
    const headers = await served((_request, response, session) => {
      READ(session, {})
      response.setHeader('Vary', 'Accept')
      throw new TypeError('of the listener')
    })
    expect([headers.get('vary'), headers.get('cache-control')]).toEqual(['Cookie', null])
    expect(reported).toEqual(['request: TypeError'])
  })

  it('run: a thrown response', async () => {
    const thrown = await open()
      .run(new Request(URL_), (session) => {
        READ(session, {})
        throw Response.redirect(URL_, 302)
      })
      .then(
        () => undefined,
        (response: Response) => response,
      )
    expect(thrown?.headers.get('vary')).toBe('Cookie')
  })
})

describe('run', () => {
  it('passes a response without cookie and use unchanged, and changes one that can be changed', async () => {
    const manager = open()
    const response = new Response('x')
    expect(await manager.run(new Request(URL_), () => response)).toBe(response)
    expect([...response.headers.keys()]).toEqual(['content-type'])
    const written = manager.run(new Request(URL_), (session) => {
      session.set('user', 'ada')
      return response
    })
    expect(await written).toBe(response)
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  it('passes Response.error() unchanged', async () => {
    const error = Response.error()
    const run = open().run(new Request(URL_), (session) => {
      session.set('user', 'ada')
      return error
    })
    expect(await run).toBe(error)
  })

  it('gives no user the cookie of another one, if the application returns a constant', async () => {
    const manager = open()
    const constant = new Response(null, { status: 204 })
    const ask = (write: boolean) =>
      manager.run(new Request(URL_), (session) => {
        if (write) session.set('user', 'ada')
        return constant
      })
    expect((await ask(true)).headers.getSetCookie()).toHaveLength(1)
    expect((await ask(false)).headers.getSetCookie()).toEqual([])
  })
})

describe('Hono', () => {
  it('gives no user the cookie of another one, if the answer to HEAD is a constant', async () => {
    const constant = new Response('x')
    const app = new Hono().use(dynamoSession(open())).get('/', (c) => {
      c.get('session').set('user', 'ada')
      return constant
    })
    for (const _ of [1, 2]) {
      expect((await app.request(URL_, { method: 'HEAD' })).headers.getSetCookie()).toHaveLength(1)
    }
    expect(constant.headers.getSetCookie()).toEqual([])
  })

  it('answers HEAD also if the body of the response was read', async () => {
    const app = new Hono().use(dynamoSession(open())).get('/', async (c) => {
      c.get('session').set('user', 'ada')
      const response = new Response('x')
      await response.text()
      return response
    })
    const { status, headers } = await app.request(URL_, { method: 'HEAD' })
    expect([status, headers.getSetCookie().length]).toEqual([200, 1])
  })

  it('passes a response that can’t be copied unchanged', async () => {
    const error = Response.error()
    const app = new Hono().use(dynamoSession(open())).get('/', (c) => {
      c.get('session').set('user', 'ada')
      return error
    })
    expect(await app.request(URL_)).toBe(error)
  })
})

describe('load', () => {
  it('knows the headers after commit, and after release', async () => {
    const { session, commit, headers } = await open().load(null)
    expect(headers()).toEqual({})
    session.set('user', 'ada')
    await commit()
    expect(headers()).toEqual({ Vary: 'Cookie', 'Cache-Control': 'private, no-store' })
    const other = await open().load(null)
    READ(other.session, {})
    await other.release()
    expect(other.headers()).toEqual({ Vary: 'Cookie' })
  })
})
