import type { CookieOptions } from 'express-session'
import type { SessionExtras } from '../session/session-repository.js'

/** The settings as they are stored beside the data; undefined for sessions of other writers. */
export function parseCookie(json: string | undefined): CookieOptions | undefined {
  try {
    const cookie = json === undefined ? undefined : JSON.parse(json)
    return typeof cookie === 'object' && cookie !== null && !Array.isArray(cookie) ? cookie : undefined
  } catch {
    return undefined
  }
}

/** Whether the cookie's own time is over. */
export function isOver(cookie: CookieOptions | undefined): boolean {
  const end = cookie?.expires ? endOf(cookie) : undefined
  return end !== undefined && Date.now() >= end
}

/**
 * What a session's cookie means for its item.
 *
 * @param stored the settings as they are stored
 */
export function extrasOf(cookie: CookieOptions | undefined, stored: string | undefined): SessionExtras {
  if (!cookie) return {}
  const json = JSON.stringify(cookie)
  return {
    cookie: json,
    ownEnd: endOf(cookie),
    ownLifetime: lifetimeOf(cookie),
    changed: json !== stored && settings(json) !== settings(stored),
  }
}

/** When the cookie ends, in milliseconds since the epoch; undefined for one that lives as long as the browser. */
function endOf(cookie: CookieOptions): number | undefined {
  if (cookie.expires) {
    const end = new Date(cookie.expires).getTime()
    return Number.isNaN(end) ? undefined : end
  }
  return typeof cookie.maxAge === 'number' ? Date.now() + cookie.maxAge : undefined
}

function lifetimeOf(cookie: CookieOptions & { originalMaxAge?: unknown }): number | undefined {
  if (typeof cookie.originalMaxAge === 'number') return cookie.originalMaxAge
  const end = endOf(cookie)
  return end === undefined ? undefined : end - Date.now()
}

/** The settings without the time that moves with every request. */
function settings(json: string | undefined): string {
  const { expires, ...others } = parseCookie(json) ?? {}
  return JSON.stringify({ ...others, expires: Boolean(expires) })
}
