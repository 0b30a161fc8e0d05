import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp, type Outcome } from '../support/app.js'
import { anyEngine, uniqueTableName } from '../support/engines.js'

const PLOPFILE = "export default async (plop) => { await plop.load('dynamo-session-store') }\n"
const CONFIG = 'config/dynamo_session_store.yml'

const engine = anyEngine()

/** An application, and plop and umzug in it, with a table of its own. */
async function application(files: Readonly<Record<string, string>> = {}) {
  const app = await installApp({ files: { 'plopfile.mjs': PLOPFILE, ...files } })
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_DYNAMO_DB_SESSION_TABLE_NAME: uniqueTableName(),
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  }
  const run = (command: string, args: string[], more: Record<string, string> = {}): Promise<Outcome> =>
    app.run(join(app.folder, `node_modules/.bin/${command}`), args, { env: { ...env, ...more } })
  return {
    app,
    plop: (args: string[], more?: Record<string, string>) => run('plop', args, more),
    umzug: (args: string[]) => run('umzug', args),
    migrations: () => (app.exists('migrations') ? readdirSync(join(app.folder, 'migrations')).sort() : []),
  }
}

type Application = Awaited<ReturnType<typeof application>>

describe('plop session-config --undo', () => {
  let app: App
  let plop: Application['plop']
  beforeAll(async () => {
    ;({ app, plop } = await application())
  })
  afterAll(() => app.remove())

  it('shows in a dry run what would be removed, removes the file, and has nothing to do the second time', async () => {
    await plop(['session-config'])
    expect(await plop(['session-config', '--undo', '--dry-run'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining(`dry run: ${CONFIG} would be removed`),
    })
    expect(app.exists(CONFIG)).toBe(true)
    for (const said of ['was removed', 'does not exist: nothing to remove']) {
      const { code, stderr } = await plop(['session-config', '--undo'])
      expect(stderr).toContain(`${CONFIG} ${said}`)
      expect(code).toBe(0)
      expect(app.exists(CONFIG)).toBe(false)
    }
  })

  it('removes a changed file only with --force', async () => {
    await app.write(CONFIG, 'table_name: mine\n')
    const refused = await plop(['session-config', '--undo'])
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`${CONFIG} differs`) })
    expect(app.exists(CONFIG)).toBe(true)
    expect(await plop(['session-config', '--', '--undo', '-f'])).toMatchObject({ code: 0 })
    expect(app.exists(CONFIG)).toBe(false)
  })
})

describe('plop session-migration --undo', () => {
  it('keeps an executed migration, even with --force, and removes the migration after its down', async () => {
    const { app, plop, umzug, migrations } = await application()
    await plop(['session-migration', 'AddSessions'])
    const [file = ''] = migrations()
    expect(await umzug(['up'])).toMatchObject({ code: 0 })
    for (const flags of [[], ['--force'], ['--force', '--dir', 'migrations']]) {
      const refused = await plop(['session-migration', 'AddSessions', '--undo', ...flags])
      expect(refused.stderr).toContain(
        `migrations/${file} was left as it is: it is logged as executed. Run npx umzug down --name ${file.slice(0, -3)} first`,
      )
      expect(refused.code).toBe(1)
    }
    const dry = await plop(['session-migration', 'AddSessions', '--undo', '--dry-run'])
    expect(dry).toMatchObject({ code: 1, stderr: expect.stringContaining('it is logged as executed') })
    expect(migrations()).toEqual([file])

    expect(await umzug(['down'])).toMatchObject({ code: 0 })
    const undone = await plop(['session-migration', 'AddSessions', '--undo'])
    expect(undone).toMatchObject({ code: 0, stderr: expect.stringContaining(`migrations/${file} was removed`) })
    expect(app.exists('migrations')).toBe(false)
    const again = await plop(['session-migration', 'AddSessions', '--undo'])
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('no migration add_sessions in migrations') })
    await app.remove()
  })

  it('keeps a migration when the log cannot be read', async () => {
    const { app, plop, migrations } = await application()
    await plop(['session-migration', 'AddSessions'])
    const down = { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' }
    const { code, stderr } = await plop(['session-migration', 'AddSessions', '--undo', '--force'], down)
    expect(stderr).toMatch(
      /could not check whether it is executed \(.*ECONNREFUSED.*\)\. If it never ran, delete the file/,
    )
    expect(code).toBe(1)
    expect(migrations()).toHaveLength(1)
    await app.remove()
  })

  it("asks the application's own umzug, and ends although that leaves a connection open", async () => {
    const { app, plop, umzug, migrations } = await application({
      'umzug.mjs': `import { JSONStorage, Umzug } from 'umzug'
setInterval(() => {}, 1000)
export const umzug = new Umzug({
  migrations: { glob: 'migrations/*.js' },
  storage: new JSONStorage({ path: 'executed.json' }),
  logger: undefined,
})
`,
    })
    await plop(['session-migration', 'AddSessions'])
    await plop(['session-migration', 'DropSessions'])
    const [file = ''] = migrations()
    await app.write('executed.json', JSON.stringify([file]))
    expect((await umzug(['executed', '--json'])).stdout).toContain(file)
    const refused = await plop(['session-migration', 'AddSessions', '--undo'])
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('it is logged as executed') })
    expect(await plop(['session-migration', 'DropSessions', '--undo'])).toMatchObject({ code: 0 })
    expect(migrations()).toEqual([file])
    await app.remove()
  })
})
