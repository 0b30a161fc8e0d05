import { describe, expect, it } from 'vitest'
import { indexAttributes, indexText, storedTexts, valueAt } from '../../../../runtime/session/item/index-attributes.js'
import { keyringOf } from '../../../../runtime/session/item/keyring.js'
import { newKey } from '../../../support/encryption.js'

const attributesOf = (data: unknown, ...keys: string[]) => indexAttributes(data, keys)

describe('the attributes by which a session is found', () => {
  it('are the texts of strings, numbers and booleans', () => {
    expect(attributesOf({ a: 'x', b: 42, c: -0.5, d: false, e: 0 }, 'a', 'b', 'c', 'd', 'e')).toEqual({
      a: { S: 'x' },
      b: { S: '42' },
      c: { S: '-0.5' },
      d: { S: 'false' },
      e: { S: '0' },
    })
  })

  it.each([
    ['absent', {}],
    ['empty', { a: '' }],
    ['null', { a: null }],
    ['a list', { a: ['x'] }],
    ['a map', { a: { b: 'x' } }],
    ['longer than 2048 bytes', { a: `${'ä'.repeat(1024)}x` }],
    ['a whole number that JavaScript reads like others', { a: 2 ** 53 }],
    ['a text in the form of an HMAC', { a: `hmac-sha256:${'x'.repeat(43)}` }],
  ])('are removed where the value is %s', (_what, data) => {
    expect(attributesOf(data, 'a')).toEqual({ a: undefined })
    expect('a' in attributesOf(data, 'a')).toBe(true)
  })

  it('hide a text in the form of an HMAC, with encryption keys', () => {
    const text = `hmac-sha256:${'x'.repeat(43)}`
    const keyring = keyringOf({ encryptionKeys: [newKey('k1')] })
    const { a } = indexAttributes({ a: text }, ['a'], keyring)
    expect(a?.S).toMatch(/^hmac-sha256:/)
    expect(a?.S).not.toBe(text)
    expect(storedTexts(text, 'a', { encryptionKeys: [newKey('k2')], acceptPlainData: true })).not.toContain(text)
  })

  it('may be 2048 bytes long', () => {
    expect(attributesOf({ a: 'ä'.repeat(1024) }, 'a')).toEqual({ a: { S: 'ä'.repeat(1024) } })
  })

  it('are text that all JSON parsers read: lone surrogates become U+FFFD', () => {
    expect(indexAttributes({ a: 'x\ud800y' }, ['a'])).toEqual({ a: { S: 'x\uFFFDy' } })
    expect(indexText('x\ud800y', false)).toBe('x\uFFFDy')
  })
})

describe('a key with dots', () => {
  it('reaches into objects and lists', () => {
    expect(valueAt({ user: { id: 42 } }, 'user.id')).toBe(42)
    expect(valueAt({ ids: [{ a: 1 }, { a: 2 }] }, 'ids.1.a')).toBe(2)
    expect(valueAt({ user: 'text' }, 'user.id')).toBeUndefined()
    expect(valueAt({ user: null }, 'user.id')).toBeUndefined()
  })

  it('finds a key with dots in its name first, such as those of Devise', () => {
    expect(valueAt({ 'user.id': 1, user: { id: 2 } }, 'user.id')).toBe(1)
    expect(valueAt({ 'warden.user.user.key': [[42], 'salt'] }, 'warden.user.user.key.0.0')).toBe(42)
    expect(valueAt({ 'a.b': {}, a: { b: { c: 3 } } }, 'a.b.c')).toBe(3)
  })

  it('finds own properties only', () => {
    for (const path of ['constructor', 'constructor.name', 'toString', '__proto__', 'list.length', 'text.length']) {
      expect(valueAt({ list: [1], text: 'x' }, path)).toBeUndefined()
    }
    expect(valueAt(JSON.parse('{"__proto__":{"id":7},"constructor":"mine"}'), '__proto__.id')).toBe(7)
    expect(valueAt(JSON.parse('{"constructor":"mine"}'), 'constructor')).toBe('mine')
  })
})
