import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { TableRequestError } from '../../../runtime/errors.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { deleteTable } from '../../../runtime/table/delete-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { createTableInput } from '../../../runtime/table/table-input.js'
import { anyEngine, onEachEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { tableAnswer } from '../../support/raw-table.js'
import { recordingLogger } from '../../support/recording-logger.js'

onEachEngine('deleteTable', (engine) => {
  it('deletes the table and waits until DynamoDB has finished', async () => {
    const options = engine.options()
    await createTable(options)
    const logger = recordingLogger()
    expect(await deleteTable(options, { logger })).toEqual({ deleted: true })
    expect(await describeTable(options)).toBeUndefined()
    expect(logger.lines).toEqual([`deleting table "${options.tableName}"`, `deleted table "${options.tableName}"`])
    expect(logger.warnings).toEqual([])
  })

  it('succeeds with a warning when the table does not exist', async () => {
    const options = engine.options()
    const logger = recordingLogger()
    expect(await deleteTable(options, { logger })).toEqual({ deleted: false })
    expect(logger.warnings).toEqual([`table "${options.tableName}" does not exist: nothing to delete`])
  })

  it('deletes a table that is still being created', async () => {
    const options = engine.options()
    await engine.client().send(new CreateTableCommand(createTableInput(resolveConfiguration(options))))
    expect(await deleteTable(options)).toEqual({ deleted: true })
    expect(await describeTable(options)).toBeUndefined()
  })

  if (engine.name === 'DynamoDB Local') {
    it('says that a table has deletion protection, and changes nothing', async () => {
      const options = { ...engine.options(), deletionProtection: true }
      await createTable(options)
      const before = await describeTable(options)
      const error = await deleteTable(options).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(TableRequestError)
      expect(String(error)).toMatch(/deletion protection, so nothing was changed; switch the protection off first/)
      expect(await describeTable(options)).toEqual(before)
    })
  }
})

describe('deleteTable under faults', () => {
  const engine = anyEngine()
  let proxy: FaultProxy
  beforeAll(async () => {
    proxy = await startFaultProxy(engine.endpoint)
  })
  afterEach(() => proxy.reset())
  afterAll(() => proxy.stop())

  async function existing() {
    const options = { ...engine.options(), endpoint: proxy.endpoint, ttl: false }
    await createTable(options)
    proxy.reset()
    return options
  }

  it('waits while another process changes the table', async () => {
    const options = await existing()
    proxy.inject('DeleteTable', { error: 'ResourceInUseException' }, { times: 2 })
    expect(await deleteTable(options)).toEqual({ deleted: true })
    expect(proxy.operations.slice(0, 3)).toEqual(['DeleteTable', 'DeleteTable', 'DeleteTable'])
  })

  it('keeps waiting when DescribeTable is throttled', async () => {
    const options = await existing()
    proxy.inject('DescribeTable', { error: 'InternalServerError', status: 500 }, { times: 5 })
    expect(await deleteTable(options)).toEqual({ deleted: true })
  })

  it('survives a connection that breaks after the table was deleted', async () => {
    const options = await existing()
    proxy.inject('DeleteTable', { drop: 'after' })
    await deleteTable(options)
    expect(await describeTable(options)).toBeUndefined()
  })

  it('ends at the wait limit', async () => {
    const options = await existing()
    const table = await describeTable(options)
    const answer = tableAnswer(options.tableName, 'DELETING', table?.createdAt)
    proxy.inject('DescribeTable', { answer }, { times: Number.POSITIVE_INFINITY })
    const error = await deleteTable(options, { waitLimit: 700 }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TableRequestError)
    expect(String(error)).toContain(`table "${options.tableName}" is still being deleted after 0.7 seconds`)
  })

  it('distinguishes a new table of the same name from the deleted one', async () => {
    const options = await existing()
    const answer = tableAnswer(options.tableName, 'ACTIVE', new Date(Date.now() + 60_000))
    proxy.inject('DescribeTable', { answer }, { times: Number.POSITIVE_INFINITY })
    expect(await deleteTable(options, { waitLimit: 2_000 })).toEqual({ deleted: true })
  })

  it('names the action that is not allowed', async () => {
    const options = await existing()
    const message = 'User: arn:aws:iam::123456789012:user/ci is not authorized to perform: dynamodb:DeleteTable'
    proxy.inject('DeleteTable', { error: 'AccessDeniedException', message })
    await expect(deleteTable(options)).rejects.toThrow('allow dynamodb:DeleteTable in the IAM policy')
    expect(await describeTable(options)).toMatchObject({ status: 'ACTIVE' })
  })
})
