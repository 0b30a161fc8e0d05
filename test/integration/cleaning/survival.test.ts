import { type AttributeValue, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine } from '../../support/engines.js'
import { storedKey } from '../../support/stored-key.js'
import { deleteItem } from '../../support/table.js'
import { ago, beforeFirstDelete, type CleaningTable, eachWithTable, inSeconds, PATHS } from './cleaning-table.js'

/** Changes of an expired session between the scan and its deletion. */
const RESCUES: Readonly<Record<string, (table: CleaningTable) => Promise<unknown>>> = {
  'is touched by a store': (table) => repository(table).touchUnseen('s'),
  'is saved by a store': (table) => repository(table).put('s', { a: 2 }),
  'is deleted and made anew': async (table) => {
    await repository(table).delete('s')
    await repository(table).create('s', { a: 3 })
  },
  'gets another created_at only': (table) => set(table, 'created_at', ago(0)),
  'gets another updated_at only': (table) => set(table, 'updated_at', ago(0)),
  'gets another expire_at only': (table) => set(table, 'expire_at', inSeconds(1000)),
  'gets an updated_at of another type only': (table) =>
    set(table, 'updated_at', { N: String(Math.floor(Date.now() / 1000)) }),
  'is locked': (table) => set(table, 'locked_at', ago(0)),
}

/** Expired sessions. An attribute that is absent here must still be absent at the deletion. */
const EXPIRED: Readonly<Record<string, () => Record<string, AttributeValue>>> = {
  'with all times and a lock that was left behind': () => ({
    created_at: ago(5000),
    updated_at: ago(100),
    expire_at: inSeconds(-10),
    locked_at: ago(90),
  }),
  'with only updated_at': () => ({ updated_at: ago(100) }),
  'with only created_at': () => ({ created_at: ago(5000) }),
  'with only expire_at': () => ({ expire_at: inSeconds(-10) }),
}

const cases = [
  ...Object.keys(RESCUES).map((rescue) => ({ rescue, expired: 'with all times and a lock that was left behind' })),
  ...['gets another created_at only', 'gets another expire_at only', 'is locked'].map((rescue) => ({
    rescue,
    expired: 'with only updated_at',
  })),
  { rescue: 'is touched by a store', expired: 'with only created_at' },
  { rescue: 'is touched by a store', expired: 'with only expire_at' },
]

onEachEngine('cleaning never deletes a live session', (engine) => {
  const table = eachWithTable(engine)

  describe.each(PATHS)('%s', (path) => {
    it.each(cases)('a session $expired that $rescue between scan and deletion stays', async ({ rescue, expired }) => {
      const { put, client, take, clean, item } = table()
      take(path)
      await put('s', EXPIRED[expired]?.() ?? {})
      beforeFirstDelete(client, async () => RESCUES[rescue]?.(table()))
      const summary = await clean({}, { maxAge: 3600 })
      expect(await item('s')).toBeDefined()
      expect(summary).toMatchObject({ scanned: 1, dead: 1, deleted: 0, kept: 1, complete: true })
    })

    it('of a batch, sessions that are still expired are deleted', async () => {
      const { putExpired, client, take, clean, ids } = table()
      take(path)
      await putExpired(40)
      beforeFirstDelete(client, () => Promise.all([refresh('expired3'), refresh('expired17'), refresh('expired39')]))
      const refresh = (id: string) => repository(table()).touchUnseen(id)
      expect(await clean({ segments: 1 })).toMatchObject({ scanned: 40, dead: 40, deleted: 37, kept: 3 })
      expect(await ids()).toEqual(['expired17', 'expired3', 'expired39'])
    })

    it('a session that is deleted between scan and deletion is no error, and is not created again', async () => {
      const { putExpired, direct, tableName, client, take, clean, ids } = table()
      take(path)
      await putExpired(3)
      beforeFirstDelete(client, () => deleteItem(direct, tableName, 'expired1'))
      const { deleted, kept } = await clean({ segments: 1 })
      expect(deleted + kept).toBe(3)
      expect(await ids()).toEqual([])
    })

    it('sessions that a store keeps touching stay, while many cleaners run', async () => {
      const { put, take, clean, ids } = table()
      take(path)
      const live = Array.from({ length: 10 }, (_, index) => `live${index}`)
      const sessions = repository(table())
      await Promise.all(live.map((id) => put(id, { updated_at: ago(0) })))
      let running = true
      const renewing = Promise.all(
        live.map(async (id) => {
          while (running) await sessions.touchUnseen(id)
        }),
      )
      for (let round = 0; round < 5; round += 1)
        await Promise.all([clean({}, { maxStale: 2 }), clean({}, { maxStale: 2 })])
      running = false
      await renewing
      expect(await ids()).toEqual(live)
    })
  })
})

function repository({ tableName, direct }: CleaningTable): SessionRepository {
  return new SessionRepository(
    resolveConfiguration({ tableName, maxStale: 60, touchInterval: 0 }),
    connectionTo(direct),
  )
}

function set({ direct, tableName }: CleaningTable, name: string, value: AttributeValue): Promise<unknown> {
  return direct.send(
    new UpdateItemCommand({
      TableName: tableName,
      Key: { session_id: { S: storedKey('s') } },
      UpdateExpression: 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
    }),
  )
}
