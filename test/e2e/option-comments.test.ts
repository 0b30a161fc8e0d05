import { expect, inject, it } from 'vitest'
import { definitionOf, OPTION_NAMES, yamlName } from '../../runtime/configuration/option-table.js'
import type { OptionName } from '../../runtime/configuration/options.js'
import { type Hover, hoversOf } from '../support/declarations.js'

const APPLICATION = `
import type { Options } from './package/dist/runtime/index.js'
import type { UmzugOptions } from './package/dist/runtime/umzug.js'
export declare const options: Options
export declare const umzugOptions: UmzugOptions
`

/** A text of the table with the names of options as code spells them. */
function inCode(text: string): string {
  const names = new Map<string, OptionName>(OPTION_NAMES.map((name) => [yamlName(name), name]))
  return text.replace(/[a-z]+(_[a-z]+)+/g, (word) => names.get(word) ?? word)
}

function defaultInCode(name: OptionName): string {
  const { default: value, otherwise } = definitionOf(name)
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return otherwise ?? 'none'
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** What a comment has to say: the text of the table first, the unit somewhere, the default. */
function fromTable(name: OptionName) {
  const { text, unit = '' } = definitionOf(name)
  return { first: inCode(text), all: expect.stringMatching(new RegExp(unit, 'i')), default: defaultInCode(name) }
}

function fromComment({ text, tags }: Hover) {
  const [first, ...more] = text.split('\n\n').map((paragraph) => paragraph.replaceAll('\n', ' '))
  return { first, all: [first, ...more].join(' '), default: tags.get('default') }
}

it('the doc comment of every option, as published, says what the table says', async () => {
  const hovers = await hoversOf(inject('tarball'), APPLICATION, ['options', 'umzugOptions'])
  const options = hovers.get('options') ?? new Map<string, Hover>()
  expect([...options.keys()].sort()).toEqual([...OPTION_NAMES].sort())
  // createUmzug has a logger of its own.
  for (const [variable, names] of [
    ['options', OPTION_NAMES],
    ['umzugOptions', OPTION_NAMES.filter((name) => name !== 'logger')],
  ] as const) {
    const entries = names.flatMap((name) => {
      const hover = hovers.get(variable)?.get(name)
      return hover ? [[name, fromComment(hover)] as const] : []
    })
    expect(Object.fromEntries(entries)).toEqual(Object.fromEntries(names.map((name) => [name, fromTable(name)])))
  }
})
