import { definitionOf, OPTION_NAMES, yamlName } from '../../runtime/configuration/option-table.js'
import { defaultText, typeText } from '../../runtime/configuration/option-text.js'
import type { OptionName } from '../../runtime/configuration/options.js'
import { escaped, tableOf } from './markdown.js'

/** The table of docs/configuration.md. */
export function optionsTable(): string {
  return tableOf(['option', 'type', 'default', 'what it does'], OPTION_NAMES.map(rowOf))
}

function rowOf(name: OptionName): string[] {
  const { from, text } = definitionOf(name)
  const where = from.length === 2 ? '' : from.length === 1 ? ' (code and ENV)' : ' (code)'
  const shownName = from.includes('yaml') || from.includes('env') ? yamlName(name) : name
  return [`\`${shownName}\`${where}`, ...[typeText(name), defaultText(name), text].map(escaped)]
}
