import { readFileSync } from 'node:fs'

export const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** The code block behind `<!-- name -->`, of the README or another page. */
export function block(name: string, page = README): string {
  const found = new RegExp(`<!-- ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1]
  if (!found) throw new Error(`there is no block ${name}`)
  return found
}
