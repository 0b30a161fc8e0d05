// Gathers the compiled modules in a few files, because each file costs time at the start of an application
// (docs/performance.md, "Start-up").
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { transform } from 'esbuild'
import { rollup } from 'rollup'

const CHUNKS = 'chunks'

/** Rooms that share a file. Each one imports only from those above, so that no two files import each other. */
const SHARED = {
  base: /^runtime\/(?!terminal\.)(configuration\/|async\/|dynamodb\/|session\/item\/attributes|\w[\w-]*\.js$)/,
  // Not on-close: the entry node-http needs nothing else of this file.
  session: /^runtime\/(session\/|adapters\/shared\/(?!on-close))/,
  table: /^runtime\/(table|cleaning)\//,
}

/**
 * Each entry keeps its path. Code that several entries need goes into files of `chunks/`, so that all entries share each
 * class. Code that is imported dynamically gets files of its own, which load as late as before. Packages stay outside.
 *
 * @param {string} dist absolute path of the folder that the TypeScript compiler wrote
 * @param {string[]} entries absolute paths
 */
export async function gatherModules(dist, entries) {
  const nameOf = (path) => relative(dist, path).replaceAll('\\', '/')
  const bundle = await rollup({
    input: Object.fromEntries(entries.map((path) => [nameOf(path).replace(/\.js$/, ''), path])),
    external: (id) => !/^[./]/.test(id) && !id.startsWith(dist),
    onLog(_, { message }) {
      throw new Error(message)
    },
  })
  const { output } = await bundle.generate({
    entryFileNames: '[name].js',
    chunkFileNames: `${CHUNKS}/[name]-[hash].js`,
    hoistTransitiveImports: false,
    manualChunks(path) {
      if (entries.includes(path)) return undefined
      return Object.keys(SHARED).find((name) => SHARED[name].test(nameOf(path)))
    },
  })
  await bundle.close()
  for (const path of modulesIn(dist)) rmSync(path)
  mkdirSync(join(dist, CHUNKS))
  for (const { fileName, code, moduleIds } of output) {
    // Files of chunks/ find templates/ by a relative path (generators/templates-folder.ts).
    if (code.includes('import.meta.') && dirname(fileName) !== CHUNKS)
      throw new Error(`${fileName} uses import.meta, which only files of ${CHUNKS}/ may use`)
    // Without comments, which an application would read at each start.
    const { code: plain } = await transform(code, { format: 'esm', target: 'es2023', legalComments: 'none' })
    const names = moduleIds.map((path) => `// ${nameOf(path)}\n`).join('')
    const [shebang] = /^(#!.*\n)?/.exec(plain) ?? ['']
    writeFileSync(join(dist, fileName), `${shebang}${names}${plain.slice(shebang.length)}`)
  }
}

function modulesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name))
}
