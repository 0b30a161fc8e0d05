import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { definitionOf, OPTION_NAMES, yamlName } from '../../runtime/configuration/option-table.js'
import { defaultText, typeText } from '../../runtime/configuration/option-text.js'
import type { OptionName } from '../../runtime/configuration/options.js'

const README = new URL('../../README.md', import.meta.url)
const SECTION = /(<!-- options:[^\n]*-->\n)([\s\S]*?)(<!-- \/options -->)/

function row(name: OptionName): string {
  const { from, text } = definitionOf(name)
  const where = from.length === 2 ? '' : from.length === 1 ? ' (code and ENV)' : ' (code)'
  const shownName = from.includes('yaml') || from.includes('env') ? yamlName(name) : name
  const cells = [`\`${shownName}\`${where}`, typeText(name), defaultText(name), text]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function optionsTable(): string {
  const head = '| option | type | default | what it does |\n| --- | --- | --- | --- |'
  return `\n${[head, ...OPTION_NAMES.map(row)].join('\n')}\n\n`
}

describe('the README', () => {
  it('shows the table of options as the code has it', () => {
    const readme = readFileSync(README, 'utf8')
    if (process.env.UPDATE_README)
      writeFileSync(README, readme.replace(SECTION, `$1${optionsTable().replaceAll('$', '$$$$')}$3`))
    expect(SECTION.exec(readFileSync(README, 'utf8'))?.[2]).toBe(optionsTable())
  })
})
