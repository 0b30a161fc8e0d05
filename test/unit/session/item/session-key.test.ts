import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { InvalidSessionIdError } from '../../../../runtime/errors.js'
import { hashSessionId, isPossibleSessionId } from '../../../../runtime/session/item/session-id.js'
import {
  assertPossibleKey,
  idOf,
  isOwnKey,
  isPossibleKey,
  isStoredKey,
  type KeyMaking,
  keyOf,
  keySizeOf,
} from '../../../../runtime/session/item/session-key.js'

const keyPrefix = 'shop:'
const signing = { secretKey: undefined, sessionIdDigest: 'sha256' } as const
const plain: KeyMaking = { hashSessionIds: false }
const hashed: KeyMaking = { hashSessionIds: true }

/** The stored key of "an id", with the digest as another implementation makes it. */
const STORED = `sha256:${createHash('sha256').update('an id').digest('base64url')}`

const IMPOSSIBLE: readonly (readonly [what: string, id: unknown, message: string])[] = [
  ['undefined', undefined, 'A session id must be text, not undefined.'],
  ['null', null, 'A session id must be text, not null.'],
  ['a number', 42, 'A session id must be text, not number.'],
  ['empty', '', 'A session id must not be empty.'],
  ['2049 bytes long', 'x'.repeat(2049), 'A session id of 2049 bytes is too long'],
  ['2049 bytes long in fewer characters', `x${'é'.repeat(1024)}`, 'A session id of 2049 bytes is too long'],
]

describe.each([
  ['plain', plain],
  ['hashed', hashed],
])('a %s key of a session', (_form, making) => {
  it.each(IMPOSSIBLE)('is refused when the id is %s', (_what, id, message) => {
    expect(() => keyOf(id as string, making)).toThrow(InvalidSessionIdError)
    expect(() => keyOf(id as string, making)).toThrow(message)
    expect(() => assertPossibleKey(id as string, making)).toThrow(message)
    expect(isPossibleSessionId(id as string, { ...signing, ...making })).toBe(false)
  })

  it('is made of an id of at most 2048 bytes, key_prefix included', () => {
    expect(() => keyOf('x'.repeat(2048), making)).not.toThrow()
    expect(() => keyOf('x'.repeat(2043), { ...making, keyPrefix })).not.toThrow()
    expect(() => keyOf('x'.repeat(2044), { ...making, keyPrefix })).toThrow('2049 bytes (with key_prefix) is too long')
    expect(isPossibleSessionId('x'.repeat(2043), { ...signing, ...making, keyPrefix })).toBe(true)
    expect(isPossibleSessionId('x'.repeat(2044), { ...signing, ...making, keyPrefix })).toBe(false)
    expect(() => keyOf('é'.repeat(1022), { ...making, keyPrefix })).toThrow('2049 bytes')
  })

  it('has the size that is computed without it', () => {
    for (const id of ['an id', 'é', 'x'.repeat(900)]) {
      for (const prefix of [undefined, keyPrefix, 'é:']) {
        const made = { ...making, ...(prefix !== undefined && { keyPrefix: prefix }) }
        expect(keySizeOf(id, made)).toBe(Buffer.byteLength(keyOf(id, made)))
      }
    }
  })

  it('never has the form of a stored key as its id, with any prefix', () => {
    for (const id of [STORED, `shop:${STORED}`, `news:${STORED}`]) {
      expect(isPossibleKey(id, making), id).toBe(false)
      expect(isPossibleSessionId(id, { ...signing, ...making }), id).toBe(false)
      expect(() => assertPossibleKey(id, making), id).toThrow('Only destroy accepts stored keys')
    }
    for (const id of [
      `x${STORED}`,
      `${STORED}x`,
      STORED.slice(0, -1),
      `sha256:${'+'.repeat(43)}`,
      'sha256:',
      'sha256',
    ]) {
      expect(isPossibleKey(id, making), id).toBe(true)
    }
  })
})

describe('the key of a session without hash_session_ids', () => {
  it('is the id, after key_prefix if that is set', () => {
    expect(keyOf('an id', plain)).toBe('an id')
    expect(keyOf('an id', { ...plain, keyPrefix })).toBe('shop:an id')
  })

  it('is converted back to the id, and to none for keys of other applications and hashed ones', () => {
    expect(idOf('shop:an id', { ...plain, keyPrefix })).toBe('an id')
    expect(idOf('an id', plain)).toBe('an id')
    for (const other of ['an id', 'news:an id', 'shop', 'shop:', 'Shop:an id', `shop:${STORED}`]) {
      expect(idOf(other, { ...plain, keyPrefix }), other).toBeUndefined()
    }
    expect(isStoredKey(STORED, plain)).toBe(false)
  })
})

describe('the key of a session with hash_session_ids', () => {
  it("is the id's SHA-256 behind a mark, after key_prefix if that is set", () => {
    expect(keyOf('an id', hashed)).toBe(STORED)
    expect(keyOf('an id', { ...hashed, keyPrefix })).toBe(`shop:${STORED}`)
    expect(keyOf('é', hashed)).toBe(`sha256:${createHash('sha256').update('é').digest('base64url')}`)
  })

  it('is its own key, so that sessions found in the table can be deleted', () => {
    expect(keyOf(STORED, hashed)).toBe(STORED)
    expect(keyOf(`shop:${STORED}`, { ...hashed, keyPrefix })).toBe(`shop:${STORED}`)
  })

  it('is hashed like any other text where it belongs to another application', () => {
    for (const foreign of [STORED, `news:${STORED}`]) {
      expect(keyOf(foreign, { ...hashed, keyPrefix })).not.toContain(STORED)
      expect(isStoredKey(foreign, { ...hashed, keyPrefix })).toBe(false)
    }
  })

  it('stands for its session if only the item is known', () => {
    expect(idOf(STORED, hashed)).toBe(STORED)
    expect(idOf(`shop:${STORED}`, { ...hashed, keyPrefix })).toBe(`shop:${STORED}`)
    for (const other of ['an id', 'shop:an id', 'shop:', STORED, `news:${STORED}`]) {
      expect(idOf(other, { ...hashed, keyPrefix }), other).toBeUndefined()
    }
  })

  it('has the same name in logs as the id', () => {
    expect(hashSessionId('an id')).toBe(createHash('sha256').update('an id').digest('hex').slice(0, 16))
    expect(hashSessionId(STORED)).toBe(hashSessionId('an id'))
    expect(hashSessionId(`shop:${STORED}`)).toBe(hashSessionId('an id'))
  })
})

it('differs from the keys of other applications, in either form', () => {
  for (const own of ['shop:an id', `shop:${STORED}`]) expect(isOwnKey(own, { keyPrefix }), own).toBe(true)
  for (const other of ['shop:', 'news:an id', STORED]) expect(isOwnKey(other, { keyPrefix }), other).toBe(false)
  expect(isOwnKey('an id', {})).toBe(true)
})
