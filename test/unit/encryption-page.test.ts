import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sessionStoreOf } from '../../runtime/adapters/shared/store-methods.js'
import type { DynamoSessionStore } from '../../runtime/express.js'
import { keyringOf, loadKeys } from '../../runtime/session/item/keyring.js'
import { listen, stop } from '../support/adapters/listen.js'
import { environmentWith } from '../support/folder.js'
import { importSnippet } from '../support/snippets.js'

describe('docs/encryption.md', () => {
  it('shows a program that decrypts its keys with AWS KMS', async () => {
    const requests: object[] = []
    const kms = createServer(async (request, response) => {
      const input = JSON.parse((await buffer(request)).toString())
      requests.push(input)
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify({ KeyId: 'a-key', Plaintext: randomBytes(32).toString('base64') }))
    })
    const port = await listen(kms)
    onTestFinished(() => stop(kms))
    const encrypted = ['new', 'old'].map((text) => Buffer.from(`${text} key, encrypted`).toString('base64'))
    environmentWith({
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${port}`,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      SESSION_DATA_KEYS: `k2:${encrypted[0]},k1:${encrypted[1]}`,
    })
    const { store } = await importSnippet<{ store: DynamoSessionStore }>('encryption/kms.ts')
    onTestFinished(() => store.close())
    const { configuration } = sessionStoreOf(store)
    await loadKeys(configuration)
    expect(keyringOf(configuration)?.all.map(({ id }) => id)).toEqual(['k2', 'k1'])
    const expected = encrypted.map((CiphertextBlob) => ({ CiphertextBlob, EncryptionContext: { purpose: 'sessions' } }))
    expect(requests).toHaveLength(2)
    expect(requests).toEqual(expect.arrayContaining(expected))
  })
})
