import { BatchWriteItemCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { createTable } from '../../../../runtime/table/create-table.js'
import { DynamoDBStorage } from '../../../../runtime/umzug.js'
import { onEachEngine } from '../../../support/engines.js'
import { recordingLogger } from '../../../support/recording-logger.js'

const params = { name: '1_a', context: {} }

onEachEngine('DynamoDBStorage', (engine) => {
  it('reads all pages of executed migrations', async () => {
    const options = engine.options()
    const storage = new DynamoDBStorage(options)
    await storage.logMigration(params)
    const client = engine.client()
    const names = Array.from({ length: 600 }, (_, index) => `${index}`.padStart(4, '0').padEnd(2_000, 'x'))
    for (let start = 0; start < names.length; start += 25) {
      const requests = names.slice(start, start + 25).map((name) => ({ PutRequest: { Item: { name: { S: name } } } }))
      await client.send(new BatchWriteItemCommand({ RequestItems: { [`${options.tableName}_migrations`]: requests } }))
    }
    expect(await storage.executed()).toEqual([...names, '1_a'].sort())
  })

  it('creates its table on demand, without protection, even if the session table has it', async () => {
    const logger = recordingLogger()
    const options = { ...engine.options(), readCapacity: 7, deletionProtection: true }
    await new DynamoDBStorage(options, { logger }).logMigration(params)
    const TableName = `${options.tableName}_migrations`
    const { Table } = await engine.client().send(new DescribeTableCommand({ TableName }))
    expect(Table?.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST')
    expect(Table?.KeySchema).toEqual([{ AttributeName: 'name', KeyType: 'HASH' }])
    expect(Table?.DeletionProtectionEnabled ?? false).toBe(false)
    expect(logger.lines[0]).toBe(`creating table "${TableName}"`)
  })

  it('names a table that has another purpose', async () => {
    const options = engine.options()
    await createTable({ ...options, tableName: `${options.tableName}_migrations`, tableKey: 'id', ttl: false })
    const text = `table "${options.tableName}_migrations" can't hold the executed migrations`
    await expect(new DynamoDBStorage(options).lock.read()).rejects.toThrow(text)
    await expect(new DynamoDBStorage(options).logMigration(params)).rejects.toThrow(text)
  })
})

describe('DynamoDBStorage', () => {
  it('says in one line what failed, and for which table', async () => {
    const storage = new DynamoDBStorage({ tableName: 'web', endpoint: 'http://127.0.0.1:1', region: 'us-east-1' })
    await expect(storage.executed()).rejects.toThrow(
      /^dynamodb:Scan for table "web_migrations" failed: no connection to http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)[^\n]*$/,
    )
  })

  it('refuses a table name that leaves no room for its own', () => {
    expect(() => new DynamoDBStorage({ tableName: 'x'.repeat(244) })).not.toThrow()
    expect(() => new DynamoDBStorage({ tableName: 'x'.repeat(245) })).toThrow(
      /^table_name \(code\): leaves no room .* at most 244 characters/,
    )
  })
})
