import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifySessionObject } from '@fastify/session'
import type { Session } from 'fastify'
import { type SessionData, serialize } from '../../session/item/serialize.js'
import { type CookieSettings, extrasOf, parseCookie } from '../shared/cookie-settings.js'
import type { ExtrasOf, RequestSession } from '../shared/request-session.js'

type CookieAttributes = Pick<
  CookieSerializeOptions,
  'path' | 'domain' | 'secure' | 'httpOnly' | 'sameSite' | 'partitioned'
>

/** What @fastify/session's session objects use for themselves. */
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

/** Whether it is one of @fastify/session's objects, and not only what is in one. */
export function isSessionObject(session: unknown): session is FastifySessionObject {
  return (
    typeof session === 'object' &&
    session !== null &&
    'encryptedSessionId' in session &&
    !Object.hasOwn(session, 'encryptedSessionId')
  )
}

/**
 * What @fastify/session is given to make a session object of: it assigns every key, so that `save` would replace a
 * method, and `__proto__` the prototype.
 */
export function handOver(held: RequestSession): Session {
  return given(held, (key) => !OWN_NAMES.includes(key) && !(key in Object.prototype))
}

/** What scripts are given. */
export function wholeOf(held: RequestSession): Session {
  return given(held, (key) => key !== 'cookie')
}

/** What is left out must not look as if the application had deleted it. */
function given(held: RequestSession, isCarried: (key: string) => boolean): Session {
  const { record } = held
  if (!record) return {} as Session
  const entries = Object.entries(record.data)
  const carried = entries.filter(([key]) => isCarried(key))
  const data = Object.fromEntries(carried)
  if (carried.length < entries.length) held.rebase(serialize(data))
  const session: object = { cookie: parseCookie(record.cookie), ...data }
  return session as Session
}

export function dataOf(session: object): SessionData {
  return Object.fromEntries(Object.entries(session).filter(([key]) => key !== 'cookie'))
}

/**
 * What its cookie means for the item of a session that is saved.
 *
 * @param made the settings that count as stored where none are: a cookie that is as it was made is no change
 */
export function extrasFor({ cookie }: { readonly cookie?: unknown }, made?: string): ExtrasOf {
  return (stored) => extrasOf(settingsOf(cookie), stored ?? made)
}

/** The settings of a session's cookie as they would be stored. */
export function cookieText({ cookie }: { readonly cookie?: unknown }): string {
  return JSON.stringify(settingsOf(cookie) ?? {})
}

/** The same for one that is only renewed: the browser got no new cookie, so that the end of the old one stands. */
export const renewed: ExtrasOf = (stored) => ({ ownEnd: extrasOf(parseCookie(stored), stored).ownEnd })

/** `originalExpires` is when the cookie ended before; it moves with every request, and nothing depends on it. */
function settingsOf(cookie: unknown): CookieSettings | undefined {
  if (typeof cookie !== 'object' || cookie === null) return undefined
  const json = 'toJSON' in cookie && typeof cookie.toJSON === 'function' ? cookie.toJSON() : cookie
  const { originalExpires: _, ...settings } = json
  return settings
}

/** The attributes that a cookie needs to replace or delete the session's cookie in the browser. */
export function attributesOf({ cookie }: { readonly cookie?: unknown }): CookieAttributes {
  const { path, domain, secure, httpOnly, sameSite, partitioned } = { ...settingsOf(cookie) } as CookieAttributes
  return { path, domain, secure, httpOnly, sameSite, partitioned }
}
