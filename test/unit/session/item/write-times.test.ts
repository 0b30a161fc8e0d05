import { describe, expect, it } from 'vitest'
import { isTouchDue, touched } from '../../../../runtime/session/item/write-times.js'

const NOW = 1_800_000_000_000
const LIMITS = { maxAge: undefined, maxStale: undefined, touchInterval: 60 }
const ago = (seconds: number) => `${1_800_000_000 - seconds}.000000000000000`
const writtenBefore = (seconds: number) => ({ createdAt: ago(seconds), updatedAt: ago(seconds), expireAt: undefined })

describe('what every write of a session sets', () => {
  it('are its times, and expire_at only where something ends the session', () => {
    const stored = { createdAt: ago(100), updatedAt: ago(10), cookie: undefined, token: undefined }
    const { updated_at, ...others } = touched(stored, {}, LIMITS, NOW)
    expect(updated_at?.S).toMatch(/^1800000000\.000000\d{9}$/)
    expect(others).toEqual({ expire_at: undefined })
    expect(touched(stored, {}, { ...LIMITS, maxStale: 5, maxAge: 200 }, NOW).expire_at).toEqual({ N: '1800000005' })
    expect(touched(stored, {}, { ...LIMITS, maxStale: 500, maxAge: 200 }, NOW).expire_at).toEqual({ N: '1800000100' })
    expect(touched(stored, { ownEnd: NOW + 1500 }, LIMITS, NOW).expire_at).toEqual({ N: '1800000002' })
  })

  it('are settings of the cookie that changed, and the release of a lock', () => {
    const stored = { createdAt: ago(1), updatedAt: ago(1), cookie: '{"a":1}', token: ago(1) }
    expect(touched(stored, { cookie: '{"a":1}' }, LIMITS, NOW)).not.toHaveProperty('cookie')
    expect(touched(stored, { cookie: '{"a":2}' }, LIMITS, NOW).cookie).toEqual({ S: '{"a":2}' })
    expect(touched(stored, {}, LIMITS, NOW)).toHaveProperty('locked_at', undefined)
    expect(touched({ ...stored, token: undefined }, {}, LIMITS, NOW)).not.toHaveProperty('locked_at')
  })
})

describe('a touch is due', () => {
  it('after touch_interval, not before', () => {
    expect(isTouchDue(writtenBefore(59), {}, LIMITS, NOW)).toBe(false)
    expect(isTouchDue(writtenBefore(60), {}, LIMITS, NOW)).toBe(true)
    expect(isTouchDue(writtenBefore(-5), {}, { ...LIMITS, touchInterval: 0 }, NOW)).toBe(true)
  })

  it('after a tenth of the lifetime, of max_stale or of its own', () => {
    const times = { ...writtenBefore(10), expireAt: 1_900_000_000 }
    expect(isTouchDue(times, {}, { ...LIMITS, maxStale: 100 }, NOW)).toBe(true)
    expect(isTouchDue(times, {}, { ...LIMITS, maxStale: 101 }, NOW)).toBe(false)
    expect(isTouchDue(times, { ownEnd: NOW, ownLifetime: 100_000 }, LIMITS, NOW)).toBe(true)
    expect(isTouchDue(times, { ownEnd: NOW, ownLifetime: 101_000 }, LIMITS, NOW)).toBe(false)
  })

  it('where settings of the cookie changed, or a time is missing or far in the future', () => {
    expect(isTouchDue(writtenBefore(1), { changed: true }, LIMITS, NOW)).toBe(true)
    expect(isTouchDue({ ...writtenBefore(1), updatedAt: undefined }, {}, LIMITS, NOW)).toBe(true)
    expect(isTouchDue(writtenBefore(-60), {}, LIMITS, NOW)).toBe(false)
    expect(isTouchDue(writtenBefore(-61), {}, LIMITS, NOW)).toBe(true)
  })

  it('where expire_at is missing or must be removed', () => {
    expect(isTouchDue(writtenBefore(1), {}, { ...LIMITS, maxAge: 9_000 }, NOW)).toBe(true)
    expect(isTouchDue({ ...writtenBefore(1), expireAt: 1_900_000_000 }, {}, LIMITS, NOW)).toBe(true)
    const rubys = { createdAt: '1799999999.5', updatedAt: '1799999999.5', expireAt: 1_799_999_999 }
    expect(isTouchDue(rubys, {}, { ...LIMITS, maxStale: 90_000 }, NOW)).toBe(true)
  })
})
