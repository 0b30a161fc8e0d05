import { NodeHttpHandler } from '@smithy/node-http-handler'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { buildClient } from '../../../runtime/dynamodb/client.js'
import { environmentWith, folderWith } from '../../support/folder.js'

beforeEach(() => environmentWith())

async function clientOf(options: Options) {
  const client = await buildClient(resolveConfiguration({ root: folderWith(), region: 'eu-central-1', ...options }))
  onTestFinished(() => client.destroy())
  return client
}

it('has the credentials of code, even for an endpoint on this machine', async () => {
  const credentials = { accessKeyId: 'AKIDOWN', secretAccessKey: 'secret' }
  const found = async (options: Options) => (await clientOf(options)).config.credentials()
  expect(await found({ credentials })).toMatchObject(credentials)
  expect(await found({ credentials: async () => credentials, endpoint: 'http://localhost:1' })).toMatchObject(
    credentials,
  )
})

it('takes credentials and region from the profile that code names', async () => {
  const files = {
    credentials: '[shop]\naws_access_key_id=AKIDSHOP\naws_secret_access_key=secret\n',
    config: '[profile shop]\nregion=eu-north-1\n',
  }
  const folder = folderWith(files)
  environmentWith({ AWS_CONFIG_FILE: `${folder}/config`, AWS_SHARED_CREDENTIALS_FILE: `${folder}/credentials` })
  for (const endpoint of [undefined, 'http://localhost:1']) {
    const { config } = await clientOf({ profile: 'shop', region: null, endpoint })
    expect(await config.credentials()).toMatchObject({ accessKeyId: 'AKIDSHOP' })
    expect(await config.region()).toBe('eu-north-1')
  }
})

it('has request handler, logger and number of attempts of code', async () => {
  const requestHandler = new NodeHttpHandler()
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const { config } = await clientOf({ requestHandler, logger, maxAttempts: 7 })
  expect(config.requestHandler).toBe(requestHandler)
  expect(config.logger).toBe(logger)
  expect(await config.maxAttempts()).toBe(7)
})

it('has the timeouts of the configuration, and its number of connections', async () => {
  const { config } = await clientOf({ connectTimeout: 123, attemptTimeout: 456, maxConnections: 7 })
  const requestHandler = config.requestHandler as unknown as NodeHttpHandler
  // The handler resolves its settings with the first request.
  await requestHandler.handle({} as never).catch(() => undefined)
  expect(requestHandler.httpHandlerConfigs()).toMatchObject({
    connectionTimeout: 123,
    requestTimeout: 456,
    throwOnRequestTimeout: true,
    httpAgent: { maxSockets: 7 },
    httpsAgent: { maxSockets: 7 },
  })
})
