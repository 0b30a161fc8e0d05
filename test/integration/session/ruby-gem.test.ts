import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { GEM_KEYS, type GemOptions, RubyGem } from '../../support/ruby/gem.js'
import { RubyFloat } from '../../support/ruby/json.js'
import { freshTable, readItem, writeItem } from '../../support/table.js'

/** The gem's stand-in must behave as the gem was measured. The labels of the measurements are in brackets. */
onEachEngine("The Ruby gem's stand-in", (engine) => {
  let direct: DynamoDBClient
  let client: DynamoDBClient
  let proxy: FaultProxy
  const tableName = uniqueTableName()

  beforeEach(async () => {
    direct = engine.client()
    proxy = await startFaultProxy(engine.endpoint)
    client = engine.client(proxy.endpoint)
    await freshTable(direct, tableName)
  })
  afterEach(async () => {
    direct.destroy()
    client.destroy()
    await proxy.stop()
  })

  const gem = (options: Partial<GemOptions> = {}) =>
    new RubyGem(client, { tableName, secretKey: 'watermelon_smiles', maxStale: 3600, ...options })
  const item = (id: string) => readItem(direct, tableName, id, GEM_KEYS)
  const signed = gem().sign('a'.repeat(64))

  async function signedIn(ruby: RubyGem): Promise<string> {
    const { setCookie } = await ruby.request(undefined, (session) => session.set('user_id', 42))
    if (setCookie === undefined) throw new Error('a new session should set a cookie')
    proxy.reset()
    return setCookie
  }

  it('creates an item like B1, in one request and without a condition', async () => {
    const id = await signedIn(gem())
    expect(id).toMatch(/^[0-9a-f]{32}--[0-9a-f]{64}$/)
    const stored = await item(id)
    expect(Object.keys(stored ?? {}).toSorted()).toEqual([
      'created_at',
      'data',
      'expire_at',
      'session_id',
      'updated_at',
    ])
    expect(stored?.data).toEqual({ S: '{"user_id":42}' })
    expect(stored?.created_at?.S).toMatch(/^\d{10}\.\d{1,7}$/)
    expect(stored?.updated_at?.S).toMatch(/^\d{10}\.\d{1,7}$/)
    expect(Number(stored?.expire_at?.N) - Math.floor(Date.now() / 1000 + 3600)).toBeGreaterThanOrEqual(-1)
  })

  it('sends legacy requests: a read reads only data and touches the times (B2), a change writes all data (B4)', async () => {
    const ruby = gem()
    const id = await signedIn(ruby)
    await ruby.request(id)
    await ruby.request(id, (session) => session.set('seen', 1))
    expect(proxy.operations).toEqual(['GetItem', 'UpdateItem', 'GetItem', 'UpdateItem'])
    const [read, touch, , change] = proxy.requests.map(({ input }) => input)
    expect(read).toMatchObject({ AttributesToGet: ['data'], ConsistentRead: true })
    expect(Object.keys(touch.AttributeUpdates).toSorted()).toEqual(['expire_at', 'updated_at'])
    expect(touch).not.toHaveProperty('Expected')
    expect(change.AttributeUpdates.data).toEqual({ Action: 'PUT', Value: { S: '{"user_id":42,"seen":1}' } })
  })

  it('writes nothing when the session is cleared (B7), drops top-level nil (B6)', async () => {
    const ruby = gem()
    const id = await signedIn(ruby)
    await ruby.request(id, (session) => session.clear())
    expect(proxy.operations).toEqual(['GetItem'])
    await ruby.request(id, (session) => session.set('a', null))
    expect((await item(id))?.data).toEqual({ S: '{"user_id":42}' })
  })

  it('keeps the id of a signed cookie without an item, and creates an item without created_at (A13, A14)', async () => {
    expect(await gem().request(signed)).toEqual({ setCookie: undefined })
    expect(await item(signed)).toBeUndefined()
    expect(await gem().request(signed, (session) => session.set('a', 1))).toEqual({ setCookie: undefined })
    expect(await item(signed)).not.toHaveProperty('created_at')
  })

  it('brings back a deleted session (G27), without data if it did not change (G28), which raises next time', async () => {
    const ruby = gem()
    const id = await signedIn(ruby)
    await ruby.request(id, async () => {
      await gem().request(id, (session) => session.destroy())
      expect(await item(id)).toBeUndefined()
    })
    expect(Object.keys((await item(id)) ?? {}).toSorted()).toEqual(['expire_at', 'session_id', 'updated_at'])
    await expect(ruby.request(id)).rejects.toThrow(TypeError)
  })

  it('changes an id without data when the content did not change (I3)', async () => {
    const ruby = gem()
    const id = await signedIn(ruby)
    const { setCookie = '' } = await ruby.request(id, (session) => session.renew())
    expect(await item(id)).toBeUndefined()
    expect(Object.keys((await item(setCookie)) ?? {}).toSorted()).toEqual(['expire_at', 'session_id', 'updated_at'])
  })

  it.each([
    ['array', '[]'],
    ['empty', ''],
    ['NaN', '{"a":NaN}'],
    ['lone surrogate', '{"a":"\\ud800"}'],
    ['101 levels', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`],
  ])('raises on this data: %s (G8, G10 to G23)', async (_what, text) => {
    await writeItem(direct, tableName, { session_id: { S: signed }, data: { S: text } }, GEM_KEYS)
    await expect(gem().request(signed)).rejects.toThrow()
  })

  it.each(['null', '{}'])('reads %s as an empty session and leaves the item alone (G14, G15)', async (text) => {
    await writeItem(direct, tableName, { session_id: { S: signed }, data: { S: text } }, GEM_KEYS)
    await gem().request(signed, (session) => expect(session.all()).toEqual({}))
    expect(Object.keys((await item(signed)) ?? {})).toHaveLength(2)
  })

  it.each([
    ['{"a":"ü😀\u2028\u007f/<","b":"\\u001f\\b\\n","c":0.1,"d":[null,{"e":null}],"__proto__":{},"7":1}', undefined],
    ['{"a": 1}', '{"a":1}'],
    ['{"a":"\\u00eb"}', '{"a":"ë"}'],
    [
      '{"a":1e21,"b":1e-7,"c":-0.0,"d":1.0,"e":123456789012345680.0}',
      '{"a":1.0e+21,"b":1.0e-07,"c":-0.0,"d":1.0,"e":1.2345678901234568e+17}',
    ],
    ['{"a":null,"b":1152921504606846977}', '{"b":1152921504606846977}'],
  ])('rewrites %s in its own way, or leaves it as it is (G2 to G9, B9)', async (text, after = text) => {
    await writeItem(direct, tableName, { session_id: { S: signed }, data: { S: text } }, GEM_KEYS)
    await gem().request(signed)
    expect((await item(signed))?.data?.S).toBe(after)
  })

  it('writes floats as Ruby does, NaN bare (B9, B10)', async () => {
    const { setCookie = '' } = await gem().request(undefined, (session) => {
      session.set('f', new RubyFloat(1))
      session.set('n', new RubyFloat(Number.NaN))
      session.set('big', 2n ** 60n)
    })
    expect((await item(setCookie))?.data?.S).toBe('{"f":1.0,"n":NaN,"big":1152921504606846976}')
  })

  describe('with locking', () => {
    const locking = { enableLocking: true }

    it('locks and reads in one request, and always writes data on release (D1)', async () => {
      const ruby = gem(locking)
      const id = await signedIn(ruby)
      await ruby.request(id, async () => {
        expect((await item(id))?.locked_at?.S).toMatch(/^\d{10}\.\d{1,7}$/)
      })
      expect(proxy.operations).toEqual(['UpdateItem', 'UpdateItem'])
      const [lock, release] = proxy.requests.map(({ input }) => input)
      expect(lock).toMatchObject({ Expected: { locked_at: { Exists: false } }, ReturnValues: 'ALL_NEW' })
      expect(Object.keys(release.AttributeUpdates).toSorted()).toEqual(['data', 'expire_at', 'locked_at', 'updated_at'])
      expect(release.Expected.locked_at).toMatchObject({ Exists: true })
      expect(await item(id)).not.toHaveProperty('locked_at')
    })

    it('leaves a locked item without data for a signed id without an item (D5)', async () => {
      await expect(gem(locking).request(signed)).rejects.toThrow(TypeError)
      expect(Object.keys((await item(signed)) ?? {}).toSorted()).toEqual(['locked_at', 'session_id'])
    })

    it('times out (D6), takes over a live lock with its defaults (D7), and loses its own lock in this way', async () => {
      const ruby = gem(locking)
      const id = await signedIn(ruby)
      await expect(
        ruby.request(id, async (session) => {
          await expect(gem({ ...locking, lockExpiryTime: 60_000 }).request(id)).rejects.toThrow('LockWaitTimeoutError')
          session.set('a', 1)
          await gem(locking).request(id, (other) => other.set('b', 1))
        }),
      ).rejects.toThrow(expect.objectContaining({ name: 'ConditionalCheckFailedException' }))
      expect((await item(id))?.data?.S).toBe('{"user_id":42,"b":1}')
    })

    it('keeps its lock when the application raises (D10) or clears the session (D11)', async () => {
      const ruby = gem(locking)
      const id = await signedIn(ruby)
      await ruby.request(id, (session) => session.clear())
      expect(await item(id)).toHaveProperty('locked_at')
    })

    it('overwrites the changes of writers that ignore locks (D13, G27)', async () => {
      const ruby = gem(locking)
      const id = await signedIn(ruby)
      await ruby.request(id, async (session) => {
        await gem().request(id, (careless) => careless.set('careless', true))
        expect(await item(id)).toHaveProperty('locked_at')
        session.set('a', 1)
      })
      expect((await item(id))?.data?.S).toBe('{"user_id":42,"a":1}')
    })
  })
})
