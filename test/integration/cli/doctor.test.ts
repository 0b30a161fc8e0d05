import { PutItemCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { SharedOptions } from '../../../runtime/cli/command.js'
import { doctorCommand } from '../../../runtime/cli/commands/doctor.js'
import { diagnose } from '../../../runtime/cli/doctor/diagnose.js'
import { CHECKS, type Finding } from '../../../runtime/cli/doctor/finding.js'
import { nodeFinding } from '../../../runtime/cli/doctor/node.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { seal } from '../../../runtime/session/item/encryption.js'
import { type Keyring, keyringOf } from '../../../runtime/session/item/keyring.js'
import type { Item } from '../../../runtime/session/item/session-record.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { createUmzug } from '../../../runtime/umzug.js'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.js'
import { newKey } from '../../support/encryption.js'
import { anyEngine, onEachEngine, uniqueTableName } from '../../support/engines.js'
import { startFaultProxy } from '../../support/fault-proxy.js'
import { currentFolderWith, environmentWith } from '../../support/folder.js'
import { createRawTable, tableAnswer } from '../../support/raw-table.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { encryptsByDefault } from '../../support/stored-data.js'
import type { KeyOptions } from '../../support/stored-key.js'
import { writeItem } from '../../support/table.js'
import { folderWith, packageFiles } from '../migrations/folder.js'

const FILE = 'config/dynamo_session_store.yml'

async function findings(shared: SharedOptions = {}): Promise<Finding[]> {
  const found: Finding[] = []
  for await (const finding of diagnose(shared)) found.push(finding)
  return found
}

/** `check: level` of each finding. */
async function levels(shared: SharedOptions = {}): Promise<string[]> {
  return (await findings(shared)).map(({ check, level }) => `${check}: ${level}`)
}

/** The finding of this check. */
async function findingOf(check: (typeof CHECKS)[number]): Promise<Finding | undefined> {
  return (await findings()).find((finding) => finding.check === check)
}

function skippedAfter(check: (typeof CHECKS)[number]): string[] {
  return CHECKS.slice(CHECKS.indexOf(check) + 1).map((name) => `${name}: skipped`)
}

/** The Node.js of this process, which may be 20. */
const NODE = `node: ${nodeFinding(process.versions.node).level}`

const ALL_OK = [NODE, ...CHECKS.slice(1).map((check) => `${check}: ok`)]

beforeEach(() => environmentWith())

onEachEngine('dynamo-session doctor', (engine) => {
  const lacksTimeToLive = engine.name === 'dynalite'

  function application(yaml = '') {
    const options = engine.options()
    const place = `table_name: ${options.tableName}\nendpoint: ${options.endpoint}\nregion: us-east-1\n`
    currentFolderWith({ [FILE]: `${place}${yaml}max_stale: 3600\n` })
    return options
  }

  it('finds nothing wrong after create-table, except Time to Live, which an emulator may lack', async () => {
    await createTable(application())
    const last = lacksTimeToLive ? 'time to live: warning' : 'time to live: ok'
    expect(await levels()).toEqual([...ALL_OK.slice(0, -2), last, 'settings: ok'])
    const logger = recordingLogger()
    await doctorCommand({}, logger)
    expect(logger.lines).toContain(`ok       configuration  ${FILE}, environment development`)
  })

  it('names the commands that create a missing table, skips what needs it and fails', async () => {
    const { tableName } = application()
    expect(await levels()).toEqual([...ALL_OK.slice(0, 7), 'table: error', ...skippedAfter('table')])
    const logger = recordingLogger()
    await expect(doctorCommand({}, logger)).rejects.toThrow('doctor found 1 error')
    const text = logger.lines.join('\n')
    expect(text).toMatch(new RegExp(`^error +table +there is no table "${tableName}" in us-east-1$`, 'm'))
    expect(text).toMatch(/^ +remedy: create it with npx umzug up, or with npx dynamo-session create-table$/m)
    expect(text).toMatch(/^skipped +key +there is no table$/m)
  })

  it('names the key_prefix beside the key, and reads under it', async () => {
    const { tableName } = application("key_prefix: 'shop:'\n")
    await createRawTable(engine.client(), tableName)
    const found = await findings()
    expect(found.find(({ check }) => check === 'key')?.text).toContain(', key_prefix "shop:"')
    expect(found.find(({ check }) => check === 'reads')?.level).toBe('ok')
  })

  it('names both keys when the table has another one', async () => {
    const { tableName } = application()
    await createRawTable(engine.client(), tableName, [['id', 'S']])
    const key = (await findings()).find(({ check }) => check === 'key')
    expect(key).toMatchObject({ level: 'error', text: expect.stringMatching(/"id" \(S\).*"session_id" \(S\)/) })
    expect(await levels()).toContain('reads: skipped')
  })

  it.each([
    ['', 'several at a time with one BatchGetItem, by transport lean'],
    ['batch_reads: false\n', `one by one, as batch_reads says (${FILE}:4)`],
    ['transport: sdk\n', `one by one by the AWS SDK, as transport says (${FILE}:4)`],
  ])('says how sessions are read: %j', async (yaml, text) => {
    const { tableName } = application(yaml)
    await createRawTable(engine.client(), tableName)
    expect((await findings()).find(({ check }) => check === 'reads')).toEqual({ level: 'ok', check: 'reads', text })
  })

  it('warns when the SDK sends although transport is lean', async () => {
    const { tableName } = application()
    await createRawTable(engine.client(), tableName)
    vi.stubEnv('AWS_RETRY_MODE', 'adaptive')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect((await findings()).find(({ check }) => check === 'reads')).toMatchObject({
      level: 'warning',
      text: expect.stringMatching(/^one by one by the AWS SDK, which takes several times.*because ENV AWS_RETRY_MODE/),
      remedy: expect.stringMatching(/^none if that is wanted/),
    })
  })

  it('reports a missing index with the remedy, and an existing index as fine', async () => {
    const { tableName } = application('index_keys: [user_id]\n')
    await createRawTable(engine.client(), tableName)
    const found = (await findings()).find(({ check }) => check === 'indexes')
    const remedy = expect.stringMatching(/npx plop session-migration -- --index user_id.*update-table/)
    expect(found).toEqual({ level: 'error', check: 'indexes', text: expect.stringContaining(FILE), remedy })
    await createTable({ ...application('index_keys: [user_id]\n'), ttl: false, indexKeys: ['user_id'] })
    expect(await levels()).toContain('indexes: ok')
  })

  it('reports Time to Live that is off, with the remedy', async () => {
    const { tableName } = application()
    await createRawTable(engine.client(), tableName)
    const expected = lacksTimeToLive
      ? { text: 'this endpoint has no Time to Live: expired sessions stay in the table' }
      : { remedy: expect.stringContaining('update-table') }
    expect(await findingOf('time to live')).toMatchObject({ level: 'warning', ...expected })
  })

  it.skipIf(lacksTimeToLive)('reports Time to Live on another attribute', async () => {
    const { tableName } = application()
    await createRawTable(engine.client(), tableName)
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires' }
    await engine.client().send(new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification }))
    expect(await findingOf('time to live')).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/"expires".*"expire_at"/),
    })
  })

  it('reports a secret that cannot be read as an error, and continues', async () => {
    await createTable(application('secret_key: ${NOT_SET}\n'))
    const found = await findings()
    expect(found.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        check: 'secret_key',
        text: expect.stringMatching(/^config.*yml:4:13: secret_key: the environment variable NOT_SET is not set/),
      },
    ])
    expect(found.map(({ check }) => check)).toEqual(CHECKS)
  })

  it('says where the secret comes from, never the secret', async () => {
    const secret = 'c0ffee'.repeat(8)
    environmentWith({ SECRET_KEY_BASE: secret })
    application()
    const found = await findings()
    expect(found.find(({ check }) => check === 'secret_key')).toEqual({
      level: 'ok',
      check: 'secret_key',
      text: 'set (ENV SECRET_KEY_BASE)',
    })
    expect(JSON.stringify(found)).not.toContain(secret)
  })
})

describe('dynamo-session doctor, with responses that the engines never send', () => {
  it('looks at the key of a table that is being deleted, but not at its Time to Live', async () => {
    const { tableName, proxy } = await applicationBehindProxy()
    proxy.inject('DescribeTable', { answer: tableAnswer(tableName, 'DELETING') })
    const before = ALL_OK.slice(0, 7).with(3, 'lifetime: warning')
    expect(await levels()).toEqual([...before, 'table: error', 'key: ok', ...skippedAfter('key')])
    expect(proxy.operations).toEqual(['DescribeTable'])
  })

  it('names the permission that one request lacks, and keeps the findings of the other requests', async () => {
    const { tableName, proxy } = await applicationBehindProxy()
    await createRawTable(anyEngine().client(), tableName)
    proxy.inject('DescribeTimeToLive', { error: 'AccessDeniedException' })
    const found = await findings()
    expect(found.slice(7, 9).map(({ level }) => level)).toEqual(['ok', 'ok'])
    expect(found.find(({ check }) => check === 'time to live')).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/allow dynamodb:DescribeTimeToLive in the IAM policy/),
    })
  })
})

describe('dynamo-session doctor, where reading is refused', () => {
  it.each([
    ['GetItem', 'these credentials may not read sessions (dynamodb:GetItem)', ['GetItem']],
    [
      'BatchGetItem',
      'one by one, because these credentials are not allowed dynamodb:BatchGetItem',
      ['GetItem', 'BatchGetItem'],
    ],
  ])('warns that %s is not allowed, and how to allow it', async (operation, text, sent) => {
    const { tableName, proxy } = await applicationBehindProxy()
    await createRawTable(anyEngine().client(), tableName)
    proxy.inject(operation, { error: 'AccessDeniedException' }, { times: 9 })
    expect((await findings()).find(({ check }) => check === 'reads')).toEqual({
      level: 'warning',
      check: 'reads',
      text,
      remedy: `if the application uses them, allow dynamodb:${operation} (docs/permissions.md)`,
    })
    expect(proxy.operations.filter((name) => name.endsWith('GetItem'))).toEqual(sent)
  })

  it.each([
    ['refused', { error: 'ValidationException', message: 'no such thing' }, 'refuses the request: no such thing'],
    [
      'not implemented',
      { error: 'UnknownOperationException', message: 'no such operation' },
      'no such operation|does not know',
    ],
    ['answered by somebody else', { answer: {} }, "is not DynamoDB's"],
    ['answered for others', { change: ofOthers }, "is not DynamoDB's"],
    ['a fault of a gateway', { error: 'BadGateway', message: 'no way', status: 502 }, 'reports an internal error'],
  ] as const)('warns that BatchGetItem is %s', async (_, fault, text) => {
    const { tableName, proxy } = await applicationBehindProxy()
    await createRawTable(anyEngine().client(), tableName)
    proxy.inject('BatchGetItem', fault, { times: 9 })
    expect((await findings()).find(({ check }) => check === 'reads')).toEqual({
      level: 'warning',
      check: 'reads',
      text: expect.stringMatching(
        new RegExp(`^one by one, because dynamodb:BatchGetItem for table .* failed: .*(${text})`, 's'),
      ),
    })
  })

  it.each([
    ['GetItem', { error: 'ValidationException', message: 'no such thing' }],
    ['BatchGetItem', { error: 'ThrottlingException', message: 'too many' }],
  ] as const)('reports what hits every %s as an error', async (operation, fault) => {
    const { tableName, proxy } = await applicationBehindProxy()
    await createRawTable(anyEngine().client(), tableName)
    proxy.inject(operation, fault, { times: 9 })
    const text = expect.stringMatching(new RegExp(`^dynamodb:${operation} for table .* failed: `))
    expect((await findings()).find(({ check }) => check === 'reads')).toMatchObject({ level: 'error', text })
  })
})

describe('dynamo-session doctor, by the dates of responses', () => {
  const HOUR = 3_600_000
  const AGREES = {
    level: 'ok',
    check: 'clock',
    text: expect.stringMatching(/^this machine's clock is [0-2] s (ahead of|behind) /),
  }
  const clockOf = async () => (await findings()).find(({ check }) => check === 'clock')

  it.each(['', 'transport: sdk\n', 'table_key: other\n'])('says that the clocks agree: %j', async (yaml) => {
    const { tableName, proxy } = await applicationBehindProxy(yaml)
    await createRawTable(anyEngine().client(), tableName)
    expect(await clockOf()).toEqual(AGREES)
    expect(proxy.operations.filter((name) => name === 'GetItem')).toHaveLength(1)
  })

  it('says that the clocks agree even if reading is refused', async () => {
    const { tableName, proxy } = await applicationBehindProxy()
    await createRawTable(anyEngine().client(), tableName)
    proxy.inject('GetItem', { error: 'AccessDeniedException' }, { times: 9 })
    expect(await clockOf()).toEqual(AGREES)
  })

  it.each([
    [2 * HOUR, 'error', '2 h behind', 'set the clock, for example by NTP; sessions expire'],
    [-2 * HOUR, 'error', '2 h ahead of', 'set the clock, for example by NTP; sessions expire'],
    [120_000, 'warning', '2 min behind', 'set the clock, for example by NTP'],
  ])('shows an offset of %d ms as %s', async (offset, level, text, remedy) => {
    for (const yaml of ['', 'transport: sdk\n']) {
      const { tableName, proxy } = await applicationBehindProxy(yaml)
      await createRawTable(anyEngine().client(), tableName)
      proxy.dateBy(() => Date.now() + offset)
      expect(await clockOf()).toEqual({
        level,
        check: 'clock',
        text: `this machine's clock is ${text} DynamoDB's`,
        remedy: expect.stringContaining(remedy),
      })
    }
  })

  it('says when responses have no date', async () => {
    const { tableName, proxy } = await applicationBehindProxy()
    await createRawTable(anyEngine().client(), tableName)
    proxy.dateBy(() => undefined)
    expect(await clockOf()).toEqual({ level: 'skipped', check: 'clock', text: 'the responses have no Date header' })
  })
})

describe.skipIf(encryptsByDefault())('dynamo-session doctor, by a sample of the sessions', () => {
  const idsOf = () => findingOf('ids')

  /** An application whose table has a session of each of these forms. */
  async function applicationWith(yaml: string, ...forms: KeyOptions[]) {
    vi.stubEnv('AWS_DYNAMO_DB_SESSION_HASH_SESSION_IDS', undefined)
    const { tableName, proxy } = await applicationBehindProxy(yaml)
    const client = anyEngine().client()
    await createRawTable(client, tableName)
    for (const form of forms) {
      await writeItem(client, tableName, { session_id: { S: 'a' }, data: { S: '{}' } }, form)
    }
    await writeItem(client, tableName, { session_id: { S: 'no session' }, data: { S: 'hello' } }, PLAIN)
    return proxy
  }
  const PLAIN = { hashSessionIds: false }
  const HASHED = { hashSessionIds: true }

  it.each([
    ['hash_session_ids: true\n', HASHED, `hashed, as hash_session_ids: true (${FILE}:4) says`],
    ['hash_session_ids: false\n', PLAIN, `not hashed, as hash_session_ids: false (${FILE}:4) says`],
    ['session_id_digest: md5\n', PLAIN, `not hashed, as hash_session_ids: false (${FILE}:4 (session_id_digest)) says`],
  ])('finds nothing wrong where all keys have the form of %j', async (yaml, form, text) => {
    await applicationWith(yaml, form)
    expect(await idsOf()).toEqual({ level: 'ok', check: 'ids', text })
  })

  it('warns of ids that are not hashed, and says what follows', async () => {
    await applicationWith('hash_session_ids: true\n', PLAIN, HASHED)
    expect(await idsOf()).toEqual({
      level: 'warning',
      check: 'ids',
      text: `1 of 2 sessions in a sample have ids that are not hashed; no request finds them with hash_session_ids: true (${FILE}:4)`,
      remedy:
        'none if the option was changed on purpose: these users sign in again; if another application shares the table, set ' +
        'hash_session_ids: false here',
    })
  })

  it('warns of hashed ids where the option is off, and looks only at its own sessions', async () => {
    await applicationWith('hash_session_ids: false\n', HASHED)
    expect(await idsOf()).toMatchObject({ level: 'warning', text: expect.stringMatching(/^1 of 1 .* that are hashed/) })
    await applicationWith("hash_session_ids: false\nkey_prefix: 'shop:'\n", HASHED)
    expect(await idsOf()).toMatchObject({ level: 'ok' })
  })

  const encryptionOf = async (yaml: string, ...items: Item[]) => {
    const { tableName } = await applicationBehindProxy(yaml)
    await createRawTable(anyEngine().client(), tableName)
    for (const [at, item] of items.entries()) {
      await writeItem(anyEngine().client(), tableName, { session_id: { S: `${at}` }, ...item }, PLAIN)
    }
    return findingOf('encryption')
  }
  const [K1, K2] = [newKey('k1'), newKey('k2')]
  const PLAIN_DATA = { data: { S: '{}' } }
  const sealed = (encryptionKey: string, at: number): Item => {
    const keyring = keyringOf({ encryptionKeys: [encryptionKey] }) as Keyring
    return { data: { B: seal('{}', { key: `${at}`, attribute: 'data' }, keyring) } }
  }
  const ON = `on, with the keys k1 (${FILE}:5)`
  const KEYS = `hash_session_ids: false\nencryption_keys: ['${K1}']\n`

  it('says whether sessions are encrypted, and shows no key', async () => {
    const ok = { level: 'ok', check: 'encryption' }
    expect(await encryptionOf('hash_session_ids: false\n', PLAIN_DATA)).toEqual({ ...ok, text: 'off' })
    expect(await encryptionOf(KEYS, sealed(K1, 0))).toEqual({ ...ok, text: ON })
    expect(await encryptionOf(`${KEYS}accept_plain_data: true\n`, PLAIN_DATA, sealed(K1, 1))).toEqual({
      ...ok,
      text: `${ON}; 1 of 2 sessions in a sample are not encrypted yet`,
    })
  })

  it('does not warn of expired sessions, whose key may be gone', async () => {
    const expired = { ...sealed(K2, 0), expire_at: { N: '1700000000' } }
    expect(await encryptionOf(KEYS, expired)).toEqual({ level: 'ok', check: 'encryption', text: ON })
  })

  it('warns of sessions that the keys do not decrypt, and of plain ones', async () => {
    const warning = { level: 'warning', check: 'encryption', remedy: expect.any(String) }
    expect(await encryptionOf('hash_session_ids: false\n', sealed(K1, 0), PLAIN_DATA)).toEqual({
      ...warning,
      text: 'off, but 1 of 2 sessions in a sample are encrypted',
    })
    expect(await encryptionOf(KEYS, sealed(K2, 0))).toEqual({
      ...warning,
      text: `${ON}, but 1 of 1 sessions in a sample are encrypted with another key`,
    })
    expect(await encryptionOf(KEYS, PLAIN_DATA, sealed(K1, 1))).toEqual({
      ...warning,
      text: `${ON}, but 1 of 2 sessions in a sample are not encrypted, and no request reads them`,
    })
  })

  it('skips the sample without the permission, which applications do not need', async () => {
    const proxy = await applicationWith('')
    proxy.inject('Scan', { error: 'AccessDeniedException', message: 'not authorized to perform: dynamodb:Scan' })
    expect(await idsOf()).toEqual({
      level: 'skipped',
      check: 'ids',
      text: 'these credentials may not look at a sample of the sessions (dynamodb:Scan)',
    })
  })
})

function ofOthers({ Responses }: { Responses: Record<string, unknown[]> }) {
  return { Responses: Object.fromEntries(Object.keys(Responses).map((name) => [name, [{ session_id: { S: 'x' } }]])) }
}

async function applicationBehindProxy(yaml = '') {
  const { tableName, endpoint } = anyEngine().options()
  const proxy = await startFaultProxy(endpoint)
  onTestFinished(() => proxy.stop())
  currentFolderWith({ [FILE]: `table_name: ${tableName}\nendpoint: ${proxy.endpoint}\nregion: us-east-1\n${yaml}` })
  return { tableName, proxy }
}

describe('dynamo-session doctor, by the comparison of plan', () => {
  let stub: ControlPlane
  beforeAll(async () => {
    stub = await startControlPlane({ settle: 0 })
  })
  afterEach(() => stub.reset())
  afterAll(() => stub.stop())

  async function table(options: Options = {}): Promise<void> {
    const tableName = uniqueTableName()
    environmentWith({ AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint, AWS_REGION: stub.region })
    await createTable({ tableName, ...options })
    currentFolderWith({ [FILE]: `table_name: ${tableName}\nread_capacity: 5\n` })
  }

  it('warns of a setting that differs, with both values and the change', async () => {
    await table({ deletionProtection: true, readCapacity: 5 })
    expect((await findings()).filter(({ check }) => check === 'settings')).toEqual([
      {
        level: 'warning',
        check: 'settings',
        text: 'deletion_protection: declared false (default), the table has true; set deletion_protection: true to keep it, or deletion_protection: false and run npx dynamo-session update-table',
      },
    ])
  })

  it('skips a setting for which a permission is missing, and names the permission', async () => {
    await table({ readCapacity: 5 })
    stub.deny('ListTagsOfResource')
    expect((await findings()).filter(({ check }) => check === 'settings')).toEqual([
      { level: 'ok', check: 'settings', text: expect.stringContaining('as declared') },
      {
        level: 'skipped',
        check: 'settings',
        text: 'tags: declared none (default), unknown: no permission, allow dynamodb:ListTagsOfResource',
      },
    ])
  })

  it("names region and endpoint in effect, also by AWS's own ENV names", async () => {
    await table()
    expect(await findingOf('region')).toMatchObject({ level: 'ok', text: `${stub.region} (ENV AWS_REGION)` })
    const text = `${stub.endpoint} (ENV AWS_ENDPOINT_URL_DYNAMODB)`
    expect(await findingOf('endpoint')).toEqual({ level: 'ok', check: 'endpoint', text })
  })

  it('prints all findings as JSON', async () => {
    await table({ readCapacity: 5 })
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    onTestFinished(() => log.mockRestore())
    await doctorCommand({ json: true })
    const { errors, findings: printed } = JSON.parse(String(log.mock.calls.join('\n')))
    expect(errors).toBe(0)
    // The offset of the clock may differ from second to second.
    const steady = (all: readonly Finding[]) => all.filter(({ check }) => check !== 'clock')
    expect(steady(printed)).toEqual(steady(await findings()))
    expect(printed.map(({ check }: Finding) => check)).toEqual(CHECKS)
  })

  it('says that a migration is logged, where there is no table', async () => {
    const { tableName } = anyEngine().options()
    environmentWith({ AWS_ENDPOINT_URL: anyEngine().endpoint, AWS_REGION: 'us-east-1' })
    await createRawTable(anyEngine().client(), `${tableName}_migrations`, [['name', 'S']])
    const Item = { name: { S: '20260101000000_add_sessions' } }
    await anyEngine()
      .client()
      .send(new PutItemCommand({ TableName: `${tableName}_migrations`, Item }))
    const migration = { 'migrations/20260101000000_add_sessions.mjs': 'export async function up() {}' }
    currentFolderWith({ [FILE]: `table_name: ${tableName}\n`, ...migration })
    expect(await findingOf('table')).toEqual({
      level: 'error',
      check: 'table',
      text: `there is no table "${tableName}" in us-east-1, although migrations are logged as executed: 20260101000000_add_sessions`,
      remedy: 'create it again with npx dynamo-session create-table, unless a migration dropped it',
    })
  })
})

describe('dynamo-session doctor, where a migration deleted the table', () => {
  it('warns, and names the migration', async () => {
    const { tableName, ...place } = anyEngine().options()
    environmentWith({ AWS_ENDPOINT_URL: place.endpoint, AWS_REGION: place.region })
    const migration = (name: string) =>
      `const { ${name} } = require('dynamo-session-store')\nexports.up = async () => { await ${name}() }`
    const root = await folderWith({
      ...packageFiles(),
      [FILE]: `table_name: ${tableName}\n`,
      'migrations/1_add_sessions.js': migration('createTable'),
      'migrations/2_drop_sessions.js': migration('deleteTable'),
    })
    vi.spyOn(process, 'cwd').mockReturnValue(root)
    onTestFinished(() => void vi.restoreAllMocks())
    await createUmzug({ root, tableName, ...place, migrationStorage: 'dynamodb' }).up()
    expect(await findingOf('table')).toEqual({
      level: 'warning',
      check: 'table',
      text: `there is no table "${tableName}" in us-east-1: 2_drop_sessions deleted it`,
      remedy: 'if the application still has sessions, create it with npx dynamo-session create-table',
    })
  })
})

describe('dynamo-session doctor, where no request reaches DynamoDB', () => {
  it('warns where no lifetime is set', async () => {
    currentFolderWith()
    expect(await findingOf('lifetime')).toMatchObject({
      level: 'warning',
      text: expect.stringMatching(/^neither max_stale nor max_age is set: sessions never expire/),
    })
    currentFolderWith({ [FILE]: 'max_stale: 60\n' })
    expect(await findingOf('lifetime')).toEqual({ level: 'ok', check: 'lifetime', text: 'max_stale 60 s' })
  })

  it.each([
    ['changeme', 'is a placeholder, which anybody can guess'],
    ['x9!kQ2', 'has only 6 bytes; 32 or more are safe'],
  ])('warns of the secret %j, without showing it', async (secret, problem) => {
    currentFolderWith()
    environmentWith({ SECRET_KEY_BASE: secret })
    const found = await findingOf('secret_key')
    expect(found).toMatchObject({ level: 'warning', text: `set (ENV SECRET_KEY_BASE), but ${problem}` })
    expect(JSON.stringify(found)).not.toContain(secret)
  })

  it('says that AWS_DEFAULT_REGION is not read', async () => {
    currentFolderWith()
    environmentWith({ AWS_DEFAULT_REGION: 'eu-west-1' })
    expect(await findingOf('region')).toMatchObject({
      level: 'error',
      remedy: 'set AWS_REGION=eu-west-1: the AWS SDK for JavaScript does not read AWS_DEFAULT_REGION',
    })
  })

  it('reports every problem of the configuration and skips the rest', async () => {
    currentFolderWith({ [FILE]: 'table_nam: x\nmax_age: zero\n' })
    const errors = ['configuration: error', 'configuration: error']
    expect(await levels()).toEqual([NODE, ...errors, ...skippedAfter('configuration')])
    const first = await findingOf('configuration')
    expect(first?.text).toBe(`${FILE}:1:1: unknown option "table_nam"; did you mean "table_name"?`)
    await expect(doctorCommand({}, recordingLogger())).rejects.toThrow('doctor found 2 errors')
  })

  it('reports an options module that is not there', async () => {
    currentFolderWith()
    const [, first] = await findings({ options: 'none.js' })
    expect(first).toMatchObject({ level: 'error', text: '--options none.js: there is no such file' })
  })

  it('shows warnings of the configuration as such', async () => {
    currentFolderWith()
    environmentWith({ AWS_DYNAMO_DB_SESSION_TABL: 'x' })
    expect((await levels()).slice(1, 3)).toEqual(['configuration: ok', 'configuration: warning'])
  })

  it('says how to set region and credentials when there are none', async () => {
    currentFolderWith()
    const found = await findings()
    expect(found[4]).toMatchObject({ level: 'error', text: expect.stringMatching(/^no AWS region is set; set region/) })
    expect(found[6]).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/^no AWS credentials were found; set AWS_ACCESS_KEY_ID/),
    })
    expect(found.slice(7)).toEqual(
      CHECKS.slice(7).map((check) => ({
        level: 'skipped',
        check,
        text: 'no region and no credentials for requests to DynamoDB',
      })),
    )
  })

  it('says when the credentials expired', async () => {
    currentFolderWith()
    environmentWith({
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'top-secret',
      AWS_CREDENTIAL_EXPIRATION: '2020-01-01T00:00:00Z',
    })
    const found = await findings()
    expect(found[6]).toEqual({
      level: 'error',
      check: 'credentials',
      text: 'expired at 2020-01-01T00:00:00.000Z',
      remedy: 'sign in again or fetch new ones',
    })
    expect(found[7]).toMatchObject({ level: 'skipped', text: 'no credentials for requests to DynamoDB' })
  })

  it('says how to start a local DynamoDB that does not respond', async () => {
    currentFolderWith()
    environmentWith({ AWS_DYNAMO_DB_SESSION_ENDPOINT: 'http://127.0.0.1:1' })
    const found = await findings()
    expect(found[7]).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/no connection to http:\/\/127.0.0.1:1 \(ECONNREFUSED\).*npx dynamo-session local/),
    })
    expect(found.slice(8).map(({ level }) => level)).toEqual(CHECKS.slice(8).map(() => 'skipped'))
  })
})
