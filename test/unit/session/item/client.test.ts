import { describe, expect, it } from 'vitest'
import {
  clientIn,
  clientJson,
  packClient,
  sealClientAnew,
  unpackClient,
} from '../../../../runtime/session/item/client.js'

const KEY = () => 'sha256:key'
const ONE = `one:${Buffer.alloc(32, 1).toString('base64')}`
const TWO = `two:${Buffer.alloc(32, 2).toString('base64')}`
const JSON_TEXT = '{"userAgent":"Firefox"}'

describe('the description of a client', () => {
  it('is stored as JSON and found again', () => {
    const client = { userAgent: 'Firefox', address: '192.0.2.1', mobile: false, score: 1.5, country: null }
    const json = clientJson({ ...client, language: undefined })
    expect(packClient(json as string, KEY, {})).toEqual({ S: json })
    expect(clientIn(unpackClient(packClient(json as string, KEY, {}), KEY, {}))).toEqual(client)
  })

  it.each([undefined, null, {}, { userAgent: undefined }])(
    'is undefined if describe returned nothing: %j',
    (client) => {
      expect(clientJson(client)).toBeUndefined()
      expect(clientIn(unpackClient(undefined, KEY, {}))).toEqual({})
    },
  )

  it('has texts of at most 512 characters, because the client chooses them', () => {
    const cut = clientIn(clientJson({ userAgent: 'x'.repeat(16_000) }))
    expect(cut).toEqual({ userAgent: 'x'.repeat(512) })
  })

  it.each([
    ['Firefox', 'must return an object, such as { userAgent, address }, not of type string'],
    [['Firefox'], 'not a list'],
    [{ headers: { a: 1 } }, '"headers" is of type object'],
    [{ load: () => 1 }, '"load" is of type function'],
    [Object.fromEntries('abcdefghi'.split('').map((name) => [name, 'x'.repeat(512)])), 'returned 4672 bytes of JSON'],
  ])('is refused if it is no small object of texts: %j', (client, message) => {
    expect(() => clientJson(client)).toThrow(message)
  })

  it.each(['no JSON', '[1]', '"text"', 'null', '{"nested":{"a":1},"list":[1]}'])(
    'is empty if another program wrote the attribute: %s',
    (json) => {
      expect(clientIn(json)).toEqual({})
    },
  )

  it('pollutes no prototype', () => {
    const client = clientIn('{"__proto__":"x","userAgent":"y"}')
    expect({ ...client }).toHaveProperty('userAgent', 'y')
    expect(Object.getPrototypeOf({ ...client })).toBe(Object.prototype)
    expect(clientJson(JSON.parse('{"__proto__":"x"}'))).toBe('{"__proto__":"x"}')
  })

  it('is encrypted if the data is, and bound to its item', () => {
    const sealed = packClient(JSON_TEXT, KEY, { encryptionKeys: [ONE] })
    expect(Buffer.from(sealed.B ?? []).toString('latin1')).not.toContain('Firefox')
    expect(unpackClient(sealed, KEY, { encryptionKeys: [TWO, ONE] })).toBe(JSON_TEXT)
    expect(unpackClient(sealed, () => 'sha256:other', { encryptionKeys: [ONE] })).toBeUndefined()
    expect(unpackClient(sealed, KEY, { encryptionKeys: [TWO] })).toBeUndefined()
    expect(unpackClient(sealed, KEY, {})).toBeUndefined()
  })

  it('is read as plain text beside keys only with accept_plain_data', () => {
    const plain = packClient(JSON_TEXT, KEY, {})
    expect(unpackClient(plain, KEY, { encryptionKeys: [ONE] })).toBeUndefined()
    expect(unpackClient(plain, KEY, { encryptionKeys: [ONE], acceptPlainData: true })).toBe(JSON_TEXT)
  })

  it('is encrypted anew with the first key', () => {
    const old = packClient(JSON_TEXT, KEY, { encryptionKeys: [ONE] })
    const anew = sealClientAnew(old, KEY, { encryptionKeys: [TWO, ONE] })
    expect(unpackClient(anew, KEY, { encryptionKeys: [TWO] })).toBe(JSON_TEXT)
    expect(sealClientAnew(undefined, KEY, { encryptionKeys: [TWO] })).toBeUndefined()
    expect(sealClientAnew(old, KEY, { encryptionKeys: [TWO] })).toBeUndefined()
  })
})
