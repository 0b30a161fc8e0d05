import { type AttributeValue, DeleteItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { SessionRepository } from '../../../runtime/session/session-repository.js'
import { connectionTo } from '../../support/connection.js'
import { onEachEngine } from '../../support/engines.js'
import { ago, beforeFirstDelete, eachWithTable, type GarbageTable, inSeconds, PATHS } from './garbage.js'

/** What may happen to a dead session between the scan and its delete. */
const RESCUES: Readonly<Record<string, (table: GarbageTable) => Promise<unknown>>> = {
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

/** The dead session; what is absent here must still be absent at the delete. */
const DEAD: Readonly<Record<string, () => Record<string, AttributeValue>>> = {
  'with all times and a lock that was left behind': () => ({
    created_at: ago(5000),
    updated_at: ago(100),
    expire_at: inSeconds(-10),
    locked_at: ago(90),
  }),
  'with updated_at alone': () => ({ updated_at: ago(100) }),
  'with created_at alone': () => ({ created_at: ago(5000) }),
  'with expire_at alone': () => ({ expire_at: inSeconds(-10) }),
}

const cases = [
  ...Object.keys(RESCUES).map((rescue) => ({ rescue, dead: 'with all times and a lock that was left behind' })),
  ...['gets another created_at only', 'gets another expire_at only', 'is locked'].map((rescue) => ({
    rescue,
    dead: 'with updated_at alone',
  })),
  { rescue: 'is touched by a store', dead: 'with created_at alone' },
  { rescue: 'is touched by a store', dead: 'with expire_at alone' },
]

onEachEngine('cleaning never deletes a live session', (engine) => {
  const table = eachWithTable(engine)

  describe.each(PATHS)('%s', (path) => {
    it.each(cases)('one $dead that $rescue between scan and delete survives', async ({ rescue, dead }) => {
      const { put, client, take, clean, item } = table()
      take(path)
      await put('s', DEAD[dead]?.() ?? {})
      beforeFirstDelete(client, async () => RESCUES[rescue]?.(table()))
      const summary = await clean({}, { maxAge: 3600 })
      expect(await item('s')).toBeDefined()
      expect(summary).toMatchObject({ scanned: 1, dead: 1, deleted: 0, kept: 1, complete: true })
    })

    it('of a batch of others, those that are still dead are deleted', async () => {
      const { putDead, client, take, clean, ids } = table()
      take(path)
      await putDead(40)
      beforeFirstDelete(client, () => Promise.all([refresh('dead3'), refresh('dead17'), refresh('dead39')]))
      const refresh = (id: string) => repository(table()).touchUnseen(id)
      expect(await clean({ segments: 1 })).toMatchObject({ scanned: 40, dead: 40, deleted: 37, kept: 3 })
      expect(await ids()).toEqual(['dead17', 'dead3', 'dead39'])
    })

    it('a session that somebody else deletes between scan and delete is no error, and is not made again', async () => {
      const { putDead, direct, tableName, client, take, clean, ids } = table()
      take(path)
      await putDead(3)
      const Key = { session_id: { S: 'dead1' } }
      beforeFirstDelete(client, () => direct.send(new DeleteItemCommand({ TableName: tableName, Key })))
      const { deleted, kept } = await clean({ segments: 1 })
      expect(deleted + kept).toBe(3)
      expect(await ids()).toEqual([])
    })

    it('sessions that a store keeps renewing, while many cleaners run, survive them all', async () => {
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

function repository({ tableName, direct }: GarbageTable): SessionRepository {
  return new SessionRepository(
    resolveConfiguration({ tableName, maxStale: 60, touchInterval: 0 }),
    connectionTo(direct),
  )
}

function set({ direct, tableName }: GarbageTable, name: string, value: AttributeValue): Promise<unknown> {
  return direct.send(
    new UpdateItemCommand({
      TableName: tableName,
      Key: { session_id: { S: 's' } },
      UpdateExpression: 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
    }),
  )
}
