import { definitionOf, YAML_OPTION_NAMES, yamlName } from './option-table.js'
import { defaultText, typeText } from './option-text.js'
import type { OptionName } from './options.js'

/** The JSON Schema (draft-07) of the configuration file, for editors. Every option allows `${…}` and `null`. */
export function jsonSchema(): Record<string, unknown> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of dynamo-session-store',
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(YAML_OPTION_NAMES.map((name) => [yamlName(name), property(name)])),
  }
}

function property(name: OptionName): Record<string, unknown> {
  const definition = definitionOf(name)
  const description = `${definition.text} (${typeText(name)}; default: ${defaultText(name)})`
  return {
    description,
    ...(definition.default !== undefined && { default: definition.default }),
    anyOf: [valueSchema(name), { type: 'string', pattern: '\\$\\{' }, { type: 'null' }],
  }
}

function valueSchema(name: OptionName): Record<string, unknown> {
  const definition = definitionOf(name)
  switch (definition.type) {
    case 'choice':
      return { enum: definition.values }
    case 'integer':
    case 'number':
      return {
        type: definition.type,
        minimum: definition.minimum,
        ...(definition.maximum !== undefined && { maximum: definition.maximum }),
      }
    case 'map':
      return { type: 'object', additionalProperties: { type: 'string' } }
    case 'list': {
      const { maxItems, maxLength, pattern, not } = definition
      const items = { type: 'string', maxLength, pattern, ...(not.length > 0 && { not: { enum: not } }) }
      return { type: 'array', uniqueItems: true, maxItems, items }
    }
    case 'string':
    case 'path': {
      const { minLength, maxLength, pattern, orPattern, not, orList } = definition
      const text = {
        type: 'string',
        ...(minLength !== undefined && { minLength }),
        ...(maxLength !== undefined && { maxLength }),
        ...(pattern !== undefined && { pattern }),
        ...(not && { not: { enum: not } }),
      }
      if (orPattern) return { anyOf: [text, { type: 'string', pattern: orPattern }] }
      return orList ? { anyOf: [text, { type: 'array', minItems: 1, items: text }] } : text
    }
    default:
      return { type: definition.type }
  }
}
