import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import session from 'express-session'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DynamoSessionStore } from '../../runtime/express.js'
import { Gate } from '../support/adapters/gate.js'
import { type RunningEngine, startDynalite } from '../support/engines-start.js'
import { type Browsed, startApp } from '../support/express-app.js'
import { fetchTarball } from '../support/npm-tarball.js'
import { makeTable } from '../support/table.js'

/**
 * What the table "Why" of README.md says of requests at the same time and of logouts. To show it for newer versions of
 * the peers, change their version here and in the README.
 */
const PEERS = { 'connect-dynamodb': '3.0.5', 'connect-redis': '10.0.0' }
const REDIS = {
  name: `connect-redis@${PEERS['connect-redis']}`,
  integrity: 'sha512-x6EotIY20pvocamMtcOsgxFzYufAMfipE+rjWa0cZMeSx+3K0yoHi4Nv4sfMlgF+Z5KnUbMFxyCx9pDZP39p0Q==',
  part: 'package',
  folder: `connect-redis-${PEERS['connect-redis']}`,
}
const AWS = { region: 'eu-central-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }

let engine: RunningEngine
let client: DynamoDBClient
beforeAll(async () => {
  engine = await startDynalite()
  client = new DynamoDBClient({ ...AWS, endpoint: engine.endpoint })
  await makeTable(client, 'sessions')
  await makeTable(client, 'peers', 'id')
})
afterAll(async () => {
  client.destroy()
  await engine.stop()
})

/** The commands that connect-redis sends, as Redis executes them. `sent` keeps their names. */
function redis(sent: string[]) {
  const values = new Map<string, string>()
  const noted = <A extends unknown[], R>(name: string, execute: (...args: A) => R) => {
    return async (...args: A) => {
      sent.push(name)
      return execute(...args)
    }
  }
  return {
    get: noted('GET', (key: string) => values.get(key) ?? null),
    set: noted('SET', (key: string, value: string) => void values.set(key, value)),
    expire: noted('EXPIRE', (key: string) => (values.has(key) ? 1 : 0)),
    del: noted('DEL', (keys: string[]) => keys.filter((key) => values.delete(key)).length),
  }
}

const ours = async () => new DynamoSessionStore({ ...AWS, endpoint: engine.endpoint, configFile: null })

async function connectDynamodb(): Promise<session.Store | { missing: string }> {
  const folder = join(import.meta.dirname, '../../bench')
  if (!existsSync(join(folder, 'node_modules/connect-dynamodb'))) return { missing: 'npm run bench installs it' }
  const require = createRequire(join(folder, 'package.json'))
  expect(require('connect-dynamodb/package.json').version).toBe(PEERS['connect-dynamodb'])
  return new (require('connect-dynamodb')(session))({ table: 'peers', client })
}

async function connectRedis(sent: string[] = []): Promise<session.Store | { missing: string }> {
  const fetched = await fetchTarball(REDIS)
  if ('missing' in fetched) return fetched
  const { RedisStore } = await import(pathToFileURL(join(fetched.folder, 'dist/connect-redis.js')).href)
  return new RedisStore({ client: redis(sent) })
}

describe.each([
  { name: 'dynamo-session-store', make: ours, kept: 10, after: 'nobody' },
  { name: 'connect-dynamodb', make: connectDynamodb, kept: 1, after: 'ada' },
  { name: 'connect-redis', make: connectRedis, kept: 1, after: 'ada' },
])('$name, through Express', ({ make, kept, after }) => {
  let app: Browsed
  let gate: Gate
  let loaded: number

  afterEach(() => app.stop())

  async function start(skip: (note: string) => void) {
    const store = await make()
    if ('missing' in store) return skip(store.missing)
    gate = new Gate()
    loaded = 0
    app = await startApp(
      {
        '/in': (request, response) => {
          Object.assign(request.session, { user: 'ada' })
          response.send('in')
        },
        '/change/:key': async (request, response) => {
          loaded += 1
          await gate.wait()
          Object.assign(request.session, { [String(request.params.key)]: true })
          response.send('changed')
        },
        '/keys': (request, response) => {
          response.send(String(Object.keys(request.session).filter((key) => key.startsWith('key')).length))
        },
        '/out': (request, response, next) =>
          request.session.destroy((error) => (error ? next(error) : response.send('out'))),
        '/user': (request, response) => {
          response.send((request.session as { user?: string }).user ?? 'nobody')
        },
      },
      { store },
    )
    expect((await app.get('/in')).text).toBe('in')
  }

  /** A request with the cookie that the browser has now. */
  const send = async (path: string, cookie = app.cookie()) => {
    const response = await fetch(`http://127.0.0.1:${app.port}${path}`, { headers: { cookie } })
    return response.text()
  }

  it(`keeps ${kept} of 10 changes by requests at the same time`, async ({ skip }) => {
    await start(skip)
    const requests = Array.from({ length: 10 }, (_, number) => send(`/change/key${number}`))
    await expect.poll(() => loaded).toBe(10)
    gate.open()
    expect(await Promise.all(requests)).toEqual(Array(10).fill('changed'))
    expect(await send('/keys')).toBe(String(kept))
  })

  it(`serves ${after} after a logout during a slower request that changes the session`, async ({ skip }) => {
    await start(skip)
    const cookie = app.cookie()
    const slower = send('/change/key', cookie)
    await gate.entered
    expect(await send('/out', cookie)).toBe('out')
    gate.open()
    await slower
    expect(await send('/user', cookie)).toBe(after)
  })
})

it('connect-redis sends GET and EXPIRE for a request that only reads', async ({ skip }) => {
  const sent: string[] = []
  const store = await connectRedis(sent)
  if ('missing' in store) return skip(store.missing)
  const app = await startApp(
    {
      '/in': (request, response) => {
        Object.assign(request.session, { user: 'ada' })
        response.send('in')
      },
      '/read': (_, response) => response.send('read'),
    },
    { store },
  )
  try {
    await app.get('/in')
    sent.length = 0
    await app.get('/read')
    expect(sent).toEqual(['GET', 'EXPIRE'])
  } finally {
    await app.stop()
  }
})
