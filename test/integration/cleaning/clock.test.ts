import { afterEach, describe, expect, it, vi } from 'vitest'
import { WrongClockError } from '../../../runtime/index.js'
import { onEachEngine } from '../../support/engines.js'
import { ago, eachWithTable } from './cleaning-table.js'

const HOUR = 3_600_000
const ALWAYS = { times: Number.POSITIVE_INFINITY }

onEachEngine('cleaning by a clock', (engine) => {
  const table = eachWithTable(engine)
  afterEach(() => void vi.useRealTimers())

  /** Sets this machine's clock. DynamoDB's clock does not change. */
  function setClock(step: number): void {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + step })
  }

  async function withDeadAndLive() {
    const { put, putExpired, ...rest } = table()
    await putExpired(30)
    await Promise.all(Array.from({ length: 30 }, (_, index) => put(`live${index}`, { updated_at: ago(1) })))
    return { put, putExpired, ...rest }
  }

  it('sends no extra request when responses confirm the clock', async () => {
    const { clean, proxy } = await withDeadAndLive()
    expect(await clean({ segments: 2 })).toMatchObject({ deleted: 30, kept: 30, complete: true })
    expect(proxy.operations.filter((operation) => operation === 'Scan')).toHaveLength(2)
  })

  it.each([
    [2 * HOUR, '2 h behind', {}],
    [-2 * HOUR, '2 h ahead of', {}],
    [2 * HOUR, '2 h behind', { dryRun: true }],
    [2 * HOUR, '2 h behind', { segments: 1 }],
  ])('is refused when the clock is %d ms off, and deletes nothing (%s, %j)', async (offset, text, context) => {
    const { clean, ids, proxy } = await withDeadAndLive()
    proxy.dateBy(() => Date.now() + offset)
    const failure = await clean(context).catch((error) => error)
    expect(failure).toBeInstanceOf(WrongClockError)
    expect(failure.message).toContain(`This machine's clock is ${text} DynamoDB's`)
    expect(failure.message).toContain('--trust-clock (in code trustClock: true)')
    expect(Math.abs(failure.offset - offset)).toBeLessThan(5000)
    expect(await ids()).toHaveLength(60)
    expect(new Set(proxy.operations)).toEqual(new Set(['Scan']))
  })

  it.each([HOUR, -HOUR])('is refused when the clock is %d ms off, even if nothing has expired', async (offset) => {
    const { clean, put, ids, proxy } = table()
    await put('live', { updated_at: ago(1) })
    proxy.dateBy(() => Date.now() + offset)
    await expect(clean()).rejects.toThrow(WrongClockError)
    expect(await ids()).toEqual(['live'])
  })

  it('continues with trustClock', async () => {
    const { clean, proxy } = await withDeadAndLive()
    proxy.dateBy(() => Date.now() + 2 * HOUR)
    expect(await clean({ trustClock: true })).toMatchObject({ deleted: 30, kept: 30, complete: true })
  })

  it('continues without extra requests when responses have no date', async () => {
    const { clean, proxy } = await withDeadAndLive()
    proxy.dateBy(() => undefined)
    expect(await clean({ segments: 2 })).toMatchObject({ deleted: 30, kept: 30, complete: true })
    expect(proxy.operations.filter((operation) => operation === 'Scan')).toHaveLength(2)
  })

  describe('that is set while it runs', () => {
    it('forward by mistake: deletes no live session', async () => {
      const { clean, ids, proxy } = await withDeadAndLive()
      const server = Date.now()
      proxy.dateBy(() => server)
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(3 * HOUR) })
      await expect(clean({ segments: 1 })).rejects.toThrow("This machine's clock is 3 h ahead of DynamoDB's")
      expect(await ids()).toHaveLength(60)
    })

    it('forward by mistake between two batches: deletes no live session after the first batch', async () => {
      const { clean, ids, proxy } = await withDeadAndLive()
      const server = Date.now()
      proxy.dateBy(() => server)
      const step = async () => {
        if (Date.now() - server < HOUR) setClock(3 * HOUR)
      }
      for (const operation of ['DeleteItem', 'BatchExecuteStatement']) {
        if (engine.name === 'dynalite' && operation !== 'DeleteItem') continue
        proxy.inject(operation, { delay: 0 }, { ...ALWAYS, meanwhile: step })
      }
      await expect(clean({ segments: 1 })).rejects.toThrow("This machine's clock is 3 h ahead of DynamoDB's")
      const left = await ids()
      expect(left.filter((id) => id.startsWith('live'))).toHaveLength(30)
      expect(left.length).toBeGreaterThan(30)
      expect(left.length).toBeLessThan(60)
    })

    it('forward by mistake, and back: keeps sessions that seemed expired meanwhile', async () => {
      const { clean, ids, proxy } = await withDeadAndLive()
      const server = Date.now()
      proxy.dateBy(() => server)
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(3 * HOUR) })
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(-3 * HOUR) })
      expect(await clean({ segments: 1 })).toMatchObject({ deleted: 30, kept: 30, complete: true })
      expect((await ids()).every((id) => id.startsWith('live'))).toBe(true)
    })

    it('back by mistake: deletes nothing more, and is refused', async () => {
      const { clean, ids, putExpired, proxy } = table()
      await putExpired(30)
      const server = Date.now()
      proxy.dateBy(() => server)
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(-3 * HOUR) })
      await expect(clean({ segments: 1 })).rejects.toThrow("This machine's clock is 3 h behind DynamoDB's")
      expect(await ids()).toHaveLength(30)
    })

    it.each([3 * HOUR, -3 * HOUR])('to the right time, by %d ms: continues with that time', async (step) => {
      const { clean, ids, put, putExpired, proxy } = table()
      setClock(-step)
      const wrong = Date.now()
      proxy.dateBy(() => Date.now())
      await putExpired(30, { updated_at: { S: `${(wrong + step) / 1000 - 100}`.replace(/^(\d+)$/, '$1.0') } })
      await put('live', { updated_at: { S: `${(wrong + step) / 1000 - 1}`.replace(/^(\d+)$/, '$1.0') } })
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(step) })
      expect(await clean({ segments: 1 })).toMatchObject({ deleted: 30, kept: 1, complete: true })
      expect(await ids()).toEqual(['live'])
    })
  })
})
