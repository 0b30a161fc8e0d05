import { afterEach, describe, expect, it, vi } from 'vitest'
import { WrongClockError } from '../../../runtime/index.js'
import { onEachEngine } from '../../support/engines.js'
import { ago, eachWithTable } from './garbage.js'

const HOUR = 3_600_000
const ALWAYS = { times: Number.POSITIVE_INFINITY }

onEachEngine('cleaning by a clock', (engine) => {
  const table = eachWithTable(engine)
  afterEach(() => void vi.useRealTimers())

  /** Sets the clock of this machine; that of DynamoDB goes on as it was. */
  function setClock(step: number): void {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + step })
  }

  async function withDeadAndLive() {
    const { put, putDead, ...rest } = table()
    await putDead(30)
    await Promise.all(Array.from({ length: 30 }, (_, index) => put(`live${index}`, { updated_at: ago(1) })))
    return { put, putDead, ...rest }
  }

  it('costs no request where DynamoDB’s answers confirm the clock', async () => {
    const { clean, proxy } = await withDeadAndLive()
    expect(await clean({ segments: 2 })).toMatchObject({ deleted: 30, kept: 30, complete: true })
    expect(proxy.operations.filter((operation) => operation === 'Scan')).toHaveLength(2)
  })

  it.each([
    [2 * HOUR, '2 h behind', {}],
    [-2 * HOUR, '2 h ahead of', {}],
    [2 * HOUR, '2 h behind', { dryRun: true }],
    [2 * HOUR, '2 h behind', { segments: 1 }],
  ])('is refused where that is %d ms off, and nothing is deleted (%s, %j)', async (offset, text, context) => {
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

  it.each([HOUR, -HOUR])('is refused where that is %d ms off, also when nothing is dead', async (offset) => {
    const { clean, put, ids, proxy } = table()
    await put('live', { updated_at: ago(1) })
    proxy.dateBy(() => Date.now() + offset)
    await expect(clean()).rejects.toThrow(WrongClockError)
    expect(await ids()).toEqual(['live'])
  })

  it('is done with trustClock', async () => {
    const { clean, proxy } = await withDeadAndLive()
    proxy.dateBy(() => Date.now() + 2 * HOUR)
    expect(await clean({ trustClock: true })).toMatchObject({ deleted: 30, kept: 30, complete: true })
  })

  it('is done, without further requests, where answers carry no date', async () => {
    const { clean, proxy } = await withDeadAndLive()
    proxy.dateBy(() => undefined)
    expect(await clean({ segments: 2 })).toMatchObject({ deleted: 30, kept: 30, complete: true })
    expect(proxy.operations.filter((operation) => operation === 'Scan')).toHaveLength(2)
  })

  describe('that is set while it runs', () => {
    it('forward by mistake: no live session is deleted', async () => {
      const { clean, ids, proxy } = await withDeadAndLive()
      const server = Date.now()
      proxy.dateBy(() => server)
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(3 * HOUR) })
      await expect(clean({ segments: 1 })).rejects.toThrow("This machine's clock is 3 h ahead of DynamoDB's")
      expect(await ids()).toHaveLength(60)
    })

    it('forward by mistake between two batches: those before are deleted, no live session is', async () => {
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

    it('forward by mistake, and back: what was taken for dead meanwhile stays', async () => {
      const { clean, ids, proxy } = await withDeadAndLive()
      const server = Date.now()
      proxy.dateBy(() => server)
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(3 * HOUR) })
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(-3 * HOUR) })
      expect(await clean({ segments: 1 })).toMatchObject({ deleted: 30, kept: 30, complete: true })
      expect((await ids()).every((id) => id.startsWith('live'))).toBe(true)
    })

    it('back by mistake: nothing more is deleted, and cleaning is refused', async () => {
      const { clean, ids, putDead, proxy } = table()
      await putDead(30)
      const server = Date.now()
      proxy.dateBy(() => server)
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(-3 * HOUR) })
      await expect(clean({ segments: 1 })).rejects.toThrow("This machine's clock is 3 h behind DynamoDB's")
      expect(await ids()).toHaveLength(30)
    })

    it.each([3 * HOUR, -3 * HOUR])('to the right time, by %d ms: it goes on by that', async (step) => {
      const { clean, ids, put, putDead, proxy } = table()
      setClock(-step)
      const wrong = Date.now()
      proxy.dateBy(() => Date.now())
      await putDead(30, { updated_at: { S: `${(wrong + step) / 1000 - 100}`.replace(/^(\d+)$/, '$1.0') } })
      await put('live', { updated_at: { S: `${(wrong + step) / 1000 - 1}`.replace(/^(\d+)$/, '$1.0') } })
      proxy.inject('Scan', { delay: 0 }, { meanwhile: async () => setClock(step) })
      expect(await clean({ segments: 1 })).toMatchObject({ deleted: 30, kept: 1, complete: true })
      expect(await ids()).toEqual(['live'])
    })
  })
})
