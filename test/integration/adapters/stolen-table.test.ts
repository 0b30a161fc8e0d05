import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/index.js'
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
import { makeTable, writeItem } from '../../support/table.js'

const ADAPTERS: readonly Adapter[] = [
  expressAdapter,
  fastifyAdapter,
  koaAdapter,
  remixAdapter,
  honoAdapter,
  nodeHttpAdapter,
]
const SECRET = 'the secret of these tests'
/** The attributes with stored keys. */
const KEYS = ['session_id', 'successor']
const NOBODY = { status: 200, text: 'nobody' }

describe.each(ADAPTERS)('somebody who has the whole table, in the adapter for $name,', (adapter) => {
  const engine = anyEngine()
  let client: DynamoDBClient
  const apps: RunningApp[] = []

  beforeAll(() => {
    client = engine.client()
  })
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.stop())))
  afterAll(() => client.destroy())

  async function start(options: Options): Promise<RunningApp> {
    const all = { ...reaching(client), secretKey: SECRET, indexKeys: ['user'], maxStale: 3600, ...options }
    const app = await adapter.start(routes(), { options: all, cookieLifetime: 600 })
    apps.push(app)
    return app
  }

  /** A table with a session, and with a session that moved to another id. Its users' browsers. */
  async function tableOf(options: Options): Promise<{ tableName: string; browsers: Browser[] }> {
    const tableName = uniqueTableName()
    await makeTable(client, tableName)
    const app = await start({ ...options, tableName })
    const browsers = [new Browser(app, adapter.cookieName), new Browser(app, adapter.cookieName)]
    for (const browser of browsers) await browser.get('/in')
    await browsers[1]?.get('/regenerate')
    await browsers[1]?.get('/in')
    const [item] = await itemsOf(tableName)
    await writeItem(client, tableName, { ...item, locked_at: { S: '1763832000.5' } }, { hashSessionIds: false })
    return { tableName, browsers }
  }

  async function itemsOf(tableName: string): Promise<Record<string, AttributeValue>[]> {
    return (await client.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }))).Items ?? []
  }

  /**
   * The values of all items that open a session: as a cookie, or as the id in a cookie with a valid signature.
   *
   * @param names the attributes to try; not given: all
   */
  async function opening(app: RunningApp, tableName: string, names?: readonly string[]): Promise<string[]> {
    const attributes = (await itemsOf(tableName)).flatMap((item) => Object.entries(item))
    const values = attributes.filter(([name]) => names?.includes(name) ?? true).map(([, value]) => value)
    const tried = new Set(values.flatMap(textsIn).flatMap(variants))
    expect(tried.size).toBeGreaterThan(names ? 10 : 30)
    const opened: string[] = []
    for (const value of tried) {
      const cookies = [value, await adapter.cookieFor(value)].filter((cookie) => /^[\x20-\x7e]*$/.test(cookie))
      const answers = await Promise.all(
        cookies.map((cookie) => new Browser(app, adapter.cookieName, cookie).get('/read')),
      )
      if (answers.some(({ text }) => text === 'ada')) opened.push(value)
      else for (const answer of answers) expect(answer).toMatchObject(NOBODY)
    }
    return opened
  }

  it('opens no session, while the users are signed in', async () => {
    const { tableName, browsers } = await tableOf({ hashSessionIds: true, keyPrefix: 'shop:' })
    const own = await start({ tableName, hashSessionIds: true, keyPrefix: 'shop:' })
    expect(await opening(own, tableName)).toEqual([])
    for (const browser of browsers) expect(await browser.get('/read')).toMatchObject({ text: 'ada' })
  })

  it('opens no session of hashed ids in applications that do not hash ids, with any prefix', async () => {
    const { tableName } = await tableOf({ hashSessionIds: true, keyPrefix: 'shop:' })
    for (const keyPrefix of [undefined, 'shop:']) {
      const other = await start({ tableName, hashSessionIds: false, ...(keyPrefix && { keyPrefix }) })
      expect(await opening(other, tableName, KEYS)).toEqual([])
    }
  })

  it('opens the sessions if their ids are not hashed, so that the tests above could fail', async () => {
    const { tableName } = await tableOf({ hashSessionIds: false, keyPrefix: 'shop:' })
    const own = await start({ tableName, hashSessionIds: false, keyPrefix: 'shop:' })
    expect(await opening(own, tableName, KEYS)).not.toEqual([])
  })
})

/** The texts in an attribute, and in JSON inside the attribute. */
function textsIn(value: AttributeValue): string[] {
  if (value.B) return [Buffer.from(value.B).toString('base64'), Buffer.from(value.B).toString('base64url')]
  const text = value.S ?? value.N ?? ''
  try {
    return [text, ...Object.values(JSON.parse(text) as object).map(String)]
  } catch {
    return [text]
  }
}

/** Forms in which a text may be tried: without prefix and mark, hex, and percent-encoded. */
function variants(text: string): string[] {
  const parts = text.split(':')
  const cut = parts.map((_, from) => parts.slice(from).join(':'))
  const hex = Buffer.from(parts.at(-1) ?? '', 'base64url').toString('hex')
  return [...cut, hex, `shop:${text}`].filter((one) => one !== '').flatMap((one) => [one, encodeURIComponent(one)])
}
