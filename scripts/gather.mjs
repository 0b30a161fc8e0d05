// Gathers modules of dist/ that are always loaded together in one file each, and makes what comes from CommonJS packages
// `require`d. Node takes about half a millisecond for an ES module, however small, and analyses the names of a CommonJS
// package that is imported, which takes as long again as running it (docs/performance.md, "Start-up").
//
// Every module stays importable where it was, as one that re-exports, so that there is one instance of each.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/**
 * @param {string} dist absolute path of what the TypeScript compiler wrote
 * @param {{ file: string, from: string[] }[]} groups each a file to be, and the modules that it is made for: all that
 *   they import statically, directly or not, and that no earlier group has
 * @param {{ file: string, packages: Record<string, 'now' | 'lazily'> }[]} required files to be, each with packages that
 *   it loads by `require`, with its own start or by the first call of a function
 */
export async function gather(dist, groups, required) {
  const homes = new Map()
  for (const { file, from } of groups) {
    const members = [...reachable(from.map((path) => join(dist, path)))].filter((path) => !homes.has(path))
    const exports = await exportsOf(members)
    for (const path of members) homes.set(path, { file: join(dist, file), names: exports.get(path) })
  }
  for (const { file } of groups) await bundle(join(dist, file), homes)
  for (const [path, { file, names }] of homes) {
    const list = Object.entries(names).map(([name, there]) => renamed(there, name))
    writeFileSync(path, `export { ${list.join(', ')} } from '${specifier(path, file)}';\n`)
  }
  const others = modulesIn(dist).filter((path) => !homes.has(path))
  for (const path of others) pointTo(path, homes)
  for (const { file, packages } of required) requirePackages(join(dist, file), packages, others)
}

function reachable(paths, found = new Set()) {
  for (const path of paths) {
    if (found.has(path)) continue
    found.add(path)
    const imports = readFileSync(path, 'utf8').matchAll(/^(?:import|export) .*?from '(\.[^']+)';$/gm)
    reachable(
      [...imports].map(([, to]) => join(dirname(path), to)),
      found,
    )
  }
  return found
}

/** What each module exports, by name, with a name that is unique among these modules. */
async function exportsOf(paths) {
  const names = new Map()
  for (const path of paths) names.set(path, Object.keys(await import(pathToFileURL(path).href)))
  const all = [...names.values()].flat()
  return new Map(
    [...names].map(([path, own], index) => [
      path,
      Object.fromEntries(
        own.map((name) => [name, all.filter((other) => other === name).length === 1 ? name : `${name}$${index}`]),
      ),
    ]),
  )
}

async function bundle(file, homes) {
  const members = [...homes].filter(([, home]) => home.file === file)
  const lines = members.map(([path, { names }]) => {
    const list = Object.entries(names).map(([name, there]) => `${name} as ${there}`)
    return `export { ${list.join(', ')} } from '${specifier(file, path)}'`
  })
  const own = {
    name: 'members',
    setup(plugin) {
      plugin.onResolve({ filter: /^\./ }, ({ path: to, resolveDir, kind }) => {
        const path = join(resolveDir, to)
        const home = homes.get(path)
        if (home?.file === file) return { path, sideEffects: false }
        return home && kind === 'import-statement'
          ? { path, namespace: 'elsewhere' }
          : { path: specifier(file, path), external: true }
      })
      plugin.onLoad({ filter: /./, namespace: 'elsewhere' }, ({ path }) => {
        const { file: there, names } = homes.get(path)
        const list = Object.entries(names).map(([name, outside]) => `${outside} as ${name}`)
        return { contents: `export { ${list.join(', ')} } from 'gathered:${specifier(file, there)}'` }
      })
      plugin.onResolve({ filter: /^gathered:/ }, ({ path }) => ({ path: path.slice(9), external: true }))
      plugin.onResolve({ filter: /^[^.]/ }, ({ path }) => ({ path, external: true }))
    },
  }
  await build({
    stdin: { contents: lines.join('\n'), resolveDir: dirname(file) },
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2023',
    charset: 'utf8',
    plugins: [own],
    logLevel: 'warning',
  })
  // As the TypeScript compiler writes it, so that what follows finds the same form.
  const text = readFileSync(file, 'utf8').replaceAll(/^((?:import|export) [^;"]*from )"([^"]+)";$/gm, "$1'$2';")
  writeFileSync(file, text)
}

/** Lets a module take what was gathered from where it is now. */
function pointTo(path, homes) {
  const text = readFileSync(path, 'utf8').replaceAll(
    /^(import|export) \{([^}]*)\} from '(\.[^']+)';$/gm,
    (statement, verb, list, to) => {
      const home = homes.get(join(dirname(path), to))
      if (!home) return statement
      const taken = namesIn(list).map(([name, here]) => renamed(home.names[name], here))
      return `${verb} { ${taken.join(', ')} } from '${specifier(path, home.file)}';`
    },
  )
  writeFileSync(path, text)
}

/** Writes the file that requires these packages, and lets all modules import from it by package.json's `imports`. */
function requirePackages(file, packages, paths) {
  const wanted = new Map(Object.keys(packages).map((name) => [name, new Set()]))
  for (const path of paths) {
    const text = readFileSync(path, 'utf8').replaceAll(
      /^import ([^'"();]+) from '([^'.#][^']*)';$/gm,
      (statement, clause, name) => {
        const names = wanted.get(name)
        if (!names) return statement
        const [, byDefault, list = ''] = /^(\w+)?(?:, )?(?:\{([^}]*)\})?$/.exec(clause) ?? []
        if (byDefault) names.add('default')
        for (const [imported] of namesIn(list)) names.add(imported)
        return `import ${clause} from '#${name}';`
      },
    )
    writeFileSync(path, text)
  }
  const lines = Object.entries(packages).flatMap(([name, when]) => {
    const names = [...wanted.get(name)].toSorted()
    if (names.length === 0) throw new Error(`nothing in dist/ imports ${name}: take it out of scripts/build.mjs`)
    return when === 'now' ? requiredNow(name, names) : requiredLazily(name, names)
  })
  const head = ["import { createRequire } from 'node:module';", 'const require = createRequire(import.meta.url);']
  writeFileSync(file, `${[...head, ...lines].join('\n')}\n`)
}

function requiredNow(name, names) {
  const own = names.filter((each) => each !== 'default')
  return [
    ...(own.length > 0 ? [`export const { ${own.join(', ')} } = require('${name}');`] : []),
    ...(names.includes('default') ? [`export default require('${name}');`] : []),
  ]
}

/** Functions and classes that load the package with their first call; a class can't be extended or asked for. */
function requiredLazily(name, names) {
  return names.map(
    (each) =>
      `export function ${each}(...args) { const it = require('${name}').${each}; ` +
      'return new.target ? new it(...args) : it(...args); }',
  )
}

function namesIn(list) {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)
    .map((each) => each.split(' as '))
    .map(([name, here = name]) => [name, here])
}

function renamed(from, to) {
  return from === to ? from : `${from} as ${to}`
}

function specifier(from, to) {
  const path = relative(dirname(from), to).replaceAll('\\', '/')
  return path.startsWith('.') ? path : `./${path}`
}

function modulesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name))
}
