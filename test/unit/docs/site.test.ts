import { describe, expect, it } from 'vitest'
import { deadLinks } from '../../../docs/.vitepress/dead-anchors.js'
import { repositoryLinks } from '../../../docs/.vitepress/repository-links.js'
import { GROUPS } from '../../../docs/.vitepress/sidebar.js'
import { slugify } from '../../../docs/.vitepress/slugify.js'
import { docsPages } from '../../../scripts/docs/pages.js'

const inSidebar = GROUPS.flatMap(({ pages }) => pages.map((page) => `docs/${page}.md`))

describe('the sidebar of the site', () => {
  it('has every page but the home page', () => {
    expect(docsPages().filter((page) => page !== 'docs/index.md' && !inSidebar.includes(page))).toEqual([])
  })

  it('has each page once, and the API reference, which TypeDoc writes', () => {
    const pages = docsPages().filter((page) => page !== 'docs/index.md')
    expect(inSidebar.toSorted()).toEqual([...pages, 'docs/api/index.md'].toSorted())
  })
})

it('the anchor of a heading is as on GitHub', () => {
  expect(slugify('What does `dynamo-session clean` do? A & b, key_prefix')).toBe(
    'what-does-dynamo-session-clean-do-a--b-key_prefix',
  )
})

describe('the check of a built site', () => {
  const site = (links: string) =>
    new Map([
      ['index.html', `<h1 id="home">Home</h1>${links}`],
      ['frameworks/index.html', '<h2 id="a&amp;b">A</h2>'],
      ['frameworks/koa.html', '<h2 class="x" id="über">B</h2><a href="../">home</a><a id="x-1"></a>'],
    ])

  it.each([
    '<a href="#home">',
    '<a class="x" href="/frameworks/#a&amp;b">',
    '<a href="./frameworks/koa#%C3%BCber">',
    '<a href="/frameworks/koa#x-1">',
    '<a href="/frameworks/koa.html">',
    '<a href="https://example.com/none#none">',
    '<a href="/performance.svg">',
  ])('accepts %s', (link) => {
    expect(deadLinks(site(link))).toEqual([])
  })

  it.each([
    ['#none', 'index.html: #none leads to no heading'],
    ['/frameworks/koa#none', 'index.html: /frameworks/koa#none leads to no heading'],
    ['./frameworks/none', 'index.html: ./frameworks/none leads to no page'],
  ])('finds %s', (href, message) => {
    expect(deadLinks(site(`<a href="${href}">`))).toEqual([message])
  })
})

describe('a link to a file that is no page', () => {
  /** What the plugin makes of a link on a page: its target, or undefined where it is text. */
  function linkOf(href: string, relativePath: string, repository?: string): string | undefined {
    const opening = { type: 'link_open', tag: 'a', attrs: [['href', href]] as [string, string][], children: null }
    const children = [opening, { type: 'link_close', tag: 'a', attrs: null, children: null }]
    const inline = { type: 'inline', tag: '', attrs: null, children }
    const push = (_: string, rule: (state: object) => void) => rule({ tokens: [inline], env: { relativePath } })
    repositoryLinks({ core: { ruler: { push } } } as never, repository)
    return children[0]?.tag === 'a' ? opening.attrs?.[0]?.[1] : undefined
  }
  const repository = 'https://github.com/owner/repository'

  it('leads to the repository', () => {
    expect(linkOf('../CONTRIBUTING.md#rules', 'security.md', repository)).toBe(
      `${repository}/blob/HEAD/CONTRIBUTING.md#rules`,
    )
    expect(linkOf('../../runtime/', 'frameworks/koa.md', repository)).toBe(`${repository}/tree/HEAD/runtime/`)
  })

  it('is text while the repository is not known', () => {
    expect(linkOf('../CONTRIBUTING.md', 'security.md')).toBeUndefined()
  })

  it('leads to the page of the site, from the included CHANGELOG.md', () => {
    expect(linkOf('docs/generators.md#from-code', 'changelog.md', repository)).toBe('/generators.md#from-code')
  })

  it.each(['#rules', 'https://example.com', '/cost'])('is none: %s stays', (href) => {
    expect(linkOf(href, 'security.md', repository)).toBe(href)
  })
})
