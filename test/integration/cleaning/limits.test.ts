import { expect, it } from 'vitest'
import { onEachEngine } from '../../support/engines.js'
import { skipWaits, sleepUntilAborted } from '../../support/quick-sleep.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { ago, beforeFirstDelete, eachWithTable, PATHS } from './cleaning-table.js'

onEachEngine('the limits of cleaning', (engine) => {
  const table = eachWithTable(engine)

  it.each(PATHS)('rate limits the capacity units of scan and deletions per second (%s)', async (path) => {
    const { putExpired, take, clean, ids } = table()
    take(path)
    await putExpired(60)
    skipWaits()
    const summary = await clean({ rate: 30 })
    expect(await ids()).toEqual([])
    expect(summary.capacityUnits).toBeGreaterThanOrEqual(60)
    expect(summary.capacityUnits / summary.seconds).toBeLessThan(30 * 1.6)
  })

  it('a rate makes pages and batches so small that none exceeds it alone', async () => {
    const { putExpired, clean, inputs } = table()
    await putExpired(40, { data: { S: `{"a":"${'x'.repeat(4_000)}"}` } })
    skipWaits()
    await clean({ rate: 20, segments: 2 })
    expect(inputs('Scan').every(({ Limit }) => Limit <= 20)).toBe(true)
    const sizes = inputs('BatchExecuteStatement').map(({ Statements }) => Statements.length)
    expect(sizes.every((size) => size <= 20)).toBe(true)
  })

  it.each(PATHS)('maxItems ends cleaning after as many deletions, all carried out (%s)', async (path) => {
    const { putExpired, take, clean, ids } = table()
    take(path)
    await putExpired(60)
    const summary = await clean({ maxItems: 30 })
    expect(summary).toMatchObject({ dead: 30, deleted: 30, complete: false, stopped: 'maxItems' })
    expect(await ids()).toHaveLength(30)
    expect(await clean({ maxItems: 31 })).toMatchObject({ deleted: 30, complete: true, stopped: undefined })
  })

  it('maxItems counts sessions that a dry run would delete', async () => {
    const { putExpired, clean } = table()
    await putExpired(10)
    expect(await clean({ maxItems: 4, dryRun: true })).toMatchObject({ dead: 4, deleted: 0, stopped: 'maxItems' })
  })

  it('maxSeconds ends cleaning in time, even while it waits for its rate', async () => {
    const { putExpired, clean, ids } = table()
    await putExpired(60)
    sleepUntilAborted() // so that only maxSeconds can end it
    const summary = await clean({ rate: 5, maxSeconds: 0.3 })
    expect(summary).toMatchObject({ complete: false, stopped: 'maxSeconds' })
    expect(summary.deleted).toBeLessThan(20)
    expect(await ids()).toHaveLength(60 - summary.deleted)
  })

  it('maxSeconds that is not reached changes nothing', async () => {
    const { putExpired, clean } = table()
    await putExpired(5)
    expect(await clean({ maxSeconds: 1e9 })).toMatchObject({ deleted: 5, complete: true })
  })

  it.each(PATHS)(
    'after a signal, cleaning finishes running requests, sends no others, and returns the summary (%s)',
    async (path) => {
      const { putExpired, take, client, clean, ids, inputs } = table()
      take(path)
      await putExpired(100)
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
    const { putExpired, clean, proxy } = table()
    await putExpired(5)
    proxy.inject('Scan', { error: 'ThrottlingException' }, { times: Number.POSITIVE_INFINITY })
    sleepUntilAborted() // so that only the signal can end it
    const abort = new AbortController()
    const logger = { ...recordingLogger(), info: () => void setImmediate(() => abort.abort()) }
    const summary = await clean({ segments: 1, logger, signal: abort.signal }, { maxAttempts: 1 })
    expect(summary).toMatchObject({ scanned: 0, complete: false, stopped: 'signal' })
  })

  it('with an aborted signal, cleaning sends no request', async () => {
    const { putExpired, clean, proxy } = table()
    await putExpired(1)
    expect(await clean({ signal: AbortSignal.abort() })).toMatchObject({ scanned: 0, stopped: 'signal' })
    expect(proxy.operations).toEqual([])
  })

  it("the highest number of segments works, without Node's warning about listeners", async () => {
    const { putExpired, put, clean } = table()
    await putExpired(30)
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
