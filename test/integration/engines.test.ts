import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { onEachEngine, uniqueTableName } from '../support/engines.js'

onEachEngine('the engine', (engine) => {
  it('creates and describes a table', async () => {
    const client = engine.client()
    const TableName = uniqueTableName()
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    )
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))
    expect(Table?.TableName).toBe(TableName)
  })
})
