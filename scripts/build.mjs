// Builds dist/: compiled JavaScript with types, the templates, and the JSON Schema derived from the option table.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requirePackages } from './require-packages.mjs'

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
requirePackages(dist, [
  { file: 'runtime/aws-sdk.cjs', packages: { '@aws-sdk/client-dynamodb': 'now' } },
  {
    file: 'runtime/seldom-needed.cjs',
    packages: { yaml: 'lazily', 'fastest-levenshtein': 'lazily', '@aws-sdk/credential-provider-node': 'lazily' },
  },
  { file: 'runtime/express-session.cjs', packages: { 'express-session': 'now' } },
  { file: 'runtime/fastify-cookie.cjs', packages: { '@fastify/cookie': 'now' } },
  { file: 'runtime/fastify-session.cjs', packages: { '@fastify/session': 'now' } },
])
for (const bin of ['dynamo-session', 'umzug']) chmodSync(join(dist, `runtime/cli/${bin}.js`), 0o755)
