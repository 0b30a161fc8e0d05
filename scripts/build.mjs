// Builds dist/: compiled JavaScript, the types of the entries, the templates, and the JSON Schema of the option table.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TSC, unreachedDeclarations } from './declarations.mjs'
import { gatherModules } from './gather-modules.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const { exports: entries, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

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
