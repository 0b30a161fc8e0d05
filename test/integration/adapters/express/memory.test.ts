import session from 'express-session'
import { describe, expect, it } from 'vitest'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { reaching } from '../../../support/connection.js'
import { onEachEngine } from '../../../support/engines.js'
import { type Browsed, type Handle, startApp } from '../../../support/express-app.js'
import { freshTable } from '../../../support/table.js'

declare module 'express-session' {
  interface SessionData {
    user?: string
    views?: number
    nested?: { list: number[] }
    at?: unknown
  }
}

const routes: Record<string, Handle> = {
  '/in': (request, response) => {
    request.session.user = 'ada'
    response.send('in')
  },
  '/who': (request, response) => response.send(request.session.user ?? 'nobody'),
  '/untouched': (_request, response) => response.send('untouched'),
  '/count': (request, response) => {
    request.session.views = (request.session.views ?? 0) + 1
    response.send(String(request.session.views))
  },
  '/nested': (request, response) => {
    request.session.nested ??= { list: [] }
    request.session.nested.list.push(request.session.nested.list.length)
    response.send(JSON.stringify(request.session.nested))
  },
  '/out': (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.send(`out ${String(request.session)}`)))
  },
  '/unset': (request, response) => {
    Object.assign(request, { session: null })
    response.send('unset')
  },
  '/regenerate': (request, response, next) => {
    const before = request.sessionID
    request.session.regenerate((error) => {
      if (error) return next(error)
      request.session.views = 100
      response.send(`${before === request.sessionID} ${request.session.user}`)
    })
  },
  '/reload': (request, response, next) => {
    const before = request.session
    request.session.user = 'forgotten'
    request.session.reload((error) => {
      if (error) return next(error)
      response.send(`${request.session.user} ${before === request.session} ${request.session.id === request.sessionID}`)
    })
  },
  '/reload-gone': (request, response) => {
    request.sessionStore.destroy(request.sessionID, () => {
      request.session.reload((error) => response.send(String(error)))
    })
  },
  '/save-twice': (request, response, next) => {
    request.session.views = 1
    request.session.save((error) => {
      if (error) return next(error)
      request.session.views = 2
      response.send('saved')
    })
  },
  '/longer': (request, response) => {
    request.session.cookie.maxAge = 7_200_000
    response.send(String(Math.round(Number(request.session.cookie.maxAge) / 1000)))
  },
  '/reset-max-age': (request, response) => {
    request.session.resetMaxAge()
    response.send(String(request.session.cookie.originalMaxAge))
  },
  '/dates': (request, response) => {
    const stored = request.session.at
    request.session.at = new Date(0)
    response.send(JSON.stringify(stored ?? null))
  },
  '/clear-keys': (request, response) => {
    delete request.session.user
    response.send(Object.keys(request.session).join())
  },
  '/throw': (request) => {
    request.session.user = 'changed, then thrown'
    throw new Error('thrown')
  },
  '/keys': (request, response) => response.send(Object.keys(request.session).sort().join()),
  '/cookie': (request, response) =>
    response.send(JSON.stringify(request.session.cookie).replace(/"expires":"[^"]+"/, '')),
}

type Settings = Partial<session.SessionOptions>

/** Each with the settings of express-session, and the paths that a browser requests one after another. */
const scenarios: [string, Settings, string[]][] = [
  [
    'reads, changes and deletes',
    {},
    ['/who', '/in', '/who', '/count', '/count', '/keys', '/out', '/who', '/in', '/who'],
  ],
  ['changes within a value', {}, ['/nested', '/nested', '/nested']],
  ['regenerates', {}, ['/in', '/regenerate', '/who', '/count', '/regenerate', '/keys']],
  ['regenerates what is new', {}, ['/regenerate', '/count']],
  ['reloads', {}, ['/in', '/reload', '/who']],
  ['reloads what is gone', {}, ['/in', '/reload-gone', '/who']],
  ['saves twice in one request', {}, ['/save-twice', '/count', '/save-twice', '/count']],
  ['keeps the session when it is unset', { unset: 'keep' }, ['/in', '/unset', '/who']],
  ['destroys the session when it is unset', { unset: 'destroy' }, ['/in', '/unset', '/who']],
  ['saves uninitialized sessions', { saveUninitialized: true }, ['/untouched', '/untouched', '/who', '/in', '/who']],
  [
    'saves again what did not change',
    { resave: true },
    ['/in', '/untouched', '/who', '/count', '/untouched', '/count'],
  ],
  ['rolls the cookie', { rolling: true, cookie: { maxAge: 60_000 } }, ['/in', '/who', '/untouched', '/out', '/who']],
  ['rolls a cookie of the browser', { rolling: true }, ['/in', '/who', '/untouched']],
  [
    'gives the cookie a lifetime',
    { cookie: { maxAge: 60_000 } },
    ['/in', '/who', '/cookie', '/longer', '/cookie', '/who'],
  ],
  [
    'resets the lifetime',
    { cookie: { maxAge: 60_000 } },
    ['/in', '/reset-max-age', '/longer', '/reset-max-age', '/cookie'],
  ],
  [
    'keeps the settings of the cookie',
    { cookie: { httpOnly: false, sameSite: 'lax', path: '/' } },
    ['/in', '/cookie', '/who'],
  ],
  ['stores dates as text', {}, ['/dates', '/dates']],
  ['removes keys', {}, ['/in', '/clear-keys', '/who', '/keys']],
  ['saves what a throwing handler changed', {}, ['/in', '/throw', '/who']],
  [
    'all settings at once',
    { rolling: true, resave: true, saveUninitialized: true, unset: 'destroy', cookie: { maxAge: 60_000 } },
    Object.keys(routes),
  ],
]

/** express-session computes a lifetime from the clock, so a millisecond may be missing. */
function toSeconds(milliseconds: string): string {
  return `${Math.round(Number(milliseconds) / 1000)} s`
}

/** The responses without the parts that differ between two runs: ids, signatures, times. */
async function play(browser: Browsed, paths: readonly string[]) {
  const answers: unknown[] = []
  for (const path of paths) {
    const { status, text, setCookie } = await browser.get(path)
    answers.push({
      path,
      status,
      text: text.replace(/\d{5,}/g, toSeconds),
      setCookie: setCookie?.replace(/=s%3A[^;]+/, '').replace(/Expires=[^;]+/, 'Expires'),
    })
  }
  return { answers, failures: browser.failures.map(String) }
}

onEachEngine('express-session', (engine) => {
  const options = engine.options()
  describe.each(['none', 'optimistic', 'pessimistic'] as const)('with locking %s', (locking) => {
    it.each(scenarios)('responds as with its MemoryStore when it %s', async (_title, settings, paths) => {
      const client = engine.client()
      await freshTable(client, options.tableName)
      const ours = await startApp(routes, {
        ...settings,
        store: new DynamoSessionStore({ ...options, ...reaching(client), locking }),
      })
      const theirs = await startApp(routes, { ...settings, store: new session.MemoryStore() })
      expect(await play(ours, paths)).toEqual(await play(theirs, paths))
      await ours.stop()
      await theirs.stop()
      client.destroy()
    })
  })
})
