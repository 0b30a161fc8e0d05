import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, '../..')

/** Folders of docs/ that hold no pages of ours: packages, the site's configuration and output, the API reference. */
const NOT_PAGES = ['node_modules', '.vitepress', 'api', 'snippets']

/** All pages below docs/, as paths from the root. */
export function docsPages(folder = 'docs'): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .flatMap((entry) => {
      if (entry.isDirectory()) return NOT_PAGES.includes(entry.name) ? [] : docsPages(`${folder}/${entry.name}`)
      return entry.name.endsWith('.md') ? [`${folder}/${entry.name}`] : []
    })
    .toSorted()
}

/** README.md and the pages for users. Their programs come from files. */
export function userPages(): string[] {
  return ['README.md', ...docsPages().filter((page) => !isDesign(page))]
}

function isDesign(page: string): boolean {
  return page.startsWith('docs/design/') || page === 'docs/architecture.md'
}

export const exists = (path: string): boolean => existsSync(join(ROOT, path))
