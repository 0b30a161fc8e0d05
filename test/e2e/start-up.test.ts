import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'

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
const ENTRIES = ['', '/express', '/fastify', '/koa', '/fetch', '/hono', '/node-http', '/opentelemetry']

/** What is needed by none but the command line, migrations, the generators, a configuration file or a request. */
const HEAVY = [
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/credential-provider-node',
  '@smithy/core',
  'yaml',
  'handlebars',
  'commander',
  'string-width',
  'cli-progress',
  'umzug',
  'knex',
  'jiti',
  'get-tsconfig',
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

/** Our modules, by their path in dist/ before the build gathered them: each file names its modules at the top. */
async function ownModules(modules: readonly Loaded[]): Promise<string[]> {
  const prefix = 'dynamo-session-store/dist/'
  const files = [...new Set(modules.map(({ path }) => path))].filter((path) => path.startsWith(prefix))
  const gathered = await Promise.all(
    files.map(async (path) => {
      const text = await app.read(`node_modules/${path}`)
      return [path.slice(prefix.length), ...[...text.matchAll(/^\/\/ (\S+\.js)$/gm)].map(([, name = '']) => name)]
    }),
  )
  return [...new Set(gathered.flat())].sort()
}

const importing = (name: string) => ['--input-type=module', '-e', `await import('dynamo-session-store${name}')`]

describe('importing an entry', () => {
  it.each(ENTRIES)('loads nothing that a store does not need: dynamo-session-store%s', async (name) => {
    const modules = await modulesOf(importing(name))
    const own = await ownModules(modules)
    expect(own).toContain(`runtime${name || '/index'}.js`)
    expect(packagesOf(modules).filter((each) => HEAVY.includes(each))).toEqual([])
    expect(own.filter((path) => /\/cli\/|^generators\/|\/migrations\//.test(path))).toEqual([])
  })

  it.each(ENTRIES)('loads few files of this package: dynamo-session-store%s', async (name) => {
    const own = (await modulesOf(importing(name))).filter(({ path }) => path.startsWith('dynamo-session-store/'))
    expect(new Set(own.map(({ path }) => path)).size).toBeLessThanOrEqual(24)
  })

  it.each([...ENTRIES, '/umzug'])(
    'imports no package, which costs twice as much as to require it: dynamo-session-store%s',
    async (name) => {
      const modules = await modulesOf(importing(name))
      const imported = modules.filter(({ how, path }) => how === 'import' && !path.startsWith('dynamo-session-store/'))
      // An ES module, which can't be required on every Node.
      expect(packagesOf(imported)).toEqual(name === '/fetch' ? ['@remix-run/session'] : [])
    },
  )

  it.each([...ENTRIES, '/umzug'])('is possible for CommonJS: dynamo-session-store%s', async (name) => {
    const program = `console.log(Object.keys(require('dynamo-session-store${name}')).length > 0)`
    const { code, stdout, stderr } = await app.run('node', ['--no-warnings', '--input-type=commonjs', '-e', program])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'true\n', stderr: '' })
  })

  it('loads yaml only when there is a file, and then synchronously', async () => {
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
  expect(await ownModules(modules)).toContain('generators/session-config/generator.js')
  const unneeded = ['@aws-sdk/client-dynamodb', '@aws-sdk/credential-provider-node', 'yaml', 'umzug', 'knex', 'undici']
  expect(packagesOf(modules).filter((each) => unneeded.includes(each))).toEqual([])
})
