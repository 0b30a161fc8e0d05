import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { carryOut } from '../../../../generators/files/carry-out.js'
import { type MigrationInput, planMigration as planWith } from '../../../../generators/session-migration/plan.js'
import { application } from '../application.js'
import { single } from '../single.js'

const now = new Date('2025-03-09T01:02:03Z')

/** No migration of these tests needs the live table. */
function planOf(input: MigrationInput) {
  return planWith(input, async () => {
    throw new Error('the live table was read')
  })
}

const planMigration = async (input: MigrationInput) => single(await planOf(input))

function plan(files: Record<string, string> = {}, input: Partial<MigrationInput> = {}) {
  return planMigration({ root: application(files).root, now, ...input })
}

afterEach(() => vi.unstubAllEnvs())

describe('the file of a migration', () => {
  it('is named by the time in UTC and the name of the migration', async () => {
    expect((await plan()).path).toMatch(/\/migrations\/20250309010203_create_dynamo_sessions_table\.js$/)
    expect((await plan({}, { name: 'AddSessions' })).path).toMatch(/\/migrations\/20250309010203_add_sessions\.js$/)
  })

  it('sorts after the newest migration', async () => {
    const { path } = await plan({ 'migrations/20250309010203_a.js': '', 'migrations/20250309010204_b.ts': '' })
    expect(path).toContain('/20250309010205_')
  })

  it('gets a later time stamp when another was made in the same second', async () => {
    const { root, files } = application()
    for (const name of ['first', 'second', 'third']) await carryOut(await planOf({ root, now, name, index: name }))
    expect(files().slice(0, 3)).toEqual([
      'migrations/20250309010203_first.js',
      'migrations/20250309010204_second.js',
      'migrations/20250309010205_third.js',
    ])
  })

  it.each(['a/b', '..\\b', 'a\u0007', '!'])('is refused for the name %j', async (name) => {
    await expect(plan({}, { name })).rejects.toThrow('name of a migration')
  })
})

describe('a migration of the same name', () => {
  const files = { 'migrations/20250101000000_add_sessions.js': 'old' }

  it('is refused in any spelling and language, and the message names the file', async () => {
    for (const language of ['js', 'ts']) {
      const { root, files: written } = application(files)
      const second = await planOf({ root, now, name: 'AddSessions', language })
      await expect(carryOut(second)).rejects.toThrow('20250101000000_add_sessions.js')
      expect(written()).toHaveLength(2)
    }
  })

  it('is rewritten in its place with force', async () => {
    const { root, files: written, read } = application(files)
    await carryOut(await planOf({ root, now, name: 'AddSessions' }), { force: true })
    expect(written()).toEqual(['migrations/20250101000000_add_sessions.js', 'package.json'])
    expect(read('migrations/20250101000000_add_sessions.js')).toContain('createTable()')
  })
})

describe('undo of a migration', () => {
  it.each(['ts', 'mjs', 'js'])('finds the file in its language, whatever the default is: %s', async (extension) => {
    const file = `migrations/20250101000000_add_sessions.${extension}`
    const { path } = await plan({ [file]: '' }, { name: 'AddSessions', language: 'js', undo: true })
    expect(path).toContain(file)
  })

  it('finds the file in the given language, if there is one in several', async () => {
    const files = { 'migrations/20250101000000_a.js': '', 'migrations/20250101000001_a.ts': '' }
    for (const [language, stamp] of [
      ['js', '20250101000000'],
      ['ts', '20250101000001'],
    ] as const) {
      const { path } = await plan(files, { name: 'a', kind: 'drop', language, undo: true })
      expect(path).toContain(`/${stamp}_a.${language}`)
    }
  })
})

describe('the language of a migration', () => {
  it('is JavaScript of the module system that Node assumes for the file', async () => {
    expect((await plan({ 'package.json': '{}' })).text).toContain("require('dynamo-session-store')")
    expect((await plan({ 'package.json': '{"type":"module"}' })).text).toContain("from 'dynamo-session-store'")
    const own = { 'package.json': '{"type":"module"}', 'migrations/package.json': '{"type":"commonjs"}' }
    expect((await plan(own)).text).toContain("require('dynamo-session-store')")
  })

  it('is TypeScript when the application has a tsconfig.json', async () => {
    const { path, text } = await plan({ 'tsconfig.json': '{}' })
    expect(path).toMatch(/\.ts$/)
    expect(text).toContain('export async function up(): Promise<void>')
  })

  it('ignores the tsconfig.json of another package above', async () => {
    const files = { 'tsconfig.json': '{}', 'packages/web/package.json': '{}', 'packages/api/src/x.txt': '' }
    const { root } = application(files)
    expect((await planMigration({ root: join(root, 'packages/web') })).path).toMatch(/\.js$/)
    expect((await planMigration({ root: join(root, 'packages/api') })).path).toMatch(/\.ts$/)
  })

  it('can be chosen, and .mjs has a warning about knex and sequelize-cli', async () => {
    expect((await plan({ 'tsconfig.json': '{}' }, { language: 'js' })).path).toMatch(/\.js$/)
    const mjs = await plan({}, { language: 'mjs' })
    expect(mjs.path).toMatch(/\.mjs$/)
    expect(mjs.text).toContain('export async function up()')
    expect(mjs.notices.join()).toMatch(/knex and sequelize-cli skip \.mjs/)
    await expect(plan({}, { language: 'coffee' })).rejects.toThrow('unknown language "coffee"')
  })

  it('has a warning where TypeScript accepts no import: a CommonJS package with verbatimModuleSyntax', async () => {
    const tsconfig = '{ "compilerOptions": { "verbatimModuleSyntax": true } }'
    const notices = async (files: Record<string, string>) => (await plan(files)).notices.join()
    expect(await notices({ 'tsconfig.json': tsconfig })).toContain('npm pkg set type=module')
    expect(await notices({ 'tsconfig.json': tsconfig, 'package.json': '{ "type": "module" }' })).toBe('')
    expect(await notices({ 'tsconfig.json': '{}' })).toBe('')
  })

  it('stops at a package.json that is not valid', async () => {
    await expect(plan({ 'package.json': '{' })).rejects.toThrow(/^package\.json can't be read/)
  })
})

describe('the text of a migration', () => {
  it.each(['ts', 'js', 'mjs'])(
    'creates and deletes the table, without a SQL transaction, using no argument: %s',
    async (language) => {
      const { text } = await plan({}, { language })
      expect(text).toMatch(/function up\(\)[^}]*await createTable\(\)/)
      expect(text).toMatch(/function down\(\)[^}]*await deleteTable\(\)/)
      expect(text).toContain('config = { transaction: false }')
    },
  )

  it.each([
    ['js', 'export const options = {}', "const { options } = require('../src/session.js')"],
    ['js', 'export default {}', "const { default: options } = require('../src/session.js')"],
    ['js', 'module.exports = { tableName: 1 }', "const options = require('../src/session.js')"],
    ['mjs', 'export const options = {}', "import { options } from '../src/session.js'"],
    ['mjs', 'module.exports = {}', "import options from '../src/session.js'"],
    ['ts', 'export default {}', "import options from '../src/session.js'"],
  ])('passes the options of the application: %s, %s', async (language, code, line) => {
    const { text } = await plan({ 'src/session.js': code }, { language, optionsModule: 'src/session.js' })
    expect(text).toContain(`${line}\n`)
    expect(text).toContain('await createTable(options)')
    expect(text).toContain('await deleteTable(options)')
  })

  it('stops when the options module is missing', async () => {
    await expect(plan({}, { optionsModule: 'src/session.js' })).rejects.toThrow(
      'the options module src/session.js does not exist',
    )
  })
})

describe('a migration for an index', () => {
  const config = { 'config/dynamo_session_store.yml': 'index_keys: [user_id, user.id]\n' }
  const root = mkdtempSync(join(tmpdir(), 'index-migration-'))
  mkdirSync(join(root, 'config'))
  for (const [path, text] of Object.entries(config)) writeFileSync(join(root, path), text)
  afterAll(() => rmSync(root, { recursive: true }))

  it.each(['ts', 'js', 'mjs'])('adds the index, and deletes only the index on the way down: %s', async (language) => {
    const { text, path, notices } = await plan({}, { language, root, index: 'user.id' })
    expect(path).toMatch(/_add_user_id_index\.\w+$/)
    expect(text).toMatch(/up(?: = async function up)?\(\)[^}]*await createTable\(\{ indexKeys: \['user\.id'\] \}\)/)
    expect(text).toMatch(/down(?: = async function down)?\(\)[^}]*await deleteIndex\('user\.id'\)/)
    expect(text).toContain('config = { transaction: false }')
    expect(text).not.toContain('deleteTable')
    expect(notices.join()).not.toContain('index_keys')
  })

  it('passes on the options of the application', async () => {
    const files = { 'src/session.js': 'export const options = {}' }
    const { text } = await plan(files, { language: 'mjs', index: 'user_id', optionsModule: 'src/session.js' })
    expect(text).toContain("import { options } from '../src/session.js'\n")
    expect(text).toContain("await createTable({ ...options, indexKeys: ['user_id'] })")
    expect(text).toContain("await deleteIndex('user_id', options)")
  })

  it('is written for a name such as AddUserIdIndex, if index_keys has the key', async () => {
    const { path, text } = await plan({}, { root, name: 'AddUserIdIndex' })
    expect(path).toMatch(/_add_user_id_index\.js$/)
    expect(text).toContain("deleteIndex('user_id')")
    const other = plan({}, { root, name: 'AddTenantIndex' })
    await expect(other).rejects.toThrow(/index_keys has no key like "tenant".*--index tenant/)
  })

  it('keeps a given name', async () => {
    const { path } = await plan({}, { root, name: 'SignOutEverywhere', index: 'user_id' })
    expect(path).toMatch(/_sign_out_everywhere\.js$/)
  })

  it('has a notice when index_keys lacks the key, and is refused for an impossible key', async () => {
    const { notices } = await plan({}, { index: 'tenant' })
    expect(notices).toEqual([expect.stringContaining('index_keys has no "tenant" here')])
    for (const index of ['data', "a'b", 'a b', '']) {
      await expect(plan({}, { index })).rejects.toThrow('--index: ')
    }
  })
})

describe('the folder of migrations', () => {
  it('is that of --dir, and the notice says what --dir overrides', async () => {
    const { path, notices } = await plan({}, { dir: 'db\\migrate' })
    expect(path).toMatch(/\/db\/migrate\/\d+_/)
    expect(notices).toEqual([expect.stringMatching(/--dir db\/migrate overrides migrations_dir, which is migrations/)])
    expect((await plan({}, { dir: './migrations/' })).notices).toEqual([])
    await expect(plan({}, { dir: 'a\u0000b' })).rejects.toThrow("can't be a folder")
  })

  it('is that of the option migrations_dir', async () => {
    vi.stubEnv('AWS_DYNAMO_DB_SESSION_MIGRATIONS_DIR', 'db/from-env')
    expect((await plan()).path).toMatch(/\/db\/from-env\/\d+_/)
  })

  it('is not guessed when the configuration is not valid', async () => {
    vi.stubEnv('AWS_DYNAMO_DB_SESSION_TTL', 'maybe')
    await expect(plan()).rejects.toThrow('ENV AWS_DYNAMO_DB_SESSION_TTL: must be true or false, not "maybe"')
  })
})

describe('the next command', () => {
  const root = mkdtempSync(join(tmpdir(), 'session-migration-'))
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  function planBesideKnexfile(text: string, input: { dir?: string } = {}) {
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, 'package.json'), '{}')
    writeFileSync(join(root, 'knexfile.cjs'), text)
    return planMigration({ root, ...input })
  }

  it('is umzug, run by the package manager of the application', async () => {
    expect((await plan()).next).toBe('npx umzug up')
    expect((await plan({ 'pnpm-lock.yaml': '' })).next).toBe('pnpm exec umzug up')
    expect((await plan({ 'yarn.lock': '' }, { dir: 'elsewhere' })).next).toBe(
      'AWS_DYNAMO_DB_SESSION_MIGRATIONS_DIR=elsewhere yarn umzug up',
    )
  })

  it("is knex where the folder is the knexfile's", async () => {
    const knexfile = "module.exports = { client: 'pg' }"
    expect((await planBesideKnexfile(knexfile)).next).toBe('npx knex migrate:latest')
    expect((await planBesideKnexfile(knexfile, { dir: 'elsewhere' })).next).toBe(
      'AWS_DYNAMO_DB_SESSION_MIGRATIONS_DIR=elsewhere npx umzug up',
    )
  })
})

describe('a knexfile that cannot be read', () => {
  it('does not stop the generator, but causes a notice', async () => {
    const root = mkdtempSync(join(tmpdir(), 'session-migration-'))
    writeFileSync(join(root, 'knexfile.cjs'), "throw new Error('broken knexfile')")
    const { next, notices } = await planMigration({ root })
    rmSync(root, { recursive: true })
    expect(next).toBe('npx umzug up')
    expect(notices).toEqual([expect.stringMatching(/broken knexfile; if migrations is also knex's folder/)])
  })
})
