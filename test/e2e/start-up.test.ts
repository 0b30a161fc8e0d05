import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type App, cleanEnvironment, installApp } from '../support/app.js'
import { sentBy } from '../support/both-transports.js'
import { startStub } from '../support/dynamodb-stub.js'

/** Notes each module that the process loads: ES modules as `import <url>`, CommonJS ones as `require <path>`. */
const LISTING = `import { appendFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'
const hooks = \`import { appendFileSync } from 'node:fs'
export async function load(url, context, next) {
  appendFileSync('loaded.txt', 'import ' + url + '\\\\n')
  return next(url, context)
}\`
register('data:text/javascript,' + encodeURIComponent(hooks))
process.once('exit', () => {
  for (const path of Object.keys(createRequire(import.meta.url).cache)) appendFileSync('loaded.txt', 'require ' + path + '\\n')
})
`
const PLOPFILE = `export default async function (plop, config) {
  await plop.load('dynamo-session-store', { force: config.force })
}
`
const SDK = '@aws-sdk/client-dynamodb'

interface Program {
  readonly imports: string
  readonly main: string
}

const EXPRESS: Program = {
  imports: `import { DynamoSessionStore } from 'dynamo-session-store/express'`,
  main: `const store = () => new DynamoSessionStore({ region: 'eu-central-1' })
    for (const id of ['a', 'b']) console.log(await store().get(id))`,
}
const FASTIFY: Program = {
  imports: `import fastify from 'fastify'\nimport { dynamoSession } from 'dynamo-session-store/fastify'`,
  main: `const app = fastify()
    await app.register(dynamoSession, { secret: 'a secret of more than thirty-two characters', region: 'eu-central-1' })
    app.get('/', async (request) => (request.session ? 'a session' : 'none'))
    const { statusCode, body } = await app.inject('/')
    console.log(statusCode, body)`,
}

/** What is needed by none but the command line, migrations, the generators, a configuration file or a request. */
const HEAVY = [
  'yaml',
  'handlebars',
  'commander',
  'cli-progress',
  'umzug',
  'knex',
  'undici',
  'plop',
  'fastest-levenshtein',
]

interface Loaded {
  readonly how: 'import' | 'require'
  readonly path: string
}

let app: App
beforeAll(async () => {
  app = await installApp({ type: 'module', files: { 'listing.js': LISTING, 'plopfile.js': PLOPFILE } })
})
afterAll(() => app.remove())

/** Modules from node_modules, with the path behind its last `node_modules/`. */
async function modulesOf(args: readonly string[]): Promise<Loaded[]> {
  await app.write('loaded.txt', '')
  const { code, stderr } = await app.run('node', ['--import', './listing.js', ...args])
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return [...(await app.read('loaded.txt')).matchAll(/^(import|require) (.*)$/gm)].flatMap(([, how, where = '']) => {
    const [, ...inside] = where.replaceAll('\\', '/').split('/node_modules/')
    const path = inside.at(-1)
    return path ? [{ how: how as Loaded['how'], path }] : []
  })
}

function packagesOf(modules: readonly Loaded[]): string[] {
  const names = modules.map(({ path }) =>
    path
      .split('/')
      .slice(0, path.startsWith('@') ? 2 : 1)
      .join('/'),
  )
  return [...new Set(names)].sort()
}

function ownFiles(modules: readonly Loaded[]): string[] {
  const prefix = 'dynamo-session-store/dist/'
  return [...new Set(modules.map(({ path }) => path))]
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .sort()
}

const importing = (name: string) => ['--input-type=module', '-e', `await import('dynamo-session-store${name}')`]

describe('importing an entry', () => {
  it.each(['', '/express', '/fastify', '/koa', '/fetch', '/hono', '/node-http'])(
    'loads nothing that a store does without: dynamo-session-store%s',
    async (name) => {
      const modules = await modulesOf(importing(name))
      expect(ownFiles(modules)).toContain(`runtime${name || '/index'}.js`)
      expect(packagesOf(modules).filter((each) => HEAVY.includes(each))).toEqual([])
      expect(ownFiles(modules).filter((path) => /\/(lean|cli|migrations|generators)\//.test(path))).toEqual([])
    },
  )

  it.each([
    ['/express', 'express-session'],
    ['/fastify', '@fastify/session'],
  ])(
    'takes the AWS SDK and the sessions of %s by require, which costs half of what import does',
    async (entry, name) => {
      const modules = await modulesOf(importing(entry))
      const others = modules.filter(({ path }) => !path.startsWith('dynamo-session-store/'))
      expect(others.filter(({ how }) => how === 'import')).toEqual([])
      expect(packagesOf(others)).toEqual(expect.arrayContaining([SDK, name]))
    },
  )

  it('reads YAML only where there is a file, and then at once', async () => {
    const store = "new (await import('dynamo-session-store/express')).DynamoSessionStore({ region: 'eu-central-1' })"
    const without = await modulesOf(['--input-type=module', '-e', store])
    expect(packagesOf(without)).not.toContain('yaml')
    await app.write('config/dynamo_session_store/test.yml', 'table_name: from_the_file\n')
    const environment = "process.env.NODE_ENV = 'test'\n"
    expect(packagesOf(await modulesOf(['--input-type=module', '-e', environment + store]))).toContain('yaml')
  })
})

it('generates a configuration file without the AWS SDK, YAML, umzug and knex', async () => {
  const modules = await modulesOf(['node_modules/plop/bin/plop.js', 'session-config'])
  expect(app.exists('config/dynamo_session_store.yml')).toBe(true)
  expect(ownFiles(modules)).toContain('generators/session-config.js')
  const unneeded = [SDK, '@aws-sdk/credential-provider-node', 'yaml', 'umzug', 'knex', 'commander', 'undici']
  expect(packagesOf(modules).filter((each) => unneeded.includes(each))).toEqual([])
})

describe('in a bundle, where packages can not be required', () => {
  const bundles: [string, Partial<BuildOptions>][] = [
    ['as esbuild makes it', {}],
    ['with conditions of its own', { conditions: ['worker'] }],
    ['minified', { minify: true }],
  ]
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-bundle-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function runBundled(
    options: Partial<BuildOptions>,
    { program = EXPRESS, env = {} }: { program?: Program; env?: Record<string, string> } = {},
  ): Promise<{ stdout: string; stderr: string }> {
    const { imports, main } = program
    const caught = `try { ${main} } catch (error) { console.log(error.message) }`
    await app.write('main.js', `${imports}\n;(async () => { ${caught} })()\n`)
    const outfile = join(folder, 'main.cjs')
    const entryPoints = [join(app.folder, 'main.js')]
    await build({ entryPoints, bundle: true, platform: 'node', format: 'cjs', outfile, ...options })
    return await promisify(execFile)('node', [outfile], { cwd: folder, env: { ...cleanEnvironment(), ...env } })
  }

  /** Two reads by an Express store, and what sent each. */
  async function runWithStub(options: Partial<BuildOptions>) {
    const stub = await startStub()
    try {
      const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint }
      const output = await runBundled(options, { env })
      return { ...output, sentBy: sentBy(stub.requests) }
    } finally {
      await stub.stop()
    }
  }

  it.each(bundles)('reads YAML: %s', async (_, options) => {
    await mkdir(join(folder, 'config'))
    await writeFile(join(folder, 'config/dynamo_session_store.yml'), 'table_nam: sessions\n')
    expect((await runBundled(options)).stdout).toContain('unknown option "table_nam"; did you mean "table_name"?')
  })

  it.each(bundles)('sends by undici: %s', async (_, options) => {
    const { stdout, sentBy } = await runWithStub(options)
    expect({ stdout, sentBy }).toEqual({ stdout: 'null\nnull\n', sentBy: ['undici', 'undici'] })
  })

  it('does without undici where that can not be loaded, and says so once', async () => {
    const undici = join(folder, 'undici.cjs')
    await writeFile(undici, "require('node:module-of-a-later-version')")
    const { stdout, stderr, sentBy } = await runWithStub({ alias: { undici } })
    expect({ stdout, sentBy }).toEqual({ stdout: 'null\nnull\n', sentBy: ['node:http', 'node:http'] })
    expect(
      stderr.match(/could not load undici, .* No such built-in module: node:module-of-a-later-version/g),
    ).toHaveLength(1)
  })

  it.each(bundles)('registers sessions with Fastify: %s', async (_, options) => {
    expect((await runBundled(options, { program: FASTIFY })).stdout).toBe('200 a session\n')
  })
})
