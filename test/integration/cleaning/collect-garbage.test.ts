import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import type { CleaningProgress } from '../../../runtime/index.js'
import { onEachEngine, uniqueTableName } from '../../support/engines.js'
import { makeTable } from '../../support/table.js'
import { ago, eachWithTable, inSeconds, PATHS } from './cleaning-table.js'

onEachEngine('collectGarbage', (engine) => {
  const table = eachWithTable(engine)

  it.each(PATHS)(
    'deletes sessions that expired by max_stale, max_age or expire_at, and nothing else (%s)',
    async (path) => {
      const { put, clean, take, ids, item } = table()
      take(path)
      await Promise.all([
        put('stale', { updated_at: ago(100), created_at: ago(100) }),
        put('aged', { updated_at: ago(1), created_at: ago(1000) }),
        put('expired', { updated_at: ago(5), created_at: ago(5), expire_at: inSeconds(-2) }),
        put('stale in numbers', { updated_at: { N: String(Math.floor(Date.now() / 1000) - 100) } }),
        put('stale in Ruby', { updated_at: { S: String(Date.now() / 1000 - 100) }, expire_at: inSeconds(-100) }),
        put('stale, lock left behind', { updated_at: ago(100), locked_at: ago(90) }),
        put('stale with odd types', { updated_at: ago(100), created_at: { NULL: true }, expire_at: { S: 'soon' } }),
        put('live', { updated_at: ago(1), created_at: ago(100), expire_at: inSeconds(100) }),
        put('live, no times', {}),
        put('live in Ruby', { updated_at: { S: `${Math.floor(Date.now() / 1000) - 9}.25` }, expire_at: inSeconds(-9) }),
        put('stale but locked', { updated_at: ago(100), locked_at: ago(0.1) }),
      ])
      const live = await item('live')
      const summary = await clean({}, { maxAge: 500, lockExpiryTime: 60_000 })
      expect(await ids()).toEqual(['live', 'live in Ruby', 'live, no times', 'stale but locked'])
      expect(await item('live')).toEqual(live)
      expect(summary).toMatchObject({ scanned: 11, dead: 7, deleted: 7, kept: 4, dryRun: false, complete: true })
      expect(summary.stopped).toBeUndefined()
      expect(summary.capacityUnits).toBeGreaterThanOrEqual(7)
    },
  )

  it('works with max_stale only, max_age only, and expire_at only', async () => {
    const { put, clean, ids } = table()
    const fill = () =>
      Promise.all([
        put('stale', { updated_at: ago(100), created_at: ago(100) }),
        put('aged', { updated_at: ago(1), created_at: ago(1000) }),
        put('expired', { updated_at: ago(5), created_at: ago(5), expire_at: inSeconds(-2) }),
      ])
    await fill()
    await clean({}, { maxStale: 60 })
    expect(await ids()).toEqual(['aged'])
    await fill()
    await clean({}, { maxStale: null, maxAge: 500 })
    expect(await ids()).toEqual(['stale'])
    await fill()
    await clean({ expireAtOnly: true })
    expect(await ids()).toEqual(['aged', 'stale'])
  })

  it('refuses to run when neither max_age nor max_stale is set, before any request', async () => {
    const { put, clean, ids, proxy } = table()
    await put('stale', { updated_at: ago(1e6), created_at: ago(1e6), expire_at: inSeconds(-1e5) })
    await expect(clean({}, { maxStale: null })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('neither is set, so no limit defines which sessions are expired'),
    })
    expect(proxy.operations).toEqual([])
    expect(await ids()).toEqual(['stale'])
  })

  it('deletes nothing in a dry run, and counts what it would delete', async () => {
    const { putExpired, put, clean, ids, proxy } = table()
    await putExpired(3)
    await put('live', { updated_at: ago(1) })
    expect(await clean({ dryRun: true })).toMatchObject({ scanned: 4, dead: 3, deleted: 0, kept: 1, dryRun: true })
    expect(await ids()).toHaveLength(4)
    expect(new Set(proxy.operations)).toEqual(new Set(['Scan']))
  })

  it('scans all pages of the given segments, and fetches only keys and times', async () => {
    const { putExpired, clean, ids, inputs, proxy } = table()
    await putExpired(60, { data: { S: JSON.stringify({ secret: 'x'.repeat(100_000) }) } })
    const answers: unknown[] = []
    const change = (answer: object) => {
      answers.push(answer)
      return answer
    }
    proxy.inject('Scan', { change }, { times: Number.POSITIVE_INFINITY })
    expect(await clean({ segments: 3 })).toMatchObject({ scanned: 60, deleted: 60, complete: true })
    expect(await ids()).toEqual([])
    const scans = inputs('Scan')
    expect(scans.every(({ TotalSegments }) => TotalSegments === 3)).toBe(true)
    expect(new Set(scans.map(({ Segment }) => Segment))).toEqual(new Set([0, 1, 2]))
    expect(scans.length).toBeGreaterThan(4)
    expect(JSON.stringify(answers)).toContain('updated_at')
    expect(JSON.stringify(answers)).not.toContain('secret')
  })

  it('deletes in batches of 25 by PartiQL, else one by one, and tries PartiQL only once', async () => {
    const { putExpired, clean, ids, inputs } = table()
    await putExpired(60)
    await clean({ segments: 1 })
    expect(await ids()).toEqual([])
    const batches = inputs('BatchExecuteStatement').map(({ Statements }) => Statements.length)
    expect(batches).toEqual(engine.name === 'dynalite' ? [25] : [25, 25, 10])
    expect(inputs('DeleteItem')).toHaveLength(engine.name === 'dynalite' ? 60 : 0)
  })

  it('works with any name of the partition key', async () => {
    const { direct, client, clean } = table()
    const tableName = uniqueTableName()
    await makeTable(direct, tableName, 'my "own".key')
    const Item = { 'my "own".key': { S: 'expired' }, data: { S: '{}' }, updated_at: ago(100) }
    await direct.send(new PutItemCommand({ TableName: tableName, Item }))
    expect(await clean({}, { tableName, tableKey: 'my "own".key', client })).toMatchObject({ scanned: 1, deleted: 1 })
  })

  it('reports its progress until the summary', async () => {
    const { putExpired, put, clean } = table()
    await putExpired(30)
    await put('live', { updated_at: ago(1) })
    const seen: CleaningProgress[] = []
    const { scanned, deleted, kept } = await clean({ segments: 1, onProgress: (progress) => seen.push(progress) })
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.at(-1)).toMatchObject({ scanned, deleted, kept })
    expect(seen.map((progress) => progress.deleted)).toEqual(
      seen.map((progress) => progress.deleted).toSorted((a, b) => a - b),
    )
  })

  it('rejects when onProgress throws', async () => {
    const { putExpired, clean } = table()
    await putExpired(3)
    const onProgress = () => {
      throw new Error('no more')
    }
    await expect(clean({ onProgress })).rejects.toThrow('no more')
  })

  it('names the command that creates a missing table', async () => {
    await expect(table().clean({}, { tableName: uniqueTableName() })).rejects.toMatchObject({
      name: 'TableRequestError',
      message: expect.stringContaining('npx dynamo-session create-table'),
    })
  })

  describe('memory', () => {
    it('does not grow: a page is read only after the sessions of the previous page were deleted', async () => {
      const { putExpired, clean, proxy } = table()
      await putExpired(120, { data: { S: `{"a":"${'x'.repeat(60_000)}"}` } })
      let waiting = 0
      let longest = 0
      proxy.inject(
        'Scan',
        {
          change: (answer) => {
            longest = Math.max(longest, waiting)
            waiting += answer.Items.length
            return answer
          },
        },
        { times: Number.POSITIVE_INFINITY },
      )
      const summary = await clean({
        segments: 1,
        onProgress: ({ dead, deleted }) => {
          waiting = dead - deleted
        },
      })
      expect(summary.deleted).toBe(120)
      expect(proxy.operations.filter((operation) => operation === 'Scan').length).toBeGreaterThan(4)
      expect(longest).toBeLessThan(25)
    })
  })
})
