import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { planCommand } from '../../../runtime/cli/commands/plan.js'
import { updateTableCommand } from '../../../runtime/cli/commands/update-table.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { deleteTable } from '../../../runtime/table/delete-table.js'
import { createUmzug } from '../../../runtime/umzug.js'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.js'
import { anyEngine } from '../../support/engines.js'
import { currentFolderWith, environmentWith, linkPackages } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'

const FILE = 'config/dynamo_session_store.yml'

let stub: ControlPlane
beforeAll(async () => {
  stub = await startControlPlane({ settle: 0 })
})
beforeEach(() => {
  const { exitCode } = process
  process.exitCode = undefined
  environmentWith({ AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint, AWS_REGION: stub.region })
  onTestFinished(() => {
    process.exitCode = exitCode
  })
})
afterEach(() => stub.reset())
afterAll(() => stub.stop())

/** An application with this file, and a table from these options. */
async function application(yaml: string, made?: Options): Promise<void> {
  if (made) await createTable({ tableName: 'visits', ...made })
  currentFolderWith({ [FILE]: `table_name: visits\n${yaml}` })
}

/** The lines of `plan` after those of the target. */
async function plan(options: Parameters<typeof planCommand>[0] = {}, screen = {}): Promise<string[]> {
  const logger = recordingLogger()
  const written: string[] = []
  const write = (text: string) => written.push(text.trimEnd()) > 0
  await planCommand(options, logger, { write: write as never, ...screen })
  const lines = [...logger.lines, ...written]
  return lines.slice(lines.indexOf('') + 1)
}

describe('dynamo-session plan', () => {
  it('prints a line for each setting, with the change and its limit, and how many differ', async () => {
    await application('table_class: standard_infrequent_access\n', { deletionProtection: true })
    expect(await plan()).toEqual([
      'same     table_key: "session_id" (S)',
      'same     billing_mode: pay_per_request',
      'same     max_read_request_units: 0',
      'same     max_write_request_units: 0',
      'same     warm_read_units: 12000',
      'same     warm_write_units: 4000',
      'same     ttl: true',
      'same     point_in_time_recovery: false',
      'same     tags: none',
      'differs  deletion_protection: declared false (default), the table has true; set deletion_protection: true to keep it, or deletion_protection: false and run npx dynamo-session update-table',
      'same     kms_key_id: none',
      `differs  table_class: declared standard_infrequent_access (${FILE}:2), the table has standard; npx dynamo-session update-table; limit: AWS allows two changes of the table class in 30 days (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.tableclasses.html)`,
      '',
      '10 same, 2 differ, 0 unknown',
    ])
    expect(process.exitCode).toBeUndefined()
  })

  it('sends only requests that read, also where Time to Live is off', async () => {
    await application('', { ttl: false })
    const before = stub.requests.length
    expect((await plan()).find((line) => line.includes(' ttl: '))).toMatch(/^differs /)
    const operations = stub.requests.slice(before).map(({ operation }) => operation)
    expect(operations.sort()).toEqual([
      'DescribeContinuousBackups',
      'DescribeTable',
      'DescribeTimeToLive',
      'ListTagsOfResource',
    ])
  })

  it('prints the target first, with the ENV names of AWS that set region and endpoint', async () => {
    await application('', {})
    const logger = recordingLogger()
    await planCommand({}, logger, { write: () => true })
    expect(logger.lines.slice(0, 5)).toEqual([
      'environment:        development',
      `configuration file: ${FILE}`,
      'table:              visits',
      `region:             ${stub.region} (ENV AWS_REGION)`,
      `endpoint:           ${stub.endpoint} (ENV AWS_ENDPOINT_URL_DYNAMODB)`,
    ])
  })

  it.each([
    [
      true,
      ['\u001b[31mdiffers\u001b[39m  ttl', '\u001b[2m           change: npx dynamo-session update-table\u001b[22m'],
    ],
    [false, ['differs  ttl', '           change: npx dynamo-session update-table']],
  ])(
    'prints a table in a terminal, in colours where it has them (%s)',
    async (colours, [setting = '', change = '']) => {
      await application('ttl: false\n', {})
      const lines = await plan({}, { isTTY: true, hasColors: () => colours })
      expect(lines.some((line) => / +setting +declared +live/.test(line))).toBe(true)
      const at = lines.findIndex((line) => line.startsWith(setting))
      expect(lines[at]).toMatch(/ +false +true$/)
      expect(lines[at + 1]).toContain(`declared in: ${FILE}:2`)
      expect(lines[at + 2]).toBe(change)
      expect(lines.join('').includes('\u001b')).toBe(colours)
    },
  )

  it('cuts a long value in the table, not in the lines', async () => {
    const tags = { team: 'a'.repeat(90) }
    await application(`tags: { team: ${'a'.repeat(90)} }\n`, { tags })
    const inTerminal = await plan({}, { isTTY: true })
    expect(inTerminal.find((line) => line.includes('tags'))).toMatch(/team=a{34}… {2}team=a{34}…$/)
    expect((await plan()).find((line) => line.includes('tags'))).toBe(`same     tags: team=${'a'.repeat(90)}`)
  })

  it('prints a table of the width of a narrow terminal', async () => {
    await application('table_class: standard_infrequent_access\n', { deletionProtection: true })
    const lines = (await plan({}, { isTTY: true, columns: 70 })).flatMap((line) => line.split('\n'))
    expect(lines.filter((line) => line.length > 70 && !line.includes('https://'))).toEqual([])
    expect(lines).toContainEqual(expect.stringMatching(/^differs {2}table_class +standard_infrequ… +standard$/))
    expect(lines).toContainEqual('             update-table')
  })

  it('prints JSON on standard output, and nothing else there', async () => {
    await application('tags: { team: web }\n', {})
    stub.deny('DescribeTimeToLive')
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => void vi.restoreAllMocks())
    await planCommand({ json: true })
    const { settings, ...rest } = JSON.parse(log.mock.calls.join('\n'))
    expect(rest).toEqual({
      table: 'visits',
      region: stub.region,
      endpoint: stub.endpoint,
      exists: true,
      same: 10,
      differs: 1,
      unknown: 1,
    })
    expect(settings).toContainEqual({
      setting: 'tags',
      option: 'tags',
      source: `${FILE}:2`,
      state: 'differs',
      declared: { team: 'web' },
      live: {},
      change: 'npx dynamo-session update-table',
      updatable: true,
    })
    expect(settings).toContainEqual({
      setting: 'ttl',
      option: 'ttl',
      source: 'default',
      state: 'unknown',
      declared: true,
      live: null,
      updatable: false,
      permission: 'dynamodb:DescribeTimeToLive',
    })
  })
})

describe('dynamo-session plan --check', () => {
  it('does not count what dynalite lacks: Time to Live, deletion protection', async () => {
    const { endpoint, tableName } = anyEngine().options()
    environmentWith({ AWS_ENDPOINT_URL_DYNAMODB: endpoint, AWS_REGION: 'us-east-1' })
    await createTable({ tableName, deletionProtection: true })
    currentFolderWith({ [FILE]: `table_name: ${tableName}\ndeletion_protection: true\n` })
    const lines = await plan({ check: true })
    expect(lines).toContain('unknown  ttl: declared true (default), unknown: this endpoint has no Time to Live')
    expect(lines).toContain(
      `unknown  deletion_protection: declared true (${FILE}:2), unknown: this endpoint has no deletion protection`,
    )
    expect(process.exitCode).toBeUndefined()
  })

  it.each([
    ['0 when all settings are the same', 'ttl: true\n', {}, undefined],
    ['2 when a setting differs', 'ttl: false\n', {}, 2],
    ['2 when there is no table', '', undefined, 2],
  ])('has exit code %s', async (_, yaml, made, code) => {
    await application(yaml, made)
    await plan({ check: true })
    expect(process.exitCode).toBe(code)
  })

  it('names a missing table, and how to create it', async () => {
    await application('')
    expect(await plan({ check: true })).toEqual([
      'differs  there is no table "visits"; create it with npx umzug up, or with npx dynamo-session create-table',
    ])
  })

  it('says that a migration deleted the table, and not that npx umzug up creates it', async () => {
    const { tableName, ...place } = anyEngine().options()
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', place.endpoint)
    vi.stubEnv('AWS_REGION', place.region)
    currentFolderWith({
      [FILE]: `table_name: ${tableName}\n`,
      'migrations/1_add_sessions.js': '',
      'migrations/2_drop_sessions.js': '',
    })
    const migrations = [
      { name: '1_add_sessions', up: async () => void (await createTable()) },
      { name: '2_drop_sessions', up: async () => void (await deleteTable()) },
    ]
    const umzug = createUmzug({ ...place, tableName, migrations })
    await umzug.up({ to: '1_add_sessions' })
    await deleteTable({ ...place, tableName })
    expect(await plan()).toEqual([
      `differs  there is no table "${tableName}", although migrations are logged as executed: 1_add_sessions; ` +
        'create it again with npx dynamo-session create-table, unless a migration dropped it',
    ])
    await umzug.up()
    expect(await plan({ check: true })).toEqual([
      `differs  there is no table "${tableName}": 2_drop_sessions deleted it; ` +
        'if the application still has sessions, create it with npx dynamo-session create-table',
    ])
    expect(process.exitCode).toBe(2)
  })

  it('fails when KMS is out of reach and nothing differs', async () => {
    stub.aliases.set('alias/visits', 'key')
    await application('kms_key_id: alias/visits\n', { kmsKeyId: 'alias/visits' })
    linkPackages(process.cwd())
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', 'http://127.0.0.1:1')
    expect(await plan()).toContain(
      `unknown  kms_key_id: declared alias/visits (${FILE}:2), unknown: KMS can't be reached`,
    )
    await expect(plan({ check: true })).rejects.toThrow(
      /^not all settings could be compared; KMS can't be reached: check/,
    )
    expect(process.exitCode).toBeUndefined()
  })

  it('fails when the package for the alias of a key is not installed and nothing differs', async () => {
    stub.aliases.set('alias/visits', 'key')
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', stub.endpoint)
    await application('kms_key_id: alias/visits\n', { kmsKeyId: 'alias/visits' })
    const text = '@aws-sdk/client-kms is not installed: npm install @aws-sdk/client-kms'
    expect(await plan()).toContain(`unknown  kms_key_id: declared alias/visits (${FILE}:2), unknown: ${text}`)
    await expect(plan({ check: true })).rejects.toThrow(`not all settings could be compared; ${text}`)
    linkPackages(process.cwd())
    expect(await plan({ check: true })).toContain(
      `same     kms_key_id: arn:aws:kms:${stub.region}:${stub.account}:key/key`,
    )
  })

  it('fails when a permission is missing and nothing differs, and is 2 when something does', async () => {
    await application('', {})
    stub.deny('ListTagsOfResource', 'DescribeContinuousBackups')
    await expect(plan({ check: true })).rejects.toThrow(
      'not all settings could be compared; allow dynamodb:DescribeContinuousBackups, dynamodb:ListTagsOfResource in the IAM policy',
    )
    stub.table('visits').deletionProtection = true
    const lines = await plan({ check: true })
    expect(lines).toContain(
      'unknown  tags: declared none (default), unknown: no permission, allow dynamodb:ListTagsOfResource',
    )
    expect(process.exitCode).toBe(2)
  })

  it.each(['DescribeTimeToLive', 'DescribeContinuousBackups', 'ListTagsOfResource'])(
    'fails when only %s is not allowed, as JSON too',
    async (operation) => {
      await application('', {})
      stub.deny(operation)
      const text = `not all settings could be compared; allow dynamodb:${operation} in the IAM policy`
      await expect(plan({ check: true })).rejects.toThrow(text)
      vi.spyOn(console, 'log').mockImplementation(() => {})
      onTestFinished(() => void vi.restoreAllMocks())
      await expect(plan({ check: true, json: true })).rejects.toThrow(text)
    },
  )

  it('fails when the table may not be described', async () => {
    await application('', {})
    stub.deny('DescribeTable')
    await expect(plan({ check: true })).rejects.toThrow('allow dynamodb:DescribeTable in the IAM policy')
  })

  it('is 0 on an emulator that lacks a setting', async () => {
    const emulator = await startControlPlane({
      settle: 0,
      lacks: ['DescribeTimeToLive', 'UpdateTimeToLive', 'DescribeContinuousBackups', 'ListTagsOfResource'],
    })
    onTestFinished(() => emulator.stop())
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', emulator.endpoint)
    await application('', {})
    const lines = await plan({ check: true })
    expect(lines.filter((line) => !line.startsWith('same'))).toEqual([
      'unknown  ttl: declared true (default), unknown: this endpoint has no Time to Live',
      '',
      '11 same, 0 differ, 1 unknown',
    ])
    expect(process.exitCode).toBeUndefined()
  })
})

describe('dynamo-session update-table', () => {
  it('prints the target, then each step', async () => {
    await application('deletion_protection: true\nindex_keys: [user_id]\n', { indexKeys: ['old'] })
    const logger = recordingLogger()
    await updateTableCommand({}, logger)
    expect(logger.lines.slice(5)).toEqual([
      'adding the index "user_id-index" to table "visits"; a large table takes long',
      'the index "user_id-index" is complete',
      'index "user_id-index": none → "user_id" (S), KEYS_ONLY',
      'deletion_protection: false → true',
      'table "visits": 2 settings changed',
    ])
    expect(logger.warnings).toEqual([
      'left as it is: index "old-index": declared none (config/dynamo_session_store.yml:3), the table has "old" (S), KEYS_ONLY; add "old" to index_keys, or npx dynamo-session update-table --remove-indexes',
    ])
  })

  it('removes indexes and tags only with the flags', async () => {
    await application('', { indexKeys: ['old'], tags: { team: 'web' } })
    await updateTableCommand({}, recordingLogger())
    expect(stub.table('visits')).toMatchObject({
      indexes: [{ IndexName: 'old-index' }],
      tags: new Map([['team', 'web']]),
    })
    await updateTableCommand({ removeIndexes: true, removeTags: true }, recordingLogger())
    expect(stub.table('visits')).toMatchObject({ indexes: [], tags: new Map() })
  })
})
