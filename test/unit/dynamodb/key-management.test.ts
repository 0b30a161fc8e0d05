import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { expect, it, vi } from 'vitest'
import { findKmsPackage, keyOfAlias } from '../../../runtime/dynamodb/key-management.js'

it("sends the request through the application's request handler, and leaves it open", async () => {
  const handle = vi.fn().mockRejectedValue(Object.assign(new Error('the proxy refuses'), { name: 'Refusal' }))
  const requestHandler = { handle, destroy: vi.fn(), httpHandlerConfigs: () => ({}), updateHttpClientConfig: vi.fn() }
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = new DynamoDBClient({ region: 'eu-central-1', credentials, requestHandler })
  const { signal } = new AbortController()
  const path = findKmsPackage(process.cwd()) ?? ''
  await expect(keyOfAlias(client, 'alias/sessions', path, signal)).rejects.toThrow('the proxy refuses')
  expect(handle.mock.calls[0]?.[0]).toMatchObject({ hostname: 'kms.eu-central-1.amazonaws.com' })
  expect(requestHandler.destroy).not.toHaveBeenCalled()
})
