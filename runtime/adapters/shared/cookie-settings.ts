import { wallClock } from '../../async/clock.js'
import type { SessionExtras } from '../../session/item/session-extras.js'

/** The settings of a session's cookie, with the names of express-session. */
export interface CookieSettings {
  /** The lifetime in milliseconds, which starts again at each touch. null: the cookie ends with the browser. */
  readonly originalMaxAge?: number | null | undefined
  readonly maxAge?: number | null | undefined
  readonly expires?: Date | string | number | null | undefined
}

/** Tells whether a setting can have the value. */
type Check = (value: unknown) => boolean

const isBoolean: Check = (value) => typeof value === 'boolean'
const isLifetime: Check = (value) => value === null || (typeof value === 'number' && isWritable(wallClock() + value))

/** The values that frameworks can write into a cookie, which are the values that the package `cookie` accepts. */
const SETTINGS: ReadonlyMap<string, Check> = new Map([
  ['originalMaxAge', isLifetime],
  ['maxAge', isLifetime],
  ['expires', (value) => value === null || (typeof value === 'string' && isWritable(Date.parse(value)))],
  ['path', isTextOf(/^[\x20-\x3a\x3d-\x7e]*$/)],
  ['domain', isTextOf(/^\.?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i)],
  ['sameSite', (value) => typeof value === 'boolean' || isTextOf(/^(?:strict|lax|none)$/i)(value)],
  ['priority', isTextOf(/^(?:low|medium|high)$/i)],
  ['secure', isBoolean],
  ['httpOnly', isBoolean],
  ['partitioned', isBoolean],
])

/**
 * The settings of a cookie from their stored JSON. Leaves out members that a framework can't write into a cookie. With
 * such a member, the framework could not send its response.
 *
 * @returns undefined if no settings are stored, for example in sessions of other writers
 */
export function parseCookie(json: string | undefined): CookieSettings | undefined {
  try {
    const cookie = json === undefined ? undefined : JSON.parse(json)
    if (typeof cookie !== 'object' || cookie === null || Array.isArray(cookie)) return undefined
    const settings: Record<string, unknown> = {}
    for (const name in cookie) {
      const value = name === 'expires' ? asText(cookie[name]) : cookie[name]
      if (SETTINGS.get(name)?.(value)) settings[name] = value
    }
    return settings
  } catch {
    return undefined
  }
}

/** Scripts may give a time as a number of milliseconds. */
function asText(value: unknown): unknown {
  return typeof value === 'number' && isWritable(value) ? new Date(value).toISOString() : value
}

/** Whether the package `cookie` can write a time. It refuses years before 1601 and after 9999 (RFC 6265, section 5.1.1). */
function isWritable(time: number): boolean {
  const year = new Date(time).getUTCFullYear()
  return year >= 1601 && year <= 9999
}

function isTextOf(pattern: RegExp): Check {
  return (value) => typeof value === 'string' && pattern.test(value)
}

/** Whether the cookie has expired by its own `expires`. */
export function isExpired(cookie: CookieSettings | undefined): boolean {
  const end = cookie?.expires ? endOf(cookie) : undefined
  return end !== undefined && wallClock() >= end
}

/**
 * The values of a session's cookie for its item.
 *
 * @param stored the stored settings, JSON
 */
export function extrasOf(cookie: CookieSettings | undefined, stored: string | undefined): SessionExtras {
  if (!cookie) return {}
  const json = JSON.stringify(cookie)
  return {
    cookie: json,
    ownEnd: endOf(cookie),
    ownLifetime: lifetimeOf(cookie),
    changed: json !== stored && withoutTime(json) !== withoutTime(stored) && !haveSameSettings(json, stored),
  }
}

/**
 * For a quick comparison: equal texts mean equal settings. Different texts can too, if the order of the keys differs.
 */
function withoutTime(json: string | undefined): string | undefined {
  return json?.replace(/"expires":"[^"]*"/, '"expires":true')
}

/** When the cookie ends, in milliseconds since the epoch. undefined: the cookie ends with the browser. */
function endOf(cookie: CookieSettings): number | undefined {
  if (cookie.expires) {
    const end = new Date(cookie.expires).getTime()
    return Number.isNaN(end) ? undefined : end
  }
  return typeof cookie.maxAge === 'number' ? wallClock() + cookie.maxAge : undefined
}

function lifetimeOf(cookie: CookieSettings): number | undefined {
  if (typeof cookie.originalMaxAge === 'number') return cookie.originalMaxAge
  const end = endOf(cookie)
  return end === undefined ? undefined : end - wallClock()
}

/**
 * Whether two cookies differ only in `expires`, which changes with every request. `originalMaxAge` may differ by less
 * than a second, because express-session computes it from the time until `expires`.
 */
function haveSameSettings(json: string, stored: string | undefined): boolean {
  const [one, other] = [parseCookie(json) ?? {}, parseCookie(stored) ?? {}]
  const [first, second] = [one.originalMaxAge, other.originalMaxAge]
  const bothLimited = typeof first === 'number' && typeof second === 'number'
  const lastEqually = bothLimited ? Math.abs(first - second) < 1000 : first === second
  return lastEqually && settings(one) === settings(other)
}

function settings({ expires, originalMaxAge: _, ...others }: CookieSettings): string {
  return JSON.stringify({ ...others, expires: Boolean(expires) })
}
