import { Buffer } from 'node:buffer'
import { isDeeperThan } from './depth.js'
import { damaged, decoded, MarshalBytes, MarshalProblem } from './marshal-bytes.js'

/** Whether a text is Marshal as the Ruby gem stores it: Base64 whose first letters are the format's version, 4.8. */
export function isMarshalText(text: string): boolean {
  return text.startsWith('BA')
}

/**
 * Converts data that Ruby's Marshal wrote to JSON. Reads only values that JSON holds in the same way:
 *
 * - nil, booleans, finite floats, integers within 2^53, UTF-8 text, symbols (by their name);
 * - arrays, and hashes with keys of text or symbols;
 * - texts and hashes of a subclass, such as ActiveSupport::SafeBuffer, as plain ones.
 *
 * Refuses everything else: a value that is nearly right may be another user's id.
 *
 * Ruby's documentation describes the format: "Marshal Format". Packages that read it give wrong values without an error
 * (docs/design/wire-format.md, "Marshal").
 *
 * @param base64 the text as the gem stores it, with or without line breaks
 * @param longest the most characters of JSON. JSON repeats shared objects, so a few bytes of Marshal can stand for
 *   gigabytes.
 * @throws {MarshalProblem} that names the class of the refused value
 */
export function jsonOfMarshal(base64: string, longest: number): string {
  return new MarshalReader(new MarshalBytes(base64), longest).read()
}

/** The most levels of arrays and hashes, as in Ruby's JSON. */
const DEEPEST = 100

/** The deepest recursion: one call for each level, and a few for the encoding of a text in the last level. */
const DEEPEST_CALL = DEEPEST + 10

/** The first byte of a value, by its name in the documentation of the format. */
const TYPES = {
  NIL: '0',
  TRUE: 'T',
  FALSE: 'F',
  FIXNUM: 'i',
  BIGNUM: 'l',
  FLOAT: 'f',
  SYMBOL: ':',
  SYMBOL_LINK: ';',
  OBJECT_LINK: '@',
  STRING: '"',
  ARRAY: '[',
  HASH: '{',
  INSTANCE_VARIABLES: 'I',
  USER_CLASS: 'C',
} as const

/** Refused types that are followed by a class name: objects, structs, objects with a dump method, extended objects. */
const NAMED = 'oSuUde'
/** Refused types that are always of the same class. */
const FIXED: Readonly<Record<string, string>> = {
  '}': 'Hash with a default value',
  '/': 'Regexp',
  c: 'Class',
  m: 'Module',
  M: 'Module',
}

/** Reads values, each as its JSON. */
class MarshalReader {
  readonly #bytes: MarshalBytes
  readonly #longest: number
  readonly #symbols: string[] = []
  /** The objects that links refer to, in the order in which they begin. Undefined while the object is being read. */
  readonly #objects: (string | undefined)[] = []
  #depth = 0

  constructor(bytes: MarshalBytes, longest: number) {
    this.#bytes = bytes
    this.#longest = longest
  }

  read(): string {
    if (this.#bytes.byte() !== 4 || this.#bytes.byte() > 8) throw new MarshalProblem('is of an unknown version')
    const json = this.#value()
    if (!this.#bytes.isAtEnd) throw damaged()
    if (isDeeperThan(DEEPEST, json)) throw tooDeep()
    return json
  }

  #value(): string {
    this.#deeper()
    const value = this.#anyValue()
    this.#depth -= 1
    return value
  }

  #deeper(): void {
    this.#depth += 1
    if (this.#depth > DEEPEST_CALL) throw tooDeep()
  }

  #anyValue(): string {
    const type = this.#bytes.type()
    switch (type) {
      case TYPES.NIL:
        return 'null'
      case TYPES.TRUE:
        return 'true'
      case TYPES.FALSE:
        return 'false'
      case TYPES.FIXNUM:
        return String(this.#bytes.long())
      case TYPES.BIGNUM:
        return this.#enter(this.#bignum())
      case TYPES.FLOAT:
        return this.#enter(this.#float())
      case TYPES.SYMBOL:
      case TYPES.SYMBOL_LINK:
        return JSON.stringify(this.#symbol(type))
      case TYPES.OBJECT_LINK:
        return this.#linked()
      case TYPES.INSTANCE_VARIABLES:
        return this.#withVariables()
      default:
        return this.#object(type)
    }
  }

  /** An object with instance variables. Uses the encoding of a text, and skips all other variables. */
  #withVariables(): string {
    const type = this.#bytes.type()
    if (type === TYPES.SYMBOL) return JSON.stringify(this.#symbol(type, true))
    return this.#object(type, true)
  }

  #object(type: string, hasVariables = false): string {
    if (type === TYPES.USER_CLASS) {
      const name = this.#symbol(this.#bytes.type())
      const wrapped = this.#bytes.type()
      if (wrapped !== TYPES.STRING && wrapped !== TYPES.HASH) throw foreign(name)
      return this.#object(wrapped, hasVariables)
    }
    const index = this.#objects.push(undefined) - 1
    const read = this.#contents(type)
    const encoding = hasVariables ? this.#variables() : undefined
    const value = Buffer.isBuffer(read) ? JSON.stringify(decoded(read, encoding)) : read
    this.#objects[index] = value
    return value
  }

  /** @returns JSON, or the bytes of a text: its encoding follows the bytes */
  #contents(type: string): string | Buffer {
    if (type === TYPES.STRING) return this.#bytes.chunk()
    if (type === TYPES.ARRAY) return this.#array()
    if (type === TYPES.HASH) return this.#hash()
    if (NAMED.includes(type)) throw foreign(this.#symbol(this.#bytes.type()))
    throw type in FIXED ? foreign(FIXED[type] ?? '') : damaged()
  }

  #array(): string {
    const length = this.#bytes.length()
    let json = '['
    for (let index = 0; index < length; index += 1) {
      json = this.#bounded(`${json}${index > 0 ? ',' : ''}${this.#value()}`)
    }
    return `${json}]`
  }

  #hash(): string {
    const length = this.#bytes.length()
    const keys = new Set<string>()
    let json = '{'
    for (let index = 0; index < length; index += 1) {
      const key = this.#value()
      if (!key.startsWith('"')) throw new MarshalProblem('holds a Hash with a key that is neither text nor a Symbol')
      if (keys.has(key)) throw new MarshalProblem('holds a Hash with a text and a Symbol of one name as keys')
      keys.add(key)
      json = this.#bounded(`${json}${index > 0 ? ',' : ''}${key}:${this.#value()}`)
    }
    return `${json}}`
  }

  /** An object that was read before. */
  #linked(): string {
    const index = this.#bytes.length()
    if (index >= this.#objects.length) throw damaged()
    const value = this.#objects[index]
    if (value === undefined) throw new MarshalProblem('holds an Array or Hash that contains itself')
    return value
  }

  /** @returns the encoding, where one is given */
  #variables(): string | undefined {
    this.#deeper()
    const length = this.#bytes.length()
    let encoding: string | undefined
    for (let index = 0; index < length; index += 1) {
      const name = this.#symbol(this.#bytes.type())
      const json = this.#value()
      if (name === 'E') encoding = json === 'true' ? 'UTF-8' : 'US-ASCII'
      if (name === 'encoding') encoding = 'another encoding'
    }
    this.#depth -= 1
    return encoding
  }

  #symbol(type: string, hasVariables = false): string {
    if (type === TYPES.SYMBOL_LINK) {
      const symbol = this.#symbols[this.#bytes.length()]
      if (symbol === undefined) throw damaged()
      return symbol
    }
    if (type === TYPES.INSTANCE_VARIABLES && this.#bytes.type() === TYPES.SYMBOL)
      return this.#symbol(TYPES.SYMBOL, true)
    if (type !== TYPES.SYMBOL) throw damaged()
    const bytes = this.#bytes.chunk()
    const index = this.#symbols.push('') - 1
    const symbol = decoded(bytes, hasVariables ? this.#variables() : undefined)
    this.#symbols[index] = symbol
    return symbol
  }

  #bignum(): string {
    const sign = this.#bytes.type()
    const bytes = this.#bytes.take(this.#bytes.length() * 2)
    const size = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`)
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new MarshalProblem('holds an Integer beyond 2^53')
    return String(sign === '-' ? -size : size)
  }

  /** Writes a whole number with `.0`, because Ruby's JSON tells a Float from an Integer by it. */
  #float(): string {
    const written = this.#bytes.chunk().toString('latin1')
    if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(written)) throw new MarshalProblem('holds a Float that JSON can not hold')
    const value = Number(written)
    if (!Number.isFinite(value)) throw new MarshalProblem('holds a Float that JSON can not hold')
    const json = Object.is(value, -0) ? '-0' : String(value)
    return /[.e]/.test(json) ? json : `${json}.0`
  }

  #enter(value: string): string {
    this.#objects.push(value)
    return value
  }

  #bounded(json: string): string {
    if (json.length > this.#longest) throw new MarshalProblem(`is more than ${this.#longest} characters of JSON`)
    return json
  }
}

function foreign(name: string): MarshalProblem {
  const shown = /^[\w: ]{1,100}$/.test(name) ? name : 'unknown'
  return new MarshalProblem(`holds an object of the class ${shown}`)
}

function tooDeep(): MarshalProblem {
  return new MarshalProblem(`is deeper than ${DEEPEST} levels`)
}
