import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Row {
  id: string
  group: string
  title: string
  unit: string
  values: Record<string, number[]>
  goal?: { than: string; atMost?: number; atLeast?: number; atMostMore?: number }
}
type Judged = Row & { compared?: { by: string; median: number; min: number; max: number }; met?: boolean }

// Plain JavaScript without declarations, so that `node bench/run.mjs` needs no build.
const from = async (name: string) => import(new URL(`../../../bench/support/${name}`, import.meta.url).href)
const { judged }: { judged: (row: Row) => Judged } = await from('judge.mjs')
const { chartOf }: { chartOf: (results: object) => string } = await from('chart.mjs')
const figures = await from('figures.mjs')
const figure: (value: number, unit: string) => string = figures.figure
const comparison: (value: number, by: 'ratio' | 'difference', unit: string) => string = figures.comparison

const row = { id: 'get-32', group: 'Operations', title: 'get, 32 in flight', unit: 'µs' }

describe('the report of the bench', () => {
  it('compares both values of the same round, and takes the median of the comparisons', () => {
    // The medians alone would give 3 / 20.
    const values = { ours: [1, 3, 50], peer: [10, 20, 100] }
    expect(judged({ ...row, values }).compared).toEqual({ than: 'peer', by: 'ratio', median: 0.15, min: 0.1, max: 0.5 })
    const odd = judged({ ...row, values: { ours: [9, 1, 5], peer: [10, 10, 100] } })
    expect(odd.compared).toMatchObject({ median: 0.1, min: 0.05, max: 0.9 })
  })

  it('says that a goal is met at its limit, and missed beyond', () => {
    const met = (ours: number, goal: object) => {
      return judged({ ...row, values: { ours: [ours], peer: [100] }, goal: { than: 'peer', ...goal } }).met
    }
    expect([met(25, { atMost: 0.25 }), met(26, { atMost: 0.25 })]).toEqual([true, false])
    expect([met(350, { atLeast: 3.5 }), met(349, { atLeast: 3.5 })]).toEqual([true, false])
    expect([met(110, { atMostMore: 10 }), met(111, { atMostMore: 10 })]).toEqual([true, false])
    expect(judged({ ...row, values: { ours: [1], peer: [100] } }).met).toBeUndefined()
  })

  it('compares values that may be below zero by their difference', () => {
    const { compared } = judged({ ...row, values: { ours: [5], peer: [-3] } })
    expect(compared).toMatchObject({ by: 'difference', median: 8 })
  })

  it('refuses a value that is no measurement', () => {
    const values = { ours: [1, Number.NaN], peer: [1, 2] }
    expect(() => judged({ ...row, values })).toThrow('row get-32: the values of ours are not all numbers')
    expect(() => judged({ ...row, values: { ours: [1], peer: [] } })).toThrow('the values of peer')
    expect(() => judged({ ...row, values: { ours: [1], peer: [1, 2] } })).toThrow('rounds differ')
    const goal = { than: 'nobody', atMost: 1 }
    expect(() => judged({ ...row, values: { ours: [1], peer: [1] }, goal })).toThrow('nothing was measured for nobody')
  })

  it('writes rates and large values whole, in groups of three digits, and small values with three', () => {
    const written = [figure(1234567.8, '1/s'), figure(1.5, '1/s'), figure(333.4, 'µs'), figure(54.32, 'µs')]
    expect(written).toEqual(['1 234 568', '2', '333', '54.3'])
    expect([comparison(0.001, 'ratio', ''), comparison(0.25, 'ratio', '')]).toEqual(['0.001×', '0.25×'])
    expect([comparison(12.3, 'difference', 'µs'), comparison(-4, 'difference', 'µs')]).toEqual(['+12.3 µs', '−4 µs'])
    expect([figure(7, 'ms'), figure(1.234, 'ms'), figure(0.1234, 'ms')]).toEqual(['7', '1.23', '0.123'])
  })

  const versions = { 'dynamo-session-store': '1.2.3', 'connect-dynamodb': '3.2.1' }
  const machine = { cpu: 'Abacus <3>', cores: 2, node: 'v20.19.0' }

  it('draws a pair of bars and a factor for each of three rows, with date, machine and versions', () => {
    const compared = (id: string, ours: number, peer: number) =>
      judged({ ...row, id, values: { ours: [ours], 'connect-dynamodb': [peer] } })
    const rows = [
      compared('cold-start-env-cpu', 100, 125),
      compared('capacity-typical-write-units', 1, 40),
      compared('express-rate', 30, 10),
      compared('not-shown', 7, 8),
    ]
    const chart = chartOf({ date: '2026-01-02', machine, versions, rows })
    expect(chart).toContain('2026-01-02 · Abacus &lt;3>, 2 cores · Node 20.19.0')
    expect(chart).toContain('dynamo-session-store 1.2.3, connect-dynamodb 3.2.1')
    expect(textsOf(chart, 'factor')).toEqual(['3.0× as many', '40× fewer', '1.3× less'])
    const lengths = [...chart.matchAll(/<rect class="(\w+)" x="\d+" y="\d+" width="(\d+)"/g)]
    expect(lengths.map(([, kind, width]) => [kind, Number(width)])).toEqual([
      ['ours', 400],
      ['other', 133],
      ['ours', 10],
      ['other', 400],
      ['ours', 320],
      ['other', 400],
    ])
  })

  it('refuses to draw a row that is missing', () => {
    expect(() => chartOf({ date: '2026-01-02', machine, versions, rows: [] })).toThrow('row express-rate of the chart')
  })

  it('is what README.md shows and says: npm run bench -- --chart draws the chart anew', () => {
    const at = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
    const chart = chartOf(JSON.parse(at('bench/results.json')))
    expect(at('docs/performance.svg')).toBe(chart)
    // Those who can't see the picture read its title.
    const [, title] = /<title id="title">(.+)<\/title>/.exec(chart) ?? []
    expect(at('README.md')).toContain(`![${title}](docs/performance.svg)`)
  })
})

function textsOf(chart: string, kind: string) {
  return [...chart.matchAll(new RegExp(`<text [^>]*class="${kind}">([^<]*)<`, 'g'))].map(([, text]) => text)
}
