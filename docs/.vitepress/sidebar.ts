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
      'frameworks/remix',
      'frameworks/react-router',
      'frameworks/nextjs',
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
    items: pages
      .filter((page) => existsSync(join(DOCS, `${page}.md`)))
      .map((page) => ({ text: headingOf(page), link: `/${page.replace(/index$/, '')}` })),
  }))
}

function headingOf(page: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(join(DOCS, `${page}.md`), 'utf8'))?.[1]
  if (heading === undefined) throw new Error(`docs/${page}.md has no heading "# …"`)
  return heading.replaceAll('`', '')
}
