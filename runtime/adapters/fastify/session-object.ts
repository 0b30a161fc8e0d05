import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifySessionObject } from '@fastify/session'
import type { Session } from 'fastify'
import type { SessionData } from '../../session/item/serialize.js'
import { type CookieSettings, extrasOf, parseCookie } from '../shared/cookie-settings.js'
import type { ExtrasOf } from '../shared/request-session.js'
import type { Loaded } from '../shared/session-store.js'
import { visibleData } from '../shared/visible-data.js'

type CookieAttributes = Pick<
  CookieSerializeOptions,
  'path' | 'domain' | 'secure' | 'httpOnly' | 'sameSite' | 'partitioned'
>

type Found = Pick<Extract<Loaded, { kind: 'found' }>, 'session' | 'cookie'>

/** Names that @fastify/session's session objects use for themselves. */
const OWN_NAMES: readonly string[] = [
  'cookie',
  'destroy',
  'encryptedSessionId',
  'get',
  'isModified',
  'isSaved',
  'options',
  'regenerate',
  'reload',
  'save',
  'sessionId',
  'set',
  'touch',
]

/** Whether the value is a session object of @fastify/session, and not only its data. */
export function isSessionObject(session: unknown): session is FastifySessionObject {
  return (
    typeof session === 'object' &&
    session !== null &&
    'encryptedSessionId' in session &&
    !Object.hasOwn(session, 'encryptedSessionId')
  )
}

/**
 * The data from which @fastify/session makes a session object. The object's constructor assigns every key: a key `save`
 * would replace a method, and a key `__proto__` the prototype.
 */
export function handOver(found: Found): Session {
  return visible(found, (key) => !OWN_NAMES.includes(key) && !(key in Object.prototype))
}

/** The data for scripts, which get all keys. */
export function wholeOf(found: Found): Session {
  return visible(found, (key) => key !== 'cookie')
}

function visible({ session, cookie }: Found, isCarried: (key: string) => boolean): Session {
  const whole: object = session.unread ? {} : { cookie, ...visibleData(session, isCarried) }
  return whole as Session
}

export function dataOf(session: object): SessionData {
  return Object.fromEntries(Object.entries(session).filter(([key]) => key !== 'cookie'))
}

/**
 * Makes the values that a save stores beside the data.
 *
 * @param made the settings that the framework made; they count as stored if the item has none
 */
export function extrasFor({ cookie }: { readonly cookie?: unknown }, made?: string): ExtrasOf {
  return (stored) => extrasOf(settingsOf(cookie), stored ?? made)
}

/** JSON of the cookie's settings, in the form that a save stores. */
export function cookieText({ cookie }: { readonly cookie?: unknown }): string {
  return JSON.stringify(settingsOf(cookie) ?? {})
}

/** Makes the values for a touch. The browser gets no new cookie, so the cookie's expiry stays. */
export const extrasOfTouch: ExtrasOf = (stored) => ({ ownEnd: extrasOf(parseCookie(stored), stored).ownEnd })

/** The settings without `originalExpires`: it changes with every request, and no code needs it. */
function settingsOf(cookie: unknown): CookieSettings | undefined {
  if (typeof cookie !== 'object' || cookie === null) return undefined
  const json = 'toJSON' in cookie && typeof cookie.toJSON === 'function' ? cookie.toJSON() : cookie
  const { originalExpires: _, ...settings } = json
  return settings
}

/** The attributes that a new cookie needs, so that the browser replaces or deletes the session's cookie. */
export function attributesOf({ cookie }: { readonly cookie?: unknown }): CookieAttributes {
  const { path, domain, secure, httpOnly, sameSite, partitioned } = { ...settingsOf(cookie) } as CookieAttributes
  return { path, domain, secure, httpOnly, sameSite, partitioned }
}
