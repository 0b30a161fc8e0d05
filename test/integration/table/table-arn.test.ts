import type { SessionData } from 'express-session'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { collectGarbage } from '../../../runtime/cleaning/collect-garbage.js'
import { policyCommand } from '../../../runtime/cli/commands/policy.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { withAmbient } from '../../../runtime/configuration/options-in-migrations.js'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { deleteTable } from '../../../runtime/table/delete-table.js'
import { createUmzug } from '../../../runtime/umzug.js'
import { type ArnProxy, startArnProxy } from '../../support/arn-proxy.js'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { environmentWith } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { makeTable, readItem, writeItem } from '../../support/table.js'

const OWNER = '210987654321'
const engine = anyEngine()
const name = uniqueTableName()
const arn = `arn:aws:dynamodb:us-east-1:${OWNER}:table/${name}`

beforeEach(() => environmentWith())

describe('requests for items of a table in another account', () => {
  let proxy: ArnProxy
  beforeAll(async () => {
    await makeTable(engine.client(), name)
    proxy = await startArnProxy(engine.endpoint, arn, name)
  })
  beforeEach(() => void proxy.requests.splice(0))
  afterAll(() => proxy.stop())

  it.each(['lean', 'sdk'] as const)('carry the ARN, by transport %s', async (transport) => {
    const { region } = engine.options()
    const options: Options = { ...engine.options(), tableName: arn, endpoint: proxy.endpoint, region, transport }
    const store = new DynamoSessionStore({ ...options, raiseErrors: true })
    await store.set('s1', { cookie: { originalMaxAge: null }, a: 1 } as unknown as SessionData)
    const [found, none] = await Promise.all([store.get('s1'), store.get('s2')])
    expect([found, none]).toEqual([expect.objectContaining({ a: 1 }), null])
    await store.destroy('s1')
    await store.close()
    expect(proxy.requests.every((request) => request.endsWith(` ${arn}`))).toBe(true)
    expect(proxy.requests.some((request) => request.startsWith('BatchGetItem '))).toBe(transport === 'lean')
  })

  it('are DeleteItems to clean it, because PartiQL does not work across accounts', async () => {
    const times = { created_at: { S: '1' }, updated_at: { S: '1' }, expire_at: { N: '2' } }
    await writeItem(engine.client(), name, { session_id: { S: 'dead' }, data: { S: '{}' }, ...times })
    const options = { ...engine.options(), tableName: arn, endpoint: proxy.endpoint }
    expect(await collectGarbage(options, { expireAtOnly: true })).toMatchObject({ deleted: 1 })
    expect(await readItem(engine.client(), name, 'dead')).toBeUndefined()
    const operations = proxy.requests.map((request) => request.split(' ')[0])
    expect([...new Set(operations)].sort()).toEqual(['DeleteItem', 'Scan'])
    expect(proxy.requests.every((request) => request.endsWith(` ${arn}`))).toBe(true)
  })

  it('are not for the log of migrations, whose table is in the account of the caller', async () => {
    const options = { ...engine.options(), tableName: arn, endpoint: proxy.endpoint }
    const umzug = createUmzug({ ...options, migrations: [{ name: 'a', up: async () => {} }] })
    await umzug.up()
    expect(umzug.storageDescription).toBe(`dynamodb, table ${name}_migrations`)
    expect(proxy.requests.length).toBeGreaterThan(3)
    expect(proxy.requests.every((request) => request.endsWith(` ${name}_migrations`))).toBe(true)
  })
})

describe('the table of another account', () => {
  let plane: ControlPlane
  beforeAll(async () => {
    plane = await startControlPlane({ settle: 0, region: 'us-east-1', account: OWNER })
  })
  afterEach(() => plane.reset())
  afterAll(() => plane.stop())

  const options = (more: Options = {}): Options => ({ tableName: arn, endpoint: plane.endpoint, ...more })
  const owned = () => createTable({ tableName: name, endpoint: plane.endpoint, region: 'us-east-1' })
  const changes = () => plane.operations.filter((operation) => !/^(Describe|List)/.test(operation))

  it('is only verified, by its ARN', async () => {
    await owned()
    const since = plane.requests.length
    const logger = recordingLogger()
    await createTable(options(), { logger })
    await deleteTable(options(), { logger })
    const requests = plane.requests.slice(since)
    expect(requests.map(({ operation }) => operation).sort()).toEqual([
      'DescribeContinuousBackups',
      'DescribeTable',
      'DescribeTimeToLive',
      'ListTagsOfResource',
    ])
    for (const { input } of requests) expect(input.TableName ?? input.ResourceArn).toBe(arn)
    expect(logger.warnings).toEqual([
      `table "${arn}" was not deleted, because manage_table is false (code (table_name is an ARN))`,
    ])
  })

  it('is not created: only the owner may send CreateTable', async () => {
    for (const manageTable of [undefined, true]) {
      await expect(createTable(options({ manageTable }))).rejects.toMatchObject({
        code: 'TABLE_MISSING',
        message: `table "${arn}" does not exist; only the owner's account may create it: create "${name}" in account ${OWNER}`,
      })
    }
    expect(changes()).toEqual([])
  })

  it('gets no Time to Live: only the owner may send UpdateTimeToLive', async () => {
    await owned()
    Object.assign(plane.table(name).ttl, { status: 'DISABLED', attribute: undefined })
    const since = changes().length
    const logger = recordingLogger()
    await createTable(options(), { logger })
    expect(logger.warnings).toEqual([
      expect.stringContaining(`only the owner's account may change Time to Live: change it in account ${OWNER}`),
    ])
    expect(changes()).toHaveLength(since)
    plane.deny('UpdateTimeToLive')
    await expect(createTable(options({ manageTable: true, ttl: true }))).rejects.toThrow(
      `only the owner's account may send this request, ${OWNER}`,
    )
  })

  it('has a policy with its ARN, and the log of migrations in the account of the role', async () => {
    const logger = recordingLogger()
    await withAmbient({ options: options() }, () =>
      policyCommand({ account: '123456789012' }, logger, recordingLogger()),
    )
    const { deploy, runtime, clean } = JSON.parse(logger.lines.join('\n'))
    expect(runtime.Statement[0].Resource).toBe(arn)
    expect(clean.Statement[0].Action).toContain('dynamodb:DeleteItem')
    expect(deploy.Statement.map(({ Resource }: { Resource: string }) => Resource)).toEqual([
      arn,
      `arn:aws:dynamodb:us-east-1:123456789012:table/${name}_migrations`,
    ])
    expect(deploy.Statement[0].Action).not.toContain('dynamodb:CreateTable')
  })
})
