import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/index.js'
import type { SessionRecord } from '../../../runtime/session/item/session-record.js'
import { timestamp } from '../../../runtime/session/item/timestamp.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import type { Adapter, Route, RunningApp } from '../../support/adapters/adapter.js'
import { Browser } from '../../support/adapters/browser.js'
import { expressAdapter } from '../../support/adapters/express.js'
import { fastifyAdapter } from '../../support/adapters/fastify.js'
import { Gate } from '../../support/adapters/gate.js'
import { honoAdapter } from '../../support/adapters/hono.js'
import { koaAdapter } from '../../support/adapters/koa.js'
import { nodeHttpAdapter } from '../../support/adapters/node-http.js'
import { remixAdapter } from '../../support/adapters/remix.js'
import { routes } from '../../support/adapters/routes.js'
import { connectionTo, reaching } from '../../support/connection.js'
import { type Engine, onEachEngine, uniqueTableName } from '../../support/engines.js'
import { forwarderTo } from '../../support/forwarder.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const ADAPTERS = [expressAdapter, fastifyAdapter, koaAdapter, remixAdapter, nodeHttpAdapter, honoAdapter]

describe.each(ADAPTERS)('a logout in $name, while another request changes the session’s id,', (adapter) => {
  onEachEngine('over HTTP', (engine) => logout(adapter, engine))
})

function logout(adapter: Adapter, engine: Engine): void {
  const tableName = uniqueTableName()
  let client: DynamoDBClient
  let app: RunningApp | undefined
  let moved = 0

  beforeAll(async () => {
    client = engine.client()
    await makeTable(client, tableName)
  })
  afterEach(() => app?.stop())

  const item = (id: string) => readItem(client, tableName, id)
  const idOf = (browser: Browser) => adapter.idOf(browser.value)

  async function signedIn(more: Record<string, Route> = {}, options = {}): Promise<Browser> {
    const own = {
      tableName,
      ...reaching(engine.client()),
      secretKey: 'a secret of thirty-two characters or more',
      ...options,
    }
    app = await adapter.start({ ...routes(), ...more }, { options: own })
    const browser = new Browser(app, adapter.cookieName)
    await browser.get('/in')
    return browser
  }

  /** Makes a session look unused for two minutes. */
  async function age(id: string): Promise<void> {
    const old = { S: timestamp(Date.now() - 120_000) }
    await writeItem(client, tableName, { ...(await item(id)), session_id: { S: id }, updated_at: old })
  }

  /** Moves a session to another id, as another application that shares the table. */
  async function move(browser: Browser): Promise<string> {
    const sessions = new SessionRepository(resolveConfiguration({ tableName }), connectionTo(client))
    const record = (await sessions.find(idOf(browser))) as SessionRecord
    moved += 1
    const id = `moved-${moved}`
    await sessions.regenerate(record, id, record.data, { keep: false })
    return id
  }

  const held = (gate: Gate): Route => {
    return async (session) => {
      session.get('user')
      await gate.wait()
      await session.destroy()
      return 'out'
    }
  }

  it.each(['optimistic', 'pessimistic'] as const)(
    'ends the session that it loaded before the change (%s)',
    async (locking) => {
      const gate = new Gate()
      const options = { locking, lockExpiryTime: 20, lockRetryDelay: 10 }
      const browser = await signedIn({ '/hold-out': held(gate) }, options)
      const before = idOf(browser)
      const slow = browser.get('/hold-out')
      await gate.entered
      const after = await move(browser)
      gate.open()
      expect((await slow).status).toBe(200)
      expect(await item(after)).toBeUndefined()
      expect(await item(before)).toEqual(forwarderTo(after))
    },
  )

  it('ends the session whose old id is in its cookie', async () => {
    const browser = await signedIn()
    const other = browser.clone()
    const after = await move(browser)
    expect((await other.get('/read')).text).toBe('nobody')
    expect(await item(after)).toBeDefined()
    expect((await browser.get('/out')).status).toBe(200)
    expect(await item(after)).toBeUndefined()
  })

  it('ends the session that an eventually consistent read did not see yet', async () => {
    const late = engine.client()
    late.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args)
        const { ConsistentRead } = args.input as { ConsistentRead?: boolean }
        if (ConsistentRead === false) Object.assign(answer.output, { Item: undefined })
        return answer
      },
      { step: 'initialize', name: 'lateReads' },
    )
    const browser = await signedIn({}, { client: late, consistentRead: false })
    const id = idOf(browser)
    expect((await browser.clone().get('/read')).text).toBe('nobody')
    expect((await browser.get('/out')).status).toBe(200)
    expect(await item(id)).toBeUndefined()
  })

  it.each(['optimistic', 'pessimistic'] as const)(
    'ends a session that is expired only by the clock of its server (%s)',
    async (locking) => {
      const browser = await signedIn({}, { locking, maxStale: 60 })
      const id = idOf(browser)
      await age(id)
      expect((await browser.get('/out')).status).toBe(200)
      expect(await item(id)).toBeUndefined()
    },
  )

  it('is needed to end the session: a request that begins a new session does not end it', async () => {
    const browser = await signedIn()
    const after = await move(browser)
    await browser.get('/eve')
    expect((await browser.get('/read')).text).toBe('eve')
    expect(await item(after)).toBeDefined()
  })

  it('ends only the session that an earlier request began instead', async () => {
    const browser = await signedIn()
    const after = await move(browser)
    await browser.get('/eve')
    const own = idOf(browser)
    expect((await browser.get('/out')).status).toBe(200)
    expect(await item(own)).toBeUndefined()
    expect(await item(after)).toBeDefined()
  })

  if (adapter.regenerateKeepsData && adapter !== fastifyAdapter) {
    it('ends a session that this application moved to another id', async () => {
      const gate = new Gate()
      const browser = await signedIn({
        '/hold-out': held(gate),
        '/renew': (session) => session.regenerate(['user']).then(() => 'renewed'),
      })
      const other = browser.clone()
      const slow = other.get('/hold-out')
      await gate.entered
      expect((await browser.get('/renew')).status).toBe(200)
      expect((await browser.get('/read')).text).toBe('ada')
      gate.open()
      expect((await slow).status).toBe(200)
      expect((await browser.get('/read')).text).toBe('nobody')
      expect(await item(idOf(browser))).toBeUndefined()
    })

    it('is needed to end the session: regenerate of a new session does not end it', async () => {
      const browser = await signedIn({
        '/begin': async (session) => {
          session.set('user', 'bob')
          await session.regenerate()
          return 'begun'
        },
      })
      const after = await move(browser)
      expect((await browser.get('/begin')).status).toBe(200)
      expect(await item(after)).toBeDefined()
    })
  } else {
    it('may also be a regenerate that begins an empty session', async () => {
      const browser = await signedIn()
      const after = await move(browser)
      expect((await browser.get('/regenerate')).status).toBe(200)
      expect(await item(after)).toBeUndefined()
      expect((await browser.get('/regenerated')).text).toBe('true undefined')
    })
  }
}
