// Builds dist/: compiled JavaScript with types, the templates, and the JSON Schema derived from the option table.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
cpSync(join(root, 'templates'), join(dist, 'templates'), { recursive: true })
const { jsonSchema } = await import('../dist/runtime/configuration/json-schema.js')
writeFileSync(join(dist, 'config.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
for (const bin of ['dynamo-session', 'umzug']) chmodSync(join(dist, `runtime/cli/${bin}.js`), 0o755)
