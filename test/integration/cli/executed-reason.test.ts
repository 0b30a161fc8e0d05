import { join } from 'node:path'
import knex from 'knex'
import { expect, it, onTestFinished, vi } from 'vitest'
import { executedReason } from '../../../runtime/cli/executed-reason.js'
import { createUmzug } from '../../../runtime/migrations/create-umzug.js'
import { anyEngine } from '../../support/engines.js'
import { folderWith, migration, recordRuns } from '../migrations/folder.js'

const KNEXFILE = `module.exports = {
  client: 'better-sqlite3', connection: { filename: __dirname + '/dev.sqlite3' }, useNullAsDefault: true,
}`
const files = { 'migrations/1_a.js': migration('a'), 'migrations/2_b.ts': migration('b') }

/** Why the migrations `1_a.js` and `2_b.ts` of an application must stay. */
async function reasons(root: string) {
  return await Promise.all(['1_a.js', '2_b.ts'].map((file) => executedReason(join(root, 'migrations', file), root)))
}

it('keeps what umzug has run according to the knexfile, and nothing else', async () => {
  const root = await folderWith({ ...files, 'knexfile.js': KNEXFILE })
  recordRuns()
  expect(await reasons(root)).toEqual([undefined, undefined])
  await createUmzug({ root, migrationsDir: 'migrations' }).up({ to: '1_a' })
  expect(await reasons(root)).toEqual([expect.stringContaining('Run npx umzug down --name 1_a first'), undefined])
})

it('keeps what knex has run from its own folder', async () => {
  const root = await folderWith({ ...files, 'knexfile.js': KNEXFILE })
  recordRuns()
  const database = knex({
    client: 'better-sqlite3',
    connection: { filename: join(root, 'dev.sqlite3') },
    useNullAsDefault: true,
  })
  await database.migrate.up({ directory: join(root, 'migrations'), loadExtensions: ['.js'] })
  await database.destroy()
  expect(await reasons(root)).toEqual([expect.stringContaining('Run npx knex migrate:down first'), undefined])
})

it('compares names without extension, in the table of migrations in DynamoDB', async () => {
  const { tableName, ...options } = anyEngine().options()
  const root = await folderWith({ 'migrations/1_a.js': migration('a'), 'migrations/2_b.js': migration('b') })
  vi.stubEnv('AWS_DYNAMO_DB_SESSION_TABLE_NAME', tableName)
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', anyEngine().endpoint)
  onTestFinished(() => void vi.unstubAllEnvs())
  recordRuns()
  expect(await reasons(root)).toEqual([undefined, undefined])
  await createUmzug({ root, tableName, ...options }).up()
  expect(await reasons(root)).toEqual([
    expect.stringContaining('Run npx umzug down --name 1_a first'),
    expect.stringContaining('Run npx umzug down --name 2_b first'),
  ])
})

it('also asks the table that the options of the application name', async () => {
  const { tableName, ...options } = anyEngine().options()
  const root = await folderWith({
    'migrations/1_a.js': migration('a'),
    'src/session.mjs': `export const options = { tableName: '${tableName}' }`,
  })
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', anyEngine().endpoint)
  onTestFinished(() => void vi.unstubAllEnvs())
  recordRuns()
  await createUmzug({ root, tableName, ...options }).up()
  const path = join(root, 'migrations/1_a.js')
  expect(await executedReason(path, root, 'src/session.mjs')).toMatch(/umzug down --name 1_a --options .*session\.mjs/)
  expect(await executedReason(path, root)).toBeUndefined()
})

it('keeps a migration when the log cannot be read, and says why', async () => {
  const knexfile = "module.exports = { client: 'pg', connection: { host: '127.0.0.1', port: 1, password: 'secret' } }"
  const root = await folderWith({ ...files, 'knexfile.js': knexfile })
  const [reason] = await reasons(root)
  expect(reason).toMatch(/1_a\.js was left as it is: could not check whether it is executed \(.*ECONNREFUSED/)
  expect(reason).not.toContain('secret')
})
