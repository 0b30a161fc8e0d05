import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import commonjs from '@rollup/plugin-commonjs'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import * as esbuild from 'esbuild'
import { rollup } from 'rollup'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { webpack } from 'webpack'
import { type App, cleanEnvironment, installApp } from '../support/app.js'
import { type Stub, sendJson, startStub } from '../support/dynamodb-stub.js'

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

/** Writes the bundle of `entry` to `folder`, with the name of its main file. */
type Bundle = (entry: string, folder: string) => Promise<string>

const byEsbuild =
  (options: esbuild.BuildOptions): Bundle =>
  async (entry, folder) => {
    const outfile = join(folder, 'main.cjs')
    await esbuild.build({
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      outfile,
      logLevel: 'error',
      ...options,
    })
    return 'main.cjs'
  }

/** With what express-session and others of its age want: a `require` for Node's own modules. */
const REQUIRE = "import { createRequire as requireIn } from 'node:module'; const require = requireIn(import.meta.url);"

const byEsbuildAsModules: Bundle = async (entry, folder) => {
  await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    banner: { js: REQUIRE },
    logLevel: 'error',
  })
  return 'main.mjs'
}

const byRollup: Bundle = async (entry, folder) => {
  const plugins = [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjsPlugin(), json]
  const bundle = await rollup({ input: entry, plugins, onwarn: () => undefined })
  await bundle.write({ dir: folder, format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' })
  await bundle.close()
  return 'main.mjs'
}

/** Its types speak of CommonJS, where the function is a member. */
const commonjsPlugin = commonjs as unknown as typeof commonjs.default

/** What @rollup/plugin-json does. */
const json = {
  name: 'json',
  transform: (code: string, id: string) => (id.endsWith('.json') ? `export default ${code}` : undefined),
}

const byVite: Bundle = async (entry, folder) => {
  const { build } = await import('vite')
  await build({
    configFile: false,
    logLevel: 'error',
    root: join(entry, '..'),
    ssr: { noExternal: true, target: 'node' },
    build: { ssr: entry, outDir: folder, rolldownOptions: { output: { entryFileNames: 'main.mjs' } } },
  })
  return 'main.mjs'
}

const byWebpack: Bundle = async (entry, folder) => {
  const compiler = webpack({
    mode: 'production',
    target: 'node',
    entry,
    context: join(entry, '..'),
    output: { path: folder, filename: 'main.cjs' },
  })
  const problems = await new Promise<string | undefined>((resolve, reject) => {
    compiler.run((error, stats) => {
      if (error) reject(error)
      else resolve(stats?.hasErrors() ? stats.toString({ all: false, errors: true }) : undefined)
    })
  })
  if (problems) throw new Error(problems)
  return 'main.cjs'
}

const BUNDLERS: [string, Bundle][] = [
  ['esbuild', byEsbuild({})],
  ['esbuild, with conditions of its own', byEsbuild({ conditions: ['worker'] })],
  ['esbuild, minified', byEsbuild({ minify: true })],
  ['esbuild, as ES modules', byEsbuildAsModules],
  ['Rollup', byRollup],
  ['Vite', byVite],
  ['webpack', byWebpack],
]

let app: App
let stub: Stub

beforeAll(async () => {
  stub = await startStub()
  app = await installApp({ type: 'module', files: { 'main.js': MAIN } })
})
afterAll(async () => {
  await app.remove()
  await stub.stop()
})

describe.each(BUNDLERS)('a bundle by %s, in a folder with nothing else', (_, bundle) => {
  let folder: string
  let main: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-bundle-'))
    main = await bundle(join(app.folder, 'main.js'), folder)
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
