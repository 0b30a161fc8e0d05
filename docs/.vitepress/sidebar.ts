import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const DOCS = join(import.meta.dirname, '..')

interface Group {
  readonly text: string
  /** Pages, as paths below docs/ without `.md`. The site shows their headings. */
  readonly pages: readonly string[]
  readonly collapsed?: boolean
}

/** All pages of the site but the home page. test/unit/docs/site.test.ts says which one is missing. */
export const GROUPS: readonly Group[] = [
  { text: 'Start', pages: ['getting-started', 'examples', 'concepts'] },
  {
    text: 'Guides',
    pages: [
      'generators',
      'lifetimes',
      'concurrency',
      'sign-out-everywhere',
      'signed-ids',
      'cookies',
      'encryption',
      'compression',
      'several-applications',
      'rails',
      'moving',
      'testing',
      'bundlers',
    ],
  },
  {
    text: 'Frameworks',
    pages: [
      'frameworks/index',
      'frameworks/express',
      'frameworks/nestjs',
      'frameworks/fastify',
      'frameworks/koa',
      'frameworks/hono',
      'frameworks/nextjs',
      'frameworks/remix',
      'frameworks/react-router',
      'frameworks/node-http',
      'frameworks/lambda',
      'frameworks/session-manager',
    ],
  },
  {
    text: 'Operate',
    pages: [
      'deploying',
      'permissions',
      'infrastructure',
      'cleaning',
      'cost',
      'observability',
      'reliability',
      'security',
      'performance',
    ],
  },
  { text: 'Reference', pages: ['configuration', 'cli', 'errors', 'api/index'] },
  { text: 'Project', pages: ['changelog', 'upgrading', 'architecture'] },
  {
    text: 'Design',
    pages: [
      'design/adapters',
      'design/batched-reads',
      'design/build',
      'design/changing-ids',
      'design/clocks',
      'design/configuration',
      'design/failures',
      'design/locking',
      'design/migrations',
      'design/output',
      'design/plan',
      'design/sessions-by-value',
      'design/transports',
      'design/wire-format',
    ],
    collapsed: true,
  },
]

/** The groups as VitePress reads them. */
export function sidebar() {
  return GROUPS.map(({ text, pages, collapsed }) => ({
    text,
    ...(collapsed !== undefined && { collapsed }),
    items: pages.filter(exists).map((page) => ({
      ...itemOf(page),
      ...(page === 'api/index' && { collapsed: true, items: apiPages().map(itemOf) }),
    })),
  }))
}

/** The pages of the API reference, which TypeDoc has written: one for each entry of the package. */
function apiPages(): string[] {
  const { exports: entries } = JSON.parse(readFileSync(join(DOCS, '../package.json'), 'utf8'))
  return Object.keys(entries)
    .map((entry) => `api/${entry.replace('.', 'dynamo-session-store')}`)
    .filter(exists)
}

function itemOf(page: string) {
  return { text: titleOf(page), link: `/${page.replace(/index$/, '')}` }
}

/** The heading of a page, without an explanation behind a colon. */
function titleOf(page: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(join(DOCS, `${page}.md`), 'utf8'))?.[1]
  if (heading === undefined) throw new Error(`docs/${page}.md has no heading "# …"`)
  return heading.replaceAll('`', '').replace(/: .*/, '')
}

function exists(page: string): boolean {
  return existsSync(join(DOCS, `${page}.md`))
}
