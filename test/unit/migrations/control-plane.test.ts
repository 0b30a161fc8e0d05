import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetItemCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ScanCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { beforeEach, expect, it } from 'vitest'
import { SimulatedControlPlane } from '../../../runtime/migrations/dry-run/control-plane.js'

const TableName = 'sessions'
const ResourceArn = 'arn:aws:dynamodb:eu-central-1:123456789012:table/sessions'
const key = { AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }] }
const KeySchema = [{ AttributeName: 'id', KeyType: 'HASH' as const }]
const index = { IndexName: 'user_id-index', KeySchema, Projection: { ProjectionType: 'KEYS_ONLY' as const } }

let plane: SimulatedControlPlane
/** The names of what was really sent. */
let sent: string[]

beforeEach(() => {
  plane = new SimulatedControlPlane()
  sent = []
})

/** A simulation in front of a DynamoDB with these responses. */
function clientOver(responses: Record<string, object>) {
  const real = {
    config: { region: async () => 'eu-central-1' },
    async send({ constructor: { name } }: { constructor: { name: string } }) {
      const operation = name.replace('Command', '')
      sent.push(operation)
      const response = responses[operation]
      if (response) return response
      throw Object.assign(new Error('not found'), { name: 'ResourceNotFoundException' })
    },
  }
  return plane.client(real as unknown as DynamoDBClient)
}

const live = (more: object = {}) => ({
  DescribeTable: { Table: { TableName, TableStatus: 'ACTIVE', KeySchema, ...key, TableArn: ResourceArn, ...more } },
  DescribeTimeToLive: { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'old' } },
  ListTagsOfResource: { Tags: [{ Key: 'team', Value: 'web' }] },
})

it('follows a new table through its changes, and sends none of them', async () => {
  const client = clientOver({})
  await expect(client.send(new DescribeTableCommand({ TableName }))).rejects.toThrow('Requested resource not found')
  const create = { TableName, KeySchema, ...key, BillingMode: 'PAY_PER_REQUEST' as const }
  await client.send(new CreateTableCommand(create))
  await expect(client.send(new CreateTableCommand(create))).rejects.toMatchObject({ name: 'ResourceInUseException' })
  expect((await client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription).toEqual({
    TimeToLiveStatus: 'DISABLED',
  })
  const TimeToLiveSpecification = { AttributeName: 'expire_at', Enabled: true }
  await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }))
  expect((await client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription).toEqual({
    TimeToLiveStatus: 'ENABLED',
    AttributeName: 'expire_at',
  })
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 }
  await client.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }))
  const backups = await client.send(new DescribeContinuousBackupsCommand({ TableName }))
  expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription).toEqual({
    PointInTimeRecoveryStatus: 'ENABLED',
    RecoveryPeriodInDays: 7,
  })
  await client.send(
    new UpdateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'user_id', AttributeType: 'S' }],
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 1 },
      GlobalSecondaryIndexUpdates: [{ Create: index }],
    }),
  )
  expect((await client.send(new DescribeTableCommand({ TableName }))).Table).toMatchObject({
    TableStatus: 'ACTIVE',
    BillingModeSummary: { BillingMode: 'PROVISIONED' },
    ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 1 },
    AttributeDefinitions: [{ AttributeName: 'id' }, { AttributeName: 'user_id' }],
    GlobalSecondaryIndexes: [{ IndexName: 'user_id-index', IndexStatus: 'ACTIVE' }],
  })
  expect(await client.send(new ScanCommand({ TableName }))).toMatchObject({ Items: [], Count: 0 })
  await client.send(new DeleteTableCommand({ TableName }))
  await expect(client.send(new ScanCommand({ TableName }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  expect(plane.requests.map(({ operation }) => operation)).toEqual([
    ...['CreateTable', 'UpdateTimeToLive', 'UpdateContinuousBackups', 'UpdateTable', 'DeleteTable'],
  ])
  expect(sent).toEqual(['DescribeTable'])
})

it('starts from the live table, and really sends what only reads it', async () => {
  const indexes = [
    { ...index, IndexStatus: 'CREATING' },
    { ...index, IndexName: 'old', IndexStatus: 'DELETING' },
  ]
  const responses = { ...live({ TableStatus: 'UPDATING', GlobalSecondaryIndexes: indexes }), GetItem: { Item: {} } }
  const client = clientOver(responses)
  const { Table } = await client.send(new DescribeTableCommand({ TableName }))
  expect(Table).toMatchObject({ TableStatus: 'ACTIVE', GlobalSecondaryIndexes: [{ IndexStatus: 'ACTIVE' }] })
  expect(await client.send(new DescribeTimeToLiveCommand({ TableName }))).toEqual(responses.DescribeTimeToLive)
  expect(await client.send(new GetItemCommand({ TableName, Key: {} }))).toEqual({ Item: {} })
  await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'stage', Value: 'live' }] }))
  await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['team'] }))
  const { Tags } = await client.send(new ListTagsOfResourceCommand({ ResourceArn }))
  expect(Tags).toEqual([{ Key: 'stage', Value: 'live' }])
  expect(sent).toEqual(['DescribeTable', 'DescribeTimeToLive', 'GetItem', 'ListTagsOfResource'])
})

it('refuses to delete a protected table, as DynamoDB does', async () => {
  const client = clientOver(live({ DeletionProtectionEnabled: true }))
  const refusal = { name: 'ValidationException', message: expect.stringContaining('protected against deletion') }
  await expect(client.send(new DeleteTableCommand({ TableName }))).rejects.toMatchObject(refusal)
  await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }))
  await client.send(new DeleteTableCommand({ TableName }))
  expect(plane.requests.map(({ operation }) => operation)).toEqual(['UpdateTable', 'DeleteTable'])
})

it('sends nothing that it does not know', async () => {
  const client = clientOver(live())
  const write = client.send(new PutItemCommand({ TableName, Item: {} }))
  await expect(write).rejects.toThrow('a dry run does not simulate PutItem')
  expect(plane.unknown).toBe('PutItem')
  expect(sent).toEqual([])
})
