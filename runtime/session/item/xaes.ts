import { createCipheriv, createDecipheriv } from 'node:crypto'

/** Bytes of a key. */
export const KEY_BYTES = 32

/** Bytes of a nonce. A random nonce is safe for 2^80 values under one key. */
export const NONCE_BYTES = 24

/** Bytes of the tag at the end of a sealed text. */
export const TAG_BYTES = 16

const BLOCK = 16
const HALF = 12
/** The label of this derivation of keys: the letter X. */
const LABEL = 0x58

const GCM = 'aes-256-gcm'

/**
 * A key of XAES-256-GCM, by the specification <https://c2sp.org/XAES-256-GCM>: the first half of the nonce derives a key
 * of AES-256-GCM, and the second half is its nonce.
 */
export class XaesKey {
  /** AES-256 of single blocks. The blocks do not depend on each other, so all values share one cipher. */
  readonly #blocks: ReturnType<typeof createCipheriv>
  readonly #subkey: Buffer

  /** @param key 32 bytes; the caller may overwrite them afterwards */
  constructor(key: Uint8Array) {
    this.#blocks = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    this.#subkey = doubled(this.#blocks.update(Buffer.alloc(BLOCK)))
  }

  /** @returns the encrypted text and its tag */
  seal(nonce: Uint8Array, text: Uint8Array | string, additional: Uint8Array): readonly [Buffer, Buffer] {
    const cipher = createCipheriv(GCM, this.#derived(nonce), nonce.subarray(HALF))
    cipher.setAAD(additional)
    const sealed = typeof text === 'string' ? cipher.update(text, 'utf8') : cipher.update(text)
    cipher.final()
    return [sealed, cipher.getAuthTag()]
  }

  /** @returns the text; undefined when the key, nonce, text, tag or additional data differs from that of `seal` */
  open(nonce: Uint8Array, sealed: Uint8Array, tag: Uint8Array, additional: Uint8Array): Buffer | undefined {
    const decipher = createDecipheriv(GCM, this.#derived(nonce), nonce.subarray(HALF), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(tag)
    decipher.setAAD(additional)
    const text = decipher.update(sealed)
    try {
      decipher.final()
      return text
    } catch {
      return undefined
    }
  }

  /** The key of AES-256-GCM that belongs to the nonce. */
  #derived(nonce: Uint8Array): Buffer {
    const context = nonce.subarray(0, HALF)
    const messages = Buffer.concat([Buffer.from([0, 1, LABEL, 0]), context, Buffer.from([0, 2, LABEL, 0]), context])
    return this.#blocks.update(messages.map((byte, at) => byte ^ (this.#subkey[at % BLOCK] ?? 0)))
  }
}

/** The subkey of CMAC: the block shifted left by one bit, in the field of 2^128 elements (NIST SP 800-38B, section 6.1). */
function doubled(block: Buffer): Buffer {
  const shifted = block.map((byte, at) => (byte << 1) | ((block[at + 1] ?? 0) >> 7))
  if ((block[0] ?? 0) & 0x80) shifted[BLOCK - 1] = (shifted[BLOCK - 1] ?? 0) ^ 0b10000111
  return Buffer.from(shifted)
}
