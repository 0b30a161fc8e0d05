import { Cookie } from 'express-session'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { extrasOf } from '../../../../runtime/adapters/shared/cookie-settings.js'

const DAY = 24 * 3600 * 1000

describe("the comparison of a cookie's settings", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_763_832_000_000 }))
  afterEach(() => void vi.useRealTimers())

  it('ignores the time that moves with every request', () => {
    const stored = JSON.stringify(cookieFor(14 * DAY))
    vi.advanceTimersByTime(5000)
    expect(changed(cookieFor(14 * DAY), stored)).toBe(false)
  })

  it('ignores a millisecond that passes while express-session sets a lifetime', () => {
    const stored = JSON.stringify(cookieFor(14 * DAY))
    const slow = cookieFor(14 * DAY)
    const begin = Date.now()
    const now = vi
      .spyOn(Date, 'now')
      .mockReturnValue(begin + 1)
      .mockReturnValueOnce(begin)
    slow.maxAge = 14 * DAY
    now.mockRestore()
    expect(slow.originalMaxAge).toBe(14 * DAY - 1)
    expect(changed(slow, stored)).toBe(false)
  })

  it('notices another lifetime, no lifetime, and another setting', () => {
    const stored = JSON.stringify(cookieFor(14 * DAY))
    expect(changed(cookieFor(14 * DAY - 1000), stored)).toBe(true)
    expect(changed(cookieFor(null), stored)).toBe(true)
    expect(changed(cookieFor(14 * DAY), JSON.stringify(cookieFor(null)))).toBe(true)
    const secure = cookieFor(14 * DAY)
    secure.secure = true
    expect(changed(secure, stored)).toBe(true)
    expect(changed(cookieFor(14 * DAY), undefined)).toBe(true)
  })
})

function changed(cookie: Cookie, stored: string | undefined): boolean | undefined {
  return extrasOf(cookie, stored).changed
}

/** A cookie of express-session with this lifetime in milliseconds. */
function cookieFor(maxAge: number | null): Cookie {
  const cookie = new Cookie()
  if (maxAge !== null) cookie.maxAge = maxAge
  return cookie
}
