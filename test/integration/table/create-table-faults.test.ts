import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { ConfigurationError, TableRequestError, TableSchemaError } from '../../../runtime/errors.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import type { TableContext } from '../../../runtime/table/table-work.js'
import { anyEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { recordWaits, skipWaits } from '../../support/quick-sleep.js'
import { createRawTable, putRawItem, tableAnswer } from '../../support/raw-table.js'
import { recordingLogger } from '../../support/recording-logger.js'

const engine = anyEngine()
const ALWAYS = { times: Number.POSITIVE_INFINITY }
let proxy: FaultProxy
beforeAll(async () => {
  proxy = await startFaultProxy(engine.endpoint)
})
afterEach(() => {
  proxy.reset()
  vi.unstubAllEnvs()
})
afterAll(() => proxy.stop())

function newOptions(more: Omit<Options, 'tableName' | 'endpoint'> = {}) {
  return { ...engine.options(), endpoint: proxy.endpoint, ttl: false, ...more }
}

/** Sets no `ttl`, so that its source is the default. */
function withTimeToLive() {
  const { ttl: _, ...options } = newOptions()
  return options
}

async function failure(options: Options, context?: TableContext): Promise<unknown> {
  return await createTable(options, context).then(
    () => expect.unreachable('createTable should have failed'),
    (error: unknown) => error,
  )
}

describe('the request for the table', () => {
  it('has every option of the table', async () => {
    const options = newOptions({
      tableKey: 'sid',
      tags: { team: 'web', stage: 'test' },
      kmsKeyId: 'alias/sessions',
      deletionProtection: true,
      tableClass: 'standard_infrequent_access',
      readCapacity: 3,
    })
    await createTable(options)
    expect(proxy.requests.find(({ operation }) => operation === 'CreateTable')?.input).toEqual({
      TableName: options.tableName,
      AttributeDefinitions: [{ AttributeName: 'sid', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'sid', KeyType: 'HASH' }],
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 5 },
      Tags: [
        { Key: 'team', Value: 'web' },
        { Key: 'stage', Value: 'test' },
      ],
      DeletionProtectionEnabled: true,
      SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'alias/sessions' },
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
    })
  })

  it('survives a connection that breaks after the table was created', async () => {
    const options = newOptions()
    proxy.inject('CreateTable', { drop: 'after' })
    await createTable(options)
    expect(proxy.operations.filter((operation) => operation === 'CreateTable')).toHaveLength(2)
    expect(await describeTable(options)).toMatchObject({ status: 'ACTIVE' })
  })

  it.each([
    ['DescribeTable', {}],
    ['CreateTable', {}],
    ['UpdateTimeToLive', { ttl: true }],
    ['UpdateContinuousBackups', { pointInTimeRecovery: true }],
  ])('names the action when %s is not allowed', async (operation, more) => {
    const message = `User: arn:aws:iam::123456789012:role/deploy is not authorized to perform: dynamodb:${operation} on resource: arn:aws:dynamodb:eu-central-1:123456789012:table/x because no identity-based policy allows the dynamodb:${operation} action`
    proxy.inject(operation, { error: 'AccessDeniedException', message })
    const error = await failure(newOptions(more))
    expect(error).toBeInstanceOf(TableRequestError)
    expect(error).toMatchObject({ cause: { name: 'AccessDeniedException' } })
    expect(String(error)).toMatch(
      new RegExp(
        `access denied: arn:\\S+/deploy may not dynamodb:${operation} on arn:\\S+; allow dynamodb:${operation}`,
      ),
    )
  })

  it('says to wait when the control plane is throttled', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    proxy.inject('CreateTable', { error: 'ThrottlingException', message: 'Rate exceeded' })
    expect(String(await failure(newOptions()))).toMatch(/too many such requests .*wait a minute and run it again/)
  })
})

describe('waiting for the table', () => {
  it('checks first after half a second, then less and less often', async () => {
    const options = newOptions()
    const creating = { change: (answer: Answer) => ({ Table: { ...answer.Table, TableStatus: 'CREATING' } }) }
    proxy.inject('DescribeTable', creating, { after: 1, times: 3 })
    const waits = recordWaits()
    await createTable(options)
    expect(waits).toEqual([500, 750, 1125, 1687.5])
    expect(proxy.operations).toEqual([
      'DescribeTable',
      'CreateTable',
      'DescribeTable',
      'DescribeTable',
      'DescribeTable',
      'DescribeTable',
    ])
  })

  it('continues when DescribeTable does not find the new table yet, or is throttled', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    proxy.inject('DescribeTable', { error: 'ResourceNotFoundException' }, { after: 1, times: 2 })
    proxy.inject('DescribeTable', { error: 'ThrottlingException' }, { after: 1 })
    expect(await createTable(newOptions())).toEqual({ created: true })
    expect(proxy.operations.filter((operation) => operation === 'DescribeTable')).toHaveLength(5)
  })

  it('ends at the wait limit, with the state of the table and the last error', async () => {
    skipWaits()
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    const options = newOptions()
    proxy.inject('DescribeTable', { error: 'InternalServerError', status: 500 }, { ...ALWAYS, after: 1 })
    const error = await failure(options, { waitLimit: 900 })
    expect(error).toBeInstanceOf(TableRequestError)
    expect(error).toMatchObject({
      message: `table "${options.tableName}" is still CREATING after 0.9 seconds, the wait limit; run it again to go on waiting`,
      cause: { cause: { name: 'InternalServerError' } },
    })
  })

  it('refuses a wait limit that is not a number of milliseconds', async () => {
    expect(await failure(newOptions(), { waitLimit: Number.NaN })).toBeInstanceOf(ConfigurationError)
    expect(await failure(newOptions(), { waitLimit: -1 })).toBeInstanceOf(ConfigurationError)
  })

  it('stops at once without permission for DescribeTable', async () => {
    proxy.inject('DescribeTable', { error: 'AccessDeniedException' }, { after: 1 })
    expect(String(await failure(newOptions()))).toContain('allow dynamodb:DescribeTable in the IAM policy')
  })

  it('stops when another process deletes the table meanwhile', async () => {
    const options = newOptions()
    proxy.inject('DescribeTable', { answer: tableAnswer(options.tableName, 'DELETING') }, { after: 1 })
    expect(String(await failure(options))).toMatch(/another process deleted table .* meanwhile/)
  })

  it('stops when another process deletes the table that was seen once', async () => {
    const options = newOptions()
    proxy.inject('DescribeTable', { answer: tableAnswer(options.tableName, 'CREATING') }, { after: 1 })
    proxy.inject('DescribeTable', { error: 'ResourceNotFoundException' }, { after: 1 })
    expect(String(await failure(options))).toMatch(/another process deleted table .* meanwhile/)
  })

  it.each(['INACCESSIBLE_ENCRYPTION_CREDENTIALS', 'ARCHIVED'])(
    'stops at once for a table that is %s',
    async (status) => {
      const options = newOptions()
      proxy.inject('DescribeTable', { answer: tableAnswer(options.tableName, status) })
      expect(String(await failure(options))).toMatch(new RegExp(`is ${status}: .*KMS key`))
      expect(proxy.operations).toEqual(['DescribeTable'])
    },
  )

  it('accepts a table that DynamoDB is changing', async () => {
    const options = newOptions()
    proxy.inject('DescribeTable', { answer: tableAnswer(options.tableName, 'UPDATING') })
    expect(await createTable(options)).toEqual({ created: false })
    expect(proxy.operations).toEqual(['DescribeTable'])
  })

  it('waits for an existing table that is still being created', async () => {
    const options = newOptions()
    proxy.inject('DescribeTable', { answer: tableAnswer(options.tableName, 'CREATING') })
    proxy.inject('DescribeTable', { answer: tableAnswer(options.tableName, 'ACTIVE') })
    expect(await createTable(options)).toEqual({ created: false })
    expect(proxy.operations).toEqual(['DescribeTable', 'DescribeTable'])
  })
})

describe('Time to Live of a new table', () => {
  it('is no error when another process has just switched it on', async () => {
    proxy.inject('UpdateTimeToLive', { error: 'ValidationException', message: 'TimeToLive is already enabled' })
    expect(await createTable(withTimeToLive())).toEqual({ created: true })
    expect(proxy.operations.at(-1)).toBe('UpdateTimeToLive')
  })

  const tooOften = {
    error: 'ValidationException',
    message: 'Time to live has been modified multiple times within a fixed interval',
  }

  it('counts as on when DynamoDB refuses another change but is enabling it', async () => {
    proxy.inject('UpdateTimeToLive', tooOften)
    proxy.inject('DescribeTimeToLive', timeToLive('ENABLING', 'expire_at'))
    expect(await createTable(withTimeToLive())).toEqual({ created: true })
  })

  it('is an error when DynamoDB refuses the change and it is off', async () => {
    proxy.inject('UpdateTimeToLive', tooOften)
    expect(String(await failure(withTimeToLive()))).toMatch(/changed within the last hour.*run it again later/)
  })

  it('is a schema error when another process has switched it on for another attribute meanwhile', async () => {
    const message = 'TimeToLive is active on a different AttributeName: current AttributeName is ttl'
    proxy.inject('UpdateTimeToLive', { error: 'ValidationException', message })
    proxy.inject('DescribeTimeToLive', timeToLive('ENABLED', 'ttl'))
    expect(await failure(withTimeToLive())).toBeInstanceOf(TableSchemaError)
  })

  it('waits while DynamoDB is busy with the table', async () => {
    proxy.inject('UpdateTimeToLive', { error: 'ResourceInUseException' })
    proxy.inject('UpdateTimeToLive', { answer: {} })
    const logger = recordingLogger()
    await createTable(withTimeToLive(), { logger })
    expect(logger.lines.at(-1)).toContain('switched on Time to Live on expire_at')
  })

  it('is an error when the operation is unknown and no endpoint is set', async () => {
    const { endpoint: _, ...options } = withTimeToLive()
    expect(String(await failure({ ...options, client: clientThatHidesItsEndpoint() }))).toMatch(
      /DynamoDB does not know dynamodb:UpdateTimeToLive/,
    )
  })

  it("may be unknown to the endpoint of the application's own client", async () => {
    const { endpoint: _, ...options } = withTimeToLive()
    const logger = recordingLogger()
    const client = engine.client()
    await createTable({ ...options, client }, { logger })
    expect(logger.warnings).toHaveLength(1)
    expect(await client.config.region()).toBe('us-east-1')
    await expect(describeTable({ ...options, client })).resolves.toMatchObject({ status: 'ACTIVE' })
  })
})

describe('Time to Live of an existing table', () => {
  async function existing() {
    const options = withTimeToLive()
    await createRawTable(engine.client(), options.tableName)
    return options
  }

  it('is left alone while DynamoDB is still enabling it', async () => {
    proxy.inject('DescribeTimeToLive', timeToLive('ENABLING', 'expire_at'))
    const logger = recordingLogger()
    const options = await existing()
    await createTable(options, { logger })
    expect(proxy.operations).toEqual(['DescribeTable', 'DescribeTimeToLive'])
    expect(logger.lines.at(-1)).toBe(`Time to Live of table "${options.tableName}" is on already`)
  })

  it('is reported while DynamoDB is disabling it: a warning, or an error when ttl is set', async () => {
    const options = await existing()
    proxy.inject('DescribeTimeToLive', timeToLive('DISABLING', 'expire_at'), { times: 2 })
    const logger = recordingLogger()
    await createTable(options, { logger })
    expect(logger.warnings[0]).toMatch(/is switching Time to Live of .* off, .* run it again afterwards/)
    expect(await failure({ ...options, ttl: true })).toBeInstanceOf(TableRequestError)
    expect(proxy.operations).not.toContain('UpdateTimeToLive')
  })

  it('is required by ENV as by code', async () => {
    vi.stubEnv('AWS_DYNAMO_DB_SESSION_TTL', 'true')
    const options = await existing()
    await putRawItem(engine.client(), options.tableName)
    proxy.inject('UpdateTimeToLive', { answer: {} })
    await createTable(options)
    expect(proxy.operations).toEqual(['DescribeTable', 'DescribeTimeToLive', 'UpdateTimeToLive'])
  })

  it('looks for items with a request that reads no session', async () => {
    const options = await existing()
    proxy.inject('UpdateTimeToLive', { answer: {} })
    await createTable(options)
    expect(proxy.requests.find(({ operation }) => operation === 'Scan')?.input).toEqual({
      TableName: options.tableName,
      Limit: 1,
      Select: 'COUNT',
      ConsistentRead: true,
    })
  })

  it('is never switched on when the search for items fails', async () => {
    const options = await existing()
    proxy.inject('Scan', { error: 'AccessDeniedException' })
    expect(String(await failure(options))).toContain('allow dynamodb:Scan in the IAM policy')
    expect(proxy.operations).not.toContain('UpdateTimeToLive')
  })

  it('is a warning when the endpoint has none', async () => {
    const options = await existing()
    proxy.inject('DescribeTimeToLive', { error: 'UnknownOperationException' })
    const logger = recordingLogger()
    await createTable(options, { logger })
    expect(logger.warnings[0]).toMatch(/this endpoint has no Time to Live/)
  })
})

describe('point-in-time recovery', () => {
  it('is switched on, after waiting until backups of the new table are ready', async () => {
    const options = newOptions({ pointInTimeRecovery: true })
    proxy.inject('UpdateContinuousBackups', { error: 'ContinuousBackupsUnavailableException' })
    proxy.inject('UpdateContinuousBackups', { answer: {} })
    const logger = recordingLogger()
    await createTable(options, { logger })
    expect(proxy.requests.at(-1)).toMatchObject({
      operation: 'UpdateContinuousBackups',
      input: {
        TableName: options.tableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    })
    expect(logger.lines.at(-1)).toBe(`switched on point-in-time recovery for table "${options.tableName}"`)
  })

  it('is switched on for a table that an interrupted call created without it', async () => {
    const options = newOptions({ pointInTimeRecovery: true })
    proxy.inject('UpdateContinuousBackups', { error: 'AccessDeniedException' })
    await failure(options)
    proxy.inject('UpdateContinuousBackups', { answer: {} })
    expect(await createTable(options)).toEqual({ created: false })
    expect(proxy.operations.at(-1)).toBe('UpdateContinuousBackups')
  })

  it('is an error when the operation is unknown and no endpoint is set', async () => {
    const { endpoint: _, ...options } = newOptions({ pointInTimeRecovery: true })
    expect(String(await failure({ ...options, client: clientThatHidesItsEndpoint() }))).toMatch(
      /DynamoDB does not know dynamodb:UpdateContinuousBackups/,
    )
  })
})

interface Answer {
  readonly Table: object
}

function timeToLive(status: string, attribute: string) {
  return { answer: { TimeToLiveDescription: { TimeToLiveStatus: status, AttributeName: attribute } } }
}

/** A client that does not tell its endpoint, like a client of AWS. */
function clientThatHidesItsEndpoint(): DynamoDBClient {
  const client = engine.client()
  return { send: client.send.bind(client) } as DynamoDBClient
}
