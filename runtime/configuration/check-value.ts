import { definitionOf, type ListOption, type ObjectOption } from './option-table.js'
import { rangeText, withoutPassword } from './option-text.js'
import type { OptionName } from './options.js'

/** The value of an option, or why it is refused. */
export type Checked = { readonly value: unknown } | { readonly problem: string }

const TRUE = ['true', '1', 'yes', 'on']
const FALSE = ['false', '0', 'no', 'off']

/** Reads an option's value from the text of ENV or `${…}`. The caller handles empty text. */
export function parseText(name: OptionName, text: string): Checked {
  const definition = definitionOf(name)
  switch (definition.type) {
    case 'boolean': {
      const word = text.trim().toLowerCase()
      if (TRUE.includes(word)) return { value: true }
      if (FALSE.includes(word)) return { value: false }
      return { problem: `must be true or false, not ${shown(name, text)}` }
    }
    case 'integer':
    case 'number': {
      const number = /^[+-]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN
      return checkValue(name, Number.isNaN(number) ? text : number)
    }
    case 'map':
      return parsePairs(name, text)
    case 'list':
      return checkValue(
        name,
        text.split(',').map((part) => part.trim()),
      )
    case 'object':
      return { problem: 'can only be set in code' }
    default:
      return checkValue(name, text)
  }
}

function parsePairs(name: OptionName, text: string): Checked {
  const pairs: [string, string][] = []
  for (const part of text.split(',')) {
    const equals = part.indexOf('=')
    if (equals < 1) return { problem: `must look like a=b,c=d, not ${shown(name, text)}` }
    const key = part.slice(0, equals).trim()
    if (pairs.some(([known]) => known === key)) return { problem: `has ${JSON.stringify(key)} twice` }
    pairs.push([key, part.slice(equals + 1).trim()])
  }
  return checkValue(name, Object.fromEntries(pairs))
}

/** Checks a typed value, as code and YAML give it. */
export function checkValue(name: OptionName, value: unknown): Checked {
  const given = definitionOf(name).type === 'map' ? withoutNulls(value) : value
  const problem = problemOf(name, given)
  return problem === undefined ? { value: given } : { problem }
}

/** Drops the entries of a map that are `null`, which means *not set*. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined))
}

function problemOf(name: OptionName, value: unknown): string | undefined {
  const definition = definitionOf(name)
  switch (definition.type) {
    case 'string':
    case 'path': {
      const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, orPattern, not, orList } = definition
      if (orList && Array.isArray(value)) return listProblem(name, value)
      if (typeof value !== 'string') return `must be text, not ${shown(name, value)}${quoteHint(value)}`
      if (orPattern && new RegExp(orPattern).test(value)) return undefined
      if (value.length < minLength || Buffer.byteLength(value) > maxLength) {
        return `must be ${lengths(minLength, maxLength)} characters long, not ${value.length}`
      }
      if (pattern && !new RegExp(pattern).test(value)) return `${definition.rule}, not ${shown(name, value)}`
      if (not?.includes(value)) return `can't be ${shown(name, value)}: sessions have another attribute of that name`
      return undefined
    }
    case 'integer':
    case 'number': {
      const fits =
        typeof value === 'number' &&
        (definition.type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
        value >= definition.minimum &&
        value <= (definition.maximum ?? Number.POSITIVE_INFINITY)
      if (fits) return undefined
      const kind = definition.type === 'integer' ? 'a whole number' : 'a number'
      const unit = definition.unit ? ` of ${definition.unit}` : ''
      return `must be ${kind}${unit}, ${rangeText(definition)}, not ${shown(name, value)}`
    }
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `must be true or false, not ${shown(name, value)}`
    case 'choice': {
      const values: readonly unknown[] = definition.values
      if (values.includes(value)) return undefined
      const reason = typeof value === 'string' && definition.refused?.[value]
      if (reason) return `${shown(name, value)} is not supported: ${reason}`
      return `must be ${definition.values.join(' or ')}, not ${shown(name, value)}`
    }
    case 'map':
      return mapProblem(name, value)
    case 'list':
      return textsProblem(name, definition, value)
    case 'object':
      return objectProblem(name, definition, value)
  }
}

function objectProblem(
  name: OptionName,
  { methods, orFunction, texts, words = [] }: ObjectOption,
  value: unknown,
): string | undefined {
  if (orFunction && typeof value === 'function') return undefined
  if (!methods && (typeof value === 'function' || words.includes(String(value)))) return undefined
  const object = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (methods) {
    if (methods.every((method) => typeof object[method] === 'function')) return undefined
    const meant = methods.length === 1 ? 'a method' : 'the methods'
    const wanted = `an object with ${meant} ${methods.join(', ')}`
    return `must be ${orFunction ? `a function or ${wanted}` : wanted}, not ${shown(name, value)}`
  }
  if (texts) {
    const missing = texts.find((text) => typeof object[text] !== 'string' || object[text] === '')
    if (missing === undefined) return undefined
    return `must be an object with the texts ${texts.join(' and ')}, or a function that returns one: ${missing} is missing`
  }
  return `must be ${[...words, 'a function'].join(' or ')}, not ${shown(name, value)}`
}

function listProblem(name: OptionName, values: readonly unknown[]): string | undefined {
  if (values.length === 0) return 'must not be an empty list'
  const problems = values.map((value) => (Array.isArray(value) ? 'must be text, not a list' : problemOf(name, value)))
  return problems.find((problem) => problem !== undefined)
}

/** Says which text is wrong, and why. */
function textsProblem(
  name: OptionName,
  { maxItems, maxLength, pattern, rule, not }: ListOption,
  value: unknown,
): string | undefined {
  if (!Array.isArray(value)) return `must be a list of texts, not ${shown(name, value)}`
  if (value.length > maxItems) return `may have at most ${maxItems} entries, not ${value.length}`
  for (const [index, text] of value.entries()) {
    if (typeof text !== 'string') return `must hold texts only, not ${shown(name, text)}${quoteHint(text)}`
    if (!new RegExp(pattern).test(text)) return `each ${rule}, not ${shown(name, text)}`
    if (text.length > maxLength) return `${shown(name, text)} must be at most ${maxLength} characters long`
    if (not.includes(text)) return `can't hold ${shown(name, text)}: sessions have another attribute of that name`
    if (value.indexOf(text) < index) return `has ${definitionOf(name).secret ? 'an entry' : shown(name, text)} twice`
  }
  return undefined
}

/** Limits: "Tagging restrictions in DynamoDB" in the DynamoDB developer guide. */
function mapProblem(name: OptionName, value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `must be a map of names to texts, not ${shown(name, value)}`
  }
  const entries = Object.entries(value)
  if (entries.length > 50) return `may have at most 50 entries, not ${entries.length}`
  for (const [key, text] of entries) {
    if (typeof text !== 'string') return `${key} must be text, not ${shown(name, text)}${quoteHint(text)}`
    if (key.length < 1 || key.length > 128) return `names must be 1 to 128 characters long, not ${key.length}`
    if (/^aws:/i.test(key)) return `${JSON.stringify(key)}: names that begin with aws: are reserved`
    if (text.length > 256) return `${key} must be at most 256 characters long, not ${text.length}`
  }
  return undefined
}

function lengths(minimum: number, maximum: number): string {
  return maximum === Number.POSITIVE_INFINITY ? `at least ${minimum}` : `${minimum} to ${maximum}`
}

function quoteHint(value: unknown): string {
  return ['number', 'boolean'].includes(typeof value) ? ' (put it in quotes)' : ''
}

/** A value for a message: short, on one line, and never a secret. */
function shown(name: OptionName, value: unknown): string {
  if (definitionOf(name).secret) return 'what is there'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'function') return 'a function'
  const text = typeof value === 'string' ? JSON.stringify(withoutPassword(value)) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
