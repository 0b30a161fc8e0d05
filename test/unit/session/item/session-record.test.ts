import { describe, expect, it } from 'vitest'
import { SessionDataError } from '../../../../runtime/errors.js'
import { recordOf } from '../../../../runtime/session/item/session-record.js'

const ID = 'an-id-that-must-not-print'

/** The correction for an item without data. */
const LACKS_DATA = { data: { S: '{}' } }

const FORMAT = { sessionIdDigest: 'sha256', hashSessionIds: true } as const

describe('reading an item', () => {
  it('gives the record', () => {
    const item = {
      session_id: { S: ID },
      data: { S: '{"user_id":42}' },
      created_at: { S: '1795371590.1679342' },
      updated_at: { S: '1795371590.1679482' },
      expire_at: { N: '1795375190' },
    }
    expect(recordOf(ID, item, FORMAT)).toEqual({
      id: ID,
      json: '{"user_id":42}',
      base: '{"user_id":42}',
      data: { user_id: 42 },
      createdAt: '1795371590.1679342',
      updatedAt: '1795371590.1679482',
      expireAt: 1795375190,
      cookie: undefined,
      version: { S: '1795371590.1679482' },
      saves: [],
      token: undefined,
      outdated: undefined,
      isSealedAnew: false,
    })
  })

  it('gives corrections for attributes of index_keys, also those that are named like a property of all objects', () => {
    const item = { data: { S: '{"email":"ada"}' }, user_id: { S: '42' }, flavour: { S: 'x' } }
    const outdated = (data: string, indexKeys: string[]) =>
      recordOf(ID, { ...item, data: { S: data } }, { ...FORMAT, indexKeys }).outdated
    const indexKeys = ['user_id', 'constructor', 'email']
    expect(outdated('{"email":"ada"}', indexKeys)).toEqual({ user_id: undefined, email: { S: 'ada' } })
    expect(outdated('{"user_id":42,"constructor":1}', indexKeys)).toEqual({ constructor: { S: '1' } })
    expect(outdated('{"user_id":42}', indexKeys)).toBeUndefined()
  })

  it('tolerates missing times, times of type N, and unknown attributes', () => {
    expect(recordOf(ID, { data: { S: '{}' }, flavour: { S: 'x' } }, FORMAT)).toMatchObject({ createdAt: undefined })
    expect(recordOf(ID, { data: { S: '{}' }, updated_at: { N: '17' } }, FORMAT)).toMatchObject({ updatedAt: '17' })
  })

  it.each([
    [{ pk: { S: ID }, email: { S: 'ada@example.com' }, updated_at: { S: '1795371590.5' } }, 'is missing'],
    [{ data: { M: {} } }, 'is of type M'],
    [{ data: { NULL: true } }, 'is of type NULL'],
    [{ data: { S: '' } }, 'is not JSON'],
    [{ data: { S: '{"a":NaN}' } }, 'is not JSON'],
    [{ data: { S: 'BAh7BkkiDHVzZXJfaWQGOgZFVGkv\n' } }, "is in Ruby's Marshal format"],
    [{ data: { S: '[]' } }, 'is not a JSON object'],
    [{ data: { S: '"text"' } }, 'is not a JSON object'],
  ])('refuses an item that is no session, without naming the id: %j', (item, message) => {
    const read = () => recordOf(ID, item, FORMAT)
    expect(read).toThrow(SessionDataError)
    expect(read).toThrow(message)
    expect(read).not.toThrow(ID)
  })

  it.each([
    ['nothing, which the Ruby gem may leave (D5, G28)', {}, LACKS_DATA],
    ['a key and times, without data', { pk: { S: ID }, updated_at: { S: '1.5' }, expire_at: { N: '1' } }, LACKS_DATA],
    ['the text null (G14)', { data: { S: 'null' } }, undefined],
    ['the text null with spaces', { data: { S: ' null\n' } }, undefined],
  ])('reads as an empty session: %s', (_what, item, outdated) => {
    expect(recordOf(ID, item, FORMAT)).toMatchObject({ data: {}, json: '{}', base: '{}', outdated })
  })

  it('pollutes no prototype with a key named __proto__', () => {
    const { data } = recordOf(ID, { data: { S: '{"__proto__":{"polluted":true}}' } }, FORMAT)
    expect('polluted' in data).toBe(false)
    expect('polluted' in {}).toBe(false)
  })
})
