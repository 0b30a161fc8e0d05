/** A key in code: `id:base64` as in `encryption_keys`, or its 32 bytes, as AWS KMS gives them. */
export type EncryptionKey = string | { readonly id: string; readonly key: Uint8Array }

/** Loads the keys that encrypt sessions, for example from AWS KMS or AWS Secrets Manager. */
export interface Encryption {
  /**
   * Loads the keys. The first key encrypts, and all keys decrypt. If the promise rejects, no session is read or
   * saved, and none is overwritten.
   *
   * @example
   * ```ts
   * keys: async () => [{ id: 'k1', key: await decryptedByKms() }]
   * ```
   */
  keys(): Promise<readonly EncryptionKey[]>
  /**
   * Seconds for which loaded keys are used. After half of this time, the next request starts to load the keys again, and
   * does not wait for them.
   *
   * @default 300
   */
  readonly lifetime?: number | undefined
}

/** The default of {@link Encryption.lifetime} in seconds. */
export const KEYS_LIFETIME = 300

/** Every encrypted value contains the id of its key. */
export const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/

/** An id, a colon and 32 bytes in base64 or base64url. */
export const KEY_PATTERN = '^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/_-]{43}=?$'

/** What {@link KEY_PATTERN} demands, in words. */
export const KEY_RULE = 'must be an id, a colon and 32 bytes in base64, such as k1:$(openssl rand -base64 32)'

/** The id of a key in `encryption_keys`. Only ids may be printed. */
export function keyIdOf(text: string): string {
  return text.slice(0, text.indexOf(':'))
}

/** The first id that occurs twice. */
export function repeatedId(ids: readonly string[]): string | undefined {
  return ids.find((id, at) => ids.indexOf(id) < at)
}
