import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { DynamoSessionStore } from 'dynamo-session-store/express'

const kms = new KMSClient()

/** The data keys, encrypted by AWS KMS, the newest first: `k2:AQIDAH…,k1:AQIDAH…` */
const DATA_KEYS = process.env.SESSION_DATA_KEYS ?? ''

async function decrypted(text: string) {
  const [id = '', encrypted = ''] = text.split(':')
  const command = new DecryptCommand({
    CiphertextBlob: Buffer.from(encrypted, 'base64'),
    EncryptionContext: { purpose: 'sessions' },
  })
  const { Plaintext: key } = await kms.send(command)
  if (!key) throw new Error(`AWS KMS returned no key for ${id}`)
  return { id, key }
}

export const store = new DynamoSessionStore({
  encryption: { keys: () => Promise.all(DATA_KEYS.split(',').map(decrypted)) },
})
