import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitepress'
import { withMermaid } from 'vitepress-plugin-mermaid'
import { deadLinks, pagesOfSite } from './dead-anchors.js'
import { repositoryLinks } from './repository-links.js'
import { sidebar } from './sidebar.js'
import { slugify } from './slugify.js'

const { name, description, repository } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)
const url: string | undefined = repository?.url.replace(/^git\+/, '').replace(/\.git$/, '')

export default withMermaid(
  defineConfig({
    title: name,
    description,
    lang: 'en',
    cleanUrls: true,
    // No icon: without this line, browsers ask for /favicon.ico.
    head: [['link', { rel: 'icon', href: 'data:,' }]],
    srcExclude: ['snippets/**'],
    markdown: {
      anchor: { slugify },
      config: (md) => repositoryLinks(md, url),
    },
    themeConfig: {
      sidebar: sidebar(),
      outline: [2, 3],
      search: { provider: 'local' },
      ...(url !== undefined && { socialLinks: [{ icon: 'github', link: url }] }),
    },
    // Mermaid is one large file, which only pages with a diagram load.
    vite: {
      build: { chunkSizeWarningLimit: 2000 },
      // Some packages of Mermaid are CommonJS, which the development server can't load one by one.
      optimizeDeps: { include: ['mermaid'] },
    },
    buildEnd({ outDir }) {
      const dead = deadLinks(pagesOfSite(outDir))
      if (dead.length > 0) throw new Error(`${dead.length} dead links:\n${dead.join('\n')}`)
    },
  }),
)
