import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { describeTable } from '../../runtime/table/describe-table.js'
import { type App, installApp, type Outcome } from '../support/app.js'
import { type ControlPlane, startControlPlane } from '../support/control-plane.js'
import { onEachEngine } from '../support/engines.js'

const PLOPFILE = "export default async (plop) => { await plop.load('dynamo-session-store') }\n"
const TSCONFIG = JSON.stringify({
  compilerOptions: { target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: true, noEmit: true },
  include: ['migrations'],
})

const LANGUAGES = [
  ['TypeScript', 'module', { 'tsconfig.json': TSCONFIG }],
  ['JavaScript, ES modules', 'module', {}],
  ['JavaScript, CommonJS', 'commonjs', {}],
] as const

/** The commands of an application whose sessions are at `endpoint`. */
function commands(app: App, endpoint: string, tableName: string) {
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_DYNAMO_DB_SESSION_TABLE_NAME: tableName,
  }
  const run = (program: string, ...args: string[]): Promise<Outcome> =>
    app.run(join(app.folder, 'node_modules/.bin', program), args, { env })
  const files = () => (app.exists('migrations') ? readdirSync(join(app.folder, 'migrations')).sort() : [])
  return {
    files,
    env,
    configure: (text: string) => app.write('config/dynamo_session_store.yml', text),
    async umzug(command: 'up' | 'down'): Promise<void> {
      const { code, stdout, stderr } = await run('umzug', command)
      expect({ command, code, output: code === 0 ? '' : stdout + stderr }).toEqual({ command, code: 0, output: '' })
    },
    /** Generates a migration, and returns its code. */
    async generate(...args: string[]): Promise<string> {
      const before = files()
      const { code, stdout, stderr } = await run('plop', 'session-migration', ...args)
      expect({ args, code, output: code === 0 ? '' : stdout + stderr }).toEqual({ args, code: 0, output: '' })
      const [file = ''] = files().filter((name) => !before.includes(name))
      return await app.read(`migrations/${file}`)
    },
    /** Removes the newest migration, which has this name. */
    async undo(name: string): Promise<void> {
      const before = files()
      const { code, stdout, stderr } = await run('plop', 'session-migration', name, '--undo')
      expect({ code, output: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, output: '' })
      expect(files()).toEqual(before.slice(0, -1))
    },
    /** Generates no migration, and returns why. */
    async refused(...args: string[]): Promise<string> {
      const before = files()
      const { code, stdout, stderr } = await run('plop', 'session-migration', ...args)
      expect({ args, code, files: files() }).toEqual({ args, code: 1, files: before })
      return (stdout + stderr).replace(/\s+/g, ' ')
    },
  }
}

onEachEngine(
  'the life of a table',
  (engine) => {
    if (engine.name === 'dynalite')
      return it.skip('(skipped: dynalite has no Time to Live, and adds and deletes no index)', () => undefined)
    it.each(LANGUAGES)('from create to drop, up and down, in %s', async (language, type, more) => {
      const app = await installApp({ type, files: { 'plopfile.mjs': PLOPFILE, ...more } })
      const options = engine.options()
      const { configure, generate, refused, umzug, undo } = commands(app, engine.endpoint, options.tableName)
      const table = () => describeTable(options)
      const indexes = async () => (await table())?.indexes.map(({ name }) => name)
      const PROVISIONED = { billingMode: 'provisioned', capacity: { read: 4, write: 3 }, ttl: { status: 'ENABLED' } }
      const ON_DEMAND = { billingMode: 'pay_per_request', capacity: undefined, ttl: { status: 'DISABLED' } }

      await configure('read_capacity: 4\nwrite_capacity: 3\n')
      await generate('CreateSessions')
      await umzug('up')
      expect(await table()).toMatchObject(PROVISIONED)
      expect(await refused('AddSessionsTable')).toContain('_create_sessions.')
      expect(await refused('UpdateSessions')).toContain('nothing to update')

      await configure('billing_mode: pay_per_request\nttl: false\n')
      const update = await generate('ChangeSessionsBilling')
      expect(update).toContain("updateTable({ billingMode: 'pay_per_request', ttl: false })")
      expect(update).toContain(
        "updateTable({ billingMode: 'provisioned', readCapacity: 4, writeCapacity: 3, ttl: true })",
      )
      await undo('ChangeSessionsBilling')
      expect(await generate('ChangeSessionsBilling')).toBe(update)
      await umzug('up')
      expect(await table()).toMatchObject(ON_DEMAND)
      await umzug('down')
      expect(await table()).toMatchObject(PROVISIONED)
      await umzug('up')
      expect(await table()).toMatchObject(ON_DEMAND)

      await configure('billing_mode: pay_per_request\nttl: false\nindex_keys: [user_id]\n')
      await generate('AddUserIdIndex')
      await umzug('up')
      expect(await indexes()).toEqual(['user_id-index'])
      await generate('RemoveUserIdIndex')
      await umzug('up')
      expect(await indexes()).toEqual([])
      await umzug('down')
      expect(await indexes()).toEqual(['user_id-index'])
      await umzug('up')

      await configure('billing_mode: pay_per_request\nttl: true\nindex_keys: [tenant]\n')
      const last = await generate('--', '--kind', 'update')
      expect(last).toContain("updateTable({ ttl: true, indexKeys: ['tenant'] })")
      await umzug('up')
      expect(await indexes()).toEqual(['tenant-index'])
      await umzug('down')
      expect(await indexes()).toEqual([])
      expect(await table()).toMatchObject(ON_DEMAND)
      await umzug('up')

      await generate('DropSessions')
      await umzug('up')
      expect(await table()).toBeUndefined()
      await umzug('down')
      expect(await indexes()).toEqual(['tenant-index'])
      await umzug('up')
      await generate()
      await umzug('up')
      expect(await table()).toMatchObject({ billingMode: 'pay_per_request' })

      if (language === 'TypeScript') {
        expect(await app.run('npx', ['tsc', '-p', '.'])).toMatchObject({ code: 0, stdout: '' })
      }
      await app.remove()
    })
  },
  { quiet: true },
)

describe('a migration that updates the table, generated without a terminal', () => {
  let app: App
  let plane: ControlPlane
  beforeAll(async () => {
    plane = await startControlPlane({ region: 'us-east-1' })
  })
  beforeEach(async () => {
    plane.reset()
    app = await installApp({
      type: 'module',
      files: { 'plopfile.mjs': PLOPFILE, 'config/dynamo_session_store.yml': '', 'src/session.js': '' },
    })
  })
  afterEach(() => app.remove())
  afterAll(() => plane.stop())

  const here = () => commands(app, plane.endpoint, 'visits')
  async function succeed(program: string, ...args: string[]): Promise<void> {
    const { code, stdout, stderr } = await app.run(program, args, { env: here().env })
    expect({ program, code, output: code === 0 ? '' : stdout + stderr }).toEqual({ program, code: 0, output: '' })
  }
  const createTable = () => succeed('npx', 'dynamo-session', 'create-table')
  /** Runs `up` or `down` of the only migration. The stub holds no items, so no log of umzug. */
  async function call(name: 'up' | 'down'): Promise<void> {
    const [file] = here().files()
    await succeed('node', '--input-type=module', '-e', `await (await import('./migrations/${file}')).${name}()`)
  }

  it('applies settings that only AWS supports, and reverts them', async () => {
    const { configure, generate } = here()
    await configure('tags: { team: a }\nmax_read_request_units: 100\n')
    await createTable()
    const made = structuredClone(plane.table('visits'))
    await configure(
      'tags: { team: "it\'s b", stage: x }\npoint_in_time_recovery: true\npoint_in_time_recovery_days: 7\nttl: false\n' +
        'kms_key_id: arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555\n' +
        'table_class: standard_infrequent_access\nmax_read_request_units: 50\n',
    )
    const code = await generate('UpdateSessions')
    expect(code).toContain(`  await updateTable({
    maxReadRequestUnits: 50,
    ttl: false,
    pointInTimeRecovery: true,
    pointInTimeRecoveryDays: 7,
    kmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555',
    tableClass: 'standard_infrequent_access',
    tags: { team: 'it\\'s b', stage: 'x' },
  })`)
    await call('up')
    const changed = plane.table('visits')
    expect(Object.fromEntries(changed.tags)).toEqual({ team: "it's b", stage: 'x' })
    expect(changed).toMatchObject({
      recovery: { on: true, days: 7 },
      tableClass: 'STANDARD_INFREQUENT_ACCESS',
      kmsKeyArn: expect.stringContaining('11111111'),
      maximum: { MaxReadRequestUnits: 50 },
    })
    expect(changed.ttl.status).toMatch(/^DISABL/)
    await call('down')
    const restored = plane.table('visits')
    expect(Object.fromEntries(restored.tags)).toEqual({ team: 'a' })
    expect(restored).toMatchObject({ maximum: { MaxReadRequestUnits: 100 }, kmsKeyArn: made.kmsKeyArn })
    expect(restored.recovery.on).toBe(false)
    expect(restored.ttl.status).toMatch(/^ENABL/)
    expect(restored.tableClass ?? 'STANDARD').toBe('STANDARD')
  })

  it('changes the table that the options of the application name', async () => {
    const { configure, generate } = here()
    await app.write('src/session.js', "export const options = { tableName: 'others', deletionProtection: true }\n")
    await configure('deletion_protection: false\n')
    await succeed('npx', 'dynamo-session', 'create-table', '--options', 'src/session.js')
    plane.table('others').deletionProtection = false
    const code = await generate('EnableProtection', '--', '--options', 'src/session.js')
    expect(code).toContain('updateTable({ ...options, deletionProtection: true })')
    await call('up')
    expect(plane.table('others').deletionProtection).toBe(true)
    await call('down')
    expect(plane.table('others').deletionProtection).toBe(false)
  })

  it('is the same from npx umzug create', async () => {
    await createTable()
    await here().configure('table_class: standard_infrequent_access\n')
    await succeed('npx', 'umzug', 'create', '--name', 'UpdateSessions')
    const [file] = here().files()
    expect(await app.read(`migrations/${file}`)).toContain("tableClass: 'standard_infrequent_access'")
  })

  it('is refused where nothing differs, and names what it would leave', async () => {
    await createTable()
    const { refused } = here()
    expect(await refused('UpdateSessions')).toContain('nothing to update in table "visits"')
    plane.table('visits').tags.set('owner', 'ops')
    expect(await refused('UpdateSessions')).toContain('left as it is: tags')
  })

  it('is refused without a table, a permission or a network, in one readable text', async () => {
    const { refused } = here()
    expect(await refused('UpdateSessions')).toContain(
      'table "visits" does not exist in this region and account; create it',
    )
    plane.deny('DescribeTable')
    const denied = await refused('UpdateSessions')
    expect(denied).toContain('an update needs the settings of the live table')
    expect(denied).toContain('dynamodb:DescribeTable')
    const unreachable = await commands(app, 'http://127.0.0.1:1', 'visits').refused('UpdateSessions')
    expect(unreachable).toContain('an update needs the settings of the live table')
    for (const text of [denied, unreachable]) expect(text).not.toMatch(/ at .*\.js:\d/)
  })
})
