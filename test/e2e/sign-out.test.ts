import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { describeTable } from '../../runtime/table/describe-table.js'
import { type App, installApp, type Outcome } from '../support/app.js'
import { onEachEngine } from '../support/engines.js'
import { startServer, stopPrograms } from '../support/programs.js'

const SERVER = readFileSync(new URL('../../docs/snippets/sign-out-everywhere/sign-out.mjs', import.meta.url), 'utf8')

afterAll(stopPrograms)

onEachEngine('docs/sign-out-everywhere.md', (engine) => {
  let app: App
  let options: ReturnType<typeof engine.options>
  beforeEach(async () => {
    options = engine.options()
    app = await installApp({ type: 'module', files: { 'sign-out.mjs': SERVER } })
    await app.run('npx', ['dynamo-session', 'init'])
  })
  afterEach(() => app.remove())

  const env = () => ({
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_DYNAMO_DB_SESSION_TABLE_NAME: options.tableName,
    SESSION_SECRET: 'a secret of thirty-two characters or more',
  })
  const configure = (more = '') => app.write('config/dynamo_session_store.yml', `ttl: false\n${more}`)
  async function run(line: string): Promise<Outcome> {
    const [program = '', ...args] = line.split(' ')
    return app.run(program, args, { env: env() })
  }
  async function succeed(line: string): Promise<string> {
    const { code, stdout, stderr } = await run(line)
    expect({ line, code, output: code === 0 ? '' : stdout + stderr }).toEqual({ line, code: 0, output: '' })
    return stdout
  }
  const indexes = async () => (await describeTable(options))?.indexes.map(({ name }) => name)

  it('signs a user out everywhere, as written', async () => {
    await configure('index_keys: [user_id]\n')
    await succeed('npx plop session-migration AddSessions')
    await succeed('npx umzug up')
    const server = await startServer(app, 'node', ['sign-out.mjs'], env())
    const signIn = async () => (await server.get('/sign-in', '', 'POST')).cookie
    const phone = await signIn()
    const laptop = await signIn()
    expect((await server.get('/', phone)).text).toBe('user 42')
    const listed = await succeed('npx dynamo-session list --by user_id=42')
    expect(listed).toMatch(/^([0-9a-f]{16} {2}[\dTZ:-]+ {2}[\dTZ:-]+ {2}- {21}[\w-]{43}\n){2}2 sessions in table/m)
    const listedAsJson = JSON.parse(await succeed('npx dynamo-session list --by user_id=42 --json'))
    const mistyped = await run('npx dynamo-session destroy --by user_id=42 --others 0123456789abcdef')
    expect(mistyped).toMatchObject({ code: 1 })
    expect(mistyped.stderr).toMatch(/^error: --others 0123456789abcdef: no session with user_id=42 has this handle/m)
    for (const named of [listedAsJson[0].session, listedAsJson[0].handle]) {
      const line = `npx dynamo-session destroy --by user_id=42 --others ${named} --dry-run --json`
      expect(JSON.parse(await succeed(line))).toEqual({ found: 1, deleted: 0, dryRun: true })
    }
    const [kept] = listedAsJson
    const destroyed = await succeed(`npx dynamo-session destroy --by user_id=42 --others ${kept.handle}`)
    expect(destroyed).toMatch(/\n1 session deleted\n$/)
    const users = [(await server.get('/', phone)).text, (await server.get('/', laptop)).text]
    expect(users.toSorted()).toEqual(['user 42', 'user nobody'])
    await signIn()
    const current = users[0] === 'user 42' ? phone : laptop
    const answered = await server.get('/sign-out-everywhere', current, 'POST')
    expect(answered.text).toBe('2 sessions deleted')
    for (const cookie of [phone, laptop]) expect((await server.get('/', cookie)).text).toBe('user nobody')
    await signIn()
    expect(await succeed('npx dynamo-session destroy --by user_id=42 --dry-run')).toContain(
      '1 session would be deleted',
    )
    expect(await succeed('npx dynamo-session destroy --by user_id=42')).toMatch(/\n1 session deleted\n$/)
    await server.stop()
  })

  it.runIf(engine.name === 'DynamoDB Local')(
    'adds an index to a table that is there, and takes it away alone',
    async () => {
      await configure()
      await succeed('npx plop session-migration AddSessions')
      await succeed('npx umzug up')
      const refused = await run('npx plop session-migration AddUserIdIndex')
      expect(refused.code).not.toBe(0)
      expect(refused.stdout + refused.stderr).toContain('index_keys has no key like "user_id"')
      await configure('index_keys: [user_id]\n')
      expect((await run('npx dynamo-session doctor')).stdout).toMatch(/^error +indexes +"user_id-index" is missing/m)
      await succeed('npx plop session-migration AddUserIdIndex')
      expect(await succeed('npx umzug up')).toContain('the index "user_id-index" is complete')
      expect(await indexes()).toEqual(['user_id-index'])
      await succeed('npx dynamo-session doctor')
      await succeed('npx umzug down')
      expect(await indexes()).toEqual([])
      await succeed('npx plop session-migration -- --index tenant')
      await succeed('npx umzug up')
      expect((await indexes())?.sort()).toEqual(['tenant-index', 'user_id-index'])
    },
  )
})
