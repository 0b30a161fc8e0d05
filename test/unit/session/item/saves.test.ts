import { describe, expect, it } from 'vitest'
import { savesIn, savesWith, tokenOf, wasApplied } from '../../../../runtime/session/item/saves.js'

const stamps = Array.from({ length: 14 }, (_, n) => `1763832000.123456${String(n).padStart(9, '0')}`)
const listOf = (texts: readonly string[]) => {
  let list: readonly string[] = []
  for (const text of texts) list = savesIn(savesWith(tokenOf(text), list))
  return list
}

describe('the tokens of the last saves of an item', () => {
  it('differ where only the random digits of the time differ', () => {
    expect(new Set(stamps.map(tokenOf)).size).toBe(stamps.length)
  })

  it('are the last twelve, the newest first, in 83 bytes at most', () => {
    const list = listOf(stamps)
    expect(list).toEqual(stamps.slice(-12).reverse().map(tokenOf))
    expect(savesWith(tokenOf('1763832000.999999999999999'), list).S?.length).toBeLessThan(84)
  })

  it('are none in an item without the attribute, or with one of another type', () => {
    expect(savesIn(undefined)).toEqual([])
    expect(savesIn({ N: '1' })).toEqual([])
  })

  it('tell that a save was applied, that it was not, or that it is unknown', () => {
    const loaded = listOf(stamps.slice(0, 1))
    const token = tokenOf('1763832000.500000987654321')
    const judged = (count: number, applied: boolean) => {
      let list = applied ? savesIn(savesWith(token, loaded)) : loaded
      for (const text of stamps.slice(1, 1 + count)) list = savesIn(savesWith(tokenOf(text), list))
      return wasApplied(token, loaded, list)
    }
    expect([judged(0, true), judged(11, true)]).toEqual([true, true])
    expect([judged(0, false), judged(11, false)]).toEqual([false, false])
    expect([judged(12, true), judged(12, false)]).toEqual([undefined, undefined])
    expect(wasApplied(token, [], [])).toBe(false)
  })
})
