import { describe, expect, it } from 'vitest'
import { keepTexts, pick } from '../../../../runtime/session/item/keep-number-texts.js'

describe('JSON over that of another writer', () => {
  it('keeps the text of every top-level value that did not change', () => {
    const stored =
      '{ "id" : 1152921504606846977, "f": 1.0,"e":1.0e+21, "zero":-0.0, "deep": { "id": [9007199254740993] } , "gone":1}'
    const ours = JSON.stringify({ ...JSON.parse(stored), gone: undefined, mine: 1 })
    expect(keepTexts(ours, stored)).toBe(
      '{"id":1152921504606846977,"f":1.0,"e":1.0e+21,"zero":-0.0,"deep":{ "id": [9007199254740993] },"mine":1}',
    )
  })

  it('writes a changed value completely anew', () => {
    expect(keepTexts('{"a":2,"deep":{"id":9007199254740992,"x":1}}', '{"a":1.0,"deep":{"id":9007199254740993}}')).toBe(
      '{"a":2,"deep":{"id":9007199254740992,"x":1}}',
    )
  })

  it('ignores brackets and commas inside strings and keys', () => {
    const stored = String.raw`{"a\"}":"{,:\\","]":{"}":["\"",1.0]},"\u00eb":"\/","__proto__":1.0,"":[],"last":1.0}`
    const expected = String.raw`{"a\"}":"{,:\\","]":{"}":["\"",1.0]},"ë":"\/","__proto__":1.0,"":[],"last":1.0}`
    expect(keepTexts(JSON.stringify(JSON.parse(stored)), stored)).toBe(expected)
  })

  it('keeps the last value of a key that occurs twice, as JSON.parse does', () => {
    expect(keepTexts('{"a":2}', '{"a":1.0,"a":2.0}')).toBe('{"a":2.0}')
  })

  it('is only the data where nothing was stored', () => {
    expect(keepTexts('{"a":1}', '{}')).toBe('{"a":1}')
    expect(keepTexts('{}', ' { "a" : 1 } ')).toBe('{}')
  })

  it('handles the largest session that an item holds, made of escapes only', () => {
    const large = JSON.stringify({ a: '"'.repeat(200_000), b: 1 })
    expect(keepTexts(large, large)).toBe(large)
  })

  it('parses to the same data, for random data', () => {
    for (let round = 0; round < 500; round += 1) {
      const [ours, stored] = [anyObject(3), anyObject(3)]
      const mixed = { ...stored, ...ours }
      const text = keepTexts(JSON.stringify(mixed), JSON.stringify(stored, undefined, round % 3))
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(mixed)))
    }
  })
})

function anyObject(levels: number): Record<string, unknown> {
  const keys = Array.from({ length: Math.floor(Math.random() * 4) }, () =>
    anyOf(['a', 'b', '"', '{', '\\', ',', ']:', '']),
  )
  return Object.fromEntries(keys.map((key) => [key, anyValue(levels - 1)]))
}

function anyValue(levels: number): unknown {
  const simple = [null, true, 1.5, -2e30, 'text', '"}', '\\', '[,:', '']
  if (levels === 0 || Math.random() < 0.5) return anyOf(simple)
  return Math.random() < 0.5 ? anyObject(levels) : [anyValue(levels - 1), anyValue(levels - 1)]
}

function anyOf<T>(values: readonly T[]): T {
  return values[Math.floor(Math.random() * values.length)] as T
}

describe('JSON with only some of the keys', () => {
  it('keeps the texts of their values', () => {
    const stored = '{ "a": 1.0, "b\\u0062": [9007199254740993, {"a": 2}], "c": "}", "a": 2.0 }'
    expect(pick(stored, ['a', 'bb', 'x'])).toBe('{"a":2.0,"bb":[9007199254740993, {"a": 2}]}')
    expect(pick(stored, [])).toBe('{}')
  })
})
