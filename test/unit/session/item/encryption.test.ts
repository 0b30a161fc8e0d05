import { describe, expect, it } from 'vitest'
import { EncryptionKeyError } from '../../../../runtime/errors.js'
import { hiddenText, isSealed, open, type Place, seal } from '../../../../runtime/session/item/encryption.js'
import { type Keyring, keyringOf } from '../../../../runtime/session/item/keyring.js'
import { newKey } from '../../../support/encryption.js'

const [K1, K2, K3] = [newKey('k1'), newKey('k2'), newKey('key-3')]
const TEXT = '{"user_id":42,"name":"Ada 😀"}'
const PLACE: Place = { key: 'sha256:abc', attribute: 'data' }

function ring(...keys: string[]): Keyring {
  const made = keyringOf({ encryptionKeys: keys })
  if (!made) throw new Error('no keys')
  return made
}

const textOf = (value: Uint8Array, keyring: Keyring, place = PLACE) => {
  const opened = open(value, place, keyring)
  return 'text' in opened ? opened.text.toString() : opened.problem
}

describe('an encrypted value', () => {
  it('consists of form byte, key id, nonce, text and tag, and opens to the same text', () => {
    const keyring = ring(K1)
    const value = Buffer.from(seal(TEXT, PLACE, keyring))
    expect(value.subarray(0, 4)).toEqual(Buffer.from('\x01\x02k1'))
    expect(value.length).toBe(4 + 24 + Buffer.byteLength(TEXT) + 16)
    expect(value.includes('user_id')).toBe(false)
    expect(isSealed(value)).toBe(true)
    expect(open(value, PLACE, keyring)).toEqual({ text: Buffer.from(TEXT), isCurrent: true })
    expect(Buffer.from(seal(TEXT, PLACE, keyring)).equals(value)).toBe(false)
  })

  it('opens inside a larger buffer, and when it is empty', () => {
    const keyring = ring(K3)
    const value = seal(Buffer.alloc(0), PLACE, keyring)
    const around = Buffer.concat([Buffer.alloc(7), value, Buffer.alloc(3)])
    expect(textOf(around.subarray(7, 7 + value.length), keyring)).toBe('')
  })

  it('opens with any of the keys, and shows whether the first one encrypted it', () => {
    const value = seal(TEXT, PLACE, ring(K1))
    expect(open(value, PLACE, ring(K2, K1))).toEqual({ text: Buffer.from(TEXT), isCurrent: false })
    expect(open(value, PLACE, ring(K1, K2))).toMatchObject({ isCurrent: true })
  })

  it('does not open under another key of the same id', () => {
    expect(textOf(seal(TEXT, PLACE, ring(K1)), ring(newKey('k1')))).toMatch(/^is encrypted, but was changed/)
  })

  it('does not open in another item or attribute, whatever their names', () => {
    const keyring = ring(K1)
    const value = seal(TEXT, PLACE, keyring)
    const places: Place[] = [
      { key: 'sha256:abd', attribute: 'data' },
      { key: 'sha256:abc', attribute: 'cookie' },
      { key: 'sha256:abc\0data', attribute: 'data' },
      { key: '', attribute: 'data' },
    ]
    for (const place of places) expect(textOf(value, keyring, place)).toMatch(/belongs to another item$/)
  })

  it('never gives a text after any byte was changed', () => {
    const keyring = ring(K1, K2)
    const value = seal(TEXT, PLACE, keyring)
    const outcomes = Array.from(value.keys(), (index) => {
      return Array.from({ length: 8 }, (_, bit) => {
        const changed = value.map((byte, at) => (at === index ? byte ^ (1 << bit) : byte))
        if (!isSealed(changed)) return 'plain'
        try {
          const opened = open(changed, PLACE, keyring)
          return 'text' in opened ? opened.text.toString() : 'no session'
        } catch (error) {
          if (!(error instanceof EncryptionKeyError)) throw error
          return 'unread'
        }
      })
    })
    expect(new Set(outcomes[0])).toEqual(new Set(['plain']))
    for (const ofByte of outcomes.slice(1))
      for (const outcome of ofByte) expect(['no session', 'unread']).toContain(outcome)
    for (const ofByte of outcomes.slice(4)) expect(new Set(ofByte)).toEqual(new Set(['no session']))
  })

  it('never gives a text after it was cut', () => {
    const keyring = ring(K1)
    const value = seal(TEXT, PLACE, keyring)
    for (let length = 1; length < value.length; length += 1) {
      expect(textOf(value.subarray(0, length), keyring)).toMatch(/^is encrypted, but/)
      expect(textOf(Buffer.concat([value.subarray(0, length), Buffer.alloc(1)]), keyring)).toMatch(/^is encrypted, but/)
    }
  })

  it('throws for an unknown key id, and for any id without keys', () => {
    const value = seal(TEXT, PLACE, ring(K3))
    expect(() => open(value, PLACE, ring(K2, K1))).toThrow(
      'encrypted with the key "key-3", which is not among the keys (k2, k1)',
    )
    expect(() => open(value, PLACE, undefined)).toThrow('no keys are set')
    expect(() => open(value, PLACE, undefined)).toThrow(EncryptionKeyError)
  })
})

describe('a hidden value of index_keys', () => {
  const hidden = (text: string, attribute: string, key: string) => hiddenText(text, attribute, ring(key).first)

  it('is the same for the same value, attribute and key only', () => {
    expect(hidden('42', 'user_id', K1)).toMatch(/^[\w-]{43}$/)
    expect(hidden('42', 'user_id', K1)).toBe(hidden('42', 'user_id', K1))
    const others = [hidden('42', 'user_id', K2), hidden('43', 'user_id', K1), hidden('42', 'email', K1)]
    expect(new Set([hidden('42', 'user_id', K1), ...others]).size).toBe(4)
  })

  it('is HMAC-SHA-256 under a key that HKDF derives from the encryption key', () => {
    // Computed with Python: hmac and the HKDF of RFC 5869, from the key 00 01 02 … 1f.
    const key = `k1:${Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString('base64')}`
    expect(hidden('42', 'user_id', key)).toBe('YkSkP_NdfLfu8fQSmrujqB60fRvI_kFhcFmT7ErGIiE')
  })
})
