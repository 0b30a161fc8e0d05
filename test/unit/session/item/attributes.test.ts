import { describe, expect, it } from 'vitest'
import { DeleteStatements, seenAttributes } from '../../../../runtime/cleaning/delete-requests.js'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import {
  ATTRIBUTE_NAMES,
  isOfSessions,
  LISTED,
  TIMES,
  TTL_ATTRIBUTE,
} from '../../../../runtime/session/item/attributes.js'

describe('the attributes of a session', () => {
  it.each(ATTRIBUTE_NAMES)('can be neither the table key nor an index key: %s', (name) => {
    expect(() => resolveConfiguration({ tableKey: name })).toThrow(name)
    expect(() => resolveConfiguration({ indexKeys: [name] })).toThrow(name)
  })

  it('are distinguished from all other names', () => {
    expect(ATTRIBUTE_NAMES.every(isOfSessions)).toBe(true)
    expect(['session_id', 'user_id', 'constructor', '__proto__', ''].some(isOfSessions)).toBe(false)
  })

  it('have the times that clean compares, and that it reads with the forwarder', () => {
    expect(TIMES).toEqual(['created_at', 'updated_at', 'expire_at', 'locked_at'])
    expect(TIMES).toContain(TTL_ATTRIBUTE)
    const table = { tableName: 'sessions', tableKey: 'sid' }
    expect(seenAttributes(table)).toEqual(['sid', ...TIMES, 'successor'])
    const { Statement } = new DeleteStatements(table).of({ sid: { S: 'a' } })
    for (const name of TIMES) expect(Statement).toContain(`"${name}" IS MISSING`)
  })

  it('have those that a list of sessions reads', () => {
    expect(LISTED).toEqual(['data', 'created_at', 'updated_at', 'expire_at', 'cookie'])
  })
})
