// Gathers the compiled modules in a few files. Node takes about 0.5 ms of CPU time for each module that it loads
// (docs/performance.md, "Start-up").
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const CHUNKS = 'chunks'

/**
 * Each entry keeps its path. What several entries need goes into files of `chunks/`, so that a class is the same for all
 * of them; what is imported dynamically has files of its own, which load as late as before. Packages stay outside.
 *
 * @param {string} dist absolute path of what the TypeScript compiler wrote
 * @param {string[]} entries absolute paths
 */
export async function gatherModules(dist, entries) {
  const { outputFiles } = await build({
    entryPoints: entries,
    outbase: dist,
    outdir: dist,
    absWorkingDir: dist,
    chunkNames: `${CHUNKS}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'es2023',
    packages: 'external',
    external: ['#*'],
    write: false,
    logLevel: 'warning',
  })
  for (const path of modulesIn(dist)) rmSync(path)
  mkdirSync(join(dist, CHUNKS))
  for (const { path, text } of outputFiles) {
    // templates/ is found from there (generators/files/render.ts).
    if (text.includes('import.meta.') && dirname(path) !== join(dist, CHUNKS))
      throw new Error(`${path} asks where it is, which only files of ${CHUNKS}/ may`)
    writeFileSync(path, text)
  }
}

function modulesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name))
}
