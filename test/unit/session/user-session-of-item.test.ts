import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { exported } from '../../../runtime/session/user-session-of-item.js'

const configuration = resolveConfiguration({ encryptionKeys: null, hashSessionIds: false }, {})
const dataIn = (item: Parameters<typeof exported>[1]) =>
  exported('id', { session_id: { S: 'id' }, ...item }, configuration).data

describe('an exported session', () => {
  it('has the data that a request finds, also where the Ruby gem stored none', () => {
    expect(dataIn({ data: { S: '{"user":"ada"}' } })).toEqual({ user: 'ada' })
    expect(dataIn({ data: { S: 'null' } })).toEqual({})
    expect(dataIn({ updated_at: { S: '1763832000.5' } })).toEqual({})
  })

  it('has no data where a request finds no session', () => {
    expect(dataIn({ data: { S: 'no JSON' } })).toBeUndefined()
    expect(dataIn({ price: { N: '5' } })).toBeUndefined()
  })
})
