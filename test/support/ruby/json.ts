/** A number that Ruby holds as a Float; integers are bigints, of any size, as Ruby's are. */
export class RubyFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** What Ruby's JSON parser makes of a text; a Hash is a Map, since its keys keep their order. */
export type RubyValue = null | boolean | bigint | RubyFloat | string | RubyValue[] | RubyHash
export type RubyHash = Map<string, RubyValue>

/** What an application in a test writes into its session, as Ruby has it: 1 is an Integer, 1.5 a Float. */
export function rubyValue(value: unknown): RubyValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'string')
    return value
  if (value instanceof RubyFloat || value instanceof Map) return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : new RubyFloat(value)
  if (Array.isArray(value)) return value.map(rubyValue)
  if (typeof value === 'object') return new Map(Object.entries(value).map(([key, inner]) => [key, rubyValue(inner)]))
  throw new TypeError(`no value of a session: ${typeof value}`)
}

/** And back, for a test to look at. */
export function plainValue(value: RubyValue | undefined): unknown {
  if (value instanceof RubyFloat) return value.value
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plainValue(inner)]))
  if (Array.isArray(value)) return value.map(plainValue)
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
}

/** As `JSON.generate` of Ruby writes (gem-facts, b: B9, B10). */
export function rubyGenerate(value: RubyValue): string {
  if (value instanceof RubyFloat) return floatText(value.value)
  if (Array.isArray(value)) return `[${value.map(rubyGenerate).join(',')}]`
  if (value instanceof Map) {
    return `{${[...value].map(([key, inner]) => `${JSON.stringify(key)}:${rubyGenerate(inner)}`).join(',')}}`
  }
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value)
}

/** Ruby's Float#to_s: `1.0`, `0.1`, `1.0e+21`, `1.0e-07`, `-0.0`; NaN and Infinity bare (B9, B10). */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Object.is(value, -0)) return '-0.0'
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value === 0 || (power >= -4 && power < 16)) {
    const text = Math.abs(power) < 7 ? String(value) : plainDigits(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const mantissa = digits.includes('.') ? digits : `${digits}.0`
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

function plainDigits(value: number): string {
  return Number.isInteger(value) ? String(BigInt(value)) : String(value)
}

/**
 * As `JSON.parse` of Ruby reads: RFC 8259, at most 100 levels deep, no NaN, no lone surrogate (gem-facts, g: G8, G10
 * to G23). Numbers with a fraction or an exponent are Floats, others Integers of any size.
 *
 * @throws {SyntaxError}
 */
export function rubyParse(text: string): RubyValue {
  JSON.parse(text) // whatever it refuses, Ruby refuses
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[-+.\deE]*|true|false|null|[[\]{},:]/g)].map(
    ([token]) => token,
  )
  let at = 0
  const next = () => tokens[at++] as string
  const value = parseValue(100)
  return value

  function parseValue(levels: number): RubyValue {
    const token = next()
    if (token === '{' || token === '[') {
      if (levels === 0) throw new SyntaxError('JSON::NestingError: nesting of 101 is too deep')
      return token === '{' ? parseHash(levels - 1) : parseArray(levels - 1)
    }
    if (token.startsWith('"')) return parseString(token)
    if (/^(true|false|null)$/.test(token)) return JSON.parse(token)
    return /[.eE]/.test(token) ? new RubyFloat(Number(token)) : BigInt(token)
  }

  function parseHash(levels: number): RubyHash {
    const hash: RubyHash = new Map()
    for (; tokens[at] !== '}'; ) {
      if (tokens[at] === ',') at += 1
      const key = parseString(next())
      at += 1 // the colon
      hash.set(key, parseValue(levels))
    }
    at += 1
    return hash
  }

  function parseArray(levels: number): RubyValue[] {
    const array: RubyValue[] = []
    for (; tokens[at] !== ']'; ) {
      if (tokens[at] === ',') at += 1
      array.push(parseValue(levels))
    }
    at += 1
    return array
  }
}

function parseString(token: string): string {
  const text = JSON.parse(token) as string
  if (/\p{Surrogate}/u.test(text)) throw new SyntaxError('JSON::ParserError: incomplete surrogate pair')
  return text
}
