import { wallClock } from '../../async/clock.js'
import type { SessionExtras } from '../../session/item/session-extras.js'

/** The settings of a session's cookie, as express-session and those modelled on it have them. */
export interface CookieSettings {
  /** The lifetime in milliseconds that a renewal gives; null for a cookie that lives as long as the browser. */
  readonly originalMaxAge?: number | null | undefined
  readonly maxAge?: number | null | undefined
  readonly expires?: Date | string | number | null | undefined
}

/** Says whether a value can be that of a setting. */
type Check = (value: unknown) => boolean

const isBoolean: Check = (value) => typeof value === 'boolean'
const isLifetime: Check = (value) => value === null || (typeof value === 'number' && isWritable(wallClock() + value))

/** What frameworks write into a cookie without an error: the values that the package `cookie` takes. */
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
 * The settings as they are stored beside the data; undefined for sessions of other writers. Members that no framework
 * can write are left out: otherwise the framework could not send its answer.
 */
export function parseCookie(json: string | undefined): CookieSettings | undefined {
  try {
    const cookie = json === undefined ? undefined : JSON.parse(json)
    if (typeof cookie !== 'object' || cookie === null || Array.isArray(cookie)) return undefined
    const settings: Record<string, unknown> = {}
    for (const name in cookie) {
      const value = name === 'expires' ? inText(cookie[name]) : cookie[name]
      if (SETTINGS.get(name)?.(value)) settings[name] = value
    }
    return settings
  } catch {
    return undefined
  }
}

/** A time that a script gave as a number of milliseconds. */
function inText(value: unknown): unknown {
  return typeof value === 'number' && isWritable(value) ? new Date(value).toISOString() : value
}

/** Whether the package `cookie` writes a time. It refuses other years: RFC 6265, section 5.1.1, and four digits. */
function isWritable(time: number): boolean {
  const year = new Date(time).getUTCFullYear()
  return year >= 1601 && year <= 9999
}

function isTextOf(pattern: RegExp): Check {
  return (value) => typeof value === 'string' && pattern.test(value)
}

/** Whether the cookie's own time is over. */
export function isOver(cookie: CookieSettings | undefined): boolean {
  const end = cookie?.expires ? endOf(cookie) : undefined
  return end !== undefined && wallClock() >= end
}

/**
 * What a session's cookie means for its item.
 *
 * @param stored the settings as they are stored
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

/** The same texts mean the same settings; different ones may, too: other writers have another order. */
function withoutTime(json: string | undefined): string | undefined {
  return json?.replace(/"expires":"[^"]*"/, '"expires":true')
}

/** When the cookie ends, in milliseconds since the epoch; undefined for one that lives as long as the browser. */
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
 * Whether two cookies differ in no more than the time that moves with every request. An `originalMaxAge` of
 * express-session is a millisecond less now and then: it is what is left until `expires` just after that was set.
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
