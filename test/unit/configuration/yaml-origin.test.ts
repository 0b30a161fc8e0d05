import { describe, expect, it } from 'vitest'
import type { OptionName } from '../../../runtime/configuration/options.js'
import { readYaml } from '../../../runtime/configuration/yaml-origin.js'

const FILE = 'config/dynamo_session_store.yml'

function read(text: string, env: Record<string, string> = {}) {
  const found = readYaml(text, FILE, env)
  return {
    problems: found.problems.map(({ place, text }) => `${place}: ${text}`),
    deferred: found.deferred.map(({ place, text }) => `${place}: ${text}`),
    value: (name: OptionName) => found.values.get(name)?.value,
    source: (name: OptionName) => found.values.get(name)?.source,
    names: [...found.values.keys()],
  }
}

describe('a configuration file', () => {
  it('gives values with the line they come from', () => {
    const file = read('# comment\ntable_name: visits\n\nmax_stale: 3600\nraise_errors: true\nlock_max_wait_time: 1.5\n')
    expect(file.problems).toEqual([])
    expect(file.value('tableName')).toBe('visits')
    expect(file.source('tableName')).toBe(`${FILE}:2`)
    expect(file.value('maxStale')).toBe(3600)
    expect(file.source('maxStale')).toBe(`${FILE}:4`)
    expect(file.value('raiseErrors')).toBe(true)
    expect(file.value('lockMaxWaitTime')).toBe(1.5)
  })

  it.each(['', '\n', '# only a comment\n', '---\n', 'null\n', '~', '\uFEFF'])('may be empty: %j', (text) => {
    expect(read(text)).toMatchObject({ problems: [], names: [] })
  })

  it('takes null, and an empty value, as not set', () => {
    expect(read('max_age: null\nregion:\ntags: ~\n')).toMatchObject({ problems: [], names: [] })
  })

  it('takes a map of tags, with anchors and aliases', () => {
    const file = read('tags:\n  team: &t shop\n  owner: *t\n')
    expect(file.problems).toEqual([])
    expect(file.value('tags')).toEqual({ team: 'shop', owner: 'shop' })
  })

  it('reads files with Windows line ends', () => {
    const file = read('table_name: visits\r\nmax_age: 5\r\n')
    expect(file.value('tableName')).toBe('visits')
    expect(file.source('maxAge')).toBe(`${FILE}:2`)
  })
})

describe('a wrong configuration file', () => {
  it.each([
    ["max_age: 5\nsecret_key: <%= ENV['SESSION_SECRET'] %>", '2:13: secret_key'],
    ['table_name: "sessions_<%= Rails.env %>"', '1:13: table_name'],
    ["secret_key: [new, '<%= ENV.fetch(%q(OLD)) %>']", '1:13: secret_key'],
    ['tags: { stage: "<%=stage%>" }', '1:7: tags: stage'],
    ['secret_key: ${UNSET:-<%= secret %>}', '1:13: secret_key'],
    ['max_age: <%= 3600 %>', '1:10: max_age'],
  ])('refuses ERB, and does not show its content: %s', (text, place) => {
    const file = read(text)
    expect(file.problems).toEqual([
      `${FILE}:${place}: holds ERB (<% … %>), which only Ruby evaluates; write \${VARIABLE} for an environment variable`,
    ])
    expect(file.deferred).toEqual([])
  })

  it('leaves a value of the environment alone that looks like ERB', () => {
    expect(read('secret_key: ${SECRET}', { SECRET: 'a<%=b' }).value('secretKey')).toBe('a<%=b')
  })

  it.each([
    ['table_nam: x', '1:1: unknown option "table_nam"; did you mean "table_name"?'],
    ['\n  max_stael: 3', '2:3: unknown option "max_stael"; did you mean "max_stale"?'],
    ['tableName: x', '1:1: unknown option "tableName"; did you mean "table_name"?'],
    [
      'key_prefix: shop:',
      '1:13: not valid YAML: Nested mappings are not allowed in compact mappings; put a value that ends in a colon in quotes: "shop:"',
    ],
    [
      'key_prefix: shop',
      '1:13: key_prefix: must be text without spaces that ends in a colon, such as "shop:", not "shop"',
    ],
    ["key_prefix: ':'", '1:13: key_prefix: must be text without spaces that ends in a colon, such as "shop:", not ":"'],
    [
      "key_prefix: 'my shop:'",
      '1:13: key_prefix: must be text without spaces that ends in a colon, such as "shop:", not "my shop:"',
    ],
    ['table_key: successor', '1:12: table_key: can\'t be "successor": sessions have another attribute of that name'],
    ['index_keys: [saves]', '1:13: index_keys: can\'t hold "saves": sessions have another attribute of that name'],
    ['colour: red', '1:1: unknown option "colour"'],
    ['__proto__: { polluted: 1 }', '1:1: unknown option "__proto__"'],
    ['constructor: x', '1:1: unknown option "constructor"'],
    ['<<: { table_name: x }', '1:1: unknown option "<<"'],
    ['client: x', '1:1: client can only be set in code'],
    ['error_handler: x', '1:1: error_handler can only be set in code'],
    ['config_file: x', '1:1: config_file can only be set in code or ENV'],
    ['root: /', '1:1: root can only be set in code'],
    ['table_name: 123', '1:13: table_name: must be text, not 123 (put it in quotes)'],
    [
      'table_name: "a b c"',
      '1:13: table_name: may contain only letters, digits, "_", "-" and ".", unless it is the ARN of a table, not "a b c"',
    ],
    ['table_name: ab', '1:13: table_name: must be 3 to 255 characters long, not 2'],
    ['table_key: data', '1:12: table_key: can\'t be "data": sessions have another attribute of that name'],
    ['max_age: "3600"', '1:10: max_age: must be a whole number of seconds, at least 1, not "3600"'],
    ['max_age: 0', '1:10: max_age: must be a whole number of seconds, at least 1, not 0'],
    ['max_age: 1.5', '1:10: max_age: must be a whole number of seconds, at least 1, not 1.5'],
    ['max_age: .inf', '1:10: max_age: must be a whole number of seconds, at least 1, not Infinity'],
    ['raise_errors: maybe', '1:15: raise_errors: must be true or false, not "maybe"'],
    ['raise_errors: yes', '1:15: raise_errors: must be true or false, not "yes"'],
    ['billing_mode: free', '1:15: billing_mode: must be pay_per_request or provisioned, not "free"'],
    ['serializer: marshal', '1:13: serializer: "marshal" is not supported: Marshal holds Ruby objects'],
    ['region: [a]', '1:9: region: must be text, not a list'],
    ['region: {a: b}', '1:9: region: must be text, not a map'],
    ['endpoint: localhost:8000', '1:11: endpoint: must be a URL, such as http://localhost:8000, not "localhost:8000"'],
    ['tags: [a, b]', '1:7: tags: must be a map of names to texts, not a list'],
    ['tags: { a: 1 }', '1:7: tags: a must be text, not 1 (put it in quotes)'],
    ['tags: { aws:x: b }', '1:7: tags: "aws:x": names that begin with aws: are reserved'],
    ['tags: &a { x: *a }', 'tags: x must be text, not a map'],
    ['? [a]\n: b', '1:3: the name of an option must be plain text'],
    ['- table_name: x', '1:1: must hold lines of the form "table_name: sessions", not a list'],
    ['just text', '1:1: must hold lines of the form "table_name: sessions", not text'],
    ['table_name: one\ntable_name: two', '2:1: not valid YAML: Map keys must be unique'],
    ['table_name: aaa\n---\ntable_name: bbb', 'holds several YAML documents'],
    ['table_name: !secret x', '1:13: not valid YAML: Unresolved tag: !secret'],
    ['table_name: "x', 'not valid YAML: Missing closing "quote'],
    ['table_name: *nowhere', 'the alias *nowhere names no anchor (a text'],
    ['{ table_name: x', 'not valid YAML: '],
    ['\ttable_name: x', 'not valid YAML: '],
  ])('is refused with its place: %j', (text, message) => {
    const { problems, names } = read(text)
    expect(problems.join('\n')).toContain(message)
    expect(problems.join('\n')).toContain(`${FILE}:`)
    expect(names).not.toContain('client')
  })

  it('gives all of its problems at once', () => {
    expect(read('table_nam: x\nmax_age: -1\nttl: 3\n').problems).toHaveLength(3)
  })

  it('stops at alias bombs without expanding them', () => {
    const bomb = [
      'a: &a [x, x]',
      ...['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, i) => {
        const before = String.fromCharCode('a'.charCodeAt(0) + i)
        return `${name}: &${name} [${`*${before}, `.repeat(20)}]`
      }),
    ].join('\n')
    const started = performance.now()
    const { problems } = read(`${bomb}\ntags: *i\n`)
    expect(problems.join('\n')).toContain('tags: must be a map of names to texts, not a list')
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it('never puts anything into Object.prototype', () => {
    read('tags: { __proto__: { polluted: "yes" } }\n__proto__:\n  polluted: yes\n')
    expect('polluted' in {}).toBe(false)
  })

  it.each([
    'secret_key: 1234567',
    'secret_key: *Sup3r',
    'secret_key: !Sup3r',
    'secret_key: !Sup3r x',
    'secret_key:Sup3r\nregion: x',
    'secret_key:Sup3r',
    'secret_key: Sup3r${Sup3r-x}',
    'secret_key: "Sup3r',
    'secret_key: [Sup3r',
    'secret_key: { Sup3r: Sup3r }',
    'secret_key: &Sup3r [*Sup3r]',
    'secret_key: %Sup3r',
    'secret_key: @Sup3r',
    'secret_key: x\nsecret_key: Sup3r',
    'region: a\nsecret_key: | Sup3r\n  Sup3r',
  ])('does not show the secret in a message: %j', (text) => {
    const { problems, deferred } = read(text)
    expect([...problems, ...deferred].length).toBeGreaterThan(0)
    expect([...problems, ...deferred].join()).not.toMatch(/Sup3r|1234567/)
  })

  it.each(['table_name: !!js/function "x"', 'table_name: [', 'tags: !x { a: 1 }'])(
    'is one error for one mistake: %s',
    (text) => {
      expect(read(text).problems).toHaveLength(1)
    },
  )

  it('without a space after a colon is refused for this reason', () => {
    expect(read('table_name:sessions\nregion: x').problems[0]).toContain('a space is missing after "table_name:"')
  })
})

describe('${…} in a configuration file', () => {
  it('is replaced and then read by the type of the option, as from ENV', () => {
    const env = { NAME: 'visits', AGE: '60', YES: 'yes', PAIRS: 'a=b,c=d' }
    const file = read('table_name: ${NAME}-eu\nmax_age: ${AGE}\nraise_errors: "${YES}"\ntags: ${PAIRS}\n', env)
    expect(file.problems).toEqual([])
    expect(file.value('tableName')).toBe('visits-eu')
    expect(file.value('maxAge')).toBe(60)
    expect(file.value('raiseErrors')).toBe(true)
    expect(file.value('tags')).toEqual({ a: 'b', c: 'd' })
  })

  it('takes the default when the variable is unset or empty', () => {
    const file = read('table_name: ${NAME:-sessions}\nmax_age: ${AGE:-7}\nregion: ${R:-}\n', { NAME: '' })
    expect(file.problems).toEqual([])
    expect(file.value('tableName')).toBe('sessions')
    expect(file.value('maxAge')).toBe(7)
    expect(file.names).not.toContain('region')
  })

  it('takes $$ as a dollar, and a lone dollar as it is', () => {
    const file = read('secret_key: a$$b$$${X}c$d$\n', { X: '1' })
    expect(file.value('secretKey')).toBe('a$b$1c$d$')
  })

  it('works in the values of tags', () => {
    expect(read('tags: { stage: "${STAGE}" }', { STAGE: 'prod' }).value('tags')).toEqual({ stage: 'prod' })
    expect(read('tags: { stage: "${STAGE}" }').problems[0]).toContain('STAGE is not set')
  })

  it.each([
    ['table_name: ${NAME}', '1:13: table_name: the environment variable NAME is not set'],
    ['table_name: "${NAME"', '1:13: table_name: holds "${" without "}"'],
    ['table_name: "${}"', '1:13: table_name: "${…}" must hold VARIABLE or'],
    ['table_name: "${A-b}"', '1:13: table_name: "${…}" must hold VARIABLE or'],
    ['max_age: "${AGE}"', '1:10: max_age: must be a whole number of seconds, at least 1, not "soon"'],
  ])('is an error with its place: %s', (text, message) => {
    expect(read(text, { AGE: 'soon' }).problems[0]).toContain(message)
  })

  it('defers an unset variable of secret_key to callers that need the secret', () => {
    const file = read('secret_key: ${SECRET}\n')
    expect(file.problems).toEqual([])
    expect(file.deferred[0]).toContain('1:13: secret_key: the environment variable SECRET is not set')
  })

  it('defers an unclosed reference in secret_key as well, and nothing else', () => {
    expect(read('secret_key: "${SECRET"\n')).toMatchObject({
      problems: [],
      deferred: [expect.stringContaining('without "}"')],
    })
    expect(read('secret_key: 5\n').problems[0]).toContain('must be text')
  })
})
