import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type App, installApp, type Outcome } from '../support/app.js'
import { readTemplate } from '../support/cloudformation.js'
import { startControlPlane } from '../support/control-plane.js'

const PLOPFILE = `export default async function (plop) {\n  await plop.load('dynamo-session-store')\n}\n`
const CONFIG = 'config/dynamo_session_store.yml'
const FILE = 'infrastructure/session-table.cloudformation.yml'

let app: App
beforeAll(async () => {
  app = await installApp({
    files: { 'plopfile.mjs': PLOPFILE, [CONFIG]: 'table_name: shop\nread_capacity: 3\nmanage_table: false\n' },
  })
})
afterAll(() => app.remove())

function generate(...args: string[]): Promise<Outcome> {
  return app.run(join(app.folder, 'node_modules/.bin/plop'), [
    'session-infrastructure',
    '--',
    '--target',
    'cloudformation',
    ...args,
  ])
}

it('writes the file, shows what a change of the configuration changes, and writes that with --force', async () => {
  const first = await generate()
  expect(first).toMatchObject({ code: 0 })
  expect(first.stderr).toContain(`${FILE} was written`)
  expect(first.stderr).toContain('Next: aws cloudformation deploy')
  const text = await app.read(FILE)
  expect(readTemplate(text).Parameters.ReadCapacity?.Default).toBe(3)

  const again = await generate()
  expect(again).toMatchObject({ code: 0 })
  expect(again.stderr).toContain('is identical')

  await app.write(CONFIG, 'table_name: shop\nread_capacity: 4\nmanage_table: false\n')
  for (const flags of [[], ['--dry-run']]) {
    const refused = await generate(...flags)
    expect(refused.stdout).toContain(`--- a/${FILE}\n+++ b/${FILE}\n`)
    expect(refused.stdout).toContain('-    Default: 3\n+    Default: 4\n')
    expect(refused.code).toBe(1)
    expect(await app.read(FILE)).toBe(text)
  }

  const forced = await generate('--force')
  expect(forced).toMatchObject({ code: 0 })
  expect(forced.stdout).toContain('-    Default: 3\n+    Default: 4\n')
  expect(readTemplate(await app.read(FILE)).Parameters.ReadCapacity?.Default).toBe(4)

  expect(await generate('--undo')).toMatchObject({ code: 0 })
  expect(app.exists(FILE)).toBe(false)
})

it('prints policies as JSON that other programs can read', async () => {
  const { code, stdout } = await app.run('npx', ['dynamo-session', 'policy', 'runtime', '--account', '123456789012'], {
    env: { AWS_REGION: 'eu-central-1' },
  })
  expect(code).toBe(0)
  expect(JSON.parse(stdout).Statement[0].Resource).toBe('arn:aws:dynamodb:eu-central-1:123456789012:table/shop')
})

it('only verifies a table with manage_table: false, also by its ARN', async () => {
  const plane = await startControlPlane({ account: '210987654321' })
  onTestFinished(() => plane.stop())
  const env = { AWS_ENDPOINT_URL_DYNAMODB: plane.endpoint, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' }
  const command = (name: string, more: Record<string, string> = {}) =>
    app.run('npx', ['dynamo-session', name], { env: { ...env, AWS_REGION: plane.region, ...more } })
  const writes = () => plane.operations.filter((operation) => !/^(Describe|List)/.test(operation))

  await app.write(CONFIG, 'table_name: shop\n')
  const none = await command('create-table', { AWS_DYNAMO_DB_SESSION_MANAGE_TABLE: 'false' })
  expect(none.stderr).toContain('create it with the tool that manages it, because manage_table is false (ENV')
  expect(none.code).toBe(1)
  expect(writes()).toEqual([])

  expect(await command('create-table')).toMatchObject({ code: 0 })
  const made = writes().length
  const arn = 'arn:aws:dynamodb:eu-central-1:210987654321:table/shop'
  await app.write(CONFIG, `table_name: ${arn}\npoint_in_time_recovery: true\n`)
  const verified = await command('create-table')
  expect(verified).toMatchObject({ code: 0 })
  expect(verified.stderr).toContain('warning: point_in_time_recovery: declared true')
  expect(verified.stdout).toContain(`table "${arn}" differs in 1 setting; it was only verified`)
  const other = await command('create-table', { AWS_REGION: 'us-east-1' })
  expect(other.stderr).toContain('ENV AWS_REGION: is us-east-1, but table_name')
  expect(other.code).toBe(1)
  expect(writes()).toHaveLength(made)
})
