import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { folderWith } from '../../support/folder.js'

const ROOT = join(import.meta.dirname, '../../..')
const RULE = 'scripts/lint/one-clock.grit'

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

/** The files of which the rule finds something to say, with this project's settings. */
function flagged(files: Readonly<Record<string, string>>): string[] {
  const { $schema, vcs, ...settings } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'))
  const cwd = folderWith({
    ...files,
    'biome.json': JSON.stringify(settings),
    [RULE]: readFileSync(join(ROOT, RULE), 'utf8'),
  })
  const arguments_ = ['lint', '--reporter=json', '--max-diagnostics=none', '.']
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/biome'), arguments_, { cwd, encoding: 'utf8' })
  const { diagnostics }: { diagnostics: { category: string; location: { path: string } }[] } = JSON.parse(stdout)
  const paths = diagnostics.filter(({ category }) => category === 'plugin').map(({ location }) => location.path)
  return [...new Set(paths)].toSorted()
}

it('allows no file of runtime/ and generators/ to read a clock', () => {
  const files = READS.flatMap((text, index) => [
    [`generators/read-${index}.ts`, text],
    [`runtime/session/read-${index}.ts`, text],
  ])
  expect(flagged(Object.fromEntries(files))).toEqual(files.map(([path]) => path).toSorted())
})

it('allows all that reads no clock', () => {
  expect(flagged(Object.fromEntries(OTHERS.map((text, index) => [`runtime/other-${index}.ts`, text])))).toEqual([])
})

it('allows runtime/async/clock.ts to read clocks, and tests', () => {
  const text = READS.join('\n')
  expect(flagged({ 'runtime/async/clock.ts': text, 'test/unit/generators/a.ts': text })).toEqual([])
})
