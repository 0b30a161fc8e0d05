// Makes what dist/ takes from CommonJS packages `require`d. When such a package is imported, Node analyses the names of its
// exports, which takes as long again as running it, and an import can't wait until it is needed (docs/performance.md,
// "Start-up").
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @param {string} dist absolute path of what the TypeScript compiler wrote
 * @param {{ file: string, packages: Record<string, 'now' | 'lazily'> }[]} files to be, CommonJS, which bundlers and
 *   tracers of files understand; each with packages that it loads with its own start or by the first call of a function.
 *   One that has a default export must be alone in its file.
 */
export function requirePackages(dist, files) {
  const modules = modulesIn(dist)
  for (const { file, packages } of files) requireFrom(join(dist, file), packages, modules)
}

/** Writes the file that requires these packages, and lets all modules import from it by package.json's `imports`. */
function requireFrom(file, packages, paths) {
  const wanted = new Map(Object.keys(packages).map((name) => [name, new Set()]))
  for (const path of paths) {
    const text = readFileSync(path, 'utf8').replaceAll(
      /^import ([^'"();]+) from '([^'.#][^']*)';$/gm,
      (statement, clause, name) => {
        const names = wanted.get(name)
        if (!names) return statement
        const [found, byDefault, list = ''] = /^(\w+)?(?:, )?(?:\{([^}]*)\})?$/.exec(clause) ?? []
        if (found === undefined) throw new Error(`${path}: ${statement} is not known to ${import.meta.filename}`)
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
  writeFileSync(file, `'use strict';\n${lines.join('\n')}\n`)
}

/** Not `module.exports = require(…)`: then Node would look for the names of the package's exports again. */
function requiredNow(name, names) {
  if (names.includes('default')) return [`const it = require('${name}');`, 'module.exports = it;']
  return [`const it = require('${name}');`, ...names.map((each) => `exports.${each} = it.${each};`)]
}

/** Functions and classes that load the package with their first call; a class can't be extended or asked for. */
function requiredLazily(name, names) {
  return names.map(
    (each) =>
      `exports.${each} = function (...args) { const it = require('${name}').${each}; ` +
      'return new.target ? new it(...args) : it(...args); };',
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

function modulesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name))
}
