import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { TableRequestError, TableSchemaError } from '../../../runtime/errors.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { deleteIndex } from '../../../runtime/table/table-indexes.js'
import { type Engine, onEachEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { tableAnswer } from '../../support/raw-table.js'
import { recordingLogger } from '../../support/recording-logger.js'

// DynamoDB Local needs long for an index, and longer under load.
vi.setConfig({ testTimeout: 120_000 })

const KEY = { name: 'session_id', type: 'S' }

onEachEngine(
  'the indexes of the table',
  (engine) => {
    let direct: DynamoDBClient
    let proxy: FaultProxy
    /** dynalite accepts requests that add or delete an index, without effect. */
    const lacksUpdates = engine.name === 'dynalite'

    beforeAll(async () => {
      direct = engine.client()
      proxy = await startFaultProxy(engine.endpoint)
    })
    afterEach(() => {
      proxy.reset()
      vi.unstubAllEnvs()
    })
    afterAll(async () => {
      direct.destroy()
      await proxy.stop()
    })

    const newOptions = (more: Omit<Options, 'tableName' | 'endpoint' | 'region'> = {}) => ({
      ...engine.options(),
      endpoint: proxy.endpoint,
      ttl: false,
      ...more,
    })
    const indexesOf = async (options: Options) => (await describeTable(options))?.indexes
    const index = (name: string) =>
      expect.objectContaining({ name: `${name}-index`, status: 'ACTIVE', key: [{ name, type: 'S' }] })
    const updates = () =>
      proxy.requests.filter(({ operation }) => operation === 'UpdateTable').map(({ input }) => input)
    const failure = (options: Options, context = {}) =>
      createTable(options, context).then(
        () => expect.unreachable('createTable should have failed'),
        (error: unknown) => error,
      )

    it('are created with a new table, in one request', async () => {
      const options = newOptions({ indexKeys: ['user_id', 'account.id'] })
      const logger = recordingLogger()
      expect(await createTable(options, { logger })).toEqual({ created: true })
      expect(await indexesOf(options)).toEqual(expect.arrayContaining([index('user_id'), index('account.id')]))
      expect(proxy.operations.filter((operation) => /^(Create|Update)/.test(operation))).toEqual(['CreateTable'])
      expect(logger.lines).toContain('the index "user_id-index" is complete')
      expect(logger.warnings).toEqual([])
    })

    it('have the capacity of a provisioned table', async () => {
      const options = newOptions({ indexKeys: ['user_id'], readCapacity: 3, writeCapacity: 4 })
      await createTable(options)
      expect(await describeTable(options)).toMatchObject({
        capacity: { read: 3, write: 4 },
        indexes: [index('user_id')],
      })
    })

    it('stay as they are when they exist, as do other indexes', async () => {
      const options = newOptions({ indexKeys: ['user_id', 'tenant'] })
      await createTable(options)
      proxy.reset()
      expect(await createTable({ ...options, indexKeys: ['tenant'] })).toEqual({ created: false })
      expect(await indexesOf(options)).toHaveLength(2)
      expect(updates()).toEqual([])
    })

    it.skipIf(lacksUpdates)(
      'are added to an existing table one after the other, each complete before the next',
      async () => {
        const options = newOptions({ readCapacity: 3, writeCapacity: 4 })
        await createTable(options)
        const logger = recordingLogger()
        const indexKeys = ['user_id', 'account.id']
        await createTable({ ...options, readCapacity: undefined, writeCapacity: undefined, indexKeys }, { logger })
        const table = await describeTable(options)
        expect(table?.indexes).toEqual(expect.arrayContaining(indexKeys.map(index)))
        const throughput = { ReadCapacityUnits: 3, WriteCapacityUnits: 4 }
        for (const [number, input] of updates().entries()) {
          expect(input.AttributeDefinitions).toEqual([{ AttributeName: indexKeys[number], AttributeType: 'S' }])
          const [{ Create }] = input.GlobalSecondaryIndexUpdates
          expect(Create).toMatchObject({
            Projection: { ProjectionType: 'KEYS_ONLY' },
            ProvisionedThroughput: throughput,
          })
        }
        expect(updates()).toHaveLength(2)
        expect(logger.lines).toContainEqual(expect.stringMatching(/^adding the index "user_id-index" to table/))
        expect(logger.lines).toContain('the index "account.id-index" is complete')
      },
    )

    it.skipIf(lacksUpdates)('are added once by two calls at the same time', async () => {
      const options = newOptions()
      await createTable(options)
      await Promise.all([
        createTable({ ...options, indexKeys: ['user_id', 'tenant'] }),
        createTable({ ...options, indexKeys: ['tenant', 'user_id'] }),
      ])
      expect(await indexesOf(options)).toEqual(expect.arrayContaining([index('user_id'), index('tenant')]))
    })

    it.skipIf(lacksUpdates)('are added even when the response to the request was lost', async () => {
      const options = newOptions()
      await createTable(options)
      proxy.inject('UpdateTable', { drop: 'after' })
      await createTable({ ...options, indexKeys: ['user_id'] })
      expect(await indexesOf(options)).toEqual([index('user_id')])
    })

    it.runIf(lacksUpdates)('cause an error on an engine that ignores the request', async () => {
      for (const more of [{}, { readCapacity: 3 }]) {
        const options = newOptions(more)
        await createTable(options)
        const error = await failure({ ...options, indexKeys: ['user_id'] })
        expect(error).toBeInstanceOf(TableRequestError)
        expect(String(error)).toMatch(
          /can't add an index to an existing table .*dynamo-session delete-table, then create-table/,
        )
      }
    })

    it('are refused when their name belongs to an index with another key, before any change', async () => {
      const options = newOptions({ indexKeys: ['tenant', 'user_id'] })
      await createForeign(direct, options.tableName, [{ name: 'user_id-index', key: ['other', 'at'] }])
      const error = await failure(options)
      expect(error).toBeInstanceOf(TableSchemaError)
      expect(String(error)).toMatch(
        /"user_id-index" of table .* has the key "other" \(S\) and "at" \(S\), but .* "user_id" \(S\) alone/,
      )
      expect(updates()).toEqual([])
      await expect(deleteIndex('user_id', options)).rejects.toThrow(TableSchemaError)
    })

    it('are refused when their key is a number, because no session could be stored', async () => {
      const options = newOptions({ indexKeys: ['user_id'] })
      await createForeign(direct, options.tableName, [{ name: 'by-user', key: ['user_id'], type: 'N' }])
      expect(String(await failure(options))).toMatch(
        /"by-user" of table .* has the key "user_id" \(N\), but sessions write "user_id" as text/,
      )
    })

    it('may project more than keys', async () => {
      const options = newOptions({ indexKeys: ['user_id'] })
      await createForeign(direct, options.tableName, [{ name: 'user_id-index', key: ['user_id'] }], 'ALL')
      expect(await createTable(options)).toEqual({ created: false })
    })

    describe('deleteIndex', () => {
      it.skipIf(lacksUpdates)('deletes only that index, and waits until DynamoDB has finished', async () => {
        const options = newOptions({ indexKeys: ['user_id', 'tenant'] })
        await createTable(options)
        const logger = recordingLogger()
        expect(await deleteIndex('user_id', options, { logger })).toEqual({ deleted: true })
        expect(await describeTable(options)).toMatchObject({ status: 'ACTIVE', key: [KEY], indexes: [index('tenant')] })
        expect(logger.lines.at(-1)).toMatch(/^deleted the index "user_id-index" of table "\S+"$/)
        await createTable(options)
        expect(await indexesOf(options)).toHaveLength(2)
      })

      it('warns when the index or the table does not exist', async () => {
        const options = newOptions()
        const logger = recordingLogger()
        expect(await deleteIndex('user_id', options, { logger })).toEqual({ deleted: false })
        await createTable(options)
        expect(await deleteIndex('user_id', options, { logger })).toEqual({ deleted: false })
        expect(logger.warnings).toEqual(
          Array(2).fill(expect.stringMatching(/the index "user_id-index" of table .* does not exist/)),
        )
      })

      it.runIf(lacksUpdates)('warns on an engine that ignores the request', async () => {
        const options = newOptions({ indexKeys: ['user_id'] })
        await createTable(options)
        const logger = recordingLogger()
        expect(await deleteIndex('user_id', options, { logger })).toEqual({ deleted: false })
        expect(logger.warnings).toEqual([expect.stringMatching(/can't delete an index: "user_id-index" .* stays/)])
      })
    })

    describe('on AWS, as simulated by the proxy,', () => {
      const answer = (tableName: string, indexes: readonly [name: string, status: string][]) => {
        const { Table } = tableAnswer(
          tableName,
          indexes.some(([, status]) => status !== 'ACTIVE') ? 'UPDATING' : 'ACTIVE',
        )
        const Names = new Set(indexes.map(([name]) => name))
        return {
          ...Table,
          BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
          AttributeDefinitions: ['session_id', ...Names].map((name) => ({ AttributeName: name, AttributeType: 'S' })),
          GlobalSecondaryIndexes: indexes.map(([name, IndexStatus]) => ({
            IndexName: `${name}-index`,
            IndexStatus,
            KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
          })),
        }
      }
      const looks = (tableName: string, ...states: (readonly [string, string][])[]) => {
        for (const state of states) proxy.inject('DescribeTable', { answer: { Table: answer(tableName, state) } })
      }

      it('are awaited while DynamoDB fills them, and while it changes another index', async () => {
        const options = newOptions({ indexKeys: ['user_id'] })
        const { tableName } = options
        vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
        looks(tableName, [], [], [['tenant', 'CREATING']], [], [['user_id', 'CREATING']], [['user_id', 'ACTIVE']])
        const message =
          'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table'
        proxy.inject('UpdateTable', { error: 'LimitExceededException', message })
        proxy.inject('UpdateTable', { error: 'ResourceInUseException', message: 'busy' })
        proxy.inject('UpdateTable', { answer: { TableDescription: answer(tableName, [['user_id', 'CREATING']]) } })
        const logger = recordingLogger()
        await createTable(options, { logger })
        expect(updates()).toHaveLength(3)
        expect(logger.lines.at(-1)).toBe('the index "user_id-index" is complete')
      })

      it('are not awaited after the wait limit, and the error says to run it again', async () => {
        const options = newOptions({ indexKeys: ['user_id'] })
        const { tableName } = options
        proxy.inject(
          'DescribeTable',
          { answer: { Table: answer(tableName, [['user_id', 'CREATING']]) } },
          { times: Number.POSITIVE_INFINITY },
        )
        const error = await failure(options, { waitLimit: 100 })
        expect(String(error)).toMatch(
          /the index "user_id-index" of table \S+ is still being built after 0\.1 seconds.*run it again/,
        )
        expect(updates()).toEqual([])
      })

      it('need dynamodb:UpdateTable, and the error names it', async () => {
        const options = newOptions({ indexKeys: ['user_id'] })
        looks(options.tableName, [], [])
        proxy.inject('UpdateTable', { error: 'AccessDeniedException', message: 'no' })
        expect(String(await failure(options))).toMatch(/may not dynamodb:UpdateTable/)
      })

      it('cannot be added to a table that another process deletes meanwhile', async () => {
        const options = newOptions({ indexKeys: ['user_id'] })
        const { tableName } = options
        looks(tableName, [], [])
        proxy.inject('UpdateTable', { answer: { TableDescription: answer(tableName, [['user_id', 'CREATING']]) } })
        expect(String(await failure(options))).toMatch(/another process deleted table .* meanwhile; run it again/)
      })
    })
  },
  { quiet: true },
)

async function createForeign(
  client: ReturnType<Engine['client']>,
  TableName: string,
  indexes: readonly { name: string; key: readonly string[]; type?: 'S' | 'N' }[],
  ProjectionType: 'KEYS_ONLY' | 'ALL' = 'KEYS_ONLY',
): Promise<void> {
  const types = new Map(indexes.flatMap(({ key, type = 'S' }) => key.map((name) => [name, type] as const)))
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [['session_id', 'S'] as const, ...types].map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
      KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: indexes.map(({ name, key }) => ({
        IndexName: name,
        KeySchema: key.map((AttributeName, number) => ({ AttributeName, KeyType: number === 0 ? 'HASH' : 'RANGE' })),
        Projection: { ProjectionType },
      })),
    }),
  )
}
