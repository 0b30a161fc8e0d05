import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { compare, sizeOf } from './attribute-values.js'

export type Item = Record<string, AttributeValue>

/** Placeholders of one request. An unknown or unused placeholder is an error, as with DynamoDB. */
export class Placeholders {
  readonly #names: Readonly<Record<string, string>>
  readonly #values: Item
  readonly #unused: Set<string>

  constructor(names: Readonly<Record<string, string>> = {}, values: Item = {}) {
    this.#names = names
    this.#values = values
    this.#unused = new Set([...Object.keys(names), ...Object.keys(values)])
  }

  name(placeholder: string): string {
    return this.#use(this.#names[placeholder], placeholder)
  }

  value(placeholder: string): AttributeValue {
    return this.#use(this.#values[placeholder], placeholder)
  }

  assertAllUsed(): void {
    if (this.#unused.size > 0) throw new ExpressionError(`unused placeholders: ${[...this.#unused].join(', ')}`)
  }

  #use<T>(found: T | undefined, placeholder: string): T {
    if (found === undefined) throw new ExpressionError(`unknown placeholder: ${placeholder}`)
    this.#unused.delete(placeholder)
    return found
  }
}

/** The model does not know the expression, or DynamoDB would refuse it. */
export class ExpressionError extends Error {}

type Operand = (item: Item) => AttributeValue | undefined
type Test = (item: Item) => boolean
type Change = { readonly name: string; readonly value: Operand | undefined }

/** ConditionExpression, FilterExpression and KeyConditionExpression. */
export function parseCondition(text: string, placeholders: Placeholders): Test {
  const parser = new Parser(text, placeholders)
  const test = parser.or()
  parser.end()
  return test
}

/** @returns the item as changed; the operands are those of the item before */
export function parseUpdate(text: string, placeholders: Placeholders): (item: Item) => Item {
  const parser = new Parser(text, placeholders)
  const changes = parser.update()
  parser.end()
  const names = new Set(changes.map(({ name }) => name))
  if (names.size < changes.length) throw new ExpressionError(`two changes of one attribute: ${text}`)
  return (item) => {
    const changed = { ...item }
    for (const { name, value } of changes) {
      const result = value?.(item)
      if (result === undefined) delete changed[name]
      else changed[name] = result
    }
    return changed
  }
}

export function parseProjection(text: string, placeholders: Placeholders): (item: Item) => Item {
  const names = text.split(',').map((part) => placeholders.name(part.trim()))
  return (item) => Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)))
}

const TOKEN = /\s*(#\w+|:\w+|<>|<=|>=|[=<>(),]|\w+)/y
const COMPARATORS = ['=', '<>', '<', '<=', '>', '>=']

/** Recursive descent, one method a rule, weakest binding first. Only top-level attributes by placeholder. */
class Parser {
  readonly #tokens: string[]
  readonly #placeholders: Placeholders
  #at = 0

  constructor(text: string, placeholders: Placeholders) {
    this.#placeholders = placeholders
    this.#tokens = tokens(text)
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#unexpected()
  }

  or(): Test {
    const tests = [this.#and()]
    while (this.#take('OR')) tests.push(this.#and())
    return (item) => tests.some((test) => test(item))
  }

  update(): Change[] {
    const changes: Change[] = []
    const clauses = new Set<string>()
    while (this.#at < this.#tokens.length) {
      const clause = this.#next().toUpperCase()
      if (clauses.has(clause)) throw new ExpressionError(`${clause} twice`)
      clauses.add(clause)
      if (clause === 'SET') changes.push(...this.#list(() => this.#assignment()))
      else if (clause === 'REMOVE') changes.push(...this.#list(() => ({ name: this.#path(), value: undefined })))
      else throw new ExpressionError(`the model knows no ${clause}`)
    }
    if (changes.length === 0) throw new ExpressionError('an empty UpdateExpression')
    return changes
  }

  #and(): Test {
    const tests = [this.#not()]
    while (this.#take('AND')) tests.push(this.#not())
    return (item) => tests.every((test) => test(item))
  }

  #not(): Test {
    if (!this.#take('NOT')) return this.#primary()
    const test = this.#not()
    return (item) => !test(item)
  }

  #primary(): Test {
    if (this.#take('(')) {
      const test = this.or()
      this.#expect(')')
      return test
    }
    return this.#function() ?? this.#comparison()
  }

  #function(): Test | undefined {
    if (this.#take('attribute_exists')) {
      const name = this.#argument()
      return (item) => Object.hasOwn(item, name)
    }
    if (this.#take('attribute_not_exists')) {
      const name = this.#argument()
      return (item) => !Object.hasOwn(item, name)
    }
    if (this.#take('begins_with')) {
      const [value, prefix] = this.#arguments()
      return (item) => {
        const [text, start] = [value?.(item)?.S, prefix?.(item)?.S]
        return text !== undefined && start !== undefined && text.startsWith(start)
      }
    }
    if (this.#take('attribute_type')) {
      const [value, type] = this.#arguments()
      return (item) => {
        const found = value?.(item)
        return found !== undefined && Object.hasOwn(found, type?.(item)?.S ?? '')
      }
    }
    return undefined
  }

  #comparison(): Test {
    const left = this.#operand()
    const comparator = this.#next()
    if (!COMPARATORS.includes(comparator)) throw this.#unexpected(comparator)
    const right = this.#operand()
    return (item) => compare(left(item), comparator, right(item))
  }

  #operand(): Operand {
    if (this.#take('size')) {
      const name = this.#argument()
      return (item) => sizeOf(Object.hasOwn(item, name) ? item[name] : undefined)
    }
    const token = this.#peek()
    if (token?.startsWith(':')) {
      const value = this.#placeholders.value(this.#next())
      return () => value
    }
    const name = this.#path()
    return (item) => (Object.hasOwn(item, name) ? item[name] : undefined)
  }

  #assignment(): Change {
    const name = this.#path()
    this.#expect('=')
    if (!this.#take('if_not_exists')) return { name, value: this.#operand() }
    const [present, otherwise] = this.#arguments()
    return { name, value: (item) => present?.(item) ?? otherwise?.(item) }
  }

  #argument(): string {
    this.#expect('(')
    const name = this.#path()
    this.#expect(')')
    return name
  }

  #arguments(): Operand[] {
    this.#expect('(')
    const operands = this.#list(() => this.#operand())
    this.#expect(')')
    if (operands.length !== 2) throw new ExpressionError('the function takes two operands')
    return operands
  }

  #list<T>(rule: () => T): T[] {
    const elements = [rule()]
    while (this.#take(',')) elements.push(rule())
    return elements
  }

  #path(): string {
    const token = this.#next()
    if (!token.startsWith('#')) throw new ExpressionError(`the model takes attributes by placeholder only: ${token}`)
    return this.#placeholders.name(token)
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  #next(): string {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw new ExpressionError('the expression ends too early')
    this.#at += 1
    return token
  }

  #take(wanted: string): boolean {
    const isKeyword = /^[A-Z]/.test(wanted)
    const token = this.#peek()
    if (token !== wanted && !(isKeyword && token?.toUpperCase() === wanted)) return false
    this.#at += 1
    return true
  }

  #expect(wanted: string): void {
    if (!this.#take(wanted)) throw this.#unexpected(this.#peek())
  }

  #unexpected(token = this.#peek()): ExpressionError {
    return new ExpressionError(`unexpected ${token} in ${this.#tokens.join(' ')}`)
  }
}

function tokens(text: string): string[] {
  const found: string[] = []
  TOKEN.lastIndex = 0
  for (let at = 0; at < text.trimEnd().length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[1]
    if (token === undefined) throw new ExpressionError(`the model can't read: ${text.slice(at)}`)
    found.push(token)
  }
  return found
}
