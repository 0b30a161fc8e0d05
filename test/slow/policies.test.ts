import { Readable } from 'node:stream'
import type { SessionData } from 'express-session'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { cleanCommand } from '../../runtime/cli/commands/clean.js'
import { createTableCommand } from '../../runtime/cli/commands/create-table.js'
import { deleteTableCommand } from '../../runtime/cli/commands/delete-table.js'
import { destroyCommand } from '../../runtime/cli/commands/destroy.js'
import { doctorCommand } from '../../runtime/cli/commands/doctor.js'
import { listCommand } from '../../runtime/cli/commands/list.js'
import { planCommand } from '../../runtime/cli/commands/plan.js'
import { policyCommand } from '../../runtime/cli/commands/policy.js'
import { showCommand } from '../../runtime/cli/commands/show.js'
import { statsCommand } from '../../runtime/cli/commands/stats.js'
import { updateTableCommand } from '../../runtime/cli/commands/update-table.js'
import type { Options } from '../../runtime/configuration/options.js'
import { withAmbient } from '../../runtime/configuration/options-in-migrations.js'
import { DynamoSessionStore } from '../../runtime/express.js'
import { createTable } from '../../runtime/table/create-table.js'
import { deleteTable } from '../../runtime/table/delete-table.js'
import type { Policy, Role } from '../../runtime/table/policy.js'
import { deleteIndex } from '../../runtime/table/table-indexes.js'
import { createUmzug } from '../../runtime/umzug.js'
import { type ControlPlane, startControlPlane } from '../support/control-plane.js'
import { anyEngine, uniqueTableName } from '../support/engines.js'
import { environmentWith, folderWith, linkPackages } from '../support/folder.js'
import { type PermissionRecorder, permissionsIn, startPermissionRecorder } from '../support/recorded-permissions.js'
import { recordingLogger } from '../support/recording-logger.js'
import { writeItem } from '../support/table.js'
import { TABLE_CONFIGURATIONS } from '../support/table-configurations.js'

const CONTROL = /^(Create|Update|Delete|Describe)(Table|TimeToLive|ContinuousBackups)$|Resource$|^DescribeKey$/
const COOKIE = { originalMaxAge: null }

const engine = anyEngine()
const quiet = recordingLogger()
let plane: ControlPlane
let recorder: PermissionRecorder

beforeAll(async () => {
  plane = await startControlPlane({ settle: 0 })
  recorder = await startPermissionRecorder(
    (operation, { TableName }) => {
      const migrations = TableName?.endsWith('_migrations')
      return !migrations && (CONTROL.test(operation) || inControlPlane(TableName)) ? plane.endpoint : engine.endpoint
    },
    // dynalite has no PartiQL.
    (operation, { Statements }) =>
      operation === 'BatchExecuteStatement' ? { Responses: Statements.map(() => ({})) } : undefined,
  )
})
afterAll(async () => {
  await recorder.stop()
  await plane.stop()
})
beforeEach(() => {
  plane.reset()
  recorder.reset()
})

const inControlPlane = (name: string) => plane.tables.has(name)

/** The options of a test, with a table of its own. */
function optionsFor(given: Options): Options & { tableName: string } {
  environmentWith({
    AWS_ENDPOINT_URL_KMS: recorder.endpoint,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  })
  const tableName = `${given.tableName ?? ''}${uniqueTableName()}`
  const root = folderWith()
  // An alias of a key needs @aws-sdk/client-kms.
  linkPackages(root)
  return { ...given, tableName, endpoint: recorder.endpoint, region: plane.region, root }
}

/** What `dynamo-session policy` prints. */
async function policy(role: Role, options: Options, more: { scan?: boolean } = {}): Promise<Policy> {
  const logger = recordingLogger()
  await withAmbient({ options }, () => policyCommand({ role, account: plane.account, ...more }, logger, quiet))
  return JSON.parse(logger.lines.join('\n'))
}

const ofDynamoDB = (permissions: readonly string[]) => permissions.filter((line) => line.startsWith('dynamodb:'))

describe.each(Object.entries(TABLE_CONFIGURATIONS))('the policies for %s', (_, configured) => {
  it('allow what the application sends, and nothing else', async () => {
    const options = optionsFor(configured)
    await makeTable(options)
    const store = new DynamoSessionStore({ ...options, raiseErrors: true })
    onTestFinished(() => store.close())
    await store.set('s1', { cookie: COOKIE, a: 1 } as unknown as SessionData)
    const loaded = (await store.get('s1')) as SessionData
    await store.touch('s1', loaded)
    await Promise.all([store.get('s1'), store.get('s2')])
    await store.set('s1', Object.assign(loaded, { a: 2 }))
    await store.destroy('s1')
    for (const key of options.indexKeys ?? []) {
      await store.sessionsBy(key, 42, { current: 's1' })
      await store.destroyBy(key, 42)
    }
    expect(recorder.permissions).toEqual(ofDynamoDB(permissionsIn(await policy('runtime', options))))
    expect(recorder.permissions.length).toBeGreaterThan(2)
    await store.clear()
    expect(recorder.permissions).toEqual(ofDynamoDB(permissionsIn(await policy('runtime', options, { scan: true }))))
  })

  it('allow what clean sends, and nothing else', async () => {
    const options = optionsFor(configured)
    const key = options.tableKey ?? 'session_id'
    await makeTable(options)
    const times = { created_at: { N: '1' }, updated_at: { N: '1' }, expire_at: { N: '2' } }
    await writeItem(engine.client(), options.tableName, { [key]: { S: 'dead' }, data: { S: '{}' }, ...times })
    await withAmbient({ options: { ...options, maxStale: 60 } }, () => cleanCommand({}, quiet))
    expect(recorder.permissions).toEqual(ofDynamoDB(permissionsIn(await policy('clean', options))))
  })

  it('allow what list and destroy send, and nothing else', async () => {
    const options = optionsFor(configured)
    const [key = 'user_id'] = options.indexKeys ?? []
    const scan = options.indexKeys === undefined
    await makeTable(options)
    const store = new DynamoSessionStore(options)
    onTestFinished(() => store.close())
    const user = key === 'user_id' ? { user_id: 42 } : { account: { id: 42 } }
    await store.set('s1', { cookie: COOKIE, ...user } as unknown as SessionData)
    recorder.reset()
    const found = recordingLogger()
    await withAmbient({ options }, async () => {
      for (const searched of options.indexKeys ?? [key]) await listCommand({ by: `${searched}=42`, scan }, found)
      for (const searched of options.indexKeys ?? [key]) await destroyCommand({ by: `${searched}=42`, scan }, quiet)
    })
    expect(quiet.lines.some((line) => line.startsWith('1 session'))).toBe(true)
    const allowed = ofDynamoDB(permissionsIn(await policy('index', options, { scan })))
    expect(allowed).toEqual(expect.arrayContaining([...recorder.permissions]))
    // A scan has read the sessions already. GetItem reads a session that another request changes at the same time.
    expect(allowed.filter((line) => !recorder.permissions.includes(line))).toEqual(
      (scan ? ['BatchGetItem', 'GetItem'] : ['GetItem']).map(
        (action) => `dynamodb:${action} table/${options.tableName}`,
      ),
    )
  })

  it('allow what list without --by, show and stats send, and nothing else', async () => {
    const options = optionsFor(configured)
    if (options.kmsKeyId?.startsWith('alias/')) plane.aliases.set(options.kmsKeyId, 'the-key')
    await withAmbient({ options, logger: quiet }, async () => {
      await createTable()
      recorder.reset()
      await listCommand({ newest: '5' }, quiet, quiet)
      await expect(showCommand({ session: 'A'.repeat(43) }, quiet, quiet)).rejects.toThrow('no such session')
      const input = Readable.from(['s1'])
      const terminal = { input, output: process.stderr }
      await expect(showCommand({}, quiet, quiet, terminal)).rejects.toThrow('no such session')
      await statsCommand({}, quiet, quiet)
    })
    expect(recorder.permissions).toEqual(ofDynamoDB(permissionsIn(await policy('inspect', options))))
  })

  it('allow what a deployment sends, and nothing else', async () => {
    const options = optionsFor(configured)
    const { tableName } = options
    if (options.kmsKeyId?.startsWith('alias/')) plane.aliases.set(options.kmsKeyId, 'the-key')
    await withAmbient({ options, logger: quiet }, async () => {
      const migrations = [
        {
          name: 'AddSessions',
          up: async () => void (await createTable()),
          down: async () => void (await deleteTable()),
        },
      ]
      const umzug = () => createUmzug({ migrations })
      await umzug().up()
      await umzug().status()
      await umzug().unlock()
      plane.table(tableName).deletionProtection = false
      await umzug().down()

      await createTableCommand({}, quiet)
      await planCommand({}, quiet)
      Object.assign(plane.table(tableName).ttl, { status: 'DISABLED', attribute: undefined })
      await createTableCommand({}, quiet)
      changeByHand(tableName, options)
      await updateTableCommand({ removeIndexes: true, ...(options.tags && { removeTags: true }) }, quiet)
      for (const key of options.indexKeys ?? []) await deleteIndex(key)
      plane.table(tableName).deletionProtection = false
      await deleteTableCommand({ yes: true }, quiet)
    })
    const allowed = permissionsIn(await policy('deploy', options))
    expect(ofDynamoDB(recorder.permissions)).toEqual(ofDynamoDB(allowed))
    const asked = recorder.permissions.filter((line) => line.startsWith('kms:'))
    expect(allowed).toEqual(expect.arrayContaining(asked))
    expect(asked.length).toBe(options.kmsKeyId?.startsWith('alias/') ? 1 : 0)
  })

  it('of deploy and runtime together allow what doctor sends', async () => {
    const options = optionsFor(configured)
    if (options.kmsKeyId?.startsWith('alias/')) plane.aliases.set(options.kmsKeyId, 'the-key')
    await withAmbient({ options, logger: quiet }, async () => {
      await createTable()
      recorder.reset()
      await doctorCommand({}, quiet).catch(() => undefined)
    })
    const allowed = [
      ...permissionsIn(await policy('deploy', options)),
      ...permissionsIn(await policy('runtime', options)),
    ]
    // Without Scan, doctor skips only its sample of the sessions: docs/deploying.md.
    const needed = recorder.permissions.filter((permission) => !permission.startsWith('dynamodb:Scan '))
    expect(allowed).toEqual(expect.arrayContaining(needed))
    expect(needed.length).toBeGreaterThan(3)
  })
})

/** The table of these options in the engine, not recorded. */
async function makeTable({ tableName, tableKey, indexKeys }: Options): Promise<void> {
  await createTable({ ...engine.options(), tableName, tableKey, indexKeys, ttl: false })
}

/** Changes all settings that `update-table` can change back. */
function changeByHand(tableName: string, { ttl, tags, pointInTimeRecovery }: Options): void {
  const table = plane.table(tableName)
  Object.assign(table, {
    indexes: [
      {
        IndexName: 'old-index',
        KeySchema: [{ AttributeName: 'old', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
        status: 'ACTIVE',
      },
    ],
    tableClass: table.tableClass ? undefined : 'STANDARD_INFREQUENT_ACCESS',
    recovery: { on: pointInTimeRecovery !== true, days: 35 },
  })
  Object.assign(table.ttl, ttl === false ? { status: 'ENABLED', attribute: 'expire_at' } : { status: 'DISABLED' })
  if (tags) table.tags = new Map([['other', 'tag']])
}
