import { describe, expect, it } from 'vitest'
import { DEFAULT_PRICES, requestCost, storageCost } from '../../../runtime/statistics/cost.js'
import type { Sample, SampledItem } from '../../../runtime/statistics/sample.js'
import { histogramOf, statisticsOf, summaryOf } from '../../../runtime/statistics/statistics.js'

const NOW = Date.parse('2026-03-10T12:00:00Z')
const HOUR = 3_600_000

function item(more: Partial<SampledItem> = {}): SampledItem {
  return { kind: 'live', bytes: 900, storedBytes: 1000, createdAt: NOW - HOUR, updatedAt: NOW, ...more }
}

function sample(items: readonly SampledItem[], more: Partial<Sample> = {}): Sample {
  const table = { itemCount: items.length, tableClass: 'standard', billingMode: 'pay_per_request' } as const
  return { items, scanned: items.length, isWhole: true, table, now: NOW, capacityUnits: 1, ...more }
}

it('gives the average, the percentiles by nearest rank, and the largest', () => {
  const numbers = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(summaryOf(numbers)).toEqual({ average: 50.5, p50: 50, p95: 95, largest: 100 })
  expect(summaryOf([7])).toEqual({ average: 7, p50: 7, p95: 7, largest: 7 })
  expect(summaryOf([1, 3, 2])).toMatchObject({ p50: 2, p95: 3 })
  expect(summaryOf([])).toBeUndefined()
})

it('counts a number that is equal to a limit below it, and leaves out empty buckets at both ends', () => {
  expect(histogramOf([2, 2.1, 9], [1, 2, 3, 4], 10)).toEqual([
    { limit: 2, count: 10 },
    { limit: 3, count: 10 },
    { limit: 4, count: 0 },
    { limit: undefined, count: 10 },
  ])
  expect(histogramOf([], [1], 1)).toEqual([])
})

it('counts live and expired sessions, forwarders and other items', () => {
  const items = [item(), item(), item({ kind: 'expired' }), item({ kind: 'forwarder' })]
  expect(statisticsOf(sample(items, { scanned: 6 })).items).toEqual({
    total: 6,
    live: 2,
    expired: 1,
    forwarders: 1,
    others: 2,
  })
})

it('scales counts and bytes from the sample to the table, but no sizes and times', () => {
  const table = { itemCount: 40, tableClass: 'standard', billingMode: 'pay_per_request' } as const
  const statistics = statisticsOf(sample([item(), item({ kind: 'expired' })], { isWhole: false, table }))
  expect(statistics.items).toMatchObject({ total: 40, live: 20, expired: 20 })
  expect(statistics.storedBytes).toBe(40_000)
  expect(statistics.sizes).toEqual({
    summary: { average: 900, p50: 900, p95: 900, largest: 900 },
    histogram: [{ limit: 1024, count: 40 }],
  })
  expect(statistics.ages.histogram).toEqual([{ limit: 3600, count: 20 }])
  expect(statistics.ages.summary?.p50).toBe(3600)
})

it('never assumes a table smaller than the sample: DynamoDB updates its count every six hours', () => {
  const table = { itemCount: 0, tableClass: 'standard', billingMode: 'pay_per_request' } as const
  expect(statisticsOf(sample([item()], { isWhole: false, table })).items.total).toBe(1)
})

it('counts creations of the last 14 days in UTC, of sessions that have not expired', () => {
  const at = (time: string) => item({ createdAt: Date.parse(time) })
  const dead = { ...at('2026-03-10T01:00:00Z'), kind: 'expired' } as const
  const old = at('2026-02-01T00:00:00Z')
  const items = [at('2026-03-10T00:00:00Z'), at('2026-03-09T23:59:59Z'), at('2026-02-25T00:00:00Z'), dead, old]
  const { creations } = statisticsOf(sample([...items, item({ createdAt: undefined })]))
  expect(creations).toHaveLength(14)
  expect(creations.filter(({ sessions }) => sessions > 0)).toEqual([
    { day: '2026-02-25', sessions: 1 },
    { day: '2026-03-09', sessions: 1 },
    { day: '2026-03-10', sessions: 1 },
  ])
})

it('is defined for an empty table', () => {
  const { items, ages, sizes, storedBytes } = statisticsOf(sample([]))
  expect([items.total, ages.summary, sizes.histogram, storedBytes]).toEqual([0, undefined, [], 0])
})

describe('the cost', () => {
  const load = { requestsPerDay: 1_000_000, changedShare: 0.5 }
  const items = [item({ bytes: 1000 }), item({ bytes: 5000 }), item({ kind: 'expired', bytes: 90_000 })]
  const cost = (consistentRead: boolean, locking: 'optimistic' | 'pessimistic') =>
    requestCost({ items }, { consistentRead, locking }, load, DEFAULT_PRICES)

  it('of storage goes by the price of a GB', () => {
    const statistics = statisticsOf(sample([item({ storedBytes: 2 * 1024 ** 3 })]))
    expect(storageCost(statistics, DEFAULT_PRICES)).toBe(0.5)
  })

  it('of requests rounds units up for each session', () => {
    expect(cost(true, 'optimistic')).toMatchObject({ readUnits: 1.5, writeUnits: 1.5 })
    const { reads, writes } = cost(true, 'optimistic')
    expect(reads).toBeCloseTo((365 / 12) * 1.5 * 0.125, 9)
    expect(writes).toBeCloseTo((365 / 12) * 1.5 * 0.625, 9)
  })

  it('of an eventually consistent read is half; a lock costs two writes and no read', () => {
    expect(cost(false, 'optimistic').readUnits).toBe(0.75)
    expect(cost(true, 'pessimistic')).toMatchObject({ readUnits: 0, writeUnits: 6 })
  })
})
