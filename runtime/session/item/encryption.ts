import { createHmac, randomBytes } from 'node:crypto'
import { KEY_ID } from '../../configuration/encryption-keys.js'
import { EncryptionKeyError } from '../../errors.js'
import type { AttributeName } from './attributes.js'
import type { Key, Keyring } from './keyring.js'
import { NONCE_BYTES, TAG_BYTES } from './xaes.js'

/** The first byte of every encrypted value. Neither JSON nor compressed data begins with it. */
const FORM = 0x01

/** The place of an encrypted value. A value that was copied to another place can't be decrypted. */
export interface Place {
  /** The stored key of the item. */
  readonly key: string
  readonly attribute: AttributeName
}

/** Whether a value is encrypted. */
export function isSealed(value: Uint8Array | undefined): value is Uint8Array {
  return value?.[0] === FORM
}

/**
 * Encrypts a value with the first key: form byte, length and text of the key id, nonce, encrypted text, tag. The place
 * does not include the table's name, because a restored table has another name.
 */
export function seal(text: Uint8Array | string, place: Place, keyring: Keyring): Uint8Array {
  const { id, cipher } = keyring.first
  const nonce = randomBytes(NONCE_BYTES)
  const [sealed, tag] = cipher.seal(nonce, text, additional(place))
  return Buffer.concat([Buffer.from(`${String.fromCharCode(FORM, id.length)}${id}`, 'latin1'), nonce, sealed, tag])
}

/** A decrypted value, or its problem as the rest of a sentence: "is encrypted, but …". */
export type Opened = { readonly text: Buffer; readonly isCurrent: boolean } | { readonly problem: string }

/**
 * Decrypts a value.
 *
 * @param value see {@link isSealed}
 * @returns `isCurrent`: whether the first key encrypted the value
 * @throws {EncryptionKeyError} if the key of the value is unknown, so that nobody knows whether the value is good
 */
export function open(value: Uint8Array, place: Place, keyring: Keyring | undefined): Opened {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const nonceAt = 2 + (bytes[1] ?? 0)
  const textAt = nonceAt + NONCE_BYTES
  const tagAt = bytes.length - TAG_BYTES
  const id = bytes.toString('latin1', 2, nonceAt)
  if (tagAt < textAt || !KEY_ID.test(id)) return { problem: 'is encrypted, but damaged' }
  const key = keyring?.find(id)
  if (!keyring || !key) throw unknownKey(id, keyring)
  const text = key.cipher.open(
    bytes.subarray(nonceAt, textAt),
    bytes.subarray(textAt, tagAt),
    bytes.subarray(tagAt),
    additional(place),
  )
  if (!text) return { problem: 'is encrypted, but was changed or belongs to another item' }
  return { text, isCurrent: key === keyring.first }
}

/** The text that stands for a value in an index, under this key. Equal values of two attributes have different texts. */
export function hiddenText(text: string, attribute: string, { index }: Key): string {
  return createHmac('sha256', index).update(`${attribute}\0${text}`).digest('base64url')
}

/** The last NUL separates the parts, because no attribute has a NUL in its name. */
function additional({ key, attribute }: Place): Buffer {
  return Buffer.from(`${String.fromCharCode(FORM)}${key}\0${attribute}`)
}

function unknownKey(id: string, keyring: Keyring | undefined): EncryptionKeyError {
  if (!keyring) {
    return new EncryptionKeyError(
      'The stored session is encrypted, but no keys are set. Set encryption_keys, or in code the option encryption.',
    )
  }
  const known = keyring.all.map((key) => key.id).join(', ')
  return new EncryptionKeyError(
    `The stored session is encrypted with the key "${id}", which is not among the keys (${known}). Add this key to the list.`,
  )
}
