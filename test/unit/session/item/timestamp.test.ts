import { describe, expect, it } from 'vitest'
import { milliseconds, timestamp } from '../../../../runtime/session/item/timestamp.js'

describe('a stored time', () => {
  it('is seconds with six digits of microseconds and nine random digits', () => {
    expect(timestamp(1763832000123.456)).toMatch(/^1763832000\.123456\d{9}$/)
    expect(timestamp(1763832000000)).toMatch(/^1763832000\.000000\d{9}$/)
  })

  it('is never the same for two writers in the same microsecond', () => {
    expect(new Set(Array.from({ length: 100 }, () => timestamp(1763832000123.456))).size).toBe(100)
  })

  it('is greater, as text, than the time that it replaces, even if that came from a clock ahead of ours', () => {
    const now = 1763832000123.456
    for (const before of ['1763832000.1234568', '1763832030.5', timestamp(now), timestamp(now + 59_000)]) {
      expect(timestamp(now, before) > before).toBe(true)
    }
  })

  it('is greater than all other times of the same microsecond, where a floating-point number would be off by one', () => {
    for (const before of ['1795371606.131568060605398', '1795371608.70012006584328', '1795371606.3845370456']) {
      const tries = Array.from({ length: 200 }, () => timestamp(1795371600000, before))
      expect(tries.every((text) => text > before)).toBe(true)
    }
  })

  it('does not continue a time that is more than a minute ahead', () => {
    expect(timestamp(1763832000123.456, '1763832099.5')).toMatch(/^1763832000\.123456/)
  })

  it('ignores a text that is no time', () => {
    expect(timestamp(1763832000123.456, 'yesterday')).toMatch(/^1763832000\.123456/)
  })

  it('is read as milliseconds, in our form and in the form of Ruby', () => {
    expect(milliseconds('1795371590.1679342')).toBeCloseTo(1795371590167.934, 3)
    expect(milliseconds('1795370931.0')).toBe(1795370931000)
    expect(milliseconds('soon')).toBeUndefined()
    expect(milliseconds(undefined)).toBeUndefined()
  })
})
