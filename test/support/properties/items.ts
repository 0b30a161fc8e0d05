import { stringifySetCookie } from 'cookie'
import fc from 'fast-check'
import { expect } from 'vitest'
import { extrasOf, isExpired, parseCookie } from '../../../runtime/adapters/shared/cookie-settings.js'
import { ConfigurationError } from '../../../runtime/errors.js'
import { ATTRIBUTE_NAMES } from '../../../runtime/session/item/attributes.js'
import { clientIn, clientJson, unpackClient } from '../../../runtime/session/item/client.js'
import { expireAt, hasExpired } from '../../../runtime/session/item/expiry.js'
import { hasFormOfSession } from '../../../runtime/session/item/is-session.js'
import { savesIn, savesWith, wasApplied } from '../../../runtime/session/item/saves.js'
import { recordOf, type SessionRecord, successorOf, timesOf } from '../../../runtime/session/item/session-record.js'
import { milliseconds, timestamp } from '../../../runtime/session/item/timestamp.js'
import { anyAttribute, anyData, anyItem, anyJson, anyText, wellFormed, wellFormedText } from './arbitraries.js'
import type { Properties } from './properties.js'

const ID = 'an-id-that-must-not-print'
const INDEX_KEYS = ['user_id', 'user.id', 'constructor', '__proto__', 'list.0']
const NOW = 2_000_000_000_000

/** An item whose data often is that of a session, so that more runs test its other attributes. */
const items = fc
  .tuple(
    anyItem([...ATTRIBUTE_NAMES, ...INDEX_KEYS, 'session_id']),
    fc.option(fc.oneof({ weight: 3, arbitrary: anyData() }, anyJson())),
  )
  .map(([item, data]) => (data === null ? item : { ...item, data: { S: JSON.stringify(data) } }))

const readings = fc.record({
  sessionIdDigest: fc.constantFrom('sha256' as const, 'md5' as const),
  serializer: fc.constantFrom('json' as const, 'json_allow_marshal' as const),
  indexKeys: fc.constantFrom([], INDEX_KEYS),
  hashSessionIds: fc.boolean(),
})

/** The list of saves of a later version, which keeps more. */
const longList = fc
  .array(fc.constantFrom('a', 'bc'), { minLength: 12, maxLength: 20 })
  .map((tokens) => ({ S: tokens.join(' ') }))

/** Texts about as long as the longest stored text of a client. Each ends in a surrogate pair. */
const longText = fc.integer({ min: 500, max: 520 }).map((length) => `${'x'.repeat(length)}😀😀`)

/** Other programs, other versions and attackers with access to the table write items too. */
export const ITEMS = {
  'any item is a session, or is refused with a typed error that does not name the id': fc.property(
    items,
    readings,
    (item, reading) => {
      const record = attempt(() => recordOf(ID, item, reading))
      if (record === undefined) return
      expect(Object.getPrototypeOf(record.data)).toBe(Object.prototype)
      // A lone surrogate, which UTF-8 can't hold, is the only difference that JSON allows.
      expect(JSON.stringify(JSON.parse(record.json))).toBe(JSON.stringify(record.data))
      expect(Object.keys(record.outdated ?? {}).every((name) => INDEX_KEYS.includes(name) || name === 'data')).toBe(
        true,
      )
    },
  ),
  'no item breaks any other function that reads items': fc.property(items, (item) => {
    const times = timesOf(item)
    expect(typeof hasExpired(times, { maxAge: 60, maxStale: 60 }, NOW)).toBe('boolean')
    expect(typeof hasFormOfSession(item)).toBe('boolean')
    expect(['string', 'undefined']).toContain(typeof successorOf(item))
  }),
  'an item that expired once is never alive again': fc.property(
    anyAttribute(),
    anyAttribute(),
    anyAttribute(),
    fc.nat(),
    (created_at, updated_at, expire_at, later) => {
      const times = timesOf({ created_at, updated_at, expire_at })
      const limits = { maxAge: 86_400, maxStale: 3600 }
      if (hasExpired(times, limits, NOW)) expect(hasExpired(times, limits, NOW + later)).toBe(true)
    },
  ),
  'a time that a session can have gives an expire_at that DynamoDB takes': fc.property(
    fc.integer({ min: 0, max: 4e12 }),
    fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined }),
    fc.option(fc.integer({ min: 1, max: 2 ** 31 }), { nil: undefined }),
    (updatedAt, createdAt, maxStale) => {
      const end = expireAt({ updatedAt, createdAt, ownEnd: undefined }, { maxStale, maxAge: undefined })
      if (end !== undefined) expect(Number.isSafeInteger(end)).toBe(true)
      else expect(maxStale).toBeUndefined()
    },
  ),
  'a time stamp sorts after the one that it replaces, unless that is no time or far ahead': fc.property(
    fc.oneof(
      anyText(),
      fc.integer({ min: 0, max: NOW + 59_000 }).map((time) => timestamp(time)),
    ),
    (after) => {
      const next = timestamp(NOW, after)
      expect(next).toMatch(/^\d+\.\d{15}$/)
      const before = milliseconds(after)
      if (/^\d+\.\d{15}$/.test(after) && before !== undefined && before <= NOW + 60_000) expect(next > after).toBe(true)
    },
  ),
  'the list of saves stays short, whatever was stored': fc.property(fc.oneof(anyAttribute(), longList), (attribute) => {
    const loaded = savesIn(attribute)
    const stored = savesWith('token', loaded).S ?? ''
    expect(savesIn({ S: stored })[0]).toBe('token')
    expect(savesIn({ S: stored }).length).toBeLessThanOrEqual(12)
    expect(wasApplied('token', loaded, savesIn({ S: stored }))).toBe(true)
  }),
  'what describe returned is stored and read again, or refused with a typed error': fc.property(
    fc.oneof(fc.anything(), fc.dictionary(wellFormedText(10), fc.oneof(longText, fc.boolean(), fc.double()))),
    (description) => {
      let json: string | undefined
      try {
        json = clientJson(description)
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError)
        return
      }
      expect(Buffer.byteLength(json ?? '')).toBeLessThanOrEqual(4096)
      for (const value of Object.values(clientIn(json))) {
        if (typeof value !== 'string') continue
        expect(value.length).toBeLessThanOrEqual(512)
        expect(value).toBe(wellFormed(value))
      }
    },
  ),
  'the description of a client by any writer is read as texts, numbers and booleans': fc.property(
    anyAttribute(),
    (attribute) => {
      const json = unpackClient(attribute, () => 'key', {
        encryptionKeys: [],
        serializer: 'json',
        acceptPlainData: false,
      })
      for (const value of Object.values(clientIn(json))) expect(typeof value).not.toMatch(/function|undefined/)
    },
  ),
  'stored settings of a cookie never break the response, and inject nothing into its header': fc.property(
    fc.oneof(anyText(), settingsJson()),
    (json) => {
      const settings = parseCookie(json)
      if (settings === undefined) return
      const { expires, originalMaxAge: _, ...others } = settings
      const made = { ...others, expires: expires ? new Date(expires) : undefined }
      const header = stringifySetCookie({ name: 'sid', value: 'value', ...cookieOptions(made) })
      expect(header).not.toMatch(/[\r\n\0]/)
      expect(header.split(';').filter((part) => /^\s*(domain|path)=/i.test(part)).length).toBeLessThanOrEqual(2)
      expect(typeof isExpired(settings)).toBe('boolean')
      expect(() => extrasOf(settings, json)).not.toThrow()
    },
  ),
} satisfies Properties

/** JSON of a cookie's settings with members of any type. */
function settingsJson() {
  const names = ['originalMaxAge', 'maxAge', 'expires', 'path', 'domain', 'sameSite', 'priority', 'secure', 'encode']
  const value = fc.oneof(
    anyText(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.date().map(String),
    fc.constant({}),
  )
  return fc.dictionary(fc.constantFrom(...names, '__proto__'), value).map((settings) => JSON.stringify(settings))
}

/** As frameworks pass them on to the package `cookie`. */
function cookieOptions(settings: object): object {
  const { maxAge, ...others } = settings as { maxAge?: number | null }
  return typeof maxAge === 'number' ? { ...others, maxAge: Math.floor(maxAge / 1000) } : others
}

/** The record; undefined for an item that is no session. */
function attempt(read: () => SessionRecord): SessionRecord | undefined {
  try {
    return read()
  } catch (error) {
    expect(['SessionDataError', 'EncryptionKeyError']).toContain((error as Error).name)
    expect((error as Error).message).not.toContain(ID)
    return undefined
  }
}
