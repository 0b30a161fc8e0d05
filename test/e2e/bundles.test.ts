import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import * as esbuild from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type App, cleanEnvironment, installApp } from '../support/app.js'
import { type Stub, sendJson, startStub } from '../support/dynamodb-stub.js'
import { SNIPPETS } from '../support/snippets.js'

/** An Express store that reads a session, or a Fastify application that answers a request. */
const MAIN = `import fastify from 'fastify'
import { DynamoSessionStore } from 'dynamo-session-store/express'
import { dynamoSession } from 'dynamo-session-store/fastify'

async function express() {
  const store = new DynamoSessionStore()
  console.log(JSON.stringify(await store.get('a')))
}
async function answering() {
  const app = fastify()
  await app.register(dynamoSession, { secret: 'a secret of more than thirty-two characters' })
  app.get('/', async (request) => (request.session ? 'a session' : 'none'))
  const { statusCode, body } = await app.inject('/')
  console.log(statusCode, body)
}
const main = process.argv[2] === 'fastify' ? answering : express
main().catch((error) => console.log(error.message))
`

/** Writes the bundle of the application's server.js to its folder bundle/, with the programs of docs/bundlers.md. */
type Bundle = () => Promise<unknown>

const ROOT = join(import.meta.dirname, '../..')

const byProgram =
  (...args: readonly string[]): Bundle =>
  () =>
    promisify(execFile)('node', [...args], { cwd: app.folder, env: cleanEnvironment() })

const byEsbuild =
  (options: esbuild.BuildOptions): Bundle =>
  () =>
    esbuild.build({
      absWorkingDir: app.folder,
      entryPoints: ['server.js'],
      bundle: true,
      platform: 'node',
      outfile: 'bundle/server.cjs',
      logLevel: 'error',
      ...options,
    })

/** What webpack-cli does. */
const WEBPACK = `import webpack from ${JSON.stringify(import.meta.resolve('webpack'))}
const { default: settings } = await import(process.argv[1])
webpack(settings).run((error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString({ all: false, errors: true }))
})`

const snippet = (name: string) => join(SNIPPETS, 'bundlers', name)
const tool = (path: string) => join(ROOT, 'node_modules', path)

const BUNDLERS: [string, Bundle, string][] = [
  ['esbuild', byProgram(snippet('esbuild.mjs')), 'server.cjs'],
  ['esbuild, with conditions of its own', byEsbuild({ conditions: ['worker'] }), 'server.cjs'],
  ['esbuild, minified', byEsbuild({ minify: true }), 'server.cjs'],
  ['esbuild, as ES modules', byProgram(snippet('esbuild-modules.mjs')), 'server.mjs'],
  ['Rollup', byProgram(tool('rollup/dist/bin/rollup'), '--silent', '-c', snippet('rollup.config.mjs')), 'server.mjs'],
  ['Vite', byProgram(tool('vite/bin/vite.js'), 'build', '-c', snippet('vite.config.mjs')), 'server.mjs'],
  [
    'webpack',
    byProgram('--input-type=module', '-e', WEBPACK, pathToFileURL(snippet('webpack.config.mjs')).href),
    'server.cjs',
  ],
]

let app: App
let stub: Stub

beforeAll(async () => {
  stub = await startStub()
  app = await installApp({ type: 'module', files: { 'server.js': MAIN } })
})
afterAll(async () => {
  await app.remove()
  await stub.stop()
})

describe.each(BUNDLERS)('a bundle by %s, in a folder with nothing else', (_, bundle, main) => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-bundle-'))
    await bundle()
    await rename(join(app.folder, 'bundle'), folder)
    expect(await readdir(folder)).not.toContain('node_modules')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  beforeEach(async () => {
    await rm(join(folder, 'config'), { recursive: true, force: true })
    stub.reset()
    stub.answer(({ body }, response) => {
      sendJson(response, { Item: { ...JSON.parse(body).Key, data: { S: '{"count":1}' } } })
    })
  })

  async function runMain(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    const env = {
      ...cleanEnvironment(),
      AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    }
    return await promisify(execFile)('node', [main, ...args], { cwd: folder, env })
  }

  async function configure(text: string): Promise<void> {
    await mkdir(join(folder, 'config'))
    await writeFile(join(folder, 'config/dynamo_session_store.yml'), text)
  }

  const tablesRead = () => stub.requests.map(({ body }) => JSON.parse(body).TableName)

  it('reads a session', async () => {
    const { stdout, stderr } = await runMain()
    expect({ session: JSON.parse(stdout), stderr }).toMatchObject({ session: { count: 1 }, stderr: '' })
    expect(tablesRead()).toEqual(['sessions'])
  })

  it.each(['lean', 'sdk'])('reads its settings from YAML: transport %s', async (transport) => {
    await configure(`table_name: from_the_file\ntransport: ${transport}\n`)
    const { stdout, stderr } = await runMain()
    expect({ session: JSON.parse(stdout), stderr }).toMatchObject({ session: { count: 1 }, stderr: '' })
    expect(tablesRead()).toEqual(['from_the_file'])
  })

  it('explains a wrong name in YAML', async () => {
    await configure('table_nam: sessions\n')
    expect((await runMain()).stdout).toContain('unknown option "table_nam"; did you mean "table_name"?')
  })

  it('registers sessions with Fastify', async () => {
    expect((await runMain('fastify')).stdout).toBe('200 a session\n')
  })
})
