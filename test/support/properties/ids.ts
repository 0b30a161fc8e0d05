import fc from 'fast-check'
import { expect } from 'vitest'
import { InvalidSessionIdError } from '../../../runtime/errors.js'
import {
  hashSessionId,
  isPossibleSessionId,
  isSignedSessionId,
  makeSessionId,
} from '../../../runtime/session/item/session-id.js'
import {
  assertPossibleKey,
  idOf,
  isPossibleKey,
  keyOf,
  LONGEST_KEY,
} from '../../../runtime/session/item/session-key.js'
import { anyText, wellFormed, wellFormedText } from './arbitraries.js'
import type { Properties } from './properties.js'

const secretKey = ['the secret that signs these ids', 'the secret before that']
const digest = fc.constantFrom('sha256' as const, 'md5' as const)
const prefix = fc.constantFrom(undefined, 'shop:', 'é:')
const making = fc.record({ keyPrefix: prefix, hashSessionIds: fc.boolean() })
/** What a cookie may hold, and what a program may pass instead of an id. */
const anyId = fc.oneof(anyText(), anyText(3000), fc.anything())

/** Session ids come from browsers. */
export const IDS = {
  'an id that this application did not sign is refused': fc.property(anyText(200), digest, (id, sessionIdDigest) => {
    expect(isSignedSessionId(id, { secretKey, sessionIdDigest })).toBe(false)
  }),
  'a signed id is refused after any change': fc.property(
    digest,
    // The ends of both forms, which random places rarely are.
    fc.oneof(fc.nat(), fc.constantFrom(0, 98, 130)),
    fc.constantFrom('', '0', 'f', 'G', '-', '\n', '\0', 'é', '00'),
    (sessionIdDigest, place, text) => {
      const signing = { secretKey, sessionIdDigest }
      const id = makeSessionId(signing)
      const at = place % (id.length + 1)
      const changed = id.slice(0, at) + text + id.slice(at + 1)
      expect(isSignedSessionId(id, signing)).toBe(true)
      expect(isSignedSessionId(changed, signing)).toBe(changed === id)
      if (changed !== id && /^([0-9a-f]{32}|[0-9a-f]{64})--/i.test(changed))
        expect(isPossibleSessionId(changed, signing)).toBe(false)
    },
  ),
  'an id either makes a key that DynamoDB takes, or is refused with a typed error': fc.property(
    anyId,
    making,
    (id, options) => {
      if (!isPossibleKey(id, options)) {
        expect(() => assertPossibleKey(id as string, options)).toThrow(InvalidSessionIdError)
        return
      }
      const key = keyOf(id, options)
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(LONGEST_KEY)
      expect(key.length).toBeGreaterThan(options.keyPrefix?.length ?? 0)
      expect(key.startsWith(options.keyPrefix ?? '')).toBe(true)
      expect(idOf(key, options)).toBe(options.hashSessionIds ? key : id)
    },
  ),
  'a key reveals only the SHA-256 of its id, and is no id itself': fc.property(anyText(), prefix, (id, keyPrefix) => {
    const hashed = { keyPrefix, hashSessionIds: true }
    if (!isPossibleKey(id, hashed)) return
    const key = keyOf(id, hashed)
    expect(key.slice(keyPrefix?.length ?? 0)).toMatch(/^sha256:[A-Za-z0-9_-]{43}$/)
    expect(keyOf(key, hashed)).toBe(key)
    expect(hashSessionId(key)).toBe(hashSessionId(id))
    for (const other of [keyPrefix, undefined, 'news:']) {
      expect(isPossibleSessionId(key, { keyPrefix: other, secretKey, sessionIdDigest: 'sha256' })).toBe(false)
    }
  }),
  'two ids never have one key': fc.property(wellFormedText(), wellFormedText(), making, (one, more, options) => {
    const other = wellFormed(one + more)
    if (one === other || !isPossibleKey(one, options) || !isPossibleKey(other, options)) return
    expect(keyOf(one, options)).not.toBe(keyOf(other, options))
  }),
  'the hash in logs reveals nothing about the id, and is always 16 hex digits': fc.property(anyText(), (id) => {
    expect(hashSessionId(id)).toMatch(/^[0-9a-f]{16}$/)
  }),
} satisfies Properties
