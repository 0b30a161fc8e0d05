import fc from 'fast-check'
import { expect } from 'vitest'
import { InvalidSessionIdError } from '../../../runtime/errors.js'
import {
  hashSessionId,
  isPossibleSessionId,
  isSignedSessionId,
  makeSessionId,
} from '../../../runtime/session/item/session-id.js'
import { idOf, isPossibleKey, keyOf, LONGEST_KEY } from '../../../runtime/session/item/session-key.js'
import { anyText, wellFormedText } from './arbitraries.js'
import type { Properties } from './properties.js'

const secretKey = ['the secret that signs these ids', 'the secret before that']
const digest = fc.constantFrom('sha256' as const, 'md5' as const)
const prefix = fc.constantFrom(undefined, 'shop:', 'é:')
/** What a cookie may hold, and what a program may pass instead of an id. */
const anyId = fc.oneof(anyText(), anyText(3000), fc.anything())

/** Session ids come from browsers. */
export const IDS = {
  'an id that this application did not sign is refused': fc.property(anyText(200), digest, (id, sessionIdDigest) => {
    expect(isSignedSessionId(id, { secretKey, sessionIdDigest })).toBe(false)
  }),
  'a signed id is refused after any change': fc.property(
    digest,
    fc.nat(),
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
    prefix,
    (id, keyPrefix) => {
      const making = { keyPrefix }
      if (isPossibleKey(id, making)) {
        const key = keyOf(id, making)
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(LONGEST_KEY)
        expect(key.length).toBeGreaterThan(keyPrefix?.length ?? 0)
        expect(key.startsWith(keyPrefix ?? '')).toBe(true)
        expect(idOf(key, making)).toBeDefined()
      } else {
        expect(() => keyOf(id as string, making)).toThrow(InvalidSessionIdError)
      }
    },
  ),
  'two ids never have one key, whatever their prefixes': fc.property(
    wellFormedText(),
    wellFormedText(),
    prefix,
    (one, other, keyPrefix) => {
      if (one === '' || other === '' || one === other) return
      expect(keyOf(one, { keyPrefix })).not.toBe(keyOf(other, { keyPrefix }))
      expect(idOf(keyOf(one, { keyPrefix: 'news:' }), { keyPrefix: 'shop:' })).toBeUndefined()
    },
  ),
  'the hash in logs tells nothing of the id, and is always 16 hex digits': fc.property(anyText(), (id) => {
    expect(hashSessionId(id)).toMatch(/^[0-9a-f]{16}$/)
  }),
} satisfies Properties
