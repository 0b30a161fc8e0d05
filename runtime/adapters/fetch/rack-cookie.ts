import { parseCookie, stringifySetCookie } from '#cookie'
import { wallClock } from '../../async/clock.js'
import type { SessionOptions } from './rack-options.js'

/**
 * The percent-decoded values of all cookies with this name, without duplicates. A browser sends several if they differ
 * in path or domain. An empty value counts as no cookie.
 */
export function cookiesIn(header: string | null | undefined, key: string): string[] {
  const values = (header ?? '').split(';').flatMap((pair) => parseCookie(pair)[key] || [])
  return [...new Set(values)]
}

/**
 * The Set-Cookie header for a session.
 *
 * @param secure whether browsers send the cookie over https only
 */
export function setCookie(key: string, value: string, options: SessionOptions, secure: boolean): string {
  const { expireAfter } = options
  const expires = typeof expireAfter === 'number' ? new Date(wallClock() + expireAfter * 1000) : undefined
  return stringifySetCookie({ name: key, value, expires, ...attributesOf(options, secure) })
}

/** The Set-Cookie header that deletes the cookie in the browser. */
export function deletedCookie(key: string, options: SessionOptions, secure: boolean): string {
  return stringifySetCookie({ name: key, value: '', maxAge: 0, expires: new Date(0), ...attributesOf(options, secure) })
}

/** The attributes by which a browser recognizes a cookie, and those that protect it. */
function attributesOf({ path, domain, httponly, sameSite, partitioned }: SessionOptions, secure: boolean) {
  return {
    path: path ?? '/',
    domain: domain ?? undefined,
    secure,
    httpOnly: httponly ?? true,
    sameSite: sameSite ?? 'lax',
    partitioned: partitioned ?? false,
  }
}
