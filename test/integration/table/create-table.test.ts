import { DescribeTableCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, describe, expect, it } from 'vitest'
import { TableSchemaError } from '../../../runtime/errors.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { describeTable } from '../../../runtime/table/describe-table.js'
import { onEachEngine } from '../../support/engines.js'
import { createRawTable, deleteRawTable, putRawItem, type RawKey } from '../../support/raw-table.js'
import { recordingLogger } from '../../support/recording-logger.js'

onEachEngine('createTable', (engine) => {
  const client = engine.client()
  afterAll(() => client.destroy())

  it('creates a table on demand with the session id as its only key', async () => {
    const options = { ...engine.options(), tableKey: 'sid' }
    expect(await createTable(options)).toEqual({ created: true })
    expect(await describeTable(options)).toMatchObject({
      name: options.tableName,
      status: 'ACTIVE',
      key: [{ name: 'sid', type: 'S' }],
      billingMode: 'pay_per_request',
      itemCount: 0,
      deletionProtection: engine.name === 'dynalite' ? undefined : false,
    })
  })

  it('creates a provisioned table with the capacities that are set', async () => {
    const options = { ...engine.options(), readCapacity: 3, writeCapacity: 2 }
    await createTable(options)
    const { Table } = await client.send(new DescribeTableCommand({ TableName: options.tableName }))
    expect(Table?.ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 3, WriteCapacityUnits: 2 })
    expect(await describeTable(options)).toMatchObject({ billingMode: 'provisioned' })
  })

  it('accepts an existing table', async () => {
    const options = engine.options()
    await createTable(options)
    const logger = recordingLogger()
    expect(await createTable(options, { logger })).toEqual({ created: false })
    expect(logger.lines[0]).toBe(`table "${options.tableName}" exists already`)
  })

  it('succeeds twice at once, with one table', async () => {
    const options = engine.options()
    const results = await Promise.all([createTable(options), createTable(options), createTable(options)])
    expect(results.filter(({ created }) => created)).toHaveLength(1)
    expect(await describeTable(options)).toMatchObject({ status: 'ACTIVE' })
  })

  it('waits for a table that is being deleted, then creates it', async () => {
    const options = engine.options()
    await createRawTable(client, options.tableName, [['another', 'S']])
    await deleteRawTable(client, options.tableName)
    expect(await createTable(options)).toEqual({ created: true })
    expect(await describeTable(options)).toMatchObject({ status: 'ACTIVE', key: [{ name: 'session_id', type: 'S' }] })
  })

  it.each<{ title: string; keys: RawKey[]; found: string }>([
    { title: 'under another name', keys: [['id', 'S']], found: '"id" (S)' },
    { title: 'of another type', keys: [['session_id', 'N']], found: '"session_id" (N)' },
    {
      title: 'with a sort key',
      keys: [
        ['session_id', 'S'],
        ['at', 'N'],
      ],
      found: '"session_id" (S) and "at" (N)',
    },
  ])('refuses a table whose key is $title, and names both keys', async ({ keys, found }) => {
    const options = engine.options()
    await createRawTable(client, options.tableName, keys)
    const error = await createTable(options).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TableSchemaError)
    expect(String(error)).toContain(
      `table "${options.tableName}" has the key ${found}, but sessions need "session_id" (S) alone`,
    )
  })

  it('warns when a configured endpoint has no point-in-time recovery', async () => {
    const options = { ...engine.options(), pointInTimeRecovery: true, ttl: false }
    const logger = recordingLogger()
    await createTable(options, { logger })
    expect(logger.warnings).toEqual([
      `this endpoint has no point-in-time recovery, so table "${options.tableName}" has none`,
    ])
  })

  if (engine.name === 'dynalite') {
    it('warns when the endpoint has no Time to Live, and succeeds', async () => {
      const options = engine.options()
      const logger = recordingLogger()
      expect(await createTable(options, { logger })).toEqual({ created: true })
      expect(logger.lines).toEqual([`creating table "${options.tableName}"`, `table "${options.tableName}" is active`])
      expect(logger.warnings).toEqual([
        `this endpoint has no Time to Live: expired sessions stay in table "${options.tableName}" until they are cleaned`,
      ])
    })
    return
  }

  it('creates a table with deletion protection', async () => {
    const options = { ...engine.options(), deletionProtection: true }
    await createTable(options)
    expect(await describeTable(options)).toMatchObject({ deletionProtection: true })
  })

  describe('with Time to Live', () => {
    it('switches it on for a new table, and logs a line for each step', async () => {
      const options = engine.options()
      const logger = recordingLogger()
      await createTable(options, { logger })
      expect(await describeTable(options)).toMatchObject({ ttl: { status: 'ENABLED', attribute: 'expire_at' } })
      expect(logger).toMatchObject({
        lines: [
          `creating table "${options.tableName}"`,
          `table "${options.tableName}" is active`,
          `switched on Time to Live on expire_at for table "${options.tableName}"`,
        ],
        warnings: [],
      })
    })

    it('does not touch it when ttl is false', async () => {
      const options = { ...engine.options(), ttl: false }
      await createTable(options)
      await createTable(options)
      expect(await describeTable(options)).toMatchObject({ ttl: { status: 'DISABLED' } })
    })

    it('switches it on for an empty table that existed before', async () => {
      const options = engine.options()
      await createRawTable(client, options.tableName)
      expect(await createTable(options)).toEqual({ created: false })
      expect(await describeTable(options)).toMatchObject({ ttl: { status: 'ENABLED', attribute: 'expire_at' } })
    })

    it('leaves it off for a table with items, with a warning that says how to switch it on', async () => {
      const options = engine.options()
      await createRawTable(client, options.tableName)
      await putRawItem(client, options.tableName)
      const logger = recordingLogger()
      await createTable(options, { logger })
      expect(await describeTable(options)).toMatchObject({ ttl: { status: 'DISABLED' } })
      expect(logger.warnings).toHaveLength(1)
      expect(logger.warnings[0]).toContain('Set ttl: true to switch it on')
    })

    it('switches it on for a table with items when ttl: true was set', async () => {
      const options = engine.options()
      await createRawTable(client, options.tableName)
      await putRawItem(client, options.tableName)
      await createTable({ ...options, ttl: true })
      expect(await describeTable(options)).toMatchObject({ ttl: { status: 'ENABLED', attribute: 'expire_at' } })
    })

    it('refuses a table whose Time to Live reads another attribute', async () => {
      const options = engine.options()
      await createRawTable(client, options.tableName)
      await client.send(
        new UpdateTimeToLiveCommand({
          TableName: options.tableName,
          TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        }),
      )
      const error = await createTable({ ...options, ttl: true }).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(TableSchemaError)
      expect(String(error)).toMatch(/reads the attribute "expires", but sessions need "expire_at"/)
      await expect(createTable({ ...options, ttl: false })).resolves.toEqual({ created: false })
    })
  })
})
