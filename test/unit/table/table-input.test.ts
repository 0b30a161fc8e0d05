import { expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { createTableInput, throughputInput } from '../../../runtime/table/table-input.js'
import { indexFacts, tableFacts } from '../../support/table-facts.js'

it("leaves out DynamoDB's defaults, because emulators refuse unknown parameters", () => {
  expect(createTableInput(resolveConfiguration({ tags: {}, tableClass: 'standard' }, {}))).toEqual({
    TableName: 'sessions',
    AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  })
})

it('sends both capacities of a provisioned table, with a default for an unset one', () => {
  expect(createTableInput(resolveConfiguration({ writeCapacity: 7 }, {}))).toMatchObject({
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 10, WriteCapacityUnits: 7 },
  })
})

it('sends a keys-only index for each of index_keys, with the capacity of the table', () => {
  const indexKeys = ['user_id', 'user.id']
  const index = (name: string) => ({
    IndexName: `${name}-index`,
    KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  })
  const input = createTableInput(resolveConfiguration({ indexKeys }, {}))
  expect(input.AttributeDefinitions?.map(({ AttributeName }) => AttributeName)).toEqual(['session_id', ...indexKeys])
  expect(input.GlobalSecondaryIndexes).toEqual(indexKeys.map(index))
  const ProvisionedThroughput = { ReadCapacityUnits: 3, WriteCapacityUnits: 5 }
  expect(createTableInput(resolveConfiguration({ indexKeys, readCapacity: 3 }, {})).GlobalSecondaryIndexes).toEqual(
    indexKeys.map((key) => ({ ...index(key), ProvisionedThroughput })),
  )
})

it('sends no capacities when billing_mode says pay_per_request', () => {
  const input = createTableInput(resolveConfiguration({ writeCapacity: 7, billingMode: 'pay_per_request' }, {}))
  expect(input).not.toHaveProperty('ProvisionedThroughput')
  expect(input.BillingMode).toBe('PAY_PER_REQUEST')
})

it('keeps the capacity of an index whose option is not set', () => {
  const capacity = { read: 70, write: 60 }
  const table = tableFacts({ billingMode: 'provisioned', capacity, indexes: [indexFacts('user_id', { capacity })] })
  const due = [{ option: 'indexKeys', index: 'user_id-index' }] as const
  const capacities = (options: Options) =>
    throughputInput(resolveConfiguration({ billingMode: 'provisioned', ...options }, {}), due, table)
      .GlobalSecondaryIndexUpdates?.[0]?.Update?.ProvisionedThroughput
  expect(capacities({ writeCapacity: 9 })).toEqual({ ReadCapacityUnits: 70, WriteCapacityUnits: 9 })
  expect(capacities({ readCapacity: 9 })).toEqual({ ReadCapacityUnits: 9, WriteCapacityUnits: 60 })
})
