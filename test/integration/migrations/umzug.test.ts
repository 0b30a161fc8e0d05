import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JSONStorage } from 'umzug'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { breakLock } from '../../../runtime/migrations/storage/lock.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { createUmzug, type UmzugOptions } from '../../../runtime/umzug.js'
import { anyEngine } from '../../support/engines.js'
import { leaseTime, renewed } from '../../support/lease-time.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { folderWith, migration, recordRuns } from './folder.js'
import { onEachStorage, PARAMS } from './storage/storages.js'

onEachStorage(
  'createUmzug',
  (newPlace) => {
    async function prepare(files: Record<string, string>, options: UmzugOptions = {}) {
      const { open } = await newPlace()
      const root = await folderWith(files)
      const logger = recordingLogger()
      const umzug = () => createUmzug({ root, storage: open(), logger, ...options })
      return { open, root, logger, umzug }
    }

    it('runs the pending migrations in the order of their names, and reverts the last one', async () => {
      const runs = recordRuns()
      const { umzug, open, logger } = await prepare({
        'migrations/2_b.js': migration('b'),
        'migrations/1_a.js': migration('a'),
        'migrations/10_c.js': migration('c'),
      })
      expect((await umzug().up()).map(({ name }) => name)).toEqual(['10_c', '1_a', '2_b'])
      expect(await open().executed(PARAMS)).toEqual(['10_c', '1_a', '2_b'])
      await umzug().down()
      expect(runs).toEqual(['up c', 'up a', 'up b', 'down b'])
      expect((await umzug().pending()).map(({ name }) => name)).toEqual(['2_b'])
      expect((await umzug().executed()).map(({ name }) => name)).toEqual(['10_c', '1_a'])
      expect(logger.lines).toContainEqual(expect.stringMatching(/^migrated 1_a \(\d+\.\d\d s\)$/))
      expect(logger.lines).toContain('3 migrations executed')
      expect(logger.lines).toContain('1 migration reverted')
      expect(await open().lock.read()).toBeUndefined()
    })

    it('runs each migration once when several processes start at the same time', async () => {
      const runs = recordRuns()
      const slow = "exports.up = async () => { runs.push('up a'); await new Promise((done) => setTimeout(done, 300)) }"
      const { umzug, logger } = await prepare({ 'migrations/1_a.js': slow, 'migrations/2_b.js': migration('b') })
      const done = await Promise.all([umzug().up(), umzug().up(), umzug().up()])
      expect(runs).toEqual(['up a', 'up b'])
      expect(done.map(({ length }) => length).sort()).toEqual([0, 0, 2])
      expect(logger.lines.filter((line) => line === 'nothing to do: no migration is pending')).toHaveLength(2)
    })

    it('neither logs a migration that fails nor runs those after it, and frees the lock', async () => {
      const runs = recordRuns()
      const { umzug, open } = await prepare({
        'migrations/1_a.js': migration('a'),
        'migrations/2_b.js':
          "exports.up = async () => { throw new Error('no table', { cause: new Error('no disk') }) }",
        'migrations/3_c.js': migration('c'),
      })
      await expect(umzug().up()).rejects.toThrow('Migration 2_b (up) failed: Original error: no table')
      expect(runs).toEqual(['up a'])
      expect(await open().executed(PARAMS)).toEqual(['1_a'])
      expect(await open().lock.read()).toBeUndefined()
    })

    it('holds the lock while a migration takes longer than the lease', async () => {
      const runs = recordRuns()
      const slow =
        "exports.up = () => { runs.push('up a'); return new Promise((done) => { globalThis.finish = done }) }"
      const { umzug, open, logger } = await prepare({ 'migrations/1_a.js': slow }, { lockLease: 1_200 })
      const time = leaseTime(1_200)
      const both = Promise.all([umzug().up(), umzug().up()])
      await expect.poll(() => runs).toEqual(['up a'])
      const { lock } = open()
      let record = await lock.read()
      for (let passed = 0; passed < 3_600; passed += 400) {
        time.pass(400)
        record = await renewed(lock, record)
      }
      ;(globalThis as { finish?: () => void }).finish?.()
      await both
      expect(runs).toEqual(['up a'])
      expect(logger.warnings).toEqual([])
    })

    it('runs no further migration once the lock was taken from it', async () => {
      const runs = recordRuns()
      const slow = "exports.up = async () => { runs.push('up a'); await new Promise((done) => setTimeout(done, 500)) }"
      const { umzug, open } = await prepare({ 'migrations/1_a.js': slow, 'migrations/2_b.js': migration('b') })
      const up = umzug().up()
      const outcome = expect(up).rejects.toThrow(/lost the migration lock/)
      await expect.poll(() => runs.length).toBe(1)
      await breakLock(open().lock)
      await outcome
      expect(runs).toEqual(['up a'])
      expect(await open().executed(PARAMS)).toEqual(['1_a'])
    })

    it('returns from unlock() who held the lock', async () => {
      const { umzug, open } = await prepare({ 'migrations/1_a.js': migration('a') })
      expect(await umzug().unlock()).toBeUndefined()
      const record = { holder: 'pid 4711 on build-7', since: '2026-01-02T03:04:05.000Z', version: 'v', lease: 30_000 }
      await open().lock.write(record, undefined)
      expect(await umzug().unlock()).toEqual(record)
      expect(await open().lock.read()).toBeUndefined()
    })

    it('compares names of migrations without extension', async () => {
      const runs = recordRuns()
      const { umzug, open } = await prepare({
        'migrations/1_a.js': migration('a'),
        'migrations/2_b.js': migration('b'),
      })
      await open().logMigration({ ...PARAMS, name: '1_a.ts' })
      expect((await umzug().pending()).map(({ name }) => name)).toEqual(['2_b'])
      await umzug().up({ to: '2_b.ts' })
      expect(await open().executed(PARAMS)).toEqual(['1_a.ts', '2_b'])
      await umzug().up({ migrations: ['1_a.ts'], rerun: 'ALLOW' })
      await umzug().down({ migrations: ['1_a.mjs'] })
      expect(runs).toEqual(['up b', 'up a', 'down a'])
      expect(await open().executed(PARAMS)).toEqual(['2_b'])
    })
  },
  { lock: true },
)

describe('createUmzug', () => {
  async function prepare(files: Record<string, string>, options: UmzugOptions = {}) {
    const root = await folderWith(files)
    const logger = recordingLogger()
    const storage = new JSONStorage({ path: `${root}/executed.json` })
    return { logger, storage, root, umzug: createUmzug({ root, storage, logger, ...options }) }
  }

  it('runs nothing when a later migration has no function "up" or cannot be loaded', async () => {
    const runs = recordRuns()
    const first = { 'migrations/1_a.js': migration('a') }
    const shapeless = await prepare({ ...first, 'migrations/2_b.js': 'exports.upp = async () => {}' })
    await expect(shapeless.umzug.up()).rejects.toThrow('migrations/2_b.js exports no function "up"')
    const wrong = await prepare({ ...first, 'migrations/2_b.js': 'exports.up = 1' })
    await expect(wrong.umzug.up()).rejects.toThrow('migrations/2_b.js exports "up", but it is not a function')
    const broken = await prepare({ ...first, 'migrations/2_b.js': "throw new Error('broken file')" })
    await expect(broken.umzug.up()).rejects.toThrow(/migrations\/2_b\.js can't be loaded: broken file/)
    expect(runs).toEqual([])
    expect(await broken.umzug.up({ to: '1_a' })).toHaveLength(1)
  })

  it('does not count a migration without a function "down" as reverted', async () => {
    const { umzug } = await prepare({ 'migrations/1_a.js': 'exports.up = async () => {}' })
    await umzug.up()
    await expect(umzug.down()).rejects.toThrow(
      /migrations\/1_a\.js exports no function "down": so it can't be reverted/,
    )
    expect(await umzug.executed()).toHaveLength(1)
  })

  it('finds up and down in a default export too', async () => {
    const runs = recordRuns()
    const object = "{ text: 'this', async up() { runs.push('up ' + this.text) }, async down() {} }"
    const { umzug } = await prepare({
      'migrations/1_a.mjs': `export default ${object}`,
      'migrations/2_b.cjs': `module.exports = ${object}`,
      'migrations/3_c.cjs': `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${object}`,
    })
    await umzug.up()
    expect(runs).toEqual(['up this', 'up this', 'up this'])
  })

  it('ignores declarations, source maps, folders and hidden files', async () => {
    const { umzug } = await prepare({
      'migrations/1_a.js': migration('a'),
      'migrations/1_a.d.ts': 'export {}',
      'migrations/1_a.d.mts': 'export {}',
      'migrations/1_a.js.map': '{}',
      'migrations/2_b.js/readme.txt': '',
      'migrations/.3_c.js': migration('c'),
      'migrations/notes.md': '',
    })
    expect((await umzug.pending()).map(({ name }) => name)).toEqual(['1_a'])
  })

  it('names the missing folder and the source of its name', async () => {
    const { umzug, root } = await prepare({})
    await expect(umzug.up()).rejects.toThrow(
      `there is no migrations folder migrations (migrations_dir: default): ${join(root, 'migrations')} does not exist. ` +
        "Run this command in the application's folder, or create a migration (npx plop session-migration)",
    )
    await expect(umzug.pending()).rejects.toThrow(/there is no migrations folder/)
    await expect(createUmzug({ root, migrationsDir: 'db/steps' }).status()).rejects.toThrow(
      'there is no migrations folder db/steps (migrations_dir: code)',
    )
  })

  it('warns of migrations that are logged as executed but have no file', async () => {
    const { umzug, logger, storage } = await prepare({ 'migrations/2_b.js': migration('b') })
    await storage.logMigration({ name: '1_a.ts' })
    await umzug.up()
    expect(logger.warnings).toEqual(['1_a is logged as executed, but there is no such migration'])
    expect((await umzug.status()).missing).toEqual(['1_a'])
  })

  it('passes its own options to functions that migrations call without options', async () => {
    const runs = recordRuns()
    Object.assign(globalThis, { tableName: (options: object) => resolveConfiguration(options).tableName })
    const text = "exports.up = async () => { runs.push(tableName({}), tableName({ tableName: 'own' })) }"
    const { umzug } = await prepare({ 'migrations/1_a.js': text }, { tableName: 'given' })
    await umzug.up()
    expect(runs).toEqual(['given', 'own'])
    expect(resolveConfiguration().tableName).toBe('sessions')
  })

  it('logs what functions inside its migrations log', async () => {
    Object.assign(globalThis, { createTable })
    const { umzug, logger } = await prepare(
      { 'migrations/1_a.js': 'exports.up = async () => { await createTable() }' },
      anyEngine().options(),
    )
    await umzug.up()
    const { tableName } = umzug.configuration
    expect(logger.lines).toContain(`table "${tableName}" is active`)
    // dynalite knows no Time to Live, which is said as a warning.
    if (anyEngine().name === 'dynalite') expect(logger.warnings.join()).toMatch(/Time to Live/)
  })

  it('runs a list of migrations where there are no files, and passes them the context', async () => {
    const runs = recordRuns()
    const migrations = [
      { name: '1_a.ts', up: async ({ context }: { context: { color: string } }) => runs.push(context.color) },
    ]
    const { storage, root } = await prepare({})
    const bundled = createUmzug({ root, storage, migrations, context: { color: 'red' } })
    expect((await bundled.up()).map(({ name }) => name)).toEqual(['1_a'])
    expect(runs).toEqual(['red'])
  })

  it('takes options and context separately, as the other functions do', async () => {
    const runs = recordRuns()
    const migrations = [
      { name: '1_a.ts', up: async ({ context }: { context: { color: string } }) => runs.push(context.color) },
    ]
    const { storage, root, logger } = await prepare({})
    // As an option, `logger` is the one of the AWS SDK's requests.
    const sdkLogger = { debug() {}, info: (line: string) => runs.push(line), warn() {}, error() {} }
    const context = { storage, migrations, context: { color: 'blue' }, logger }
    const umzug = createUmzug({ root, logger: sdkLogger }, context)
    expect((await umzug.up()).map(({ name }) => name)).toEqual(['1_a'])
    expect(runs).toEqual(['blue'])
    expect(logger.lines.join()).toContain('1_a')
    expect(() => createUmzug({ root, storage } as object, {})).toThrow('option storage: is not an option')
  })

  it("is run by umzug's own command line, which writes migrations as this package does", async () => {
    const runs = recordRuns()
    const { umzug, root, logger } = await prepare({ 'migrations/1_a.js': migration('a') })
    expect(await umzug.runAsCLI(['up', '--to', '1_a.ts'])).toBe(true)
    expect(runs).toEqual(['up a'])
    expect(logger.lines).toContain('1 migration executed')
    expect(await umzug.runAsCLI(['create', '--name', 'AddSessions'])).toBe(true)
    const [, file = ''] = await readdir(join(root, 'migrations'))
    expect(file).toMatch(/^\d{14}_add_sessions\.js$/)
    expect(await readFile(join(root, 'migrations', file), 'utf8')).toContain("require('dynamo-session-store')")
    await umzug.create({ kind: 'index', index: 'user_id' })
    const [, , index = ''] = await readdir(join(root, 'migrations'))
    expect(index).toMatch(/^\d{14}_add_user_id_index\.js$/)
    await expect(umzug.create({ name: 'b', prefix: 'DATE' } as { name: string })).rejects.toThrow(
      'prefix is not supported here',
    )
  })

  it('shows path and text of a new migration in a dry run, which fails if the real run would fail', async () => {
    const { umzug, root, logger } = await prepare({})
    await umzug.create({ name: 'AddSessions', dryRun: true })
    expect(logger.lines.join()).toMatch(
      /\d_add_sessions\.js\n[\s\S]*await createTable\(\)[\s\S]*\ndry run: .*_add_sessions\.js would be written/,
    )
    await umzug.create({ name: 'AddSessions' })
    const again = { name: 'AddSessions', kind: 'drop', dryRun: true }
    await expect(umzug.create(again)).rejects.toThrow('a migration add_sessions exists already')
    expect(await readdir(join(root, 'migrations'))).toHaveLength(1)
  })

  it('logs on the console of its own command line where it has no logger', async () => {
    recordRuns()
    const { umzug } = await prepare({ 'migrations/1_a.js': migration('a') }, { logger: null })
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    onTestFinished(() => log.mockRestore())
    await umzug.up()
    expect(log).not.toHaveBeenCalled()
    await umzug.runAsCLI(['down'])
    expect(log).toHaveBeenCalledWith('1 migration reverted')
  })

  it('refuses an invalid number of steps', async () => {
    const { umzug } = await prepare({ 'migrations/1_a.js': migration('a') })
    await expect(umzug.up({ step: -1 })).rejects.toThrow('step must be a whole number of migrations')
  })
})
