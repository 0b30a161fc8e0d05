import { definitionOf, type NumberOption, type ObjectOption } from './option-table.js'
import type { OptionName } from './options.js'

/** Removes user name and password from a URL. */
export function withoutPassword(text: string): string {
  return text.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
}

/** Whether the value must not be printed. An empty list holds no secret. */
export function isSecret(name: OptionName, value: unknown): boolean {
  return definitionOf(name).secret === true && !(Array.isArray(value) && value.length === 0)
}

/** The value of an option as YAML and the screen show it. `null` stands for none. */
export function valueText(name: OptionName, value: unknown): string {
  if (value === undefined || value === null) return 'null'
  if (isSecret(name, value)) return '********'
  return typeof value === 'object' ? JSON.stringify(value) : withoutPassword(String(value))
}

/** The type of an option in words, with unit and limits. */
export function typeText(name: OptionName): string {
  const definition = definitionOf(name)
  switch (definition.type) {
    case 'choice':
      return definition.values.join(' | ')
    case 'integer':
    case 'number': {
      const kind = definition.unit ? `${definition.type}, ${definition.unit}` : definition.type
      return `${kind}, ${rangeText(definition)}`
    }
    case 'map':
      return 'map of names to texts'
    case 'list':
      return 'list of texts'
    case 'object':
      return objectText(definition)
    case 'string':
      return definition.orList ? 'string, or a list of them' : 'string'
    default:
      return definition.type
  }
}

/** `at least 1`, `1 to 100` */
export function rangeText({ minimum, maximum }: NumberOption): string {
  return maximum === undefined ? `at least ${minimum}` : `${minimum} to ${maximum}`
}

function objectText({ methods, orFunction, texts, words = [] }: ObjectOption): string {
  if (methods) {
    const object = `object with ${methods.map((method) => `${method}()`).join(', ')}`
    return orFunction ? `function | ${object}` : object
  }
  return [...words, ...(texts ? [`object with ${texts.join(', ')}`] : []), 'function'].join(' | ')
}

/** The default of an option in words. */
export function defaultText(name: OptionName): string {
  const definition = definitionOf(name)
  const none = definition.default === undefined || String(definition.default) === ''
  return none ? (definition.otherwise ?? 'none') : String(definition.default)
}
