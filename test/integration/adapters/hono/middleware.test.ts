import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { streamText } from 'hono/streaming'
import { describe, expect, it } from 'vitest'
import { createSessionManager, type ManagerOptions } from '../../../../runtime/fetch.js'
import { dynamoSession, type SessionVariables } from '../../../../runtime/hono.js'
import { anyEngine } from '../../../support/engines.js'
import { fetchTable } from '../../../support/fetch-table.js'
import { forwarderTo } from '../../../support/forwarder.js'

type Shape = { user: string; large: string }
type Variables = SessionVariables<Shape>

const secretKey = 'a secret of thirty-two characters or more'
const PESSIMISTIC = { locking: 'pessimistic', lockExpiryTime: 60_000, lockMaxWaitTime: 0 } as const

describe('dynamoSession', () => {
  const table = fetchTable(anyEngine())
  const { item, data, requests } = table

  function open(
    handler: (c: Context<{ Variables: Variables }>) => Response | Promise<Response>,
    options: ManagerOptions = {},
  ) {
    const manager = createSessionManager<Shape>({
      ...table.options(),
      secretKey,
      ...options,
    })
    const app = new Hono<{ Variables: Variables }>().use(dynamoSession(manager))
    const failures: unknown[] = []
    app.onError((error, c) => {
      failures.push(error)
      return error instanceof HTTPException ? error.getResponse() : c.text(error.name, 500)
    })
    app.get('/in', (c) => {
      c.get('session').set('user', 'ada')
      return c.text('in')
    })
    app.get('/', handler)
    const get = async (path: string, cookie = '', init: RequestInit = {}) => {
      const response = await app.request(path, { ...init, headers: { cookie } })
      return { status: response.status, text: await response.text(), cookies: response.headers.getSetCookie() }
    }
    const signedIn = async () => {
      const cookie = (await get('/in')).cookies[0]?.split(';')[0] ?? ''
      await requests()
      return { cookie, id: cookie.slice('session='.length) }
    }
    return { get, signedIn, failures, app }
  }

  const changed = (c: Context<{ Variables: Variables }>) => c.get('session').set('user', 'eve')

  it.each<[string, (c: Context<{ Variables: Variables }>) => Response | Promise<Response>]>([
    ['that can’t be changed', () => Response.redirect('http://example.com/x', 302)],
    [
      'with a cookie of the application',
      (c) => {
        c.header('Set-Cookie', 'theme=dark')
        return c.redirect('http://example.com/x')
      },
    ],
    ['that is streamed', (c) => streamText(c, async (stream) => void (await stream.write('abc')))],
  ])('sends its cookie with a response %s', async (what, respond) => {
    const { get } = open((c) => {
      changed(c)
      return respond(c)
    })
    const { cookies } = await get('/')
    const id = cookies.at(-1)?.split(/[=;]/)[1] ?? ''
    expect(await data(id)).toEqual({ user: 'eve' })
    if (what.includes('of the application')) expect(cookies[0]).toBe('theme=dark')
  })

  it('passes Rack’s options to the handler', async () => {
    const { get, signedIn } = open((c) => {
      c.get('sessionOptions').renew = true
      return c.text('x')
    })
    const { cookie, id } = await signedIn()
    expect((await get('/', cookie)).cookies).toHaveLength(1)
    expect(await item(id)).toEqual(forwarderTo())
  })

  it.each([
    ['an error', new TypeError('of the handler'), 500],
    ['an HTTPException', new HTTPException(403), 403],
  ])('stores nothing when the handler throws %s, and releases the lock', async (_, error, status) => {
    const { get, signedIn, failures } = open((c) => {
      changed(c)
      throw error
    }, PESSIMISTIC)
    const { cookie, id } = await signedIn()
    expect(await get('/', cookie)).toMatchObject({ status, cookies: [] })
    expect((await item(id))?.locked_at).toBeUndefined()
    expect(await data(id)).toEqual({ user: 'ada' })
    expect(failures).toEqual([error])
  })

  it('treats a thrown value that is no Error in the same way', async () => {
    const { app, signedIn } = open((c) => {
      changed(c)
      throw 'a text'
    }, PESSIMISTIC)
    const { cookie, id } = await signedIn()
    await expect(Promise.resolve(app.request('/', { headers: { cookie } }))).rejects.toBe('a text')
    expect((await item(id))?.locked_at).toBeUndefined()
    expect(await data(id)).toEqual({ user: 'ada' })
  })

  it('passes an error of the save to onError once, and releases the lock', async () => {
    const { get, signedIn, failures } = open((c) => {
      c.get('session').set('large', 'x'.repeat(500_000))
      return c.text('x')
    }, PESSIMISTIC)
    const { cookie, id } = await signedIn()
    expect(await get('/', cookie)).toMatchObject({ status: 500, text: 'SessionTooLargeError', cookies: [] })
    expect(failures).toHaveLength(1)
    await table.unlocked(id)
  })

  it('releases the lock when the request is aborted', async () => {
    const controller = new AbortController()
    const { get, signedIn } = open(async (c) => {
      expect((await item(id))?.locked_at).toBeDefined()
      controller.abort()
      await table.unlocked(id)
      return c.text('x')
    }, PESSIMISTIC)
    const { cookie, id } = await signedIn()
    expect((await get('/', cookie, { signal: controller.signal })).text).toBe('x')
  })

  it('takes secure from the URL', async () => {
    const { get } = open(
      (c) => {
        changed(c)
        return c.text('x')
      },
      { secure: true },
    )
    expect((await get('http://example.com/')).cookies).toEqual([])
    expect((await get('https://example.com/')).cookies).toHaveLength(1)
  })
})
