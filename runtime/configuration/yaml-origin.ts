import type { Document, Pair, YAMLError } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from '#yaml'
import type { Problem } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { type Checked, checkValue, parseText } from './check-value.js'
import { didYouMean } from './did-you-mean.js'
import { pointer } from './foreign-options.js'
import { interpolate } from './interpolation.js'
import { definitionOf, OPTION_NAMES, YAML_OPTION_NAMES, yamlName } from './option-table.js'
import type { OptionName } from './options.js'
import type { DeferredProblem, Origin } from './origin.js'

/** The options of a file. */
export interface FileOrigin extends Origin {
  readonly deferred: readonly DeferredProblem[]
}

/** `reference`: a `${…}` can't be filled in. For a secret, that is a deferred problem. */
type ReadValue = Checked & { readonly reference?: true }

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the text of a configuration file. Only checked values become objects, and no deeper than an option's value can
 * be. So neither alias bombs nor keys such as `__proto__` reach an object.
 *
 * @param path name of the file for messages and sources
 */
export function readYaml(text: string, path: string, env: Environment): FileOrigin {
  const documents = parseAllDocuments(text, { prettyErrors: false, uniqueKeys: true })
  const file = new YamlFile(path, text, env)
  if (!Array.isArray(documents)) return file.found
  const [document, second] = documents
  if (second) {
    // The parser's messages are left out: they may quote a secret.
    file.problem(second.range[0], 'holds several YAML documents (a line "---" begins another); keep one')
  } else if (document) {
    file.takeDocument(document)
  }
  return file.found
}

class YamlFile {
  readonly #path: string
  readonly #text: string
  readonly #env: Environment
  readonly found = {
    values: new Map<OptionName, { value: unknown; source: string }>(),
    problems: [] as Problem[],
    warnings: [] as string[],
    deferred: [] as DeferredProblem[],
  }

  constructor(path: string, text: string, env: Environment) {
    this.#path = path
    this.#text = text
    this.#env = env
  }

  problem(offset: number, text: string): void {
    this.found.problems.push({ place: this.#place(offset), text })
  }

  takeErrors(errors: readonly YAMLError[], pairs: readonly Pair[]): void {
    for (const { code, message, pos } of errors) {
      // After the colon, this message has a part of the file, which may be a secret.
      const text = code === 'UNEXPECTED_TOKEN' ? message.replace(/: .*/s, '') : message
      const keys = pairs.map(({ key }) => key).filter((key) => offsetOf(key) <= pos[0])
      this.problem(pos[0], `not valid YAML: ${reason(text, keys)}`)
    }
  }

  takeDocument(document: Document.Parsed): void {
    const root = document.contents
    const pairs: readonly Pair[] = isMap(root) ? (root.items as Pair[]) : []
    const errors = [...document.errors, ...document.warnings]
    const pairAt = (offset: number) => pairs.findLast(({ key }) => offsetOf(key) <= offset)
    this.takeErrors(errors, pairs)
    if (root === null || (isScalar(root) && root.value === null)) return
    if (!isMap(root)) {
      const kind = isScalar(root) ? 'text' : isAlias(root) ? 'an alias' : 'a list'
      this.problem(root.range[0], `must hold lines of the form "table_name: sessions", not ${kind}`)
      return
    }
    const broken = new Set(errors.map(({ pos }) => pairAt(pos[0])))
    for (const pair of pairs) if (!broken.has(pair)) this.#takePair(pair, document)
  }

  #takePair(pair: Pair, document: Document): void {
    const offset = offsetOf(pair.key)
    const key = isScalar(pair.key) ? String(pair.key.value) : undefined
    if (key === undefined) {
      this.problem(offset, 'the name of an option must be plain text')
      return
    }
    const name = OPTION_NAMES.find((candidate) => yamlName(candidate) === key)
    if (name && !YAML_OPTION_NAMES.includes(name)) {
      const where = definitionOf(name).from.includes('env') ? 'in code or ENV' : 'in code'
      this.problem(offset, `${key} can only be set ${where}`)
      return
    }
    if (!name) {
      const known = YAML_OPTION_NAMES.map(yamlName)
      const shown = shownKey(pair.key) ?? ''
      const hint = pointer(shown, yamlName) || didYouMean(shown, known)
      const text = missingSpace(pair.key) ?? `unknown option ${JSON.stringify(shown)}${hint}`
      this.problem(offset, text)
      return
    }
    const checked = this.#valueOf(name, pair.value, document)
    if (checked === undefined) return
    const at = offsetOf(pair.value) || offset
    if ('problem' in checked) {
      const problem = { place: this.#place(at), text: `${key}: ${checked.problem}${pointer(key, yamlName)}` }
      if ('reference' in checked && definitionOf(name).secret) this.found.deferred.push({ ...problem, option: name })
      else this.found.problems.push(problem)
      return
    }
    const [line] = this.#position(offset)
    this.found.values.set(name, { value: checked.value, source: `${this.#path}:${line}` })
  }

  /** `undefined`: null or empty, which means *not set*. */
  #valueOf(name: OptionName, node: unknown, document: Document): ReadValue | undefined {
    const target = isAlias(node) ? node.resolve(document) : node
    if (isAlias(node) && !target) {
      const alias = definitionOf(name).secret ? '' : ` *${node.source}`
      return { problem: `the alias${alias} names no anchor (a text that begins with * needs quotes)` }
    }
    if (isMap(target)) {
      if (definitionOf(name).type !== 'map') return checkValue(name, {})
      return this.#mapOf(name, target.items, document)
    }
    if (isSeq(target)) return this.#listOf(name, target.items, document)
    if (!isScalar(target) || target.value === null) return undefined
    if (typeof target.value !== 'string') return checkValue(name, target.value)
    const filled = interpolate(target.value, this.#env)
    if ('problem' in filled) return filled
    if (!filled.changed) return checkValue(name, filled.text)
    return filled.text === '' ? undefined : parseText(name, filled.text)
  }

  #mapOf(name: OptionName, pairs: readonly Pair[], document: Document): ReadValue {
    const entries: [string, unknown][] = []
    for (const { key, value } of pairs) {
      const label = isScalar(key) ? String(key.value) : undefined
      if (label === undefined) return { problem: 'names must be plain text' }
      const element = this.#elementOf(value, document)
      if ('problem' in element) return { ...element, problem: `${fitForLine(label)}: ${element.problem}` }
      entries.push([label, element.value])
    }
    return checkValue(name, Object.fromEntries(entries))
  }

  #listOf(name: OptionName, nodes: readonly unknown[], document: Document): ReadValue {
    const values: unknown[] = []
    for (const node of nodes) {
      const element = this.#elementOf(node, document)
      if ('problem' in element) return element
      values.push(element.value)
    }
    const checked = checkValue(name, values)
    const isJoined = nodes.some((node, at) => isReference(node) && String(values[at]).includes(','))
    if (!('problem' in checked) || !isJoined) return checked
    const hint = `; an entry is one text, so for a variable with several, write ${yamlName(name)}: \${VARIABLE} without brackets`
    return { problem: checked.problem + hint }
  }

  /** An entry of a map or a list: text with `${…}` filled in. The check refuses anything else. */
  #elementOf(node: unknown, document: Document): ReadValue {
    const target = isAlias(node) ? node.resolve(document) : node
    const value = isScalar(target) ? target.value : isSeq(target) ? [] : {}
    if (typeof value !== 'string') return { value }
    const filled = interpolate(value, this.#env)
    return 'problem' in filled ? filled : { value: filled.text }
  }

  #place(offset: number): string {
    return `${this.#path}:${this.#position(offset).join(':')}`
  }

  /** Line and column, both from 1. */
  #position(offset: number): [number, number] {
    const lines = this.#text.slice(0, offset).split('\n')
    return [lines.length, (lines.at(-1) ?? '').length + 1]
  }
}

/** The name of an option for a message. If the space after the colon is missing, the value is cut off. */
function shownKey(key: unknown): string | undefined {
  return isScalar(key) ? String(key.value).split(/[:\s]/)[0]?.slice(0, 40) : undefined
}

const NAMES = YAML_OPTION_NAMES.map(yamlName)
const SECRETS = YAML_OPTION_NAMES.filter((name) => definitionOf(name).secret).map(yamlName)

/**
 * The parser's message. It may quote the value, so a secret gets another message.
 *
 * @param keys the keys before the error. The last ones may be parts of a broken value.
 */
function reason(message: string, keys: readonly unknown[]): string {
  const names = keys.map((key) => shownKey(key) ?? '')
  const option = names.findLast((name) => secretOf(name) ?? NAMES.some((known) => name.startsWith(known)))
  const secret = option && secretOf(option)
  const hint = message.startsWith('Nested mappings') ? '; put a value that ends in a colon in quotes: "shop:"' : ''
  const text = secret ? `the value of ${secret} cannot be read; put it in quotes` : fitForLine(message) + hint
  return missingSpace(keys.at(-1)) ?? text
}

/** The secret option that a key names, also as `encryption_key`. */
function secretOf(key: string): string | undefined {
  return SECRETS.find((name) => key.startsWith(name.replace(/s$/, '')))
}

function missingSpace(key: unknown): string | undefined {
  const colon = isScalar(key) && /^\w+:(?=\S)/.exec(String(key.value))?.[0]
  return colon ? `a space is missing after "${colon}"` : undefined
}

function isReference(node: unknown): boolean {
  return isScalar(node) && String(node.value).includes('${')
}

function offsetOf(node: unknown): number {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return range?.[0] ?? 0
}
