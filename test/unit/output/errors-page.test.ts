import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const PAGE = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')

const SOURCES = ['runtime', 'generators'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
)

/** Becomes a SessionDataError before anybody sees it. */
const INTERNAL = 'MarshalProblem'

/** Code and name of each class that has a code. */
const ERRORS = SOURCES.flatMap((text) =>
  [...text.matchAll(/class (\w+) extends \w*Error \{[^}]*?\breadonly code(?:: string)? = '(\w+)'/g)].map(
    ([, name = '', code = '']) => [code, name] as const,
  ),
).filter(([, name]) => name !== INTERNAL)
const WARNINGS = [...new Set(SOURCES.flatMap((text) => text.match(/\bDYNAMO_SESSION_STORE_[A-Z]+\b/g) ?? []))]

describe('docs/errors.md', () => {
  it('is compared with all codes of the sources', () => {
    expect(ERRORS.length).toBeGreaterThan(22)
    expect(WARNINGS.length).toBeGreaterThan(2)
  })

  it.each(ERRORS)('has a heading for %s, with its class, its remedy, and whether a repeat is safe', (code, name) => {
    const section = sectionOf(code)
    expect(section).toContain(`\`${name}\``)
    for (const part of ['What happened', 'Cause', 'Remedy', 'Repeat']) expect(section).toContain(`**${part}`)
  })

  it.each(WARNINGS)('has a heading for the warning %s, with its remedy', (code) => {
    expect(sectionOf(code)).toContain('**Remedy:**')
  })

  it('names maybeWritten for each error that has it', () => {
    const having = SOURCES.flatMap((text) =>
      [...text.matchAll(/class \w+ extends \w+ \{[^}]*?code = '(\w+)'[^}]*?readonly maybeWritten/g)].map(
        ([, code]) => code,
      ),
    )
    expect(having).toHaveLength(4)
    for (const code of having) expect(sectionOf(code ?? '')).toContain('maybeWritten')
  })

  it('has no heading of a code that does not exist', () => {
    const known = [...ERRORS.map(([code]) => code), ...WARNINGS]
    const headings = [...PAGE.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading)
    expect(headings.toSorted()).toEqual(known.toSorted())
  })

  it('leads to each heading from its table of contents', () => {
    const contents = PAGE.slice(0, PAGE.indexOf('\n## '))
    for (const code of [...ERRORS.map(([code]) => code), ...WARNINGS]) {
      expect(contents).toContain(`[${code}](#${code.toLowerCase()})`)
    }
  })
})

function sectionOf(code: string): string {
  return new RegExp(`^### ${code}\\n([\\s\\S]*?)(?=^##|$(?![\\s\\S]))`, 'm').exec(PAGE)?.[1] ?? ''
}
