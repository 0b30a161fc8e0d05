import { describe, expect, it } from 'vitest'
import { expiryLimits, isExpired } from '../../../runtime/cleaning/is-expired.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { Item } from '../../../runtime/session/item/session-record.js'

const NOW = 1_800_000_000
const old = { maxAge: undefined, maxStale: undefined, lockExpiryTime: 500 }
const ago = (seconds: number) => ({ S: `${NOW - seconds}.250000123456789` })
const garbage = (item: Item, limits = {}) => isExpired(item, { ...old, ...limits }, NOW * 1000)

describe('a session is garbage', () => {
  it('when it is stale, aged, or ended by its own expire_at: one of them is enough', () => {
    const limits = { maxStale: 60, maxAge: 3600 }
    expect(garbage({ updated_at: ago(61), created_at: ago(61) }, limits)).toBe(true)
    expect(garbage({ updated_at: ago(1), created_at: ago(3601) }, limits)).toBe(true)
    expect(garbage({ updated_at: ago(1), created_at: ago(1), expire_at: { N: String(NOW) } }, limits)).toBe(true)
    expect(garbage({ updated_at: ago(59), created_at: ago(3599), expire_at: { N: String(NOW + 1) } }, limits)).toBe(
      false,
    )
  })

  it('never for a time that is missing or is no time', () => {
    const limits = { maxStale: 60, maxAge: 60 }
    expect(garbage({}, limits)).toBe(false)
    expect(garbage({ locked_at: ago(1000) }, limits)).toBe(false)
    expect(garbage({ updated_at: { S: 'long ago' }, expire_at: { S: '1' }, created_at: { NULL: true } }, limits)).toBe(
      false,
    )
  })

  it('by times of type N as well', () => {
    expect(garbage({ updated_at: { N: String(NOW - 60) } }, { maxStale: 60 })).toBe(true)
    expect(garbage({ updated_at: { N: String(NOW - 59) } }, { maxStale: 60 })).toBe(false)
  })

  it("not by the Ruby gem's expire_at, which is now when its max_stale is not set", () => {
    const item = { updated_at: { S: `${NOW - 100}.1679482` }, expire_at: { N: String(NOW - 100) } }
    expect(garbage(item)).toBe(false)
    expect(garbage(item, { maxStale: 101 })).toBe(false)
    expect(garbage(item, { maxStale: 99 })).toBe(true)
  })
})

describe('a lock', () => {
  const dead = { updated_at: ago(1000) }
  const limits = { maxStale: 60, lockExpiryTime: 5000 }

  it('protects a dead session until it is older than lock_expiry_time, and a second for clocks that differ', () => {
    expect(garbage({ ...dead, locked_at: { S: `${NOW - 4}.9` } }, limits)).toBe(false)
    expect(garbage({ ...dead, locked_at: { S: `${NOW - 5}.9` } }, limits)).toBe(false)
    expect(garbage({ ...dead, locked_at: { S: `${NOW - 7}.9` } }, limits)).toBe(true)
    expect(garbage({ ...dead, locked_at: { N: String(NOW - 3) } }, limits)).toBe(false)
    expect(garbage({ ...dead, locked_at: { N: String(NOW - 7) } }, limits)).toBe(true)
  })

  it('protects it for as long as nobody can tell how old the lock is', () => {
    expect(garbage({ ...dead, locked_at: { NULL: true } }, limits)).toBe(false)
    expect(garbage({ ...dead, locked_at: { S: String(NOW * 1000) } }, limits)).toBe(false)
  })
})

describe('what defines old', () => {
  it('must be max_age or max_stale: without both, cleaning is refused, naming what to set', () => {
    expect(() => expiryLimits(resolveConfiguration({}, {}), false)).toThrow(/max_age, max_stale: neither is set/)
    expect(expiryLimits(resolveConfiguration({ maxAge: 5 }, {}), false)).toEqual({ ...old, maxAge: 5 })
    expect(expiryLimits(resolveConfiguration({ maxStale: 5 }, {}), false)).toEqual({ ...old, maxStale: 5 })
  })

  it('can be the expire_at of the items alone, which max_age and max_stale then add nothing to', () => {
    expect(expiryLimits(resolveConfiguration({ maxAge: 5, maxStale: 5 }, {}), true)).toEqual(old)
    expect(expiryLimits(resolveConfiguration({}, {}), true)).toEqual(old)
  })
})
