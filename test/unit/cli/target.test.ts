import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { beforeEach, describe, expect, it } from 'vitest'
import { printTarget } from '../../../runtime/cli/target.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { environmentWith, folderWith } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'

async function target(options: Options): Promise<string> {
  const logger = recordingLogger()
  await printTarget(resolveConfiguration({ root: folderWith({ 'c.yml': 'secret_key: hidden' }), ...options }), logger)
  expect(logger.warnings).toEqual([])
  return logger.lines.join('\n')
}

describe('printTarget', () => {
  beforeEach(() => environmentWith())

  it('prints environment, configuration file, table, region and endpoint, and no secret', async () => {
    const options = { environment: 'production', tableName: 'visits', region: 'eu-central-1', configFile: 'c.yml' }
    expect(await target({ ...options, endpoint: 'https://user:password@db.example/path' })).toBe(
      [
        'environment:        production',
        'configuration file: c.yml',
        'table:              visits',
        'region:             eu-central-1',
        'endpoint:           https://db.example/path',
      ].join('\n'),
    )
  })

  it('names the key_prefix, which limits clean and destroy', async () => {
    expect(await target({ keyPrefix: 'shop:' })).toMatch(/^key_prefix: +shop:$/m)
    expect(await target({})).not.toContain('key_prefix')
  })

  it('finds the region as the AWS SDK does', async () => {
    environmentWith({ AWS_REGION: 'eu-north-1' })
    expect(await target({})).toMatch(/^region: +eu-north-1 \(ENV AWS_REGION\)$/m)
  })

  it('says when there is no file and no region, and prints no endpoint when none is set', async () => {
    const text = await target({})
    expect(text).toMatch(/^configuration file: none$/m)
    expect(text).toMatch(/^region: +not set$/m)
    expect(text).not.toContain('endpoint')
  })

  it("shows the endpoint that the SDK's own ENV name sets", async () => {
    environmentWith({ AWS_ENDPOINT_URL_DYNAMODB: 'http://localhost:8123' })
    const text = await target({})
    expect(text).toMatch(/^endpoint: +http:\/\/localhost:8123 \(ENV AWS_ENDPOINT_URL_DYNAMODB\)$/m)
    expect(text).toMatch(/^region: +us-east-1$/m)
  })

  it('shows region and endpoint of a client given in code, not the options that it overrides', async () => {
    const client = new DynamoDBClient({ region: 'eu-west-1', endpoint: 'http://localhost:8001/dynamo' })
    const text = await target({ client, region: 'eu-central-1', endpoint: 'http://localhost:8002' })
    expect(text).toMatch(/^region: +eu-west-1$/m)
    expect(text).toMatch(/^endpoint: +http:\/\/localhost:8001\/dynamo$/m)
    const plain = await target({
      client: new DynamoDBClient({ region: 'eu-west-1' }),
      endpoint: 'http://localhost:8002',
    })
    expect(plain).not.toContain('endpoint')
  })
})
