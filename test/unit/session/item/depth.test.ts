import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { SessionDataError } from '../../../../runtime/errors.js'
import { packData } from '../../../../runtime/session/item/compression.js'
import { isDeeperThan } from '../../../../runtime/session/item/depth.js'
import { serialize, serializeChanges } from '../../../../runtime/session/item/serialize.js'
import { recordOf } from '../../../../runtime/session/item/session-record.js'
import { nested } from '../../../support/nested.js'
import { encryptsByDefault } from '../../../support/stored-data.js'

const WITH_RUBY = { sessionIdDigest: 'md5' } as const
const WITHOUT = { sessionIdDigest: 'sha256' } as const

describe('the number of levels in JSON', () => {
  it.each([
    ['lists', '['.repeat(101) + ']'.repeat(101), 101],
    ['objects', `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`, 101],
    ['both, with white space', `${' [ { "a" : '.repeat(60)}1${' } ] '.repeat(60)}`, 120],
    ['many that are beside each other', `[${'{"a":[]},'.repeat(500)}0]`, 3],
    ['brackets in texts', JSON.stringify({ a: '[{'.repeat(500), b: '\\"['.repeat(500), c: ['\\'] }), 2],
    [
      'a bracket after a string that ends in backslashes',
      `{"a\\\\":"\\\\","b":${'['.repeat(300)}${']'.repeat(300)}}`,
      301,
    ],
  ])('is counted in %s', (_what, json, levels) => {
    expect(() => JSON.parse(json)).not.toThrow()
    expect(isDeeperThan(levels - 1, json)).toBe(true)
    expect(isDeeperThan(levels, json)).toBe(false)
  })

  it('is counted in 400 KB of brackets without recursion', () => {
    expect(isDeeperThan(1000, '['.repeat(400_000))).toBe(true)
  })
})

describe('session data', () => {
  it('may be written with 1 000 levels, including its own', () => {
    expect(serialize(nested(1000))).toHaveLength(nestedText(1000).length)
    expect(() => serialize(nested(1001))).toThrow(SessionDataError)
    expect(() => serialize(nested(1001))).toThrow(/more than 1000 levels .*nothing was written/)
  })

  it.each([5_000, 100_000])('of %i levels, where JSON.stringify itself fails, is refused in the same way', (levels) => {
    expect(() => serialize(nested(levels))).toThrow(/^The session data has more than 1000 levels/)
    expect(() => serializeChanges(nested(levels), '{}')).toThrow(SessionDataError)
  })

  it('of many levels with a value that JSON cannot hold is refused with the same kind of error', () => {
    const data = nested(4000, 1n)
    expect(() => serialize(data)).toThrow(SessionDataError)
  })

  it.skipIf(encryptsByDefault())('may be written with 100 levels where the Ruby gem reads it', async () => {
    const configuration = resolveConfiguration({ sessionIdDigest: 'md5' })
    await expect(packData(nestedText(100), configuration)).resolves.toBeDefined()
    await expect(packData(nestedText(101), configuration)).rejects.toThrow(
      /more than 100 levels .*the Ruby gem reads no more; session_id_digest: md5/,
    )
  })

  it.each([
    [WITHOUT, 1000],
    [WITH_RUBY, 100],
  ])('is read with %j and %i levels, and is no session with one more', (configuration, levels) => {
    const read = (text: string) =>
      recordOf('an-id-that-must-not-print', { data: { S: text } }, { hashSessionIds: false, ...configuration })
    expect(read(nestedText(levels)).json).toBe(nestedText(levels))
    expect(() => read(nestedText(levels + 1))).toThrow(SessionDataError)
    expect(() => read(nestedText(levels + 1))).toThrow(`has more than ${levels} levels of nested objects and lists`)
    expect(() => read(`{"a":${'['.repeat(390_000)}`)).toThrow(SessionDataError)
  })
})

function nestedText(levels: number): string {
  return `${'{"in":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
}
