import { spawn } from 'node:child_process'
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, cleanEnvironment, installApp } from '../support/app.js'
import { anyEngine, uniqueTableName } from '../support/engines.js'

const engine = anyEngine()

/** Without npm's own remarks about this machine. */
function own(stderr: string): string {
  return stderr.replace(/^npm warn .*\n/gm, '')
}

function environment(tableName: string, more: Record<string, string> = {}): Record<string, string> {
  return { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint, AWS_DYNAMO_DB_SESSION_TABLE_NAME: tableName, ...more }
}

async function tableExists(TableName: string): Promise<boolean> {
  try {
    await engine.client().send(new DescribeTableCommand({ TableName }))
    return true
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return false
    throw error
  }
}

const shared = (name: string) => ({ table: name, env: environment(name) })

describe('npx umzug in an application in JavaScript', () => {
  let app: App
  beforeAll(async () => {
    app = await installApp()
  })
  afterAll(async () => await app?.remove())

  it('creates, runs, reports and reverts the migration of the session table', async () => {
    const { table, env } = shared(uniqueTableName())
    const run = async (...args: string[]) => await app.run('npx', ['umzug', ...args], { env })
    const missing = await run('up')
    expect(missing.code).toBe(1)
    expect(own(missing.stderr)).toMatch(
      /^error \[MIGRATION_FILE\]: there is no migrations folder migrations \(migrations_dir: default\)/,
    )
    const created = await run('create', '--name', 'AddSessions')
    expect(created).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^migrations\/\d{14}_add_sessions\.js was/),
    })
    const [, name = ''] = /(\d{14}_add_sessions)/.exec(created.stdout) ?? []
    expect(await run('status', '--check')).toMatchObject({
      code: 2,
      stdout: expect.stringContaining(`pending   ${name}`),
    })
    const up = await run('up')
    expect(up.code).toBe(0)
    expect(up.stdout.split('\n').slice(0, 6)).toEqual([
      'environment:        development',
      'configuration file: none',
      `table:              ${table}`,
      'region:             us-east-1',
      `endpoint:           ${engine.endpoint} (ENV AWS_ENDPOINT_URL_DYNAMODB)`,
      `migration storage: dynamodb, table ${table}_migrations`,
    ])
    expect(up.stdout).toContain('1 migration executed')
    expect(await tableExists(table)).toBe(true)
    expect(await run('status', '--check')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing is pending'),
    })
    const executed = await run('executed', '--json')
    expect(JSON.parse(executed.stdout)).toMatchObject([{ name }])
    expect((await run('up')).stdout).toContain('nothing to do: no migration is pending')
    expect(await run('down', '--name', `${name}.ts`)).toMatchObject({ code: 0 })
    expect(await tableExists(table)).toBe(false)
  })

  it('ends with code 1 and a readable text for mistyped arguments', async () => {
    const { env } = shared(uniqueTableName())
    for (const args of [
      ['uq'],
      ['status', '--chekc'],
      ['up', '--to'],
      ['up', '--environment'],
      ['up', '--step', 'x'],
    ]) {
      const { code, stderr } = await app.run('npx', ['umzug', ...args], { env })
      expect({ args, code }).toEqual({ args, code: 1 })
      expect(own(stderr)).toMatch(/error: /)
      expect(own(stderr)).not.toMatch(/^\s+at /m)
    }
  })

  it('shows the error of a migration with its cause, runs no later one, and keeps the stack trace for DEBUG', async () => {
    const { env } = shared(uniqueTableName())
    const files = { AWS_DYNAMO_DB_SESSION_MIGRATIONS_DIR: 'failing' }
    await app.write(
      'failing/1_a.js',
      "exports.up = async () => { throw new Error('no way', { cause: new Error('disk') }) }",
    )
    await app.write('failing/2_b.js', "exports.up = async () => { console.log('two ran') }")
    const failed = await app.run('npx', ['umzug', 'up'], { env: { ...env, ...files } })
    expect(failed.code).toBe(1)
    expect(own(failed.stderr)).toBe('error: Migration 1_a (up) failed: Original error: no way\n  caused by: disk\n')
    expect(failed.stdout).not.toContain('two ran')
    const debugged = await app.run('npx', ['umzug', 'up'], { env: { ...env, ...files, DEBUG: '1' } })
    expect(debugged.stderr).toMatch(/^\s+at /m)
    const status = await app.run('npx', ['umzug', 'status'], { env: { ...env, ...files } })
    expect(status.stdout).toMatch(/pending {3}1_a\npending {3}2_b\n2 pending/)
  })

  it('runs a migration once when two processes start at the same moment', async () => {
    const { env } = shared(uniqueTableName())
    const files = { ...env, AWS_DYNAMO_DB_SESSION_MIGRATIONS_DIR: 'twice' }
    const text =
      "exports.up = async () => { console.log('one ran'); await new Promise((done) => setTimeout(done, 4000)) }"
    await app.write('twice/1_a.js', text)
    const both = await Promise.all([1, 2].map(() => app.run('npx', ['umzug', 'up'], { env: files })))
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    const output = both.map(({ stdout }) => stdout).join()
    expect(output.match(/one ran/g)).toHaveLength(1)
    expect(output).toMatch(/waiting for the migration lock: pid \d+ on \S+ \(since /)
    expect(output).toContain('nothing to do: no migration is pending')
  })

  it('takes over the lock of a killed process, or frees it by unlock', async () => {
    const { env } = shared(uniqueTableName())
    await app.write(
      'umzug.config.mjs',
      "import { createUmzug } from 'dynamo-session-store/umzug'\nexport default createUmzug({ lockLease: 4000, migrationsDir: 'killed' })\n",
    )
    const slow =
      "const { existsSync, writeFileSync } = require('node:fs')\nexports.up = async () => { if (existsSync('begun')) return; writeFileSync('begun', ''); await new Promise((done) => setTimeout(done, 60000)) }"
    await app.write('killed/1_a.js', slow)
    await killWhenBegun()
    const unlocked = await app.run('npx', ['umzug', 'unlock'], { env })
    expect(unlocked.stdout).toMatch(/freed the migration lock that pid \d+ on \S+ \(since \d{4}-.*Z\) held/)
    expect((await app.run('npx', ['umzug', 'unlock'], { env })).stdout).toContain('no process holds the migration lock')
    await app.run('rm', ['begun'])
    const killed = await killWhenBegun()
    const up = await app.run('npx', ['umzug', 'up'], { env })
    expect(up.code).toBe(0)
    expect(up.stderr).toContain(`took over the migration lock that pid ${killed} on `)
    expect(up.stdout).toContain('1 migration executed')
    await app.run('rm', ['umzug.config.mjs'])

    async function killWhenBegun(): Promise<number | undefined> {
      const bin = 'node_modules/dynamo-session-store/dist/runtime/cli/umzug.js'
      const child = spawn(process.execPath, [bin, 'up'], {
        cwd: app.folder,
        env: { ...cleanEnvironment(), ...env },
        stdio: 'ignore',
      })
      await expect.poll(() => app.exists('begun'), { timeout: 30_000 }).toBe(true)
      child.kill('SIGKILL')
      return child.pid
    }
  })

  it('uses the table, environment and folder of its flags everywhere', async () => {
    const { table, env } = shared(uniqueTableName())
    const { AWS_ENDPOINT_URL_DYNAMODB } = env
    await app.write('session-options.mjs', `export default { tableName: '${table}', migrationsDir: 'flagged' }\n`)
    const text =
      "const { createTable } = require('dynamo-session-store')\nexports.up = async () => { await createTable(); console.log(process.env.NODE_ENV) }"
    await app.write('flagged/1_a.js', text)
    const args = ['umzug', '--options', './session-options.mjs', 'up', '--environment=staging']
    const up = await app.run('npx', args, { env: { AWS_ENDPOINT_URL_DYNAMODB } })
    expect(up).toMatchObject({ code: 0 })
    expect(up.stdout).toMatch(/^environment: +staging$/m)
    expect(up.stdout).toMatch(/^staging$/m)
    expect(await tableExists(table)).toBe(true)
  })

  it('lists all commands and its flags with --help', async () => {
    const { code, stdout } = await app.run('npx', ['umzug', '--help'])
    expect(code).toBe(0)
    expect(await app.run('npx', ['umzug'])).toMatchObject({ code: 0, stdout })
    expect(await app.run('npx', ['umzug', '--environment', 'staging'])).toMatchObject({ code: 0, stdout })
    for (const word of [
      'up',
      'down',
      'pending',
      'executed',
      'create',
      'status',
      'unlock',
      '--environment',
      '--config',
    ]) {
      expect(stdout).toContain(word)
    }
  })
})

describe.each(['commonjs', 'module'] as const)('npx umzug in an application in TypeScript with type %s', (type) => {
  let app: App
  beforeAll(async () => {
    const compilerOptions = { module: 'nodenext', target: 'es2023', paths: { '@src/*': ['./src/*'] } }
    const files = { 'tsconfig.json': JSON.stringify({ compilerOptions }) }
    app = await installApp({ type, files })
  })
  afterAll(async () => await app?.remove())

  it('runs a generated migration by tsx', async () => {
    const { table, env } = shared(uniqueTableName())
    expect((await app.run('npx', ['umzug', 'create'], { env })).stdout).toMatch(/create_dynamo_sessions_table\.ts was/)
    const up = await app.run('npx', ['umzug', 'up'], { env })
    expect({ code: up.code, stderr: own(up.stderr) }).toMatchObject({ code: 0 })
    expect(await tableExists(table)).toBe(true)
    expect(await app.run('npx', ['umzug', 'down'], { env })).toMatchObject({ code: 0 })
    expect(await tableExists(table)).toBe(false)
  })

  it("runs it in the application's own umzug too, and ends even if that leaves a timer running", async () => {
    const { table, env } = shared(uniqueTableName())
    await app.write(
      'umzug.config.ts',
      `import { JSONStorage, Umzug } from 'umzug'
setInterval(() => {}, 60_000)
export const umzug: Umzug = new Umzug({
  migrations: { glob: 'migrations/*.ts' },
  storage: new JSONStorage({ path: 'executed.json' }),
  logger: undefined,
})
`,
    )
    const up = await app.run('npx', ['umzug', 'up'], { env })
    expect({ code: up.code, stderr: own(up.stderr) }).toMatchObject({ code: 0 })
    expect(up.stdout).toContain('using umzug.config.ts')
    expect(await tableExists(table)).toBe(true)
    expect(JSON.parse(await app.read('executed.json'))).toEqual([expect.stringMatching(/table\.ts$/)])
    expect(await app.run('npx', ['umzug', 'status', '--check'], { env })).toMatchObject({ code: 0 })
    const unlock = await app.run('npx', ['umzug', 'unlock'], { env })
    expect(unlock.code).toBe(1)
    expect(own(unlock.stderr)).toMatch(/^error: unlock needs an umzug that was made by createUmzug\(\)/)
    expect(await app.run('npx', ['umzug', 'pendign'], { env })).toMatchObject({ code: 1 })
    await app.run('rm', ['umzug.config.ts'])
  })

  it('runs TypeScript without tsx, with the same instance of this package', async () => {
    const { table, env } = shared(uniqueTableName())
    await app.write(
      'src/session-options.ts',
      `import type { Options } from 'dynamo-session-store'
enum Name { Table = '${table}' }
export const options: Options = { tableName: Name.Table, migrationsDir: 'without-tsx' }
`,
    )
    await app.write(
      'without-tsx/1_a.ts',
      `import { ConfigurationError, createTable } from 'dynamo-session-store'
import { options } from '@src/session-options.js'
export async function up(): Promise<void> {
  console.log('same instance', ConfigurationError === (globalThis as any).loadedByNode, options.migrationsDir)
  await createTable()
}
`,
    )
    await app.write(
      'umzug.config.mjs',
      `import { ConfigurationError } from 'dynamo-session-store'
import { createUmzug } from 'dynamo-session-store/umzug'
globalThis.loadedByNode = ConfigurationError
export default createUmzug()
`,
    )
    await app.run('mv', ['node_modules/tsx', 'node_modules/.tsx'])
    const { AWS_ENDPOINT_URL_DYNAMODB } = env
    const args = ['umzug', 'up', '--options', 'src/session-options.ts']
    const up = await app.run('npx', args, { env: { AWS_ENDPOINT_URL_DYNAMODB } })
    await app.run('mv', ['node_modules/.tsx', 'node_modules/tsx'])
    await app.run('rm', ['umzug.config.mjs'])
    expect({ code: up.code, stderr: own(up.stderr) }).toMatchObject({ code: 0 })
    expect(up.stdout).toContain('same instance true without-tsx')
    expect(await tableExists(table)).toBe(true)
  })
})
