import { randomBytes } from 'node:crypto'

/** A new key for the option `encryptionKeys`. */
export function newKey(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`
}
