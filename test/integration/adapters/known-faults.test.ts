import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeSessionId } from '../../../runtime/session/item/session-id.js'
import type { Item } from '../../../runtime/session/item/session-record.js'
import type { Adapter, RunningApp } from '../../support/adapters/adapter.js'
import { Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { honoAdapter } from '../../support/adapters/hono.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { routes } from '../../support/adapters/routes.js'
import { reaching } from '../../support/connection.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { freshTable, readItem, writeItem } from '../../support/table.js'

/*
 * Faults that other session libraries had. Each of these tests fails if this package has the same fault. docs/security.md lists
 * all known faults and their tests, also those whose tests are elsewhere.
 */

const ADAPTERS = [expressAdapter, fastifyAdapter, koaAdapter, remixAdapter, honoAdapter, nodeHttpAdapter]
const SECRET = 'signs the ids in the tests of known faults'
const tableName = uniqueTableName()

describe.each(ADAPTERS)('a known fault of other libraries, in the adapter for $name', (adapter: Adapter) => {
  const client = anyEngine().client()
  /** Two servers of one application. */
  let app: RunningApp
  let other: RunningApp

  beforeAll(async () => {
    const options = { tableName, ...reaching(client), secretKey: SECRET, maxStale: 3600, indexKeys: ['user'] }
    const settings = { options, cookieLifetime: 600 }
    app = await adapter.start(routes(), settings)
    other = await adapter.start(routes(), settings)
  })
  beforeEach(() => freshTable(client, tableName))
  afterAll(async () => {
    await Promise.all([app.stop(), other.stop()])
    client.destroy()
  })

  const browserOf = (server: RunningApp, cookie?: string) => new Browser(server, adapter.cookieName, cookie)

  async function signedIn(): Promise<Browser> {
    const browser = browserOf(app)
    await browser.get('/in')
    expect((await browser.get('/read')).text).toBe('ada')
    return browser
  }

  async function items(): Promise<Item[]> {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }))
    return Items
  }

  /** @see CVE-2015-5143 Django stored an empty session for each request with an unknown session key */
  it('does not fill the table: requests with unknown or forged ids store nothing', async () => {
    const cookies = [
      'forged',
      makeSessionId({ secretKey: 'another secret', sessionIdDigest: 'sha256' }),
      // Only the application can sign such a cookie, for example for a session that has been deleted since.
      await adapter.cookieFor(makeSessionId({ secretKey: SECRET, sessionIdDigest: 'sha256' })),
    ]
    for (const cookie of cookies) {
      expect(await browserOf(app, cookie).get('/read')).toMatchObject({ status: 200, text: 'nobody' })
    }
    expect(await items()).toEqual([])
  })

  /** @see CVE-2015-5963 Django stored an empty session for each request to log out */
  it('does not fill the table: a logout stores nothing, with and without a session', async () => {
    const browser = await signedIn()
    const ended = browser.clone()
    for (const one of [browserOf(app), browserOf(app, 'forged'), browser, ended.clone(), ended.clone()]) {
      expect(await one.get('/out')).toMatchObject({ status: 200, text: 'out' })
    }
    expect(await items()).toEqual([])
  })

  /** @see CVE-2024-31999 @fastify/secure-session: the cookie of a deleted session stayed valid */
  it('does not accept the cookie of a session that was deleted or got another id', async () => {
    for (const path of ['/out', '/regenerate']) {
      const browser = await signedIn()
      const stolen = browser.clone()
      const id = adapter.idOf(stolen.value)
      await browser.get(path)
      expect((await stolen.clone().get('/read')).text).toBe('nobody')
      expect((await stolen.clone().get('/count')).text).toBe('1')
      await stolen.get('/eve')
      expect(adapter.idOf(stolen.value)).not.toBe(id)
      expect((await browser.get('/read')).text).not.toBe('eve')
    }
  })

  /** @see CVE-2024-35220 @fastify/session: the cookie's maxAge replaced the stored time of expiry at each request */
  it('does not extend a session past its stored time of expiry', async () => {
    const past = Math.floor(Date.now() / 1000) - 1
    const ends: Readonly<Record<string, (item: Item) => Item>> = {
      'of the item': (item: Item) => ({ ...item, expire_at: { N: String(past) } }),
      'of the cookie': (item: Item) => {
        const { expires: _, ...settings } = JSON.parse(item.cookie?.S ?? '{}')
        const cookie = JSON.stringify({ ...settings, originalMaxAge: 600_000, expires: new Date(past * 1000) })
        return { ...item, cookie: { S: cookie } }
      },
    }
    for (const end of Object.values(ends)) {
      const browser = await signedIn()
      const id = adapter.idOf(browser.value)
      const ended = end((await readItem(client, tableName, id)) as Item)
      await writeItem(client, tableName, { ...ended, session_id: { S: id } })
      for (const path of ['/read', '/count']) {
        expect((await browser.clone().get(path)).text).toBe(path === '/read' ? 'nobody' : '1')
      }
      const after = await readItem(client, tableName, id)
      if (after) expect({ data: after.data, end: after.expire_at }).toEqual({ data: ended.data, end: ended.expire_at })
    }
  })

  /** @see GHSA-xg6x-h9c9-2m83 Better Auth: a session cached in a cookie outlived a change of its rights */
  it('does not serve rights from a cache: the next request on any server sees the change', async () => {
    const browser = browserOf(app)
    const { setCookie = '' } = await browser.get('/in')
    const elsewhere = browserOf(other, setCookie.slice(`${adapter.cookieName}=`.length).split(';')[0])
    expect((await elsewhere.get('/read')).text).toBe('ada')
    await elsewhere.get('/unset')
    expect((await browser.clone().get('/read')).text).toBe('nobody')
    await browser.get('/in')
    expect((await elsewhere.clone().get('/read')).text).toBe('ada')
    await browser.get('/out')
    expect((await elsewhere.get('/read')).text).toBe('nobody')
  })
})
