import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { collectGarbage, createTable, type Options } from '../../../runtime/index.js'
import { SessionsByValue } from '../../../runtime/session/sessions-by-value.js'
import { connectionTo, reaching } from '../../support/connection.js'
import { anyEngine } from '../../support/engines.js'
import { storedKey } from '../../support/stored-key.js'
import { readItem, writeItem } from '../../support/table.js'

describe.each([
  ['before', false, 'with', true],
  ['with', true, 'without', false],
])('sessions stored %s hash_session_ids (%s), for an application %s it', (_before, was, _now, hashSessionIds) => {
  const engine = anyEngine()
  const old = { hashSessionIds: was }
  let client: DynamoDBClient
  let options: Options & { tableName: string }

  beforeAll(async () => {
    client = engine.client()
    options = { ...engine.options(), indexKeys: ['user'], maxStale: 3600 }
    await createTable({ ...options, ttl: false })
  })
  afterAll(() => client.destroy())

  const store = (more: Options = {}) => new DynamoSessionStore({ ...options, ...reaching(client), ...more })
  const index = () => new SessionsByValue(resolveConfiguration({ ...options, hashSessionIds }), connectionTo(client))
  const cookie = { originalMaxAge: null }
  const begin = (user: string) => store(old).set('s1', { cookie, user } as never)
  const stored = () => readItem(client, options.tableName, 's1', old)

  it('are neither found nor listed, and are not touched', async () => {
    await begin('ada')
    const before = await stored()
    const sessions = store({ hashSessionIds })
    expect(await sessions.get('s1')).toBeNull()
    expect(await sessions.get(storedKey('s1', old))).toBeNull()
    expect(await sessions.all()).toEqual([])
    expect(await sessions.length()).toBe(0)
    for (const scan of [false, true]) {
      expect(await index().keysBy('user', 'ada', { scan })).toEqual([])
      const found = []
      for await (const page of index().pages('user', 'ada', { scan })) found.push(...page)
      expect(found).toEqual([])
    }
    await sessions.destroy('s1')
    await sessions.destroy(storedKey('s1', old))
    expect(await stored()).toEqual(before)
  })

  it('are deleted with all sessions of their user, which a dry run counts', async () => {
    for (const scan of [false, true]) {
      await begin('eve')
      expect(await index().countBy('user', 'eve', { scan })).toBe(1)
      expect(await index().destroyBy('user', 'eve', { scan })).toBe(1)
      expect(await stored()).toBeUndefined()
    }
  })

  it('are deleted by clear()', async () => {
    await begin('ada')
    await store({ hashSessionIds }).clear()
    expect(await stored()).toBeUndefined()
  })

  it('are cleaned when they have expired', async () => {
    await begin('ada')
    expect(await collectGarbage({ ...options, hashSessionIds })).toMatchObject({ deleted: 0, kept: 1 })
    await writeItem(client, options.tableName, { ...(await stored()), updated_at: { S: '1700000000.5' } }, old)
    expect(await collectGarbage({ ...options, hashSessionIds })).toMatchObject({ deleted: 1, kept: 0 })
    expect(await stored()).toBeUndefined()
  })
})
