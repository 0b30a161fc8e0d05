import { describe, expect, it } from 'vitest'
import { combine, merge } from '../../../../runtime/session/item/merge.js'

describe('merging two changes of a session', () => {
  it('keeps the changes of both sides to different keys: new, changed, deleted', () => {
    const base = { a: 1, b: 1, c: 1, d: 1 }
    const ours = { a: 2, c: 1, d: 1, mine: true }
    const theirs = { a: 1, b: 1, d: 5, yours: true }
    expect(merge(base, ours, theirs)).toEqual({ data: { a: 2, d: 5, yours: true, mine: true }, conflicts: [] })
  })

  it('takes our value where both changed the same key, and names the key', () => {
    expect(merge({ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 3, b: 2 })).toEqual({ data: { a: 2, b: 2 }, conflicts: ['a'] })
    expect(merge({ a: 1 }, {}, { a: 3 })).toEqual({ data: {}, conflicts: ['a'] })
    expect(merge({ a: 1 }, { a: 3 }, {})).toEqual({ data: { a: 3 }, conflicts: ['a'] })
  })

  it('reports no conflict where both made the same change', () => {
    expect(merge({ a: 1 }, { a: 2 }, { a: 2 })).toEqual({ data: { a: 2 }, conflicts: [] })
    expect(merge({ a: 1 }, {}, {})).toEqual({ data: {}, conflicts: [] })
  })

  it('never merges within a value', () => {
    const merged = merge({ cart: { x: 1 } }, { cart: { x: 1, y: 2 } }, { cart: { x: 1, z: 3 } })
    expect(merged).toEqual({ data: { cart: { x: 1, y: 2 } }, conflicts: ['cart'] })
  })

  it('keeps keys such as __proto__ and constructor as they are', () => {
    const theirs = JSON.parse('{"__proto__":{"polluted":1},"constructor":"x","a":1}')
    const { data } = merge({ a: 1 }, { a: 2 }, theirs)
    expect(JSON.stringify(data)).toBe('{"__proto__":{"polluted":1},"constructor":"x","a":2}')
    expect('polluted' in {}).toBe(false)
  })
})

describe('combining JSON', () => {
  it('keeps stored keys that this request did not change, and takes its changes of all other keys', () => {
    expect(combine('{"a":1}', '{"a":1}', '{ "a": 2.0 }')).toEqual({ json: '{ "a": 2.0 }', conflicts: [] })
    expect(combine('{"a":1.0,"b":1}', '{"a":1.0,"b":2}', '{"a":1.0,"b":1}').json).toBe('{"a":1.0,"b":2}')
  })

  it('merges both changes, keeps the texts of the other request, and names conflicts', () => {
    const combined = combine('{"a":1,"b":1}', '{"a":2,"b":2}', '{"a":3,"b":1,"c":1.0}')
    expect(combined).toEqual({ json: '{"a":2,"b":2,"c":1.0}', conflicts: ['a'] })
  })

  it('stores what the function of on_conflict returns', () => {
    const sum = ({ base, ours, theirs }: Record<'base' | 'ours' | 'theirs', Record<string, unknown>>) => ({
      a: Number(ours.a) + Number(theirs.a) - Number(base.a),
    })
    expect(combine('{"a":1}', '{"a":2}', '{"a":5}', sum)).toEqual({ json: '{"a":6}', conflicts: [] })
  })
})
