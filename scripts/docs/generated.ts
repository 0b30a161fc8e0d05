import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cliPage } from './cli-page.js'
import { filled, programIn } from './fences.js'
import { optionsTable } from './options-table.js'
import { exists, ROOT, userPages } from './pages.js'
import { sessionFiles } from './session-files.js'

/** A part of a page that is written by a function, between `<!-- name: … -->` and `<!-- /name -->`. */
const PARTS = [{ page: 'docs/configuration.md', name: 'options', write: optionsTable }]

/** Every file that `npm run docs:write` writes, with its text: programs of the generators, and pages. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const programs = sessionFiles()
  const programOf = sourceReader(programs)
  const pages = userPages().map((page): [string, string] => [page, pageWith(page, read(page), programOf)])
  return new Map([...programs, ...pages, ['docs/cli.md', await cliPage()]])
}

/** Reads the text of a marker's source. A generated file is taken from `programs`, even if it is not written yet. */
export function sourceReader(programs: ReadonlyMap<string, string>): (source: string) => string {
  return (source) => {
    const [path = '', region] = source.split('#')
    const text = programs.get(path) ?? (exists(path) ? read(path) : undefined)
    if (text === undefined) throw new Error('there is no such file')
    return programIn(text, region)
  }
}

function pageWith(page: string, text: string, programOf: (source: string) => string): string {
  const withPrograms = filled(text, (source) => {
    try {
      return programOf(source)
    } catch (error) {
      throw new Error(`${page}, <!-- ${source} -->: ${(error as Error).message}`)
    }
  })
  return PARTS.filter((part) => part.page === page).reduce(
    (written, { name, write }) => withPart(written, page, name, write()),
    withPrograms,
  )
}

function withPart(page: string, path: string, name: string, text: string): string {
  const part = new RegExp(`(<!-- ${name}:[^\\n]*-->\\n)[\\s\\S]*?(<!-- /${name} -->)`)
  if (!part.test(page)) throw new Error(`${path} has no lines <!-- ${name}: … --> and <!-- /${name} -->`)
  return page.replace(part, (_, begin: string, end: string) => `${begin}\n${text}\n\n${end}`)
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
