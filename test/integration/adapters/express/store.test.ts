import assert from 'node:assert'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import express from 'express'
import session from 'express-session'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { ConfigurationError, SessionTooLargeError, TableMissingError } from '../../../../runtime/errors.js'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { changed, reaching } from '../../../support/connection.js'
import { anyEngine, onEachEngine, uniqueTableName } from '../../../support/engines.js'
import { storedKey } from '../../../support/stored-key.js'
import { freshTable, makeTable, readItem, writeItem } from '../../../support/table.js'

declare module 'express-session' {
  interface SessionData {
    user?: string
    views?: number
    blob?: string
    big?: unknown
  }
}

type Handle = (request: express.Request, response: express.Response) => unknown

onEachEngine('DynamoSessionStore in Express', (engine) => {
  let client: DynamoDBClient
  const tableName = uniqueTableName()
  let errors: { message: string; operation: string; sessionIdHash?: string }[]
  let servers: Server[]

  beforeEach(async () => {
    client = engine.client()
    errors = []
    servers = []
    await freshTable(client, tableName)
  })
  afterEach(async () => {
    for (const server of servers) server.close()
    client.destroy()
  })

  function makeStore(options: Options = {}) {
    const errorHandler = {
      handle: (error: Error, context: { operation: string; sessionIdHash?: string }) => {
        errors.push({ message: error.message, ...context })
      },
    }
    return new DynamoSessionStore({ tableName, ...reaching(client), errorHandler, ...options })
  }

  /** An application with the routes of the test. `get(path)` keeps cookies as a browser does. */
  async function browse(
    routes: Record<string, Handle>,
    settings: { store?: Options; session?: Partial<session.SessionOptions> } = {},
  ) {
    const app = express()
    const store = makeStore(settings.store)
    app.use(session({ store, secret: 'x', resave: false, saveUninitialized: false, ...settings.session }))
    for (const [path, handle] of Object.entries(routes)) app.get(path, handle)
    const failures: unknown[] = []
    app.use(((error, _request, response, next) => {
      failures.push(error)
      if (response.headersSent) next(error)
      else response.status(500).send(String(error))
    }) satisfies express.ErrorRequestHandler)
    const server = createServer(app).listen(0, '127.0.0.1')
    servers.push(server)
    await new Promise((resolve) => server.once('listening', resolve))
    let cookie: string | undefined
    const get = async (path: string) => {
      const { port } = server.address() as AddressInfo
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: cookie ? { cookie } : {} })
      const given = response.headers.get('set-cookie')
      if (given) cookie = given.split(';')[0]
      return { status: response.status, text: await response.text(), setCookie: given }
    }
    const id = () => decodeURIComponent(cookie?.split('=')[1] ?? '').replace(/^s:([^.]+)\..*$/, '$1')
    const port = () => (server.address() as AddressInfo).port
    return { get, id, store, failures, port, cookie: () => cookie ?? '' }
  }

  const signIn: Handle = (request, response) => {
    request.session.user = 'ada'
    response.send('signed in')
  }
  const who: Handle = (request, response) => response.send(request.session.user ?? 'nobody')
  const signOut: Handle = (request, response) => {
    request.session.destroy((error) => response.send(error ? String(error) : 'signed out'))
  }

  it('passes an error of touch to the callback or the promise, and never throws', async () => {
    const store = makeStore()
    await store.set('s', { cookie: { originalMaxAge: 60_000, maxAge: 60_000 }, user: 'ada' })
    const unwritable = await store.get('s')
    Object.assign(unwritable ?? {}, { cookie: { toJSON: () => assert.fail('no JSON') } })
    for (const [wrong, text] of [
      [undefined, "reading 'cookie'"],
      [unwritable, 'no JSON'],
    ] as [session.SessionData, string][]) {
      const failure = new Promise((resolve) => store.touch('s', wrong, resolve))
      await expect(failure).resolves.toMatchObject({ message: expect.stringContaining(text) })
      await expect(store.touch('s', wrong)).rejects.toThrow(text)
    }
  })

  it('calls back at once when a touch has nothing to write, so that the response is sent in one piece', async () => {
    const touchedAtOnce = async (store: DynamoSessionStore, before?: (found: session.SessionData) => unknown) => {
      const found = await store.get('s')
      if (!found) throw new Error('the session should be there')
      const work = before?.(found)
      let at = 'never'
      const touched = new Promise<void>((resolve, reject) => {
        store.touch('s', found, (error: unknown) => {
          at = at === 'never' ? 'at once' : at
          error ? reject(error) : resolve(undefined)
        })
      })
      if (at === 'never') at = 'later'
      await touched
      await work
      return at
    }
    const store = makeStore()
    await store.set('s', { cookie: { originalMaxAge: 60_000, maxAge: 60_000 }, user: 'ada' })
    expect(await touchedAtOnce(store)).toBe('at once')
    expect(await touchedAtOnce(makeStore({ touchInterval: 0 }))).toBe('later')
    // A touch waits for a running save, and then sees its result.
    expect(await touchedAtOnce(store, (found) => store.set('s', { ...found, user: 'bob' }))).toBe('at once')
    expect(await touchedAtOnce(store, (found) => store.set('s', Object.assign(found, { user: 'bob' })))).toBe('later')
  })

  describe('the life of a session', () => {
    it('is created, read by another server, changed, and deleted', async () => {
      const one = await browse({ '/in': signIn, '/who': who, '/out': signOut })
      await one.get('/in')
      const item = await readItem(client, tableName, one.id())
      expect(item).toEqual({
        session_id: { S: storedKey(one.id()) },
        data: { S: '{"user":"ada"}' },
        created_at: { S: expect.stringMatching(/^\d{10}\.\d{15}$/) },
        updated_at: { S: item?.created_at?.S },
        cookie: { S: expect.stringContaining('"originalMaxAge":null') },
      })
      const two = await browse({ '/who': who })
      const answer = await fetch(`http://127.0.0.1:${two.port()}/who`, { headers: { cookie: one.cookie() } })
      expect(await answer.text()).toBe('ada')
      expect((await one.get('/out')).text).toBe('signed out')
      expect(await readItem(client, tableName, one.id())).toBeUndefined()
      expect((await one.get('/who')).text).toBe('nobody')
    })

    it('stores no session without data', async () => {
      const { get } = await browse({ '/who': who })
      expect((await get('/who')).setCookie).toBeNull()
    })

    it('keeps created_at and unknown attributes when the session changes', async () => {
      const { get, id } = await browse({
        '/in': signIn,
        '/count': (request, response) => {
          request.session.views = (request.session.views ?? 0) + 1
          response.send(String(request.session.views))
        },
      })
      await get('/in')
      const before = await readItem(client, tableName, id())
      await writeItem(client, tableName, { ...before, user_id: { N: '7' } })
      expect((await get('/count')).text).toBe('1')
      expect((await get('/count')).text).toBe('2')
      const after = await readItem(client, tableName, id())
      expect(after).toMatchObject({ user_id: { N: '7' }, created_at: before?.created_at })
      expect(after?.data).toEqual({ S: '{"user":"ada","views":2}' })
      expect((after?.updated_at?.S ?? '') > (before?.updated_at?.S ?? '')).toBe(true)
    })

    it('is touched by a request that only reads: updated_at and expire_at move, data stays', async () => {
      const { get, id } = await browse({ '/in': signIn, '/who': who }, { store: { maxStale: 100, touchInterval: 0 } })
      await get('/in')
      const before = await readItem(client, tableName, id())
      await get('/who')
      const after = await readItem(client, tableName, id())
      expect(after?.data).toEqual(before?.data)
      expect(after?.created_at).toEqual(before?.created_at)
      expect((after?.updated_at?.S ?? '') > (before?.updated_at?.S ?? '')).toBe(true)
      expect(Number(after?.expire_at?.N)).toBeGreaterThanOrEqual(Number(before?.expire_at?.N))
    })

    it('gets a new id from regenerate, and the old id is invalid', async () => {
      const { get, id } = await browse({
        '/in': signIn,
        '/who': who,
        '/fresh': (request, response) => {
          request.session.regenerate(() => {
            request.session.user = 'ada, again'
            response.send('ok')
          })
        },
      })
      await get('/in')
      const old = id()
      await get('/fresh')
      expect(id()).not.toBe(old)
      expect(await readItem(client, tableName, old)).toBeUndefined()
      expect((await get('/who')).text).toBe('ada, again')
    })

    it('can be reloaded within a request', async () => {
      const { get } = await browse({
        '/in': signIn,
        '/reload': (request, response) => {
          request.session.user = 'changed'
          request.session.reload((error) => response.send(error ? String(error) : request.session.user))
        },
      })
      await get('/in')
      expect((await get('/reload')).text).toBe('ada')
    })

    it('is an item with the key attribute that table_key names', async () => {
      const other = uniqueTableName()
      await makeTable(client, other, 'id')
      const { get } = await browse({ '/in': signIn, '/who': who }, { store: { tableName: other, tableKey: 'id' } })
      await get('/in')
      expect((await get('/who')).text).toBe('ada')
    })

    it('is empty after every key was removed', async () => {
      const { get, id } = await browse({
        '/in': signIn,
        '/clear': (request, response) => {
          delete request.session.user
          response.send('ok')
        },
        '/who': who,
      })
      await get('/in')
      await get('/clear')
      expect((await readItem(client, tableName, id()))?.data).toEqual({ S: '{}' })
      expect((await get('/who')).text).toBe('nobody')
    })
  })

  describe('an expired session is never served (invariant 1)', () => {
    const data = { S: '{"user":"ada"}' }
    const now = () => Date.now() / 1000

    it.each([
      ['stale', { maxStale: 60 }, () => ({ updated_at: { S: `${(now() - 61).toFixed(6)}` } })],
      ['aged', { maxAge: 60 }, () => ({ created_at: { S: `${(now() - 61).toFixed(6)}` } })],
      ['past its expire_at', {}, () => ({ expire_at: { N: `${Math.floor(now() - 1)}` } })],
      [
        'past its cookie',
        {},
        () => ({ cookie: { S: JSON.stringify({ expires: new Date(Date.now() - 10).toISOString() }) } }),
      ],
    ])('when it is %s', async (_why, options, times) => {
      await writeItem(client, tableName, { session_id: { S: 'dead' }, data, ...times() })
      expect(await makeStore(options).get('dead')).toBeNull()
    })

    it.each([
      ['not yet stale', { maxStale: 60 }, () => ({ updated_at: { S: `${(now() - 50).toFixed(6)}` } })],
      ['not yet aged', { maxAge: 60 }, () => ({ created_at: { S: `${(now() - 50).toFixed(6)}` } })],
      ['without times', { maxAge: 60, maxStale: 60 }, () => ({})],
      [
        'of the gem without max_stale',
        {},
        () => {
          const seconds = now() - 100
          return { updated_at: { S: seconds.toFixed(6) }, expire_at: { N: String(Math.floor(seconds)) } }
        },
      ],
    ])('but a session that is %s is served', async (_why, options, times) => {
      await writeItem(client, tableName, { session_id: { S: 'alive' }, data, ...times() })
      expect(await makeStore(options).get('alive')).toMatchObject({ user: 'ada' })
    })

    it('has the earliest of cookie, max_stale and max_age as expire_at', async () => {
      const settings = { session: { cookie: { maxAge: 30_000 } }, store: { maxStale: 60, maxAge: 90 } }
      const { get, id } = await browse({ '/in': signIn, '/who': who }, settings)
      await get('/in')
      const expireAt = Number((await readItem(client, tableName, id()))?.expire_at?.N)
      expect(expireAt - now()).toBeGreaterThan(28)
      expect(expireAt - now()).toBeLessThanOrEqual(31)
    })

    it('has no expire_at without a limit, even if an earlier writer stored one', async () => {
      const { get, id } = await browse({ '/in': signIn, '/who': who }, { store: { touchInterval: 0 } })
      await get('/in')
      const item = await readItem(client, tableName, id())
      await writeItem(client, tableName, { ...item, expire_at: { N: String(Math.floor(now() + 1000)) } })
      await get('/who')
      expect(await readItem(client, tableName, id())).not.toHaveProperty('expire_at')
    })
  })

  describe('logout is final (invariant 2)', () => {
    it('for a slower request that changes the session: nothing is written, and the request succeeds', async () => {
      let proceed: () => void = () => undefined
      const started = deferred()
      const { get, id, failures } = await browse({
        '/in': signIn,
        '/out': signOut,
        '/slow': async (request, response) => {
          started.resolve()
          await new Promise<void>((resolve) => {
            proceed = resolve
          })
          request.session.user = 'ghost'
          response.send('slow')
        },
      })
      await get('/in')
      const slow = get('/slow')
      await started.promise
      await get('/out')
      proceed()
      expect(await slow).toMatchObject({ status: 200, text: 'slow' })
      expect(await readItem(client, tableName, id())).toBeUndefined()
      expect(failures).toEqual([])
    })

    it('for a touch', async () => {
      const store = makeStore()
      await store.set('s1', { user: 'ada', cookie: { originalMaxAge: null } } as session.SessionData)
      const loaded = await store.get('s1')
      await store.destroy('s1')
      await store.touch('s1', loaded as session.SessionData)
      await store.touch('s1', { cookie: { originalMaxAge: null } } as session.SessionData)
      expect(await readItem(client, tableName, 's1')).toBeUndefined()
    })

    it('for a new session, which never overwrites a stored one', async () => {
      await writeItem(client, tableName, { session_id: { S: 'taken' }, data: { S: '{"user":"bob"}' } })
      const { get, failures } = await browse({ '/in': signIn }, { session: { genid: () => 'taken' } })
      await get('/in')
      expect(String(failures[0])).toContain('belongs to another session')
      expect((await readItem(client, tableName, 'taken'))?.data).toEqual({ S: '{"user":"bob"}' })
    })
  })

  describe('as a store that scripts use', () => {
    const cookie = { originalMaxAge: null } as session.Cookie

    it('stores, reads and deletes with promises', async () => {
      const store = makeStore()
      await store.set('s1', { user: 'ada', cookie })
      expect(await store.get('s1')).toMatchObject({ user: 'ada', cookie: { originalMaxAge: null } })
      await store.set('s1', { user: 'bob', cookie })
      expect(await store.get('s1')).toMatchObject({ user: 'bob' })
      await store.destroy('s1')
      expect(await store.get('s1')).toBeNull()
      await expect(store.destroy('s1')).resolves.toBeUndefined()
    })

    it('skips an id that is no text', async () => {
      for (const id of [undefined, null, 42, {}, '']) {
        expect(await makeStore().get(id as string)).toBeNull()
        await expect(makeStore().destroy(id as string)).resolves.toBeUndefined()
      }
    })

    it('calls back exactly once, also when the callback throws', async () => {
      const store = makeStore()
      const calls: unknown[][] = []
      const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve))
      const listeners = process.listeners('uncaughtException').slice(0, -1)
      for (const listener of listeners) process.removeListener('uncaughtException', listener)
      store.set('s1', { user: 'ada', cookie }, (...args) => {
        calls.push(args)
        throw new Error('thrown by the callback')
      })
      expect(String(await uncaught)).toContain('thrown by the callback')
      for (const listener of listeners) process.on('uncaughtException', listener)
      expect(calls).toEqual([[null, undefined]])
      const [error, loaded] = await new Promise<unknown[]>((resolve) => {
        store.get('s1', (...args) => resolve(args))
      })
      expect(error).toBeNull()
      expect(loaded).toMatchObject({ user: 'ada' })
    })

    it('reads sessions of other writers, with the cookie settings of the application', async () => {
      await writeItem(client, tableName, { session_id: { S: 'ruby' }, data: { S: '{"user":"ada"}' } })
      const store = makeStore()
      session({ store, secret: 'x', resave: false, saveUninitialized: false, cookie: { maxAge: 5000, path: '/app' } })
      const request = { sessionID: 'ruby' } as express.Request
      const stored = await store.get('ruby')
      const created = store.createSession(request, stored as session.SessionData)
      expect(created.cookie.originalMaxAge).toBe(5000)
      expect(created.cookie.path).toBe('/app')
      expect(request.sessionID).toBe('ruby')
      expect(JSON.parse(JSON.stringify({ ...created, cookie: undefined }))).toEqual({ user: 'ada' })
    })
  })

  describe('data that is not a session', () => {
    it('counts as no session, is reported without its id, and is not overwritten', async () => {
      await writeItem(client, tableName, { session_id: { S: 'broken-id' }, data: { S: 'no JSON' } })
      expect(await makeStore({ raiseErrors: true }).get('broken-id')).toBeNull()
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({ operation: 'get', sessionIdHash: expect.stringMatching(/^[0-9a-f]{16}$/) })
      expect(JSON.stringify(errors)).not.toContain('broken-id')
      expect((await readItem(client, tableName, 'broken-id'))?.data).toEqual({ S: 'no JSON' })
    })

    it('is refused when it is too large for an item, and the stored version stays', async () => {
      const { get, id, failures } = await browse({
        '/in': signIn,
        '/big': (request, response) => {
          request.session.blob = 'x'.repeat(410_000)
          response.send('ok')
        },
        '/who': who,
      })
      await get('/in')
      await get('/big')
      expect(failures[0]).toBeInstanceOf(SessionTooLargeError)
      expect(String(failures[0])).toMatch(/would take 410\d{3} bytes/)
      expect(String(failures[0])).not.toContain(id())
      expect((await get('/who')).text).toBe('ada')
    })

    it('is refused when JSON cannot hold it', async () => {
      const { get, failures } = await browse({
        '/big': (request, response) => {
          const big: Record<string, unknown> = {}
          big.self = big
          request.session.regenerate(() => {
            Object.defineProperty(request.session, 'big', { value: 1n, enumerable: true })
            request.session.save((error) => response.send(String(error)))
          })
        },
      })
      expect((await get('/big')).text).toContain("The session can't be written as JSON")
      expect(failures.length).toBeLessThanOrEqual(1)
    })
  })

  it('names the command that creates a missing table', async () => {
    const store = makeStore({ tableName: 'not-there' })
    await expect(store.get('s1')).rejects.toThrow(TableMissingError)
    await expect(store.get('s1')).rejects.toThrow('npx dynamo-session create-table')
  })
})

describe('the constructor', () => {
  it('refuses a wrong configuration at once', () => {
    expect(() => new DynamoSessionStore({ maxAge: -1 })).toThrow(ConfigurationError)
  })

  it('never fails for a network reason', async () => {
    const store = new DynamoSessionStore({ endpoint: 'http://127.0.0.1:1', raiseErrors: true })
    await expect(store.get('s1')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  })
})

it('refuses to save over a session that could not be read (invariant 3)', async () => {
  const engine = anyEngine()
  const client = changed(engine.client())
  const tableName = uniqueTableName()
  await makeTable(client, tableName)
  await writeItem(client, tableName, { session_id: { S: 's1' }, data: { S: '{"user":"ada"}' } })
  let down = true
  client.middlewareStack.add(
    (next) => (args) => {
      if (down) throw Object.assign(new Error('slow down'), { name: 'ThrottlingException', $metadata: {} })
      return next(args)
    },
    { step: 'initialize' },
  )
  const errors: unknown[] = []
  const errorHandler = { handle: (error: Error) => errors.push(error) }
  const store = new DynamoSessionStore({ tableName, ...reaching(client), errorHandler })
  session({ store, secret: 'x', resave: false, saveUninitialized: false })
  const request = { sessionID: 's1' } as express.Request
  const stored = await store.get('s1')
  expect(errors).toHaveLength(1)
  const unread = store.createSession(request, stored as session.SessionData)
  down = false
  await expect(store.set('s1', unread)).resolves.toBeUndefined()
  await expect(store.touch('s1', unread)).resolves.toBeUndefined()
  unread.user = 'overwritten'
  await expect(store.set('s1', unread)).rejects.toThrow('could not be read at the start')
  expect((await readItem(client, tableName, 's1'))?.data).toEqual({ S: '{"user":"ada"}' })
  expect(await readItem(client, tableName, 's1')).not.toHaveProperty('updated_at')

  down = true
  const raising = new DynamoSessionStore({ tableName, ...reaching(client), errorHandler, raiseErrors: true })
  await expect(raising.get('s1')).rejects.toThrow('slow down')
})

/** A promise with a function that resolves it (Promise.withResolvers needs Node 22). */
function deferred() {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
