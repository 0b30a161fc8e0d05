import { describe, expect, it } from 'vitest'
import { expiryLimits, isExpired } from '../../../runtime/cleaning/is-expired.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { Item } from '../../../runtime/session/item/session-record.js'

const NOW = 1_800_000_000
const NO_LIMITS = { maxAge: undefined, maxStale: undefined, lockExpiryTime: 500 }
const ago = (seconds: number) => ({ S: `${NOW - seconds}.250000123456789` })
const expired = (item: Item, limits = {}) => isExpired(item, { ...NO_LIMITS, ...limits }, NOW * 1000)

describe('a session is expired', () => {
  it('by max_stale, max_age, or its own expire_at: one of them is enough', () => {
    const limits = { maxStale: 60, maxAge: 3600 }
    expect(expired({ updated_at: ago(61), created_at: ago(61) }, limits)).toBe(true)
    expect(expired({ updated_at: ago(1), created_at: ago(3601) }, limits)).toBe(true)
    expect(expired({ updated_at: ago(1), created_at: ago(1), expire_at: { N: String(NOW) } }, limits)).toBe(true)
    expect(expired({ updated_at: ago(59), created_at: ago(3599), expire_at: { N: String(NOW + 1) } }, limits)).toBe(
      false,
    )
  })

  it('never by a missing or invalid time', () => {
    const limits = { maxStale: 60, maxAge: 60 }
    expect(expired({}, limits)).toBe(false)
    expect(expired({ locked_at: ago(1000) }, limits)).toBe(false)
    expect(expired({ updated_at: { S: 'long ago' }, expire_at: { S: '1' }, created_at: { NULL: true } }, limits)).toBe(
      false,
    )
  })

  it('also by times of type N', () => {
    expect(expired({ updated_at: { N: String(NOW - 60) } }, { maxStale: 60 })).toBe(true)
    expect(expired({ updated_at: { N: String(NOW - 59) } }, { maxStale: 60 })).toBe(false)
  })

  it('not by an expire_at of the Ruby gem without max_stale, which is the time of the write', () => {
    const item = { updated_at: { S: `${NOW - 100}.1679482` }, expire_at: { N: String(NOW - 100) } }
    expect(expired(item)).toBe(false)
    expect(expired(item, { maxStale: 101 })).toBe(false)
    expect(expired(item, { maxStale: 99 })).toBe(true)
  })
})

describe('a lock', () => {
  const stale = { updated_at: ago(1000) }
  const limits = { maxStale: 60, lockExpiryTime: 5000 }

  it('protects an expired session for lock_expiry_time, and a second for different clocks', () => {
    expect(expired({ ...stale, locked_at: { S: `${NOW - 4}.9` } }, limits)).toBe(false)
    expect(expired({ ...stale, locked_at: { S: `${NOW - 5}.9` } }, limits)).toBe(false)
    expect(expired({ ...stale, locked_at: { S: `${NOW - 7}.9` } }, limits)).toBe(true)
    expect(expired({ ...stale, locked_at: { N: String(NOW - 3) } }, limits)).toBe(false)
    expect(expired({ ...stale, locked_at: { N: String(NOW - 7) } }, limits)).toBe(true)
  })

  it('protects an expired session while the age of the lock is unknown', () => {
    expect(expired({ ...stale, locked_at: { NULL: true } }, limits)).toBe(false)
    expect(expired({ ...stale, locked_at: { S: String(NOW * 1000) } }, limits)).toBe(false)
  })
})

describe('the limits of expiry', () => {
  it('are max_age and max_stale: without both, cleaning is refused, and the error says what to set', () => {
    expect(() => expiryLimits(resolveConfiguration({}, {}), false)).toThrow(/max_age, max_stale: neither is set/)
    expect(expiryLimits(resolveConfiguration({ maxAge: 5 }, {}), false)).toEqual({ ...NO_LIMITS, maxAge: 5 })
    expect(expiryLimits(resolveConfiguration({ maxStale: 5 }, {}), false)).toEqual({ ...NO_LIMITS, maxStale: 5 })
  })

  it('may be only the expire_at of items, without max_age and max_stale', () => {
    expect(expiryLimits(resolveConfiguration({ maxAge: 5, maxStale: 5 }, {}), true)).toEqual(NO_LIMITS)
    expect(expiryLimits(resolveConfiguration({}, {}), true)).toEqual(NO_LIMITS)
  })
})
