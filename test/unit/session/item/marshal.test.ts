import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SessionDataError } from '../../../../runtime/index.js'
import { LONGEST_TEXT } from '../../../../runtime/session/item/compression.js'
import { jsonOfMarshal } from '../../../../runtime/session/item/marshal.js'
import { MarshalProblem } from '../../../../runtime/session/item/marshal-bytes.js'
import { recordOf } from '../../../../runtime/session/item/session-record.js'

interface Fixtures {
  readonly good: readonly { readonly ruby: string; readonly base64: string; readonly json: string }[]
  readonly bad: readonly { readonly ruby: string; readonly base64: string; readonly problem: string }[]
  readonly random: readonly { readonly base64: string; readonly json: string }[]
}

/** Output of a real Ruby: see marshal-fixtures.rb. */
const fixtures: Fixtures = JSON.parse(
  readFileSync(new URL('../../../support/ruby/marshal-fixtures.json', import.meta.url), 'utf8'),
)

const read = (base64: string) => jsonOfMarshal(base64, LONGEST_TEXT)
const byHand = (...parts: (string | number[])[]) =>
  read(Buffer.concat([Buffer.from([4, 8]), ...parts.map((part) => Buffer.from(part as string))]).toString('base64'))

describe('data in the Marshal format of Ruby', () => {
  it.each(fixtures.good)('becomes the JSON that Ruby gives: $ruby', ({ base64, json }) => {
    expect(JSON.parse(read(base64))).toEqual(JSON.parse(json))
  })

  it.each(fixtures.bad)('is refused where JSON would have another value: $ruby', ({ base64, problem }) => {
    expect(() => read(base64)).toThrow(MarshalProblem)
    expect(() => read(base64)).toThrow(problem)
  })

  it('becomes the JSON that Ruby gives: 60 random sessions with shared objects', () => {
    expect(fixtures.random).toHaveLength(60)
    for (const { base64, json } of fixtures.random) expect(JSON.parse(read(base64))).toEqual(JSON.parse(json))
  })

  it('resolves every link, also after texts and hashes of a subclass', () => {
    const { base64 } = fixtures.good.find(({ ruby }) => ruby.startsWith('s = "saved"')) ?? { base64: '' }
    expect(read(base64)).toBe('{"notice":"<b>saved</b>","plain":"saved","list":[{"id":1},{"id":2}],"same":"saved"}')
  })

  it('keeps a Float a Float for Ruby', () => {
    const { base64 } = fixtures.good.find(({ ruby }) => ruby.includes('-0.0, 1.0')) ?? { base64: '' }
    expect(read(base64)).toMatch(/^\{"list":\[0\.0,-0\.0,1\.0,-1\.5,0\.1,1e\+21,1e-7,5e-324,/)
  })

  it('pollutes no prototype', () => {
    const { base64 } = fixtures.good.find(({ ruby }) => ruby.includes('__proto__')) ?? { base64: '' }
    const { data } = recordOf(
      'id',
      { data: { S: base64 } },
      { sessionIdDigest: 'sha256', hashSessionIds: true, serializer: 'json_allow_marshal' },
    )
    expect(Object.keys(data)).toEqual(['__proto__', 'constructor', 'a'])
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
    expect(({} as { polluted?: true }).polluted).toBeUndefined()
  })

  it.each<[string, (string | number[])[]]>([
    ['nothing', []],
    ['an unknown type', ['?']],
    ['half a text', ['"', [10], 'abc']],
    ['an array of negative length', ['[', [0xfa]]],
    ['something behind the value', ['0', '0']],
    ['a link to nothing', ['[', [6], '@', [7]]],
    ['a symbol link to nothing', ['[', [6], ';', [6]]],
    ['an array that would fill the memory', ['[', [4, 0xff, 0xff, 0xff, 0x3f], '0']],
    ['a class that is no symbol', ['C', '"', [0], '{', [0]]],
  ])('is damaged: %s', (_what, parts) => {
    expect(() => byHand(...parts)).toThrow('is damaged')
  })

  it.each<[string, string | number[]]>([
    ['arrays', [0x5b, 3, 0, 0xfa, 0]],
    ['instance variables', 'I"\x00\x06:\x06a'],
    ['names of instance variables', 'I:\x06a\x06'],
    ['subclasses', 'C:\x06A'],
  ])('is refused within a second and with little memory: 400 KB of %s', (_what, part) => {
    const count = Math.floor(400_000 / part.length)
    const before = process.memoryUsage().rss
    const cpu = process.cpuUsage()
    expect(() => byHand(...Array.from({ length: count }, () => part))).toThrow(MarshalProblem)
    expect(process.cpuUsage(cpu).user).toBeLessThan(1_000_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
  })

  it('shows none of its content in an error but the name of a class', () => {
    expect(() => byHand('o:', [0x15], 'a secret\nof the user')).toThrow(/class unknown$/)
    const { base64 } = fixtures.bad.find(({ ruby }) => ruby.includes('2**70')) ?? { base64: '' }
    const load = () =>
      recordOf(
        'an-id',
        { data: { S: base64 } },
        { sessionIdDigest: 'sha256', hashSessionIds: true, serializer: 'json_allow_marshal' },
      )
    expect(load).toThrow(SessionDataError)
    expect(load).toThrow(
      /"data" is in Ruby's Marshal format and holds an Integer beyond 2\^53\. It counts as no session/,
    )
    expect(load).not.toThrow(/an-id|118|user_id/)
  })

  it('is no session without the option, and the message names the option', () => {
    const load = (data: string) => () =>
      recordOf('id', { data: { S: data } }, { sessionIdDigest: 'sha256', hashSessionIds: true })
    expect(load(fixtures.good[0]?.base64 ?? '')).toThrow(
      /Ruby's Marshal format \(serializer: json_allow_marshal reads it\)/,
    )
  })

  it('must be Base64', () => {
    expect(() => read('BAh7*AA=')).toThrow('is damaged: it is not Base64')
    expect(() => read('BAkw')).toThrow('is of an unknown version')
  })
})
