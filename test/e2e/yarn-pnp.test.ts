import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { cleanEnvironment } from '../support/app.js'
import { type Stub, sendJson, startStub } from '../support/dynamodb-stub.js'
import { fetchTarball } from '../support/npm-tarball.js'

const run = promisify(execFile)

const YARN = {
  name: '@yarnpkg/cli-dist@4.18.1',
  integrity: 'sha512-EH+A4TxAtBWXKE0DGQxW9Bo9crXHLJ73mfxjTQJuv8XonNWWTpei8BQ5JjczHJNU9GROTycwMFn8iOvRIZXUcA==',
  part: 'package',
  folder: 'yarn-4.18.1',
}

/** What the entries need beside this package; all of it stays in zip archives. */
const BESIDE = [
  ...['express-session', 'fastify', '@fastify/session', '@fastify/cookie', '@remix-run/session', 'hono'],
  '@opentelemetry/api',
]

const READ = `async function main({ DynamoSessionStore }) {
  console.log(JSON.stringify(await new DynamoSessionStore().get('a')))
}`
const FILES = {
  'required.cjs': `main(require('dynamo-session-store/express'))\n${READ}\n`,
  'imported.mjs': `import * as entry from 'dynamo-session-store/express'\nawait main(entry)\n${READ}\n`,
}

const yarn = await fetchTarball(YARN)
const missing = 'missing' in yarn ? yarn.missing : undefined
let folder: string
let stub: Stub

beforeAll(async () => {
  stub = await startStub()
  if ('missing' in yarn) return
  folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-pnp-'))
  const versions = await Promise.all(BESIDE.map(async (name) => [name, await installedVersion(name)]))
  const dependencies = { 'dynamo-session-store': `file:${inject('tarball')}`, ...Object.fromEntries(versions) }
  const files = {
    ...FILES,
    'package.json': JSON.stringify({ name: 'app', private: true, dependencies }),
    'yarn.lock': '',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  await runYarn(['install'])
})
afterAll(async () => {
  await stub.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})
beforeEach((test) => {
  test.skip(missing !== undefined, missing)
  stub.reset()
})

async function installedVersion(name: string): Promise<string> {
  const file = join(import.meta.dirname, '../../node_modules', name, 'package.json')
  return JSON.parse(await readFile(file, 'utf8')).version
}

async function runYarn(args: readonly string[], more: Record<string, string> = {}): Promise<string> {
  const program = join('folder' in yarn ? yarn.folder : '', 'bin/yarn.js')
  const registry = (await run('npm', ['config', 'get', 'registry'])).stdout.trim()
  const env = {
    ...cleanEnvironment(),
    YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_GLOBAL_FOLDER: join(folder, '.yarn/global'),
    YARN_NODE_LINKER: 'pnp',
    YARN_NPM_REGISTRY_SERVER: registry,
    ...more,
  }
  return (await run(process.execPath, [program, ...args], { cwd: folder, env })).stdout
}

/** /fetch is for ES modules: @remix-run/session is one, and Node 20 can't require an ES module from a zip archive. */
const ENTRIES = ['', '/express', '/fastify', '/koa', '/hono', '/node-http', '/opentelemetry', '/umzug']

it('requires each entry', async () => {
  const program = `for (const entry of ${JSON.stringify(ENTRIES)}) {
    console.log(entry, Object.keys(require('dynamo-session-store' + entry)).length > 0)
  }`
  const lines = ENTRIES.map((entry) => `${entry} true\n`)
  expect(await runYarn(['node', '-e', program])).toBe(lines.join(''))
})

it('imports each entry', async () => {
  const entries = [...ENTRIES, '/fetch']
  const program = `for (const entry of ${JSON.stringify(entries)}) {
    console.log(entry, Object.keys(await import('dynamo-session-store' + entry)).length > 0)
  }`
  const lines = entries.map((entry) => `${entry} true\n`)
  expect(await runYarn(['node', '--input-type=module', '-e', program])).toBe(lines.join(''))
})

it.each(Object.keys(FILES).flatMap((file) => ['lean', 'sdk'].map((transport) => [file, transport] as const)))(
  'reads a session with the settings of a YAML file: %s, transport %s',
  async (file, transport) => {
    stub.answer((request, response) => {
      const { Key } = JSON.parse(request.body)
      sendJson(response, { Item: { ...Key, data: { S: '{"count":1}' } } })
    })
    const settings = `table_name: from_the_file\ntransport: ${transport}\n`
    await writeFile(join(folder, 'sessions.yml'), settings)
    const output = await runYarn(['node', file], {
      AWS_DYNAMO_DB_SESSION_CONFIG_FILE: 'sessions.yml',
      AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    })
    expect(JSON.parse(output)).toMatchObject({ count: 1 })
    expect(stub.requests.map(({ body }) => JSON.parse(body).TableName)).toEqual(['from_the_file'])
  },
)
