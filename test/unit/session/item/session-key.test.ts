import { describe, expect, it } from 'vitest'
import { InvalidSessionIdError } from '../../../../runtime/errors.js'
import { isPossibleSessionId } from '../../../../runtime/session/item/session-id.js'
import { idOf, keyOf } from '../../../../runtime/session/item/session-key.js'

const keyPrefix = 'shop:'
const signing = { secretKey: undefined, sessionIdDigest: 'sha256' } as const

describe('the key of a session', () => {
  it('is the id, after key_prefix if that is set', () => {
    expect(keyOf('an id', {})).toBe('an id')
    expect(keyOf('an id', { keyPrefix })).toBe('shop:an id')
  })

  it('is converted back to the id, and to none for keys of other applications', () => {
    expect(idOf('shop:an id', { keyPrefix })).toBe('an id')
    expect(idOf('an id', {})).toBe('an id')
    for (const other of ['an id', 'news:an id', 'shop', 'shop:', 'Shop:an id']) {
      expect(idOf(other, { keyPrefix }), other).toBeUndefined()
    }
  })

  it.each([
    ['undefined', undefined, 'A session id must be text, not undefined.'],
    ['null', null, 'A session id must be text, not null.'],
    ['a number', 42, 'A session id must be text, not number.'],
    ['empty', '', 'A session id must not be empty.'],
    ['2049 bytes long', 'x'.repeat(2049), 'A session id of 2049 bytes'],
    ['2049 bytes long in fewer characters', `x${'é'.repeat(1024)}`, 'A session id of 2049 bytes'],
  ])('is refused when the id is %s', (_what, id, message) => {
    expect(() => keyOf(id as string, {})).toThrow(InvalidSessionIdError)
    expect(() => keyOf(id as string, {})).toThrow(message)
    expect(isPossibleSessionId(id as string, signing)).toBe(false)
  })

  it('may have 2048 bytes, key_prefix included', () => {
    expect(keyOf('x'.repeat(2048), {})).toHaveLength(2048)
    expect(keyOf('x'.repeat(2043), { keyPrefix })).toHaveLength(2048)
    expect(() => keyOf('x'.repeat(2044), { keyPrefix })).toThrow('A session id and its key_prefix of 2049 bytes')
    expect(isPossibleSessionId('x'.repeat(2043), { ...signing, keyPrefix })).toBe(true)
    expect(isPossibleSessionId('x'.repeat(2044), { ...signing, keyPrefix })).toBe(false)
    expect(() => keyOf('é'.repeat(1022), { keyPrefix })).toThrow('2049 bytes')
  })
})
