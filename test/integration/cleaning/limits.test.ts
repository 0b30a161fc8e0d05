import { expect, it } from 'vitest'
import { onEachEngine } from '../../support/engines.js'
import { skipWaits, sleepUntilAborted } from '../../support/quick-sleep.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { ago, beforeFirstDelete, eachWithTable, PATHS } from './garbage.js'

onEachEngine('the limits of cleaning', (engine) => {
  const table = eachWithTable(engine)

  it.each(PATHS)('rate caps the capacity units that scan and deletes consume a second (%s)', async (path) => {
    const { putDead, take, clean, ids } = table()
    take(path)
    await putDead(60)
    skipWaits()
    const summary = await clean({ rate: 30 })
    expect(await ids()).toEqual([])
    expect(summary.capacityUnits).toBeGreaterThanOrEqual(60)
    expect(summary.capacityUnits / summary.seconds).toBeLessThan(30 * 1.6)
  })

  it('a rate makes pages and batches small, so that none alone exceeds it', async () => {
    const { putDead, clean, inputs } = table()
    await putDead(40, { data: { S: `{"a":"${'x'.repeat(4_000)}"}` } })
    skipWaits()
    await clean({ rate: 20, segments: 2 })
    expect(inputs('Scan').every(({ Limit }) => Limit <= 20)).toBe(true)
    const sizes = inputs('BatchExecuteStatement').map(({ Statements }) => Statements.length)
    expect(sizes.every((size) => size <= 20)).toBe(true)
  })

  it.each(PATHS)('maxItems ends it after as many deletions, all carried out (%s)', async (path) => {
    const { putDead, take, clean, ids } = table()
    take(path)
    await putDead(60)
    const summary = await clean({ maxItems: 30 })
    expect(summary).toMatchObject({ dead: 30, deleted: 30, complete: false, stopped: 'maxItems' })
    expect(await ids()).toHaveLength(30)
    expect(await clean({ maxItems: 31 })).toMatchObject({ deleted: 30, complete: true, stopped: undefined })
  })

  it('maxItems counts what would be deleted in a dry run', async () => {
    const { putDead, clean } = table()
    await putDead(10)
    expect(await clean({ maxItems: 4, dryRun: true })).toMatchObject({ dead: 4, deleted: 0, stopped: 'maxItems' })
  })

  it('maxSeconds ends it in time, also while it waits for its rate', async () => {
    const { putDead, clean, ids } = table()
    await putDead(60)
    sleepUntilAborted() // so nothing but maxSeconds can end it
    const summary = await clean({ rate: 5, maxSeconds: 0.3 })
    expect(summary).toMatchObject({ complete: false, stopped: 'maxSeconds' })
    expect(summary.deleted).toBeLessThan(20)
    expect(await ids()).toHaveLength(60 - summary.deleted)
  })

  it('maxSeconds that is not reached changes nothing', async () => {
    const { putDead, clean } = table()
    await putDead(5)
    expect(await clean({ maxSeconds: 1e9 })).toMatchObject({ deleted: 5, complete: true })
  })

  it.each(PATHS)(
    'a signal lets what is in flight finish, sends nothing more, and gives the summary (%s)',
    async (path) => {
      const { putDead, take, client, clean, ids, inputs } = table()
      take(path)
      await putDead(100)
      const abort = new AbortController()
      beforeFirstDelete(client, async () => abort.abort())
      const summary = await clean({ segments: 1, signal: abort.signal })
      const inFlight = inputs('BatchExecuteStatement').length + inputs('DeleteItem').length
      expect(inFlight).toBe(1)
      const batch = path === 'by default' && engine.name !== 'dynalite'
      expect(summary).toMatchObject({ deleted: batch ? 25 : 0, complete: false, stopped: 'signal' })
      expect(summary.deleted + summary.kept).toBe(summary.scanned)
      expect(await ids()).toHaveLength(100 - summary.deleted)
    },
  )

  it('a signal ends the pauses between attempts', async () => {
    const { putDead, clean, proxy } = table()
    await putDead(5)
    proxy.inject('Scan', { error: 'ThrottlingException' }, { times: Number.POSITIVE_INFINITY })
    sleepUntilAborted() // so nothing but the signal can end it
    const abort = new AbortController()
    const logger = { ...recordingLogger(), info: () => void setImmediate(() => abort.abort()) }
    const summary = await clean({ segments: 1, logger, signal: abort.signal }, { maxAttempts: 1 })
    expect(summary).toMatchObject({ scanned: 0, complete: false, stopped: 'signal' })
  })

  it('a signal that came before sends no request at all', async () => {
    const { putDead, clean, proxy } = table()
    await putDead(1)
    expect(await clean({ signal: AbortSignal.abort() })).toMatchObject({ scanned: 0, stopped: 'signal' })
    expect(proxy.operations).toEqual([])
  })

  it('as many segments as are allowed work, without a warning of Node about listeners', async () => {
    const { putDead, put, clean } = table()
    await putDead(30)
    await put('live', { updated_at: ago(1) })
    const warnings: string[] = []
    const listener = (warning: Error) => warnings.push(warning.name)
    process.on('warning', listener)
    const summary = await clean({ segments: 100, rate: 1000 })
    await new Promise((resolve) => setImmediate(resolve))
    process.removeListener('warning', listener)
    expect(summary).toMatchObject({ scanned: 31, deleted: 30, complete: true })
    expect(warnings.filter((name) => name.includes('MaxListeners'))).toEqual([])
  })
})
