import { createServer, type RequestListener } from 'node:http'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import express, { type RequestHandler } from 'express'
import session from 'express-session'
import { beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { listen, stop } from '../../support/adapters/listen.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { environmentWith } from '../../support/folder.js'
import { importSnippet } from '../../support/snippets.js'
import { makeTable } from '../../support/table.js'

const SECRET = 'a secret of thirty-two characters or more'

const engine = anyEngine()
const client = engine.client()
const tableName = uniqueTableName()
beforeAll(() => makeTable(client, tableName))

interface Stored {
  readonly sessions: Record<string, string>
}
let old: session.MemoryStore & Stored
beforeEach(() => {
  old = new session.MemoryStore() as typeof old
  environmentWith({
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_DYNAMO_DB_SESSION_TABLE_NAME: tableName,
    SESSION_SECRET: SECRET,
  })
})

const before = () => session({ store: old, secret: SECRET, resave: false, saveUninitialized: false })

/** Step 1 of the page, or step 2. */
async function both(newSessions = ''): Promise<RequestHandler> {
  process.env.NEW_SESSIONS = newSessions
  const { sessionsOfBoth } =
    await importSnippet<Record<string, (old: session.Store) => RequestHandler>>('moving/session.mjs')
  return sessionsOfBoth?.(old) as RequestHandler
}

function application(sessions: RequestHandler): RequestListener {
  const app = express().use(sessions)
  app.get('/', (request, response) => void response.send(Object.keys(request.session).slice(1).join()))
  app.post('/sign-in', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error)
      Object.assign(request.session, { ada: true })
      response.send(request.sessionID.split('.')[0])
    })
  })
  app.post('/cart', (request, response) => {
    Object.assign(request.session, { cart: true })
    response.send('added')
  })
  app.post('/sign-out', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.send('bye')))
  })
  return app
}

/** A browser, whose requests go to one version of the application. */
function newBrowser() {
  let cookie = ''
  return async (sessions: RequestHandler, method: string, path: string) => {
    const server = createServer(application(sessions))
    const port = await listen(server)
    onTestFinished(() => stop(server))
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { cookie } })
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return response.text()
  }
}

async function countItems(): Promise<number> {
  const { Count = 0 } = await client.send(
    new ScanCommand({ TableName: tableName, Select: 'COUNT', ConsistentRead: true }),
  )
  return Count
}

const oldIds = () => Object.keys(old.sessions)

it('an old session lives on in the old store until its logout', async () => {
  const ask = newBrowser()
  await ask(before(), 'POST', '/sign-in')
  const second = newBrowser()
  await second(before(), 'POST', '/sign-in')
  const sessions = await both('dynamodb')
  expect(await ask(sessions, 'GET', '/')).toBe('ada')
  await ask(sessions, 'POST', '/cart')
  expect(await ask(sessions, 'GET', '/')).toBe('ada,cart')
  expect(oldIds()).toHaveLength(2)
  await ask(sessions, 'POST', '/sign-out')
  expect(await ask(sessions, 'GET', '/')).toBe('')
  expect(oldIds()).toHaveLength(1)
  expect(await second(sessions, 'GET', '/')).toBe('ada')
})

it('in step 1, new sessions stay in the old store, so that servers of both versions find them', async () => {
  const ask = newBrowser()
  const count = await countItems()
  expect(await ask(await both(), 'POST', '/sign-in')).not.toBe('dynamo')
  expect(await ask(before(), 'GET', '/')).toBe('ada')
  expect(await countItems()).toBe(count)
})

it('in step 2, a sign-in moves to DynamoDB, and ends the old session', async () => {
  const ask = newBrowser()
  const count = await countItems()
  await ask(before(), 'POST', '/sign-in')
  expect(await ask(await both('dynamodb'), 'POST', '/sign-in')).toBe('dynamo')
  expect(oldIds()).toEqual([])
  expect(await countItems()).toBe(count + 1)
  expect(await ask(await both(), 'GET', '/')).toBe('ada')
  await ask(await both(), 'POST', '/sign-out')
  expect(await ask(await both('dynamodb'), 'GET', '/')).toBe('')
  expect(await countItems()).toBe(count)
})

it('a request does not wait for an old store without touch', async () => {
  const ask = newBrowser()
  await ask(before(), 'POST', '/sign-in')
  Object.assign(old, { touch: undefined })
  expect(await ask(await both('dynamodb'), 'GET', '/')).toBe('ada')
})
