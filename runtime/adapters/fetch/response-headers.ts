/** The headers besides Set-Cookie. They keep caches from giving one user's response to another. */
export type SessionHeaders = Readonly<Record<string, string>>

/** The part of `Headers` that `addHeaders` of a manager needs. */
export interface HeaderTarget {
  get(name: string): string | null | undefined
  set(name: string, value: string): unknown
}

/**
 * The headers for a response.
 *
 * @param depends whether the response depends on the session
 * @param hasCookie whether the response has the session's cookie
 */
export function sessionHeaders(depends: boolean, hasCookie: boolean): SessionHeaders {
  return {
    ...((depends || hasCookie) && { Vary: 'Cookie' }),
    ...(hasCookie && { 'Cache-Control': 'private, no-store' }),
  }
}

/**
 * Adds the headers to a response. `Vary` is merged. A `Cache-Control` of the application stays.
 *
 * @returns the application's `Cache-Control`, if it lets shared caches store the cookie
 */
export function addSessionHeaders(target: HeaderTarget, headers: SessionHeaders): string | undefined {
  const { Vary: vary, 'Cache-Control': cacheControl } = headers
  if (vary !== undefined) target.set('Vary', merged(target.get('Vary'), vary))
  if (cacheControl === undefined) return undefined
  const own = target.get('Cache-Control')
  if (own) return isForSharedCaches(own) ? own : undefined
  target.set('Cache-Control', cacheControl)
  return undefined
}

/** @param own the application's `Vary` */
function merged(own: string | null | undefined, name: string): string {
  if (!own) return name
  const names = own.split(',').map((part) => part.trim().toLowerCase())
  return names.includes('*') || names.includes(name.toLowerCase()) ? own : `${own}, ${name}`
}

/** Directives that keep the cookie out of shared caches: RFC 9111, 5.2.2.4, 5.2.2.5 and 5.2.2.7. */
const NOT_SHARED = /(?:^|,)\s*(?:no-store|private|(?:private|no-cache)\s*=\s*"[^"]*\bset-cookie\b[^"]*")\s*(?:,|$)/i

function isForSharedCaches(cacheControl: string): boolean {
  return !NOT_SHARED.test(cacheControl)
}
