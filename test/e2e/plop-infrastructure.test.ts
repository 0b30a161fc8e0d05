import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, installApp, type Outcome } from '../support/app.js'
import { readTemplate } from '../support/cloudformation.js'

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
    expect(refused.code).toBe(flags.length === 0 ? 1 : 0)
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
