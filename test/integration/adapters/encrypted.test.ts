import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/index.js'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
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
import { newKey } from '../../support/encryption.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { storedKey } from '../../support/stored-key.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const ADAPTERS: readonly Adapter[] = [
  expressAdapter,
  fastifyAdapter,
  koaAdapter,
  remixAdapter,
  honoAdapter,
  nodeHttpAdapter,
]
const [K1, K2] = [newKey('k1'), newKey('k2')]
const FAILING: Options = { encryption: { keys: () => Promise.reject(new Error('KMS is away')) } }

const engine = anyEngine()
const tableName = uniqueTableName()
let client: DynamoDBClient

beforeAll(async () => {
  client = engine.client()
  await makeTable(client, tableName)
})
afterAll(() => client.destroy())

describe.each(ADAPTERS)('encrypted sessions with $name', (adapter) => {
  const apps: RunningApp[] = []
  const reported: string[] = []

  afterEach(async () => {
    for (const app of apps.splice(0)) await app.stop()
    reported.splice(0)
  })

  /** An application with these options, and a browser with the cookie. */
  async function open(options: Options, cookie?: string) {
    const errorHandler = {
      handle: (error: Error, { operation, sessionIdHash }: { operation: string; sessionIdHash?: string }) =>
        void reported.push(`${operation} ${sessionIdHash}: ${error.name}`),
    }
    const common = {
      tableName,
      ...reaching(client),
      secretKey: 'a secret',
      maxStale: 3600,
      touchInterval: 0,
      errorHandler,
    }
    const app = await adapter.start(routes(), { options: { ...common, ...options } })
    apps.push(app)
    return { app, browser: new Browser(app, adapter.cookieName, cookie) }
  }
  async function signedIn(options: Options = { encryptionKeys: [K1] }) {
    const { browser } = await open(options)
    const { setCookie = '' } = await browser.get('/in')
    const id = adapter.idOf(browser.value)
    return { id, cookie: setCookie.slice(adapter.cookieName.length + 1).split(';')[0], browser }
  }
  const item = (id: string) => readItem(client, tableName, id)

  it.each<[string, Options]>([
    ['whose key is unknown', { encryptionKeys: [K2] }],
    ['without any keys', {}],
    ['while keys() fails', FAILING],
  ])('are unread and never overwritten by an application %s', async (_what, options) => {
    const { id, cookie, browser } = await signedIn()
    const before = await item(id)
    const other = await open(options, cookie)
    expect(await other.browser.get('/read')).toMatchObject({ status: 200, text: 'nobody' })
    expect(new Set(reported)).toEqual(new Set([`get ${hashSessionId(id)}: EncryptionKeyError`]))
    const save = await other.browser.get('/count')
    expect(save.status).toBe(adapter.saveErrorStatus)
    expect(String(other.app.failures[0])).toMatch(/could not be read at the start of this request|could not be loaded/)
    expect(await item(id)).toEqual(before)
    expect(await browser.get('/read')).toMatchObject({ text: 'ada' })
  })

  it('fail the request with raise_errors', async () => {
    const { id, cookie } = await signedIn()
    const before = await item(id)
    const { app, browser } = await open({ encryptionKeys: [K2], raiseErrors: true }, cookie)
    await browser.get('/count')
    expect(app.failures).toMatchObject([{ name: 'EncryptionKeyError', code: 'ENCRYPTION_KEY' }])
    expect(reported).toEqual([])
    expect(await item(id)).toEqual(before)
  })

  it('end with a logout, although the server of the logout can not read what other servers can read', async () => {
    const readable: [Options, Options][] = [
      [{}, { encryptionKeys: [K1], acceptPlainData: true }],
      [{ encryptionKeys: [K1] }, { encryptionKeys: [K1] }],
    ]
    for (const [written, others] of readable) {
      const { id, cookie } = await signedIn(written)
      expect(await (await open(others, cookie)).browser.get('/read')).toMatchObject({ text: 'ada' })
      const strict = await open({ encryptionKeys: [newKey('k1')] }, cookie)
      expect(await strict.browser.clone().get('/read')).toMatchObject({ text: 'nobody' })
      expect(await item(id)).toBeDefined()
      expect(await strict.browser.get('/out')).toMatchObject({ status: 200, text: 'out' })
      expect(reported).toContain(`get ${hashSessionId(id)}: SessionDataError`)
      expect(await (await open(others, cookie)).browser.get('/read')).toMatchObject({ text: 'nobody' })
      expect(await item(id)).toBeUndefined()
    }
  })

  it('end with a logout as sessions do that only Rails can read', async () => {
    const rails: Options = { sessionIdDigest: 'md5' }
    const { id, browser } = await signedIn(rails)
    const read = () => readItem(client, tableName, id, rails)
    const marshal = { ...(await read()), session_id: { S: id }, data: { S: 'BAhiAQ==' } }
    await writeItem(client, tableName, marshal, rails)
    expect(await browser.clone().get('/read')).toMatchObject({ text: 'nobody' })
    expect(await read()).toEqual(marshal)
    expect(await browser.get('/out')).toMatchObject({ status: 200, text: 'out' })
    expect(await read()).toBeUndefined()
  })

  it('count as no session with the data of another session, which stays', async () => {
    const [victim, attacker] = [await signedIn(), await signedIn()]
    const swapped = {
      ...(await item(attacker.id)),
      ...(await item(victim.id)),
      session_id: { S: storedKey(attacker.id) },
    }
    await writeItem(client, tableName, swapped)
    expect(await attacker.browser.get('/read')).toMatchObject({ status: 200, text: 'nobody' })
    expect(reported).toEqual([`get ${hashSessionId(attacker.id)}: SessionDataError`])
    expect(await item(attacker.id)).toEqual(swapped)
  })
})
