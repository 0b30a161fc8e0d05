import { describe, expect, it } from 'vitest'
import { SessionDataError } from '../../../../runtime/errors.js'
import { serialize, serializeChanges } from '../../../../runtime/session/item/serialize.js'

describe('writing session data', () => {
  it('follows JSON: Dates become ISO text, functions are dropped', () => {
    expect(serialize({ at: new Date(0), f: () => 1, n: undefined })).toBe('{"at":"1970-01-01T00:00:00.000Z"}')
  })

  it.each([
    [{ big: 1n }, 'at big: '],
    [{ cart: { items: [{ price: 1 }, { price: 2n }] } }, 'at cart.items[1].price: '],
    [{ date: new Date(0), big: [1n] }, 'at big[0]: '],
  ])('names the path of a value that JSON cannot hold', (data, place) => {
    expect(() => serialize(data)).toThrow(SessionDataError)
    expect(() => serialize(data)).toThrow(place)
  })

  it('names the path where a cycle closes, and accepts the same value twice', () => {
    const shared = { a: 1 }
    const cycle: Record<string, unknown> = { one: shared, two: shared, deep: { er: {} } }
    Object.assign(cycle.deep as object, { er: { back: cycle } })
    expect(() => serialize(cycle)).toThrow('at deep.er.back: ')
    expect(serialize({ one: shared, two: shared })).toBe('{"one":{"a":1},"two":{"a":1}}')
  })

  it('writes only lone surrogates as U+FFFD, because other JSON parsers refuse them', () => {
    const data = { lone: 'a\ud800b', low: '\udc00', pair: '😀', text: '\\ud800', key: { '\ud800': 1 }, quote: '"\\' }
    const json = serialize(data)
    expect(json).not.toMatch(/(?<!\\)\\ud/)
    expect(JSON.parse(json)).toEqual({
      ...data,
      lone: 'a\ufffdb',
      low: '\ufffd',
      key: { '\ufffd': 1 },
    })
  })
})

describe('serializing data that was loaded', () => {
  it('gives the loaded text for unchanged data, whoever wrote the JSON', () => {
    const data = { user: 1, at: [1.5] }
    for (const base of ['{"user":1,"at":[1.5]}', '{ "user": 1.0, "at": [15e-1] }']) {
      expect(serializeChanges(data, base)).toBe(base)
    }
    expect(serializeChanges(data, '{"user":2,"at":[1.5]}')).toBe('{"user":1,"at":[1.5]}')
    expect(serializeChanges({ at: [1.5], user: 1 }, '{"user":1,"at":[1.5]}')).toBe('{"at":[1.5],"user":1}')
  })

  it('keeps the text of another writer for what is unchanged', () => {
    expect(serializeChanges({ n: 1 }, '{ "n": 1.0 }')).toBe('{ "n": 1.0 }')
    expect(serializeChanges({ n: 1, m: 2 }, '{ "n": 1.0 }')).toBe('{"n":1.0,"m":2}')
    expect(serializeChanges({ n: 1 }, '{"n":2}')).toBe('{"n":1}')
  })
})
