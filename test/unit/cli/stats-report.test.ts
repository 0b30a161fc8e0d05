import { expect, it } from 'vitest'
import { statsPage, svg } from '../../../runtime/cli/stats-page.js'
import { blocks, bytesText, limitText, type Report, statsText, timeText } from '../../../runtime/cli/stats-text.js'
import { DEFAULT_PRICES } from '../../../runtime/statistics/cost.js'
import type { Sample, SampledItem } from '../../../runtime/statistics/sample.js'
import { statisticsOf } from '../../../runtime/statistics/statistics.js'

const NOW = Date.parse('2026-03-10T12:00:00Z')
const times = { createdAt: NOW - 90_000_000, updatedAt: NOW - 5000 }
const items: SampledItem[] = [
  { kind: 'live', bytes: 600, storedBytes: 700, ...times },
  { kind: 'live', bytes: 1500, storedBytes: 1600, ...times },
  { kind: 'expired', bytes: 600, storedBytes: 700, ...times },
]
const table = { itemCount: 3000, tableClass: 'standard', billingMode: 'pay_per_request' } as const
const sample: Sample = { items, scanned: 3, isWhole: false, table, now: NOW, capacityUnits: 1.5 }

const report = (more: Partial<Report> = {}): Report => ({
  tableName: 'sessions',
  tableClass: 'standard',
  billingMode: 'pay_per_request',
  now: NOW,
  capacityUnits: 1.5,
  statistics: statisticsOf(sample),
  prices: DEFAULT_PRICES,
  givenPrices: [],
  storage: 0.004,
  load: undefined,
  requests: undefined,
  ...more,
})

it('draws bars in eighths of a column, and shows the smallest number', () => {
  const bars = [
    { label: 'a', count: 1000 },
    { label: 'bb', count: 253 },
    { label: 'c', count: 1 },
    { label: 'd', count: 0 },
  ]
  expect(blocks(bars)).toEqual([
    `   a  ${'█'.repeat(40)} 1,000`,
    `  bb  ${'█'.repeat(10)}▏ 253`,
    '   c  ▏ 1',
    '   d  0',
  ])
})

it('shows sizes and times in the unit that fits', () => {
  expect([0, 512, 1024, 1536, 400 * 1024, 3 * 1024 ** 3].map(bytesText)).toEqual([
    '0 B',
    '512 B',
    '1 KB',
    '1.5 KB',
    '400 KB',
    '3 GB',
  ])
  expect([0, 59, 3600, 86_400, 129_600].map(timeText)).toEqual(['0s', '59s', '1h00m', '1 d', '1.5 d'])
  expect([60, 600, 3600, 21_600, 86_400].map(limitText)).toEqual(['1 min', '10 min', '1 h', '6 h', '1 d'])
})

it('prints tables, histograms, and the date of the prices', () => {
  const text = statsText(report())
  expect(text).toContain('Estimated from 3 of about 3,000 items (2 read units) in table "sessions"')
  expect(text).toMatch(/│ sessions +│ 2,000 │/)
  expect(text).toMatch(/│ expired, not yet deleted +│ 1,000 │/)
  expect(text).toMatch(/│ size +│ +900 B │ +600 B │ +1\.5 KB │ +1\.5 KB │/)
  expect(text).toMatch(/│ age +│ +1 d │/)
  expect(text).toMatch(/│ idle time +│ +5s │/)
  expect(text).toMatch(/\nsize\n {2}≤ 1 KB {2}█{40} 2,000\n {2}≤ 2 KB {2}█{20} 1,000\n/)
  expect(text).toMatch(/ {2}2026-03-09 {2}█{40} 2,000/)
  expect(text).toMatch(/│ storage, 2\.9 MB +│ +< 0\.01 │/)
  expect(text).toContain('on-demand prices of us-east-1 since 2024-11-01')
  expect(text).not.toContain('│ reads, ')
  expect(text).not.toContain('\u001b')
  expect(
    Math.max(
      ...text
        .split('\n')
        .filter((line) => /[│█]/.test(line))
        .map((line) => line.length),
    ),
  ).toBeLessThan(80)
})

it('says when the counts are those of the sample, because the count of DynamoDB is out of date', () => {
  const statistics = statisticsOf({ ...sample, table: { ...table, itemCount: 0 } })
  expect(statsText(report({ statistics }))).toMatch(/^Only a sample of 3 items[\s\S]*raise --sample\./)
  const whole = statisticsOf({ ...sample, isWhole: true })
  expect(statsText(report({ statistics: whole }))).toMatch(/^All 3 items(?![\s\S]*raise --sample)/)
})

it('prints the cost of requests, and what it leaves out', () => {
  const requests = { readUnits: 1, writeUnits: 0.25, reads: 1234.5, writes: 6 }
  const text = statsText(report({ requests, billingMode: 'provisioned', tableClass: 'standard_infrequent_access' }))
  expect(text).toMatch(/│ reads, 1 unit a request +│ +1,234\.50 │/)
  expect(text).toMatch(/│ writes, 0\.25 units a request +│ +6\.00 │/)
  expect(text).toContain('Touches are not counted')
  expect(text).toContain('provisioned capacity')
  expect(text).toContain('another table class')
})

it('names the prices that are given, and the class of the table as long as a price of its cost is not', () => {
  const tableClass = 'standard_infrequent_access'
  const requests = { readUnits: 1, writeUnits: 0.25, reads: 1, writes: 6 }
  const one = statsText(report({ tableClass, requests, givenPrices: ['storage'] }))
  expect(one).toContain('(given: storage; else on-demand prices of us-east-1 since 2024-11-01; set --price-*)')
  expect(one).toContain('another table class')
  expect(statsText(report({ tableClass, givenPrices: ['storage'] }))).not.toContain('another table class')
  const all = statsText(report({ tableClass, requests, givenPrices: ['storage', 'reads', 'writes'] }))
  expect(all).toContain('(given: storage, reads, writes; set --price-*)')
  expect(all).not.toContain('another table class')
})

it('wraps notes, but no table, in a narrow terminal', () => {
  const text = statsText(report(), { isTTY: true, columns: 40 })
  expect(text).toMatch(/\nPrices in US dollars: 0\.25 a GB and\n {2}month, /)
  expect(text).toContain('│           │ average │   p50 │')
})

it('writes one page without scripts and other files, with escaped texts', () => {
  const page = statsPage(report({ tableName: '<b>&"' }))
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
  expect(page).toContain('<title>Sessions in table &lt;b&gt;&amp;&quot;</title>')
  expect(page).not.toMatch(/<b>|<script|src=|href=|url\(|@import/)
  expect(page.match(/<svg /g)).toHaveLength(4)
  expect(page).toContain('<td>expired, not yet deleted</td><td>1,000</td>')
})

it('draws a bar for each number, the longest over the whole width', () => {
  const drawn = svg({
    title: 'size',
    bars: [
      { label: '≤ 1 KB', count: 10 },
      { label: 'more', count: 5 },
    ],
  })
  expect(drawn).toContain('viewBox="0 0 700 48"')
  expect([...drawn.matchAll(/<rect x="100" y="(\d+)" width="([\d.]+)"/g)].map(([, y, width]) => [y, width])).toEqual([
    ['4', '500'],
    ['28', '250'],
  ])
  expect(drawn).toContain('>≤ 1 KB</text>')
})
