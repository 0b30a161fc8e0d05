import { wallClock } from '../../async/clock.js'
import type { SessionData } from '../../session/item/serialize.js'
import { type CookieSettings, extrasOf, isOver, parseCookie } from '../shared/cookie-settings.js'
import type { ExtrasOf, RequestSession } from '../shared/request-session.js'
import { visibleBase } from '../shared/visible-data.js'

/** A lifetime as koa-session has it: milliseconds, or as long as the browser. */
export type MaxAge = number | 'session'

/** Under these names koa-session keeps the lifetime of a session in the session itself. They are no data. */
const BOOKKEEPING = ['_expire', '_maxAge', '_session']

/** Names that the session objects of koa-session 6 and 7 use themselves. */
const MEMBERS = [
  ...['commit', 'externalKey', 'isNew', 'length', 'manuallyCommit', 'maxAge'],
  ...['populated', 'regenerate', 'save', 'toJSON'],
]

/** Of a session that lives as long as the browser. */
export const BROWSER_SESSION: CookieSettings = { originalMaxAge: null, expires: undefined }

/**
 * What a session that was loaded is for the application: its data, of which a key that the object of koa-session can't
 * carry is held back and survives (one that begins with `_` would be gone with the next save). For koa-session also the
 * lifetime, from the settings of the cookie. Empty where it could not be read.
 *
 * @param bookkeeping whether it is for koa-session
 * @returns undefined when the cookie's own time is over; a lock goes back then
 */
export function unpack(held: RequestSession, { bookkeeping }: { bookkeeping: boolean }): SessionData | undefined {
  const { record } = held
  if (!record) return {}
  const cookie = parseCookie(record.cookie)
  if (isOver(cookie)) {
    held.release()
    return undefined
  }
  const isGiven = bookkeeping ? isCarried : (key: string) => !BOOKKEEPING.includes(key)
  const data = Object.fromEntries(Object.entries(record.data).filter(([key]) => isGiven(key)))
  const base = visibleBase(record, data)
  if (base !== undefined) held.rebase(base)
  return { ...data, ...(bookkeeping && bookkeepingOf(cookie)) }
}

/** The data in what koa-session saves. */
export function dataOf(session: object): SessionData {
  return Object.fromEntries(Object.entries(session).filter(([key]) => !BOOKKEEPING.includes(key)))
}

/**
 * The lifetime of what koa-session saves, in the words of express-session; undefined when nothing says it.
 *
 * @param maxAge as koa-session gives it to stores: ten seconds more than the session's. Scripts give the session's.
 */
export function settingsOf(session: object, maxAge: MaxAge | undefined): CookieSettings | undefined {
  const { _session, _maxAge = maxAge, _expire }: Record<string, unknown> = { ...session }
  if (_session === true || _maxAge === 'session') return BROWSER_SESSION
  if (typeof _maxAge !== 'number') return undefined
  const end = typeof _expire === 'number' ? _expire : wallClock() + _maxAge
  return { originalMaxAge: _maxAge, expires: new Date(end) }
}

/**
 * What to store beside the data. The end of a session with a lifetime of its own is that of its cookie: it moves when
 * koa-session saves, which sends the cookie again, and not with a touch, of which the browser learns nothing.
 *
 * @param settings those to store; undefined: what is stored stays
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
