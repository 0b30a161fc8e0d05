import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { planStore } from '../../generators/session-store/plan.js'
import { definitionOf, OPTION_NAMES, yamlName } from '../../runtime/configuration/option-table.js'
import { defaultText, typeText } from '../../runtime/configuration/option-text.js'
import type { OptionName } from '../../runtime/configuration/options.js'
import { application } from './generators/application.js'
import { single } from './generators/single.js'

const at = (path: string) => new URL(`../../${path}`, import.meta.url)
const CONFIGURATION = at('docs/configuration.md')
const FRAMEWORKS = readdirSync(at('docs/frameworks')).map((name) => at(`docs/frameworks/${name}`))
const PAGES = [at('README.md'), ...FRAMEWORKS]
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

/** `<!-- fastify/session.js -->` and the block behind it: the file that `session-store` writes. */
const SESSION_FILE = /(<!-- ([\w-]+)\/session\.(js|ts) -->\n```\w+\n)([\s\S]*?)```/g

function sessionFile(framework: string, language: string): string {
  return single(planStore({ root: application({ 'package.json': '{"type":"module"}' }).root, framework, language }))
    .text
}

describe('the pages', () => {
  it.each(PAGES)('%s shows the files of session-store as the generator writes them', (page) => {
    const before = readFileSync(page, 'utf8')
    const written = before.replace(
      SESSION_FILE,
      (_, head, framework, language) => `${head}${sessionFile(framework, language)}\`\`\``,
    )
    if (process.env.UPDATE_README) writeFileSync(page, written)
    expect(readFileSync(page, 'utf8')).toBe(written)
  })

  it('show the file of every framework', () => {
    const shown = PAGES.flatMap((page) => [...readFileSync(page, 'utf8').matchAll(SESSION_FILE)])
    expect(shown.map(([, , framework]) => framework)).toEqual(
      expect.arrayContaining(['express', 'fastify', 'koa', 'hono', 'node-http', 'react-router', 'lambda']),
    )
  })

  it('show the table of options as the code has it', () => {
    const page = readFileSync(CONFIGURATION, 'utf8')
    if (process.env.UPDATE_README)
      writeFileSync(CONFIGURATION, page.replace(SECTION, `$1${optionsTable().replaceAll('$', '$$$$')}$3`))
    expect(SECTION.exec(readFileSync(CONFIGURATION, 'utf8'))?.[2]).toBe(optionsTable())
  })
})
