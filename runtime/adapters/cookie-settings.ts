import { wallClock } from '../clock.js'
import type { SessionExtras } from '../session/session-repository.js'

/** The settings of a session's cookie, as express-session and those modelled on it have them. */
export interface CookieSettings {
  /** The lifetime in milliseconds that a renewal gives; null for a cookie that lives as long as the browser. */
  readonly originalMaxAge?: number | null | undefined
  readonly maxAge?: number | null | undefined
  readonly expires?: Date | string | number | null | undefined
}

/** The settings as they are stored beside the data; undefined for sessions of other writers. */
export function parseCookie(json: string | undefined): CookieSettings | undefined {
  try {
    const cookie = json === undefined ? undefined : JSON.parse(json)
    return typeof cookie === 'object' && cookie !== null && !Array.isArray(cookie) ? cookie : undefined
  } catch {
    return undefined
  }
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
