import { describe, expect, it } from 'vitest'
import { endOf, expireAt, hasExpired } from '../../../../runtime/session/item/expiry.js'

const none = { maxAge: undefined, maxStale: undefined }
const untimed = { createdAt: undefined, updatedAt: undefined, expireAt: undefined }
const at = (seconds: number) => seconds * 1000

describe('a session has expired', () => {
  it('from updated_at + max_stale on, not before', () => {
    const times = { ...untimed, updatedAt: '1000.500000000000000' }
    expect(hasExpired(times, { ...none, maxStale: 60 }, at(1060.4))).toBe(false)
    expect(hasExpired(times, { ...none, maxStale: 60 }, at(1060.5))).toBe(true)
  })

  it('from created_at + max_age on, even if it was just used', () => {
    const times = { ...untimed, createdAt: '1000.0', updatedAt: '1059.9' }
    expect(hasExpired(times, { ...none, maxAge: 60 }, at(1059.999))).toBe(false)
    expect(hasExpired(times, { ...none, maxAge: 60 }, at(1060))).toBe(true)
  })

  it('from expire_at on', () => {
    expect(hasExpired({ ...untimed, expireAt: 1000 }, none, at(999.999))).toBe(false)
    expect(hasExpired({ ...untimed, expireAt: 1000 }, none, at(1000))).toBe(true)
  })

  it('never when nothing limits it, or when its times are missing or invalid', () => {
    expect(hasExpired({ ...untimed, createdAt: '1.0', updatedAt: '1.0' }, none, at(9e9))).toBe(false)
    expect(hasExpired(untimed, { maxAge: 1, maxStale: 1 }, at(9e9))).toBe(false)
    expect(hasExpired({ ...untimed, updatedAt: 'yesterday' }, { ...none, maxStale: 1 }, at(9e9))).toBe(false)
  })
})

describe('the current time that the Ruby gem writes to expire_at without max_stale', () => {
  it('ends nothing', () => {
    const times = { ...untimed, updatedAt: '1795371590.1679482', expireAt: 1795371590 }
    expect(hasExpired(times, none, at(1795371600))).toBe(false)
    expect(hasExpired({ ...times, expireAt: 1795371591 }, none, at(1795371600))).toBe(false)
  })

  it('differs from an expire_at of a lifetime', () => {
    const times = { ...untimed, updatedAt: '1795371590.1679482', expireAt: 1795371592 }
    expect(hasExpired(times, none, at(1795371600))).toBe(true)
  })

  it('differs from that of this package, whose times have more digits', () => {
    const times = { ...untimed, updatedAt: '1795371590.167948123456789', expireAt: 1795371591 }
    expect(hasExpired(times, none, at(1795371600))).toBe(true)
  })
})

describe('the end of a session', () => {
  const times = { createdAt: '1000.0', updatedAt: '1100.5', expireAt: 2000 }

  it('is the earliest of all limits', () => {
    expect(endOf(times, none)).toBe(at(2000))
    expect(endOf(times, { ...none, maxStale: 60 })).toBe(at(1160.5))
    expect(endOf(times, { maxAge: 120, maxStale: 60 })).toBe(at(1120))
    expect(endOf(times, { maxAge: 5000, maxStale: 5000 })).toBe(at(2000))
  })

  it('does not come if nothing limits the session, also where Ruby wrote the current time', () => {
    expect(endOf({ ...times, expireAt: undefined }, none)).toBe(Number.POSITIVE_INFINITY)
    expect(endOf({ ...times, expireAt: 1101 }, none)).toBe(Number.POSITIVE_INFINITY)
    expect(endOf({ ...times, expireAt: 1101 }, { ...none, maxAge: 200 })).toBe(at(1200))
  })
})

describe('expire_at', () => {
  const times = { updatedAt: at(1000.2), createdAt: at(900), ownEnd: undefined }

  it('is the earliest end that applies', () => {
    expect(expireAt(times, { maxAge: 300, maxStale: 60 })).toBe(1061)
    expect(expireAt(times, { maxAge: 150, maxStale: 60 })).toBe(1050)
    expect(expireAt({ ...times, ownEnd: at(1020) }, { maxAge: 150, maxStale: 60 })).toBe(1020)
    expect(expireAt({ ...times, ownEnd: at(5000) }, none)).toBe(5000)
  })

  it('is absent when nothing ends the session', () => {
    expect(expireAt(times, none)).toBeUndefined()
    expect(expireAt({ ...times, createdAt: undefined }, { ...none, maxAge: 5 })).toBeUndefined()
  })

  it('is never earlier than the end that a read enforces, so that Time to Live deletes no live session', () => {
    const stored = expireAt(times, { ...none, maxStale: 60 }) ?? 0
    expect(hasExpired({ ...untimed, updatedAt: '1000.2' }, { ...none, maxStale: 60 }, at(stored))).toBe(true)
  })
})
