import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TableRequestError } from '../../../runtime/errors.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { anyEngine, onEachEngine } from '../../support/engines.js'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js'
import { createRawTable } from '../../support/raw-table.js'

onEachEngine('describeTable', (engine) => {
  it('returns undefined for a table that does not exist', async () => {
    expect(await describeTable(engine.options())).toBeUndefined()
  })

  it('returns partition key, sort key and creation time of any table', async () => {
    const options = engine.options()
    const before = Date.now()
    await createRawTable(engine.client(), options.tableName, [
      ['id', 'N'],
      ['at', 'S'],
    ])
    const table = await describeTable(options)
    expect(table?.key).toEqual([
      { name: 'id', type: 'N' },
      { name: 'at', type: 'S' },
    ])
    expect(table?.createdAt?.getTime()).toBeGreaterThan(before - 2_000)
    expect(table?.ttl).toEqual({ status: 'DISABLED', attribute: undefined })
  })
})

describe('describeTable under faults', () => {
  const engine = anyEngine()
  let proxy: FaultProxy
  const options = () => ({ ...engine.options(), endpoint: proxy.endpoint })
  beforeAll(async () => {
    proxy = await startFaultProxy(engine.endpoint)
  })
  afterEach(() => proxy.reset())
  afterAll(() => proxy.stop())

  it.each(['DescribeTable', 'DescribeTimeToLive'])(
    'reports a denied %s as denied, never as absent',
    async (operation) => {
      const table = options()
      await createTable(table)
      proxy.inject(operation, { error: 'AccessDeniedException', message: 'Access denied' })
      const error = await describeTable(table).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(TableRequestError)
      expect(String(error)).toContain(`access denied: the owner of these credentials may not dynamodb:${operation}`)
    },
  )

  it('leaves Time to Live out when the endpoint has none', async () => {
    const table = options()
    await createTable(table)
    proxy.inject('DescribeTimeToLive', { error: 'UnknownOperationException' })
    expect(await describeTable(table)).toMatchObject({ status: 'ACTIVE', ttl: undefined })
  })

  it('says that an endpoint with another response is not DynamoDB', async () => {
    proxy.inject('DescribeTable', { answer: {} })
    await expect(describeTable(options())).rejects.toThrow(/does not respond like DynamoDB/)
  })
})
