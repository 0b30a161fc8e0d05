import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { plainTableName, tableArn } from '../../../runtime/configuration/table-arn.js'
import { leanSettingsOf } from '../../../runtime/dynamodb/transport-choice.js'
import { folderWith } from '../../support/folder.js'
import { sdkRequest } from '../../support/sdk-request.js'

const ARN = 'arn:aws:dynamodb:eu-central-1:210987654321:table/shop.sessions'

describe('the ARN of a table', () => {
  it('has a region, an account and a name', () => {
    const parts = { partition: 'aws', region: 'eu-central-1', account: '210987654321', name: 'shop.sessions' }
    expect(tableArn(ARN)).toEqual(parts)
    expect(plainTableName(ARN)).toBe('shop.sessions')
    expect(plainTableName('sessions')).toBe('sessions')
  })

  it.each([
    'sessions',
    'arn:aws:dynamodb:eu-central-1:1234:table/sessions',
    'arn:aws:dynamodb:eu-central-1:210987654321:table/se',
    'arn:aws:dynamodb:eu-central-1:210987654321:table/sessions/index/user_id-index',
    'arn:aws:s3:eu-central-1:210987654321:table/sessions',
  ])('is not %s', (text) => expect(tableArn(text)).toBeUndefined())
})

describe('table_name as an ARN', () => {
  const resolve = (options: Options, env = {}) =>
    resolveConfiguration({ root: folderWith(), tableName: ARN, ...options }, env)

  it('sets the region, and leaves the table to its owner, unless these options are set', () => {
    expect(resolve({})).toMatchObject({
      tableName: ARN,
      region: 'eu-central-1',
      manageTable: false,
      sources: { region: 'code (table_name)', manageTable: 'code (table_name is an ARN)' },
    })
    expect(resolve({ manageTable: true }).manageTable).toBe(true)
    expect(resolve({ region: 'eu-central-1' }, { AWS_REGION: 'us-east-1' }).sources.region).toBe('code')
  })

  it.each([
    ['option region', { region: 'us-east-1' }, {}],
    ['ENV AWS_DYNAMO_DB_SESSION_REGION', {}, { AWS_DYNAMO_DB_SESSION_REGION: 'us-east-1' }],
    ['ENV AWS_REGION', {}, { AWS_REGION: 'us-east-1' }],
  ])('is refused if another region is set: %s', (place, options, env) => {
    expect(() => resolve(options, env)).toThrow(
      `${place}: is us-east-1, but table_name (code) is the ARN of a table in eu-central-1; set it to eu-central-1`,
    )
  })

  it('is not refused for AWS_REGION beside a client, which has its own region', () => {
    const client = new DynamoDBClient({ region: 'eu-central-1' })
    expect(resolve({ client }, { AWS_REGION: 'us-east-1' }).tableName).toBe(ARN)
  })

  it('is refused if it is not well-formed', () => {
    const tableName = 'arn:aws:dynamodb:eu-central-1:12:table/sessions'
    expect(() => resolve({ tableName })).toThrow('option tableName: may contain only letters')
  })

  it.each([undefined, 'preferred', 'required', 'disabled'])(
    "goes to the AWS SDK's endpoint, with the account of the ARN, in the mode %s",
    async (mode) => {
      const none = { HOME: folderWith(), AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' }
      const env = { ...none, ...(mode && { AWS_ACCOUNT_ID_ENDPOINT_MODE: mode }) }
      for (const accountId of [undefined, '123456789012']) {
        const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', ...(accountId && { accountId }) }
        const plan = leanSettingsOf(resolve({ credentials }), env)
        const request = await sdkRequest(
          { region: 'eu-central-1', credentials, ...(mode && { accountIdEndpointMode: mode as 'preferred' }) },
          ARN,
        )
        const ours = 'endpoint' in plan ? plan.endpoint(accountId) : undefined
        expect(ours?.host).toBe(request?.headers.host)
        expect(ours?.host).toBe(
          mode === 'disabled' ? 'dynamodb.eu-central-1.amazonaws.com' : '210987654321.ddb.eu-central-1.amazonaws.com',
        )
      }
    },
  )
})
