import { describe, expect, it } from 'vitest'
import { objectLiteral } from '../../../../generators/session-migration/literal.js'

describe('options in the code of a migration', () => {
  it('are on one line, as a person would write them', () => {
    expect(objectLiteral({})).toBe('{}')
    expect(objectLiteral({ billingMode: 'provisioned', readCapacity: 5, ttl: true })).toBe(
      "{ billingMode: 'provisioned', readCapacity: 5, ttl: true }",
    )
    expect(objectLiteral({ tags: {}, indexKeys: ['user_id', 'user.id'] }, 'options')).toBe(
      "{ ...options, tags: {}, indexKeys: ['user_id', 'user.id'] }",
    )
  })

  it('have a line each if one line would be too long', () => {
    const tags = { owner: 'o'.repeat(90) }
    expect(objectLiteral({ ttl: false, tags })).toBe(
      `{\n    ttl: false,\n    tags: { owner: '${'o'.repeat(90)}' },\n  }`,
    )
  })

  it.each(["it's", 'say "x"', 'a\\', '\\"', "\\'", 'line\nbreak', '${x}`', '\u2028', 'grün', ''])(
    'mean the same when they are run: %j',
    (text) => {
      const options = { tags: { [text]: text, 'a-b': '1', ['__proto__']: text } }
      expect(new Function(`return ${objectLiteral(options)}`)()).toStrictEqual(options)
    },
  )
})
