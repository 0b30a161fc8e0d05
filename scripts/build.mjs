// Builds dist/: compiled JavaScript, the types of the entries, the templates, and the JSON Schema of the option table.
// npm runs it after each installation in a clone, by the script `dependencies`.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const { exports: entries, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

if (!isInstalled('typescript')) {
  const text = 'dist/ was not built: typescript is not installed. To build it, run npm ci without --omit=dev.'
  console.error(text)
  process.exit(process.env.npm_lifecycle_event === 'dependencies' ? 0 : 1)
}
const { TSC, unreachedDeclarations } = await import('./declarations.mjs')
const { gatherModules } = await import('./gather-modules.mjs')

rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, [TSC, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
cpSync(join(root, 'templates'), join(dist, 'templates'), { recursive: true })
const { jsonSchema } = await import('../dist/runtime/configuration/json-schema.js')

const bins = Object.values(bin).map((path) => join(root, path))
const imported = Object.values(entries).flatMap((entry) => (entry.default ? [join(root, entry.default)] : []))
await gatherModules(dist, [...imported, ...bins, join(dist, 'plopfile.js')])
for (const path of bins) chmodSync(path, 0o755)
writeFileSync(join(dist, 'config.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
for (const path of unreachedDeclarations(root)) rmSync(path)

function isInstalled(name) {
  try {
    createRequire(import.meta.url).resolve(`${name}/package.json`)
    return true
  } catch {
    return false
  }
}
