import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The links of a built site that lead to no page, or to no element of the page. VitePress itself finds dead pages, but
 * not dead anchors.
 *
 * @param pages HTML by its path below the site's root: `frameworks/koa.html`
 * @returns a sentence for each link
 */
export function deadLinks(pages: ReadonlyMap<string, string>): string[] {
  const ids = new Map([...pages].map(([path, html]) => [path, idsIn(html)]))
  return [...pages].flatMap(([path, html]) =>
    hrefsIn(html).flatMap((href) => {
      const { origin, pathname, hash } = new URL(href, `http://site/${path}`)
      if (origin !== 'http://site' || isAsset(pathname)) return []
      const target = ids.get(fileOf(pathname))
      if (target === undefined) return [`${path}: ${href} leads to no page`]
      const anchor = decodeURIComponent(hash.slice(1))
      return anchor === '' || target.has(anchor) ? [] : [`${path}: ${href} leads to no heading`]
    }),
  )
}

/** @param folder where VitePress has written the site */
export function pagesOfSite(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.html'))
  return new Map(files.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')]))
}

/** `/frameworks/` is frameworks/index.html, `/frameworks/koa` frameworks/koa.html. */
function fileOf(pathname: string): string {
  const path = decodeURIComponent(pathname).slice(1)
  if (path === '' || path.endsWith('/')) return `${path}index.html`
  return path.endsWith('.html') ? path : `${path}.html`
}

const isAsset = (pathname: string) => /\.(?!html$)\w+$/.test(pathname)

const idsIn = (html: string) => new Set([...html.matchAll(/<[^>]+\s(?:id|name)="([^"]+)"/g)].map(([, id]) => text(id)))
const hrefsIn = (html: string) => [...html.matchAll(/<a\s[^>]*?\bhref="([^"]*)"/g)].map(([, href]) => text(href))

function text(attribute = ''): string {
  return attribute.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&')
}
