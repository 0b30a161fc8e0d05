import { parseCookie, stringifySetCookie } from '#cookie'
import { wallClock } from '../../async/clock.js'
import type { SessionOptions } from './rack-options.js'

/** The percent-decoded value of the first cookie with this name. An empty value counts as no cookie. */
export function cookieIn(header: string | null | undefined, key: string): string | undefined {
  return (header && parseCookie(header)[key]) || undefined
}

/** The Set-Cookie header for a session. */
export function setCookie(key: string, value: string, options: SessionOptions): string {
  const { expireAfter } = options
  const expires = typeof expireAfter === 'number' ? new Date(wallClock() + expireAfter * 1000) : undefined
  return stringifySetCookie({ name: key, value, expires, ...attributesOf(options) })
}

/** The Set-Cookie header that deletes the cookie in the browser. */
export function deletedCookie(key: string, options: SessionOptions): string {
  return stringifySetCookie({ name: key, value: '', maxAge: 0, expires: new Date(0), ...attributesOf(options) })
}

/** The attributes by which a browser recognizes a cookie, and those that protect it. */
function attributesOf({ path, domain, secure, httponly, sameSite, partitioned }: SessionOptions) {
  return {
    path: path ?? '/',
    domain: domain ?? undefined,
    secure: secure ?? false,
    httpOnly: httponly ?? true,
    sameSite: sameSite ?? undefined,
    partitioned: partitioned ?? false,
  }
}
