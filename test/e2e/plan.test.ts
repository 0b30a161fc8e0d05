import { CreateTableCommand, UpdateTableCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { type ControlPlane, startControlPlane } from '../support/control-plane.js'
import { type Engine, onEachEngine, uniqueTableName } from '../support/engines.js'
import { openTerminal } from '../support/terminal.js'

const FILE = 'config/dynamo_session_store.yml'

let app: App
beforeAll(async () => {
  app = await installApp({ type: 'module' })
})
afterAll(() => app.remove())

/** Runs the installed executable. */
function run(args: readonly string[], env: Record<string, string> = {}) {
  return app.run('npx', ['dynamo-session', ...args], {
    env: { AWS_EC2_METADATA_DISABLED: 'true', NODE_NO_WARNINGS: '1', ...env },
  })
}

describe('the installed dynamo-session plan and update-table, on the stub of the control plane', () => {
  let stub: ControlPlane
  beforeAll(async () => {
    stub = await startControlPlane()
  })
  afterAll(() => stub.stop())

  const env = () => ({ AWS_ENDPOINT_URL: stub.endpoint, AWS_REGION: stub.region })

  it('follows a table through its life: missing, as declared, changed, brought back', async () => {
    stub.aliases.set('alias/sessions', '11111111-2222-3333-4444-555555555555')
    const yaml = `table_name: visits
index_keys: [user_id]
tags: { team: web }
kms_key_id: alias/sessions
point_in_time_recovery: true
table_class: standard_infrequent_access
`
    await app.write(FILE, yaml)
    expect(await run(['plan', '--check'], env())).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('differs  there is no table "visits"; create it with npx umzug up'),
      stderr: '',
    })
    expect((await run(['create-table'], env())).code).toBe(0)
    const same = await run(['plan', '--check'], env())
    expect(same).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n\d+ same, 0 differ, 0 unknown\n$/) })

    Object.assign(stub.table('visits'), { tableClass: 'STANDARD', tags: new Map([['team', 'shop']]) })
    const changed = await run(['plan', '--check'], env())
    expect(changed).toMatchObject({ code: 2, stderr: '' })
    expect(changed.stdout).toContain(`differs  tags: declared team=web (${FILE}:3), the table has team=shop; npx `)
    expect(changed.stdout).toMatch(/^differs {2}table_class: .*; limit: AWS allows two changes .*\(https:.*\)$/m)
    expect((await run(['plan'], env())).code).toBe(0)

    const json = await run(['plan', '--json'], env())
    expect(json.code).toBe(0)
    expect(JSON.parse(json.stdout)).toMatchObject({ table: 'visits', exists: true, differs: 2, unknown: 0 })

    const update = await run(['update-table'], env())
    expect(update).toMatchObject({ code: 0, stderr: '' })
    expect(update.stdout).toMatch(
      /\ntable_class: standard → standard_infrequent_access\ntags: team=shop → team=web\ntable "visits": 2 settings changed\n$/,
    )
    const again = await run(['update-table'], env())
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\ntable "visits" is as declared already\n$/),
    })
    expect((await run(['plan', '--check'], env())).code).toBe(0)
  })

  it('names the permission that is missing, with exit code 1, and no stack trace', async () => {
    await app.write(FILE, 'table_name: denied\n')
    expect((await run(['create-table'], env())).code).toBe(0)
    stub.deny('ListTagsOfResource')
    onTestFinished(() => stub.reset())
    const { code, stdout, stderr } = await run(['plan', '--check'], env())
    expect(code).toBe(1)
    expect(stdout).toContain(
      'unknown  tags: declared none (default), unknown: no permission, allow dynamodb:ListTagsOfResource',
    )
    expect(stderr).toBe(
      'error: not all settings could be compared; allow dynamodb:ListTagsOfResource in the IAM policy\n',
    )
  })

  it("explains AWS's refusal, with the documented limit", async () => {
    await app.write(FILE, 'table_name: limited\n')
    expect((await run(['create-table'], env())).code).toBe(0)
    await app.write(FILE, 'table_name: limited\ntable_class: standard_infrequent_access\n')
    const message = 'Subscriber limit exceeded: Table class updates are limited to 2 in 30 days'
    stub.refuse('UpdateTable', { name: 'LimitExceededException', message }, 9)
    onTestFinished(() => stub.reset())
    const { code, stderr } = await run(['update-table'], env())
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^error \[TABLE_REQUEST\]: dynamodb:UpdateTable for table "limited" failed: AWS limits how often this change is allowed \(Subscriber limit.*\); try again later \(documented limit: AWS allows two changes of the table class in 30 days, https:\S+\)$/m,
    )
  })

  it.each(['plan', 'update-table'])('%s --help has exit code 0, and sends nothing', async (command) => {
    stub.reset()
    const { code, stdout } = await run([command, '--help'], env())
    expect(code).toBe(0)
    expect(stdout).toContain(`$ npx dynamo-session ${command}`)
    expect(stub.requests).toEqual([])
  })

  it('doctor names region and endpoint in effect with their ENV names, as text and as JSON', async () => {
    await app.write(FILE, 'table_name: checked\n')
    expect((await run(['create-table'], env())).code).toBe(0)
    const text = await run(['doctor'], { ...env(), SECRET_KEY_BASE: 'changeme' })
    expect(text.stdout).toMatch(new RegExp(`^ok +region +${stub.region} \\(ENV AWS_REGION\\)$`, 'm'))
    expect(text.stdout).toMatch(new RegExp(`^ok +endpoint +${stub.endpoint} \\(ENV AWS_ENDPOINT_URL\\)$`, 'm'))
    expect(text.stdout).toMatch(/^warning +lifetime +neither max_stale nor max_age is set/m)
    expect(text.stdout).toMatch(/^warning +secret_key +set \(ENV SECRET_KEY_BASE\), but is a placeholder/m)
    expect(text.stdout).not.toContain('changeme')
    const json = await run(['doctor', '--json'], env())
    expect(json.code).toBe(0)
    const { errors, findings } = JSON.parse(json.stdout)
    expect(errors).toBe(0)
    expect(findings).toContainEqual({ level: 'ok', check: 'settings', text: expect.stringContaining('as declared') })
    const config = await run(['config', '--json'], env())
    expect(JSON.parse(config.stdout).options).toMatchObject({
      region: { value: stub.region, source: 'ENV AWS_REGION' },
      endpoint: { value: stub.endpoint, source: 'ENV AWS_ENDPOINT_URL' },
    })
  })

  it('prints a table in a terminal', async () => {
    await app.write(FILE, `table_name: shown\nendpoint: ${stub.endpoint}\nregion: ${stub.region}\n`)
    expect((await run(['create-table'])).code).toBe(0)
    const terminal = openTerminal('npx', ['dynamo-session', 'plan'], app.folder)
    expect(await terminal.exit).toBe(0)
    expect(terminal.output()).toMatch(/ +setting +declared +live/)
    expect(terminal.output()).toMatch(/same +billing_mode +pay_per_request +pay_per_request/)
  })

  it('updateTable of a migration applies its options over the file, as createTable does', async () => {
    await app.write(FILE, 'table_name: migrated\nread_capacity: 3\n')
    expect((await run(['create-table'], env())).code).toBe(0)
    await app.write(
      'update.mjs',
      `import { updateTable } from 'dynamo-session-store'
const { changed, left } = await updateTable({ billingMode: 'pay_per_request' }, { logger: console })
console.log(JSON.stringify({ changed, left }))
`,
    )
    const { code, stdout } = await app.run('node', ['--no-warnings', 'update.mjs'], { env: env() })
    expect({ code, result: stdout.split('\n').at(-2) }).toEqual({
      code: 0,
      result: '{"changed":["billing_mode"],"left":[]}',
    })
    expect(stub.table('migrated').billingMode).toBe('PAY_PER_REQUEST')
  })
})

onEachEngine('the installed dynamo-session plan and update-table', (engine) => {
  const lacks = engine.name === 'dynalite' ? ' (skipped: dynalite has no Time to Live and no deletion protection)' : ''
  it.skipIf(lacks)(`finds a change by another program, and reverts the change${lacks}`, async () => {
    const tableName = await tableOfSomebody(engine)
    const yaml = `table_name: ${tableName}\nendpoint: ${engine.endpoint}\nregion: us-east-1\nbilling_mode: pay_per_request\n`
    await app.write(FILE, yaml)
    const { code, stdout } = await run(['plan', '--check'])
    expect(code).toBe(2)
    expect(stdout.match(/^differs {2}\w+/gm)).toEqual(['differs  billing_mode', 'differs  ttl'])
    expect((await run(['update-table'])).code).toBe(0)
    expect((await run(['plan', '--check'])).code).toBe(0)

    await engine.client().send(new UpdateTableCommand({ TableName: tableName, DeletionProtectionEnabled: true }))
    const left = await run(['update-table'])
    expect(left).toMatchObject({ code: 0, stderr: expect.stringContaining('left as it is: deletion_protection: ') })
    expect((await run(['plan', '--check'])).code).toBe(2)
    await app.write(FILE, `${yaml}deletion_protection: false\n`)
    expect((await run(['update-table'])).code).toBe(0)
    expect((await run(['plan', '--check'])).code).toBe(0)
  })
})

/** A table that is provisioned, and without Time to Live. */
async function tableOfSomebody(engine: Engine): Promise<string> {
  const client = engine.client()
  const TableName = uniqueTableName()
  await client.send(
    new CreateTableCommand({
      TableName,
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
    }),
  )
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.1 }, { TableName })
  return TableName
}
