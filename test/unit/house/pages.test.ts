import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { slugify } from '../../../docs/.vitepress/slugify.js'
import { docsPages, exists, ROOT } from '../../../scripts/docs/pages.js'

const MAP = 'docs/architecture.md'

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')
const DOCS = docsPages()
const DECISIONS = DOCS.filter((path) => path.startsWith('docs/design/'))

describe('the pages about the house', () => {
  const pages = [MAP, 'CONTRIBUTING.md', ...DECISIONS]

  it.each(pages)('%s names only files and folders that exist, by their path from the root', (page) => {
    expect(pathsIn(read(page)).filter((path) => !exists(path))).toEqual([])
  })

  it('name many paths', () => {
    expect(new Set(pages.flatMap((page) => pathsIn(read(page)))).size).toBeGreaterThan(60)
  })
})

it(`${MAP} has at most 200 lines, and leads to every decision`, () => {
  const text = read(MAP)
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(200)
  const linked = linksIn(text).flatMap(([path]) => (path.startsWith('design/') ? [`docs/${path}`] : []))
  expect([...new Set(linked)].filter((path) => path.endsWith('.md')).toSorted()).toEqual(DECISIONS.toSorted())
})

it('README.md has at most 200 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(200)
})

it('docs/performance.md has at most 150 lines', () => {
  expect(read('docs/performance.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150)
})

it.each(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...DOCS])(
  '%s links to pages and headings that exist',
  (page) => {
    const broken = linksIn(read(page)).filter(([path, anchor]) => {
      const target = path === '' ? page : join(dirname(page), path)
      return !exists(target) || (anchor !== undefined && !anchorsOf(read(target)).includes(anchor))
    })
    expect(broken).toEqual([])
  },
)

/** What stands in backticks and begins as paths here do, or has the name of a source; patterns (`<name>`) are none. */
function pathsIn(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/`([^`\s]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) =>
      /^(\.ci|runtime|generators|templates|test|docs|scripts|bench)\/|\w\.(c?ts|m?js|json|md|grit)$/.test(code),
    )
    .filter((code) => !/[<*]/.test(code))
}

/** Path and anchor of each link to a page of the repository. */
function linksIn(text: string): [path: string, anchor: string | undefined][] {
  return [...text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, path = '', anchor]) => [path, anchor])
}

function anchorsOf(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    slugify(heading),
  )
}
