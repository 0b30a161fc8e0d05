import { expect, it } from 'vitest'
import { flaggedBy } from './flagged.js'

const flagged = (files: Readonly<Record<string, string>>) => flaggedBy('plugin', files)

const READS = [
  'export const a = Date.now()',
  'export const a = [1].map(Date.now)',
  'export const a = Date["now"]()',
  'export const a = globalThis.Date.now()',
  'export const a = new Date()',
  'export const a = new Date',
  'export const a = Date()',
  'const { now } = Date; export { now }',
  'export const a = performance.now()',
  'export const a = performance.timeOrigin',
  'export const a = globalThis.performance.now()',
  'export { performance as p } from "node:perf_hooks"',
  'export const a = process.hrtime()',
  'export const a = process.hrtime.bigint()',
  'import { hrtime } from "node:process"; export { hrtime }',
  'export const a = process.uptime()',
]

const OTHERS = [
  'export const a = new Date(5)',
  'export const a = Date.parse("2026-11-28")',
  'export const a = Date.UTC(2026, 10)',
  'export const a = "Date.now()" // Date.now()',
]

it('allows no file of runtime/ and generators/ to read a clock', () => {
  const files = READS.flatMap((text, index) => [
    [`generators/read-${index}.ts`, text],
    [`runtime/session/read-${index}.ts`, text],
  ])
  expect(flagged(Object.fromEntries(files))).toEqual(files.map(([path]) => path).toSorted())
})

it('allows code that reads no clock', () => {
  expect(flagged(Object.fromEntries(OTHERS.map((text, index) => [`runtime/other-${index}.ts`, text])))).toEqual([])
})

it('allows runtime/async/clock.ts to read clocks, and tests', () => {
  const text = READS.join('\n')
  expect(flagged({ 'runtime/async/clock.ts': text, 'test/unit/generators/a.ts': text })).toEqual([])
})
