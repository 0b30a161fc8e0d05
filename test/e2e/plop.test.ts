import { readdirSync, readFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp, type Outcome } from '../support/app.js'
import { snippetText } from '../support/snippets.js'

/** That of docs/generators.md. */
const PLOPFILE = snippetText('generators/plopfile.mjs')
const CONFIG = 'config/dynamo_session_store.yml'

/** Runs plop without a terminal; `npx` only adds time. */
function plop(app: App, args: string[], options: Parameters<App['run']>[2] = {}): Promise<Outcome> {
  return app.run(join(app.folder, 'node_modules/.bin/plop'), args, options)
}

function filesIn(app: App, folder: string): string[] {
  return app.exists(folder) ? readdirSync(join(app.folder, folder)).sort() : []
}

describe('session-config without a terminal', () => {
  let app: App
  beforeAll(async () => {
    app = await installApp({ files: { 'plopfile.mjs': PLOPFILE } })
  })
  afterAll(() => app.remove())

  it('writes the file, refuses to overwrite it, and overwrites it with --force', async () => {
    const first = await app.run('npx', ['plop', 'session-config'])
    expect(first).toMatchObject({ code: 0 })
    expect(first.stderr).toContain(`${CONFIG} was written`)
    expect(first.stderr).toContain('Next: npx plop session-migration')
    const text = await app.read(CONFIG)
    const schema = /\$schema=(\S+)/.exec(text)?.[1] ?? ''
    expect(app.exists(join('config', schema))).toBe(true)

    await app.write(CONFIG, 'table_name: mine\n')
    const second = await plop(app, ['session-config'])
    expect(second).toMatchObject({ code: 1 })
    expect(second.stderr).toContain(`${CONFIG} exists already`)
    expect(await app.read(CONFIG)).toBe('table_name: mine\n')

    expect(await plop(app, ['session-config', '--force'])).toMatchObject({ code: 0 })
    expect(await app.read(CONFIG)).toBe(text)
  })

  it('accepts the environment by position and by name', async () => {
    expect(await plop(app, ['session-config', 'production'])).toMatchObject({ code: 0 })
    expect(await plop(app, ['session-config', '--', '--environment', 'staging'])).toMatchObject({ code: 0 })
    expect(filesIn(app, 'config/dynamo_session_store')).toEqual(['production.yml', 'staging.yml'])
  })

  it.each([
    [['session-config', '../secrets'], "can't be the name of an environment"],
    [['session-config', 'a\\b'], "can't be the name of an environment"],
    [['session-config', '--', '--environment', 'a\tb'], "can't be the name of an environment"],
    [['session-config', ''], '--environment needs a value'],
    [['session-config', '--', '--environment'], '--environment needs a value'],
    [['session-config', 'test', 'toString'], 'unexpected argument "toString"'],
    [['session-config', 'test', '--', '--environment', 'other'], 'environment is given twice'],
    [['session-config', '--colour', 'red'], "unknown option '--colour'"],
    [['session-config', '--', '--colour', 'red'], "unknown option '--colour'"],
    [['session-config', 'new', '--', '--dryrun'], 'Did you mean --dry-run?'],
    [['session-config', 'new', '--force', '--skip'], 'force and skip contradict each other'],
  ])('refuses %j with exit code 1 and writes nothing', async (args, message) => {
    const before = filesIn(app, 'config/dynamo_session_store')
    const { code, stderr } = await plop(app, args)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
    expect(filesIn(app, 'config/dynamo_session_store')).toEqual(before)
  })
})

describe('session-migration without a terminal', () => {
  let app: App
  beforeAll(async () => {
    app = await installApp({ files: { 'plopfile.mjs': PLOPFILE } })
  })
  afterAll(() => app.remove())

  it('writes migrations that sort in the order of their creation', async () => {
    const made = await plop(app, ['session-migration'])
    expect(made).toMatchObject({ code: 0 })
    expect(made.stderr).toMatch(/migrations\/\d{14}_create_dynamo_sessions_table\.js was written\s+Next: npx umzug up/)
    expect(await plop(app, ['session-migration', 'AddSessions', '--force'])).toMatchObject({ code: 0 })
    expect(filesIn(app, 'migrations').map((file) => file.replace(/^\d+_/, ''))).toEqual([
      'create_dynamo_sessions_table.js',
      'add_sessions.js',
    ])
  })

  it('refuses a second migration of the same name, and rewrites the first with --force', async () => {
    const before = filesIn(app, 'migrations')
    const [, file = ''] = before
    const text = await app.read(`migrations/${file}`)
    await app.write(`migrations/${file}`, `${text}// mine\n`)
    const again = await plop(app, ['session-migration', 'add sessions'])
    expect(again).toMatchObject({ code: 1 })
    expect(again.stderr).toContain('a migration add_sessions exists already')
    expect(await plop(app, ['session-migration', 'add sessions', '--force'])).toMatchObject({ code: 0 })
    expect(filesIn(app, 'migrations')).toEqual(before)
    expect(await app.read(`migrations/${file}`)).toBe(text)
  })

  it('prints path and content in a dry run, and what --dir overrides', async () => {
    const { code, stdout, stderr } = await plop(app, [
      'session-migration',
      'Dry',
      '--',
      '--dry-run',
      '--dir',
      'db/migrate',
      '--kind',
      'create',
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^db\/migrate\/\d{14}_dry\.js\n/)
    expect(stdout).toContain('await createTable()')
    expect(stderr).toMatch(/dry run: db\/migrate\/\d{14}_dry\.js would be written/)
    expect(stderr).toContain('--dir db/migrate overrides migrations_dir')
    expect(app.exists('db')).toBe(false)
  })

  it('takes the folder from the configuration, and stops when it is not valid', async () => {
    await app.write(CONFIG, 'migrations_dir: db/from-config\n')
    expect(await plop(app, ['session-migration', 'CreateConfigured'])).toMatchObject({ code: 0 })
    expect(filesIn(app, 'db/from-config')).toHaveLength(1)
    await app.write(CONFIG, 'tabel_name: x\n')
    const broken = await plop(app, ['session-migration', 'Broken'])
    expect(broken).toMatchObject({ code: 1 })
    expect(broken.stderr).toContain(`${CONFIG}:1:1: unknown option "tabel_name"; did you mean "table_name"?`)
    await app.write(CONFIG, '')
  })

  it.each([
    [['session-migration', 'a/b'], "can't be the name of a migration"],
    [['session-migration', '--', '--name', '..'], "can't be the name of a migration"],
    [['session-migration', '!?'], "can't be the name of a migration"],
    [['session-migration', 'New', '--', '--language', 'coffee'], 'must be one of ts, js, mjs'],
    [['session-migration', 'New', '--', '--options', 'src/absent.js'], 'src/absent.js does not exist'],
    [['session-migration', 'CreateNew', '--', '--dir', 'node_modules/x'], 'inside node_modules'],
    [['session-migration', 'New', '--', '--dir'], '--dir needs a value'],
  ])('refuses %j with exit code 1 and writes nothing', async (args, message) => {
    const before = filesIn(app, 'migrations')
    const { code, stderr } = await plop(app, args)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
    expect(filesIn(app, 'migrations')).toEqual(before)
    expect(app.exists('node_modules/x')).toBe(false)
  })

  it('warns of .mjs, which knex and sequelize-cli skip', async () => {
    const { code, stderr } = await plop(app, ['session-migration', 'DropSessions', '--', '--language', 'mjs'])
    expect(code).toBe(0)
    expect(stderr).toContain('knex and sequelize-cli skip .mjs')
  })

  it('writes into the folder that --dest names, for the package there', async () => {
    await app.write('packages/web/package.json', '{ "type": "module" }')
    await app.write('packages/web/tsconfig.json', '{}')
    const { code, stderr } = await plop(app, ['session-migration', 'AddWebSessions', '--dest', 'packages/web'])
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /packages\/web\/migrations\/\d{14}_add_web_sessions\.ts was written\s+Next, in packages\/web: npx umzug up/,
    )
  })

  it('never writes inside node_modules: without a plopfile --dest is needed', async () => {
    const args = ['--plopfile', 'node_modules/dynamo-session-store/plopfile.js', 'session-config', 'test']
    const refused = await plop(app, args)
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.stderr).toContain('inside node_modules')
    expect(app.exists('node_modules/dynamo-session-store/config')).toBe(false)
    expect(await plop(app, [...args, '--dest', '.'])).toMatchObject({ code: 0 })
    expect(app.exists('config/dynamo_session_store/test.yml')).toBe(true)
  })
})

describe('what all generators share, without a terminal', () => {
  let app: App
  beforeAll(async () => {
    app = await installApp({ files: { 'plopfile.mjs': PLOPFILE } })
  })
  afterAll(() => app.remove())

  it.each([
    ['session-config', '--help'],
    ['session-config', 'production', '-h'],
    ['session-migration', '--', '--help'],
    ['session-migration', 'AddSessions', '--colour', '--help'],
  ])('prints help and writes nothing: plop %s %s %s', async (...args) => {
    const { code, stdout, stderr } = await plop(app, args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Writes [\s\S]+\n\nUsage: npx plop session-\w+ \[/)
    for (const part of ['Prompts', 'Options:', '--undo', '--quiet', 'Examples:\n  $ npx plop']) {
      expect(stdout).toContain(part)
    }
    expect(filesIn(app, 'config')).toEqual([])
    expect(filesIn(app, 'migrations')).toEqual([])
  })

  it.each([
    ['session-config', '--dry-run', 'production'],
    ['--pretend', 'session-config', 'production'],
    ['session-config', '--', 'production', '-p'],
    ['session-config', 'production', '--', '--pretend'],
  ])('writes nothing in a dry run: plop %s %s %s %s', async (...args) => {
    const { code, stdout, stderr } = await plop(app, args)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^config\/dynamo_session_store\/production\.yml\n# yaml-language-server/)
    expect(stderr).toContain('dry run: config/dynamo_session_store/production.yml would be written')
    expect(filesIn(app, 'config')).toEqual([])
  })

  it('reports an identical file, leaves another with --skip, and says less with --quiet', async () => {
    const written = await plop(app, ['session-config', '--quiet'])
    expect(written.code).toBe(0)
    expect(written.stderr).toContain(`${CONFIG} was written`)
    expect(written.stderr).not.toContain('Next')
    const again = await plop(app, ['session-config'])
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining(`${CONFIG} is identical`) })
    await app.write(CONFIG, '# mine\n')
    for (const args of [['--skip'], ['--', '-s']]) {
      const skipped = await plop(app, ['session-config', ...args])
      expect(skipped).toMatchObject({ code: 0, stderr: expect.stringContaining(`${CONFIG} exists already`) })
    }
    expect(await app.read(CONFIG)).toBe('# mine\n')
    expect(await plop(app, ['session-config', '--', '-f'])).toMatchObject({ code: 0 })
    expect(await app.read(CONFIG)).toContain('#table_name')
  })

  it('counts a second migration with the same text as done', async () => {
    for (const said of ['was written', 'is identical']) {
      const { code, stderr } = await plop(app, ['session-migration', 'AddSessions'])
      expect(code).toBe(0)
      expect(stderr).toContain(said)
    }
    expect(filesIn(app, 'migrations')).toHaveLength(1)
  })

  it('works under another name, given by the plopfile', async () => {
    const renaming = `export default async function (plop) {
  await plop.load('dynamo-session-store', {}, { generators: { 'session-config': 'settings' } })
}
`
    await app.write('renaming.mjs', renaming)
    const run = (...args: string[]) => plop(app, ['--plopfile', 'renaming.mjs', 'settings', ...args])
    expect(await run('renamed', '--dry-run')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('renamed.yml would be written'),
    })
    expect(await run('--', '--environment', 'renamed')).toMatchObject({ code: 0 })
    expect(filesIn(app, 'config/dynamo_session_store')).toEqual(['renamed.yml'])
    expect(await run('--colour')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("unknown option '--colour'"),
    })
    const help = await run('--help')
    expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Writes the configuration/) })
    expect(await plop(app, ['--plopfile', 'renaming.mjs', 'alone'])).toMatchObject({ code: 0 })
    expect(filesIn(app, 'config/dynamo_session_store')).toEqual(['alone.yml', 'renamed.yml'])
  })
})

describe("plop's Node API", () => {
  const PROGRAM = readFileSync(join(import.meta.dirname, '../../docs/snippets/generators/scaffold.mjs'), 'utf8')

  it('runs a generator as docs/generators.md shows, and prints nothing of its own', async () => {
    const files = { 'plopfile.mjs': PLOPFILE, 'scaffold.mjs': PROGRAM }
    const app = await installApp({ files })
    const path = join(app.folder, 'config/dynamo_session_store/production.yml')
    for (const args of [[], ['-f', '--undo', '--help']]) {
      const outcome = await app.run('node', ['scaffold.mjs', ...args])
      expect(outcome).toEqual({ code: 0, stdout: `${await realpath(path)}\n`, stderr: '' })
    }
    await app.write('config/dynamo_session_store/production.yml', '# mine\n')
    const refused = await app.run('node', ['scaffold.mjs', '-f', '--force'])
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('exists already') })
    await app.remove()
  })
})

describe('the package in a plopfile', () => {
  const MODULE = "export default async (plop) => { await plop.load('dynamo-session-store') }\n"
  const COMMONJS = "module.exports = async (plop) => { await plop.load('dynamo-session-store') }\n"
  const TYPESCRIPT = `import type { NodePlopAPI } from 'plop'

export default async function (plop: NodePlopAPI, config: { force: boolean }): Promise<void> {
  await plop.load('dynamo-session-store', { force: config.force })
}
`

  it.each([
    ['plopfile.js of an ES module package', 'module', 'plopfile.js', MODULE],
    ['plopfile.js of a CommonJS package', 'commonjs', 'plopfile.js', COMMONJS],
    ['plopfile.mjs', 'commonjs', 'plopfile.mjs', MODULE],
    ['plopfile.cjs', 'module', 'plopfile.cjs', COMMONJS],
    ['plopfile.ts', 'module', 'plopfile.ts', TYPESCRIPT],
  ] as const)('works in %s, and knows of --force', async (_title, type, file, text) => {
    const app = await installApp({ type, files: { [file]: text, [CONFIG]: 'old' } })
    const env = file.endsWith('.ts') ? { NODE_OPTIONS: '--import tsx' } : {}
    const refused = await plop(app, ['--plopfile', file, 'session-config'], { env })
    expect(refused.stderr).toContain('exists already')
    expect(refused.code).toBe(1)
    const forced = await plop(app, ['--plopfile', file, 'session-config', '--force'], { env })
    expect(forced).toMatchObject({ code: 0 })
    expect(await app.read(CONFIG)).toContain('#table_name: sessions')
    await app.remove()
  })

  it('ends with exit code 1 when it cannot be loaded, which plop alone would not', async () => {
    const app = await installApp({ files: { 'plopfile.mjs': PLOPFILE } })
    await app.write('node_modules/dynamo-session-store/dist/plopfile.js', "throw new Error('broken installation')\n")
    const { code, stderr } = await plop(app, ['session-config'])
    expect(stderr).toContain('broken installation')
    expect(code).toBe(1)
    await app.remove()
  })
})
