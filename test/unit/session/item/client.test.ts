import { describe, expect, it } from 'vitest'
import { clientIn, clientJson, packClient, unpackClient } from '../../../../runtime/session/item/client.js'

describe('what describe told about a client', () => {
  it('is stored as JSON and found again', () => {
    const client = { userAgent: 'Firefox', address: '192.0.2.1', mobile: false, score: 1.5, country: null }
    const json = clientJson({ ...client, language: undefined })
    expect(clientIn(unpackClient(packClient(json)))).toEqual(client)
  })

  it.each([undefined, null, {}, { userAgent: undefined }])('is nothing if there is nothing to tell: %j', (client) => {
    expect(clientJson(client)).toBeUndefined()
    expect(packClient(undefined)).toBeUndefined()
    expect(clientIn(unpackClient(undefined))).toEqual({})
  })

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
})
