import { wallClock } from '../../async/clock.js'
import type { SessionData } from '../../session/item/serialize.js'
import { type CookieSettings, extrasOf, parseCookie } from '../shared/cookie-settings.js'
import type { ExtrasOf } from '../shared/request-session.js'
import type { Loaded } from '../shared/session-store.js'
import { visibleData } from '../shared/visible-data.js'
import type { MaxAge } from './types.js'

/** Keys under which koa-session keeps a session's lifetime in the session. They are not data of the application. */
const BOOKKEEPING = ['_expire', '_maxAge', '_session']

/** Names that the session objects of koa-session 6 and 7 use for themselves. */
const MEMBERS = [
  ...['commit', 'externalKey', 'isNew', 'length', 'manuallyCommit', 'maxAge'],
  ...['populated', 'regenerate', 'save', 'toJSON'],
]

/** The settings of a cookie that ends with the browser. */
export const BROWSER_SESSION: CookieSettings = { originalMaxAge: null, expires: undefined }

/**
 * Makes the application's view of a loaded session. The view of an unread session is empty. Data that koa-session's
 * object can't carry is left out, but stays stored. For example, koa-session would drop a key that begins with `_`.
 *
 * @param bookkeeping whether the view is for koa-session, which also needs the lifetime
 */
export function unpack(
  { session, cookie }: Extract<Loaded, { kind: 'found' }>,
  { bookkeeping }: { bookkeeping: boolean },
): SessionData {
  if (session.unread) return {}
  const data = visibleData(session, bookkeeping ? isCarried : (key) => !BOOKKEEPING.includes(key))
  return { ...data, ...(bookkeeping && bookkeepingOf(cookie)) }
}

/** The application's data, without koa-session's keys. */
export function dataOf(session: object): SessionData {
  return Object.fromEntries(Object.entries(session).filter(([key]) => !BOOKKEEPING.includes(key)))
}

/**
 * The lifetime of a session that koa-session saves, as the settings of a cookie.
 *
 * @param maxAge from koa-session: the session's lifetime plus ten seconds. From scripts: the session's lifetime.
 * @returns undefined if neither the session nor the caller gives a lifetime
 */
export function settingsOf(session: object, maxAge: MaxAge | undefined): CookieSettings | undefined {
  const { _session, _maxAge = maxAge, _expire }: Record<string, unknown> = { ...session }
  if (_session === true || _maxAge === 'session') return BROWSER_SESSION
  if (typeof _maxAge !== 'number') return undefined
  const end = typeof _expire === 'number' ? _expire : wallClock() + _maxAge
  return { originalMaxAge: _maxAge, expires: new Date(end) }
}

/**
 * Makes the values that are stored beside the data. A session with its own lifetime expires with its cookie. A save
 * moves this expiry, because koa-session sends the cookie again. A touch does not, because the browser gets no cookie.
 *
 * @param settings the settings to store; undefined: the stored settings stay
 * @param touchInterval seconds
 */
export function extrasFor(settings: CookieSettings | undefined, touchInterval: number): ExtrasOf {
  return (stored) => {
    const before = parseCookie(stored)
    const { ownEnd: storedEnd } = extrasOf(before, stored)
    if (!settings) return { ownEnd: storedEnd }
    const extras = extrasOf({ ...before, ...settings }, stored)
    const { ownEnd, ownLifetime = 0 } = extras
    const moved = ownEnd === undefined || storedEnd === undefined ? 0 : ownEnd - storedEnd
    const isBehind = moved > 0 && moved >= Math.min(touchInterval * 1000, ownLifetime / 10)
    return { ...extras, changed: extras.changed || isBehind }
  }
}

function isCarried(key: string): boolean {
  return !key.startsWith('_') && !MEMBERS.includes(key)
}

function bookkeepingOf(cookie: CookieSettings | undefined): SessionData {
  if (cookie?.originalMaxAge === null) return { _session: true }
  const end = cookie?.expires ? new Date(cookie.expires).getTime() : Number.NaN
  return {
    ...(typeof cookie?.originalMaxAge === 'number' && { _maxAge: cookie.originalMaxAge }),
    ...(!Number.isNaN(end) && { _expire: end }),
  }
}
