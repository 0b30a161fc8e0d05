import { readdirSync, readFileSync } from 'node:fs'

const ROOT = new URL('../../', import.meta.url)
const FRAMEWORKS = readdirSync(new URL('docs/frameworks', ROOT)).map((name) => `docs/frameworks/${name}`)

/** The README, the pages of the frameworks, and "All sessions of a user". */
const PROGRAMS = ['README.md', ...FRAMEWORKS, 'docs/sign-out-everywhere.md']
  .map((path) => readFileSync(new URL(path, ROOT), 'utf8'))
  .join('\n')

/** The code block behind `<!-- name -->`, of these pages or another one. */
export function block(name: string, page = PROGRAMS): string {
  const found = new RegExp(`<!-- ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1]
  if (!found) throw new Error(`there is no block ${name}`)
  return found
}
