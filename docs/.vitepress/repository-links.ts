import { existsSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** The parts of a token of markdown-it that are used here. */
interface Token {
  type: string
  tag: string
  attrs: [string, string][] | null
  children: Token[] | null
}

interface MarkdownIt {
  core: {
    ruler: { push(name: string, rule: (state: { tokens: Token[]; env: { relativePath: string } }) => void): void }
  }
}

/**
 * A plugin of markdown-it for links to files that are no pages of the site, such as ../CONTRIBUTING.md: they lead to the
 * repository. Links in CHANGELOG.md, which a page of the site includes, lead to pages of the site.
 *
 * @param repository URL on GitHub. Without it, links to the repository become text.
 */
export function repositoryLinks(md: MarkdownIt, repository: string | undefined): void {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    for (const { children } of tokens) {
      for (const [index, token] of (children ?? []).entries()) {
        const href = token.type === 'link_open' && token.attrs?.find(([name]) => name === 'href')
        if (!href || /^(\w+:|\/|#)/.test(href[1])) continue
        const [path = '', anchor] = decodeURI(href[1]).split('#')
        const target = targetOf(path, env.relativePath)
        const withAnchor = (link: string) => (anchor === undefined ? link : `${link}#${anchor}`)
        if (target === undefined) continue
        if (isOfSite(target)) href[1] = withAnchor(`/${target.slice('docs/'.length)}`)
        else if (repository !== undefined) href[1] = withAnchor(urlOf(repository, target))
        else unlink(children ?? [], index)
      }
    }
  })
}

/** The path from the root of the repository. A link in an included file is relative to the root. */
function targetOf(path: string, page: string): string | undefined {
  return [posix.join('docs', posix.dirname(page), path), path].find((target) => existsSync(join(ROOT, target)))
}

function isOfSite(target: string): boolean {
  return /^docs\/(?!snippets\/).*\.\w+$/.test(target)
}

function urlOf(repository: string, target: string): string {
  return `${repository}/${statSync(join(ROOT, target)).isDirectory() ? 'tree' : 'blob'}/HEAD/${target}`
}

function unlink(tokens: Token[], opening: number): void {
  const closing = tokens.findIndex(({ type }, index) => index > opening && type === 'link_close')
  for (const token of [tokens[opening], tokens[closing]]) {
    if (token) Object.assign(token, { type: token.type.replace('link', 'span'), tag: 'span', attrs: null })
  }
}
