import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

type Change = string | Readonly<Record<string, string>>

// Plain JavaScript without declarations, for scripts/see-red.mjs.
const { BREAKAGES } = await import(join(ROOT, 'scripts/see-red/breakages.mjs'))
const { broken }: { broken(source: string, place: string, change: Change): string } = await import(
  join(ROOT, 'scripts/see-red/break.mjs')
)

const errorsIn = (source: string) => parseSync('source.ts', source).errors.map(({ codeframe }) => codeframe)

describe('scripts/see-red.mjs', () => {
  it('finds the place of every breakage, and changes it without a syntax error', () => {
    for (const { file, place, change } of BREAKAGES) {
      expect(errorsIn(broken(readFileSync(join(ROOT, file), 'utf8'), place, change))).toEqual([])
    }
  })

  const SOURCE = `
    const é = '€😀'
    export const LIMIT = 25 as number
    export class Doors {
      readonly #open = (count: number): number => { return count }
      async *#all() { yield LIMIT }
      constructor(readonly limit: number) {}
      async open(count: number): Promise<number> { return this.#open(Math.min(count, LIMIT)) }
    }
    export default function shut() { return é }`

  it.each<[string, Change, string]>([
    ['LIMIT', '1', 'export const LIMIT = 1\n'],
    ['shut', 'return 1', 'shut() {return 1{ return é }}'],
    ['Doors.#open', 'count += 1', '=> {count += 1{ return count }}'],
    ['Doors.#all', 'return', '#all() {return{ yield LIMIT }}'],
    ['Doors.constructor', 'limit = 1', 'number) {limit = 1{}}'],
    ['Doors.open', { Math: '{ min: () => 1 }' }, '{const Math = { min: () => 1 }{ return this'],
    ['Doors.open', 'return (await original()) + 1', '{const original = async () => { return this'],
    ['shut', 'return original() + 1', '{const original = () => { return é }return original() + 1}'],
  ])('breaks %s', (place, change, expected) => {
    const source = broken(SOURCE, place, change)
    expect(place === 'LIMIT' ? source : source.replaceAll('\n', '')).toContain(expected)
    expect(errorsIn(source)).toEqual([])
  })

  it.each<[string, Change, string]>([
    ['lock', 'return', 'There is no function or constant lock.'],
    ['Doors.close', 'return', 'There is no function or constant Doors.close.'],
    ['Gates.open', 'return', 'There is no function or constant Gates.open.'],
    ['Doors.open', { Number: '1' }, 'Doors.open does not mention Number.'],
  ])('refuses a place that does not exist: %s', (place, change, message) => {
    expect(() => broken(SOURCE, place, change)).toThrow(message)
  })
})
