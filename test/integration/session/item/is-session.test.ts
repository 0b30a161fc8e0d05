import { gzipSync } from 'node:zlib'
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { TableSchemaError } from '../../../../runtime/errors.js'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { collectGarbage } from '../../../../runtime/index.js'
import type { Item, SessionRecord } from '../../../../runtime/session/item/session-record.js'
import { SessionRepository } from '../../../../runtime/session/session-repository.js'
import { SessionsByValue } from '../../../../runtime/session/sessions-by-value.js'
import { createTable } from '../../../../runtime/table/create-table.js'
import { connectionTo, reaching } from '../../../support/connection.js'
import { onEachEngine } from '../../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../../support/fault-proxy.js'
import { createRawTable } from '../../../support/raw-table.js'
import { hashesByDefault, storedKey, storedKeys } from '../../../support/stored-key.js'
import { readItem, writeItem } from '../../../support/table.js'
import { beforeFirstDelete } from '../../cleaning/cleaning-table.js'

const OLD = { S: '1700000000.5' }
const text = (S: string): Item => ({ data: { S }, updated_at: OLD })

/** Old items that other programs may keep in the table. */
const FOREIGN: Readonly<Record<string, Item>> = {
  'with no data and another attribute': { updated_at: OLD, expire_at: { N: '1' }, flavour: { S: 'x' } },
  'with no data, found by an index': { updated_at: OLD, user_id: { S: '42' } },
  'with a map': { data: { M: { user_id: { S: '42' } } }, updated_at: OLD, user_id: { S: '42' } },
  'with a number': { data: { N: '42' }, updated_at: OLD },
  'with a list': { data: { L: [] }, updated_at: OLD },
  'with nothing': { data: { NULL: true }, updated_at: OLD },
  'with a word': { ...text('hello'), user_id: { S: '42' } },
  'with a JSON list': text('[{"user_id":42}]'),
  'with JSON text': text('"user_id"'),
  'with text after white space': text('  hello'),
  'with an XML document': text('\n<user_id>42</user_id>'),
}

/** Sessions that an expression finds by their form, without fetching them. */
const SESSIONS: Readonly<Record<string, Item>> = {
  'in JSON': { ...text('{"user_id":42}'), user_id: { S: '42' } },
  null: text('null'),
  'in Marshal': text('BAh7BkkiDHVzZXJfaWQGOgZFVGkv\n'),
  'in gzip': { data: { B: gzipSync('{"user_id":42}') }, updated_at: OLD, user_id: { S: '42' } },
  'in a form to come': { data: { B: Buffer.from('zz') }, updated_at: OLD },
  'that cannot be read': text('{"user_id'),
  'that has moved': { ...text('{}'), successor: { S: 'nowhere' }, expire_at: { N: '1' } },
}

/** Sessions that only their whole item tells from foreign items. */
const UNCERTAIN: Readonly<Record<string, Item>> = {
  'with nothing but a lock': { locked_at: { S: '1.5' } },
  'with times alone': { created_at: OLD, updated_at: OLD, expire_at: { N: '1' } },
  'with nothing': {},
  'after white space': { ...text('\n {"user_id":42}'), user_id: { S: '42' } },
  'null after white space': text(' null'),
}

onEachEngine('what counts as a session', (engine) => {
  let direct: DynamoDBClient
  let proxy: FaultProxy
  let options: ReturnType<typeof engine.options> & { indexKeys: string[] }

  beforeAll(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    options = { ...engine.options(), indexKeys: ['user_id'] }
    await createTable({ ...options, ttl: false })
  })
  beforeEach(async () => {
    proxy.reset()
    await put(FOREIGN, 'foreign')
  })
  afterAll(async () => {
    direct.destroy()
    await proxy.stop()
  })

  const client = () => engine.client(proxy.endpoint)
  const store = (more: Options = {}) => new DynamoSessionStore({ ...options, ...reaching(client()), ...more })
  const repository = (more: Options = {}) =>
    new SessionRepository(resolveConfiguration({ ...options, touchInterval: 0, ...more }), connectionTo(client()))
  const index = (more: Options = {}) =>
    new SessionsByValue(resolveConfiguration({ ...options, ...more }), connectionTo(client()))
  const put = async (items: Readonly<Record<string, Item>>, before: string) => {
    for (const [name, item] of Object.entries(items)) {
      await writeItem(direct, options.tableName, { ...item, session_id: { S: `${before} ${name}` } })
    }
  }
  const left = async (items: Readonly<Record<string, Item>>, before: string) => {
    const names = Object.keys(items)
    const found = await Promise.all(names.map((name) => readItem(direct, options.tableName, `${before} ${name}`)))
    return names.filter((_, at) => found[at] !== undefined)
  }
  const foreignLeft = () => left(FOREIGN, 'foreign')
  const inputs = (operation: string) =>
    proxy.requests
      .filter((request) => request.operation === operation)
      .map(({ input }) => input as Record<string, unknown>)

  it('clear() deletes all sessions and no other items, and fetches no data', async () => {
    await put({ ...SESSIONS, ...UNCERTAIN }, 'session')
    await store().clear()
    expect(await left({ ...SESSIONS, ...UNCERTAIN }, 'session')).toEqual([])
    expect(await foreignLeft()).toEqual(Object.keys(FOREIGN))
    for (const input of inputs('Scan')) {
      expect(fetchedBy(input)).toEqual(['session_id', 'successor'])
    }
  })

  it('clear() fetches only items that may be sessions', async () => {
    await store().clear()
    const deletes = inputs('DeleteItem').map(({ Key }) => (Key as Item).session_id?.S)
    expect(deletes.toSorted()).toEqual(
      storedKeys([
        'foreign with an XML document',
        'foreign with no data and another attribute',
        'foreign with no data, found by an index',
        'foreign with text after white space',
      ]),
    )
  })

  it('clear() deletes a session that gets another id meanwhile, and keeps an item that another program replaces', async () => {
    const sessions = repository()
    const created = (await sessions.create('moving', { a: 1 })) as SessionRecord
    await sessions.create('replaced', { a: 1 })
    const watched = client()
    beforeFirstDelete(watched, async () => {
      await sessions.regenerate(created, 'moved', { a: 1 }, { keep: false })
      await writeItem(direct, options.tableName, { session_id: { S: 'replaced' }, data: { S: 'hello' } })
    })
    await store({ client: watched, transport: 'sdk' }).clear()
    expect(await sessions.find('moving')).toBeUndefined()
    expect(await readItem(direct, options.tableName, 'moved')).toBeUndefined()
    const replaced = { session_id: { S: storedKey('replaced') }, data: { S: 'hello' } }
    expect(await readItem(direct, options.tableName, 'replaced')).toEqual(replaced)
  })

  it('clean deletes old sessions by their form, counts other items as kept, and fetches no data', async () => {
    await store().clear()
    proxy.reset()
    await put({ ...SESSIONS, ...UNCERTAIN }, 'session')
    const replaced = await readItem(direct, options.tableName, 'replaced')
    const others = Object.keys(FOREIGN).length + Object.keys(UNCERTAIN).length + (replaced ? 1 : 0)
    const dead = Object.keys(SESSIONS).length
    const summary = await collectGarbage({ ...options, maxStale: 60, ...reaching(client()) })
    expect(summary).toMatchObject({ scanned: dead + others, dead, deleted: dead, kept: others, complete: true })
    expect(await left(SESSIONS, 'session')).toEqual([])
    expect(await left(UNCERTAIN, 'session')).toEqual(Object.keys(UNCERTAIN))
    expect(await foreignLeft()).toEqual(Object.keys(FOREIGN))
    for (const input of inputs('Scan')) {
      expect(fetchedBy(input)).not.toContain('data')
    }
    await store().clear()
  })

  it('all(), ids() and length() give the sessions that can be read, as get() does', async () => {
    const sessions = store({ errorHandler: { handle: () => undefined } })
    await put({ ...SESSIONS, ...UNCERTAIN }, 'session')
    const readable = ['in JSON', 'null', 'in gzip', 'after white space', 'null after white space'].map(
      (name) => `session ${name}`,
    )
    expect((await sessions.ids()).toSorted()).toEqual(storedKeys(readable))
    expect((await sessions.all()).map(({ id }) => id).toSorted()).toEqual(storedKeys(readable))
    expect(await sessions.length()).toBe(5)
    for (const id of readable) expect(await sessions.get(id), id).not.toBeNull()
    for (const name of Object.keys(FOREIGN)) expect(await sessions.get(`foreign ${name}`), name).toBeNull()
    await sessions.clear()
    expect(await sessions.length()).toBe(0)
  }, 60_000)

  it.each([false, true])('destroyBy deletes only sessions, and list shows only sessions (scan: %s)', async (scan) => {
    await put({ ...SESSIONS, ...UNCERTAIN }, 'session')
    const users = ['in JSON', 'in gzip', 'after white space']
    // The index leads to hashed keys, which only this package makes. So the code trusts such a key.
    const undoubted = scan || !hashesByDefault() ? [] : Object.keys(FOREIGN).map((name) => storedKey(`foreign ${name}`))
    const found: string[] = []
    for await (const page of index({ maxAge: 1e9 }).pages('user_id', 42, { scan }))
      found.push(...page.map(({ id }) => id).filter((id) => !undoubted.includes(id)))
    expect(found.toSorted()).toEqual(storedKeys(users.map((name) => `session ${name}`)))
    expect(await index().destroyBy('user_id', 42, { scan })).toBe(3)
    expect((await left({ ...SESSIONS, ...UNCERTAIN }, 'session')).filter((name) => users.includes(name))).toEqual([])
    expect(await foreignLeft()).toEqual(Object.keys(FOREIGN))
    await store().clear()
  })

  describe('with key_prefix', () => {
    const APPS = { shop: { keyPrefix: 'shop:' }, news: { keyPrefix: 'news:' } }
    /** The fourth and the fifth prefix only resemble the first. */
    const PREFIXES = ['shop:', 'news:', '', 'SHOP:', 'shop']
    const own = (id: string): Record<string, AttributeValue> => ({
      session_id: { S: id },
      data: { S: '{"user_id":42}' },
      user_id: { S: '42' },
    })

    beforeEach(async () => {
      await store().clear()
      for (const keyPrefix of PREFIXES) {
        for (const id of ['a', 'b']) await writeItem(direct, options.tableName, own(id), { keyPrefix })
      }
      await writeItem(direct, options.tableName, { ...own('foreign'), data: { S: 'hello' } }, APPS.shop)
    })
    /** The remaining sessions, each as its prefix and id. */
    const keysLeft = async () => {
      const keys = PREFIXES.flatMap((keyPrefix) => ['a', 'b'].map((id) => ({ keyPrefix, id })))
      const items = await Promise.all(
        keys.map(({ keyPrefix, id }) => readItem(direct, options.tableName, id, { keyPrefix })),
      )
      return keys.flatMap(({ keyPrefix, id }, at) => (items[at] === undefined ? [] : [keyPrefix + id])).toSorted()
    }
    const ALL = ['SHOP:a', 'SHOP:b', 'a', 'b', 'news:a', 'news:b', 'shop:a', 'shop:b', 'shopa', 'shopb']
    const WITHOUT_SHOP = ALL.filter((key) => !key.startsWith('shop:'))
    /** What lists show of the application's two sessions: ids, or stored keys. */
    const SHOWN = hashesByDefault() ? ['a', 'b'].map((id) => storedKey(id, APPS.shop)).toSorted() : ['a', 'b']

    it('all methods see the sessions of one application', async () => {
      const shop = store(APPS.shop)
      expect((await shop.ids()).toSorted()).toEqual(SHOWN)
      expect((await shop.all()).map(({ id }) => id).toSorted()).toEqual(SHOWN)
      expect(await shop.length()).toBe(2)
      expect(await shop.get('a')).toMatchObject({ user_id: 42 })
      expect(await shop.get('shop:a')).toBeNull()
      await shop.set('c', { cookie: { originalMaxAge: null } })
      expect(await readItem(direct, options.tableName, 'c', APPS.shop)).toBeDefined()
      await shop.destroy('c')
      await shop.destroy('a')
      expect(await keysLeft()).toEqual(ALL.filter((key) => key !== 'shop:a'))
    })

    it('clear() deletes the sessions of one application', async () => {
      await store(APPS.shop).clear()
      expect(await keysLeft()).toEqual(WITHOUT_SHOP)
      expect(await readItem(direct, options.tableName, 'foreign', APPS.shop)).toBeDefined()
      await store(APPS.news).clear()
      expect(await keysLeft()).toEqual(WITHOUT_SHOP.filter((key) => !key.startsWith('news:')))
    })

    it('clean deletes the sessions of one application', async () => {
      const times = { updated_at: OLD }
      for (const keyPrefix of PREFIXES) {
        for (const id of ['a', 'b']) await writeItem(direct, options.tableName, { ...own(id), ...times }, { keyPrefix })
      }
      const summary = await collectGarbage({ ...options, ...APPS.shop, maxStale: 60, ...reaching(client()) })
      expect(summary).toMatchObject({ dead: 2, deleted: 2, complete: true })
      expect(await keysLeft()).toEqual(WITHOUT_SHOP)
    })

    it.each([false, true])('keysBy, list and destroyBy see one application only (scan: %s)', async (scan) => {
      const keys = await index(APPS.shop).keysBy('user_id', 42, { scan })
      const foreign = hashesByDefault() ? storedKey('foreign', APPS.shop) : 'foreign'
      expect(keys.filter((key) => key !== foreign).toSorted()).toEqual(SHOWN)
      const found: string[] = []
      for await (const page of index(APPS.shop).pages('user_id', 42, { scan })) found.push(...page.map(({ id }) => id))
      const undoubted = scan || !hashesByDefault() ? [] : [foreign]
      expect(found.filter((id) => !undoubted.includes(id)).toSorted()).toEqual(SHOWN)
      expect(await index(APPS.shop).destroyBy('user_id', 42, { scan })).toBe(2)
      expect(await keysLeft()).toEqual(WITHOUT_SHOP)
      expect(await readItem(direct, options.tableName, 'foreign', APPS.shop)).toBeDefined()
    })

    it('a session keeps the prefix when it gets another id, and a logout finds it', async () => {
      const sessions = repository(APPS.shop)
      const created = (await sessions.create('before', { n: 1 })) as SessionRecord
      await sessions.regenerate(created, 'after', { n: 1 }, { keep: false })
      const forwarder = await readItem(direct, options.tableName, 'before', APPS.shop)
      expect(forwarder?.successor).toEqual({ S: storedKey('after', APPS.shop) })
      expect(await sessions.find('after')).toMatchObject({ id: 'after', data: { n: 1 } })
      await sessions.delete('before')
      expect(await readItem(direct, options.tableName, 'after', APPS.shop)).toBeUndefined()
    })
  })
})

onEachEngine('a store on a table with another key', (engine) => {
  const TABLES = {
    'of another name': [['id', 'S']],
    'that is a number': [['session_id', 'N']],
    'and a sort key': [
      ['session_id', 'S'],
      ['at', 'N'],
    ],
  } as const

  it.each(Object.entries(TABLES))('%s is an error that says what to do', async (_what, keys) => {
    const options = engine.options()
    const direct = engine.client()
    await createRawTable(direct, options.tableName, keys)
    const item = Object.fromEntries(keys.map(([name, type]) => [name, { [type]: '1' }])) as unknown as Item
    await writeItem(direct, options.tableName, { ...item, data: { S: '{}' }, updated_at: OLD })
    const store = new DynamoSessionStore(options)
    const session = { cookie: { originalMaxAge: null } }
    const requests: Record<string, () => Promise<unknown>> = {
      get: () => store.get('a'),
      'two at a time': () => Promise.all([store.get('a'), store.get('b')]),
      set: () => store.set('a', session),
      touch: () => store.touch('a', session),
      destroy: () => store.destroy('a'),
      clear: () => store.clear(),
    }
    for (const [name, request] of Object.entries(requests)) {
      const error = (await request().catch((error: unknown) => error)) as Error
      expect(error, name).toBeInstanceOf(TableSchemaError)
      expect(error.message, name).toContain(`The table "${options.tableName}" can't hold sessions`)
      expect(error.message, name).toContain('Set table_key to the name of its partition key')
    }
    const cleaning = await collectGarbage({ ...options, maxStale: 60 }).catch((error: unknown) => error)
    expect(cleaning).toBeInstanceOf(TableSchemaError)
    if (keys.length === 1) await expect(store.all()).rejects.toThrow(TableSchemaError)
    direct.destroy()
  })
})

/** Names of the attributes that a Scan fetches. */
function fetchedBy({ ProjectionExpression, ExpressionAttributeNames }: Record<string, unknown>): string[] {
  const names = ExpressionAttributeNames as Record<string, string>
  return String(ProjectionExpression)
    .split(', ')
    .map((placeholder) => names[placeholder] ?? '')
}
