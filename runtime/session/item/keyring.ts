import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { type Clock, monotonic } from '../../async/clock.js'
import {
  type Encryption,
  type EncryptionKey,
  KEY_ID,
  KEY_PATTERN,
  KEY_RULE,
  KEYS_LIFETIME,
  keyIdOf,
  repeatedId,
} from '../../configuration/encryption-keys.js'
import type { Configuration } from '../../configuration/resolve.js'
import { withDeadline } from '../../dynamodb/with-deadline.js'
import { EncryptionKeyError, messageOf } from '../../errors.js'
import { keepSecret } from '../../fit-for-output.js'
import { KEY_BYTES, XaesKey } from './xaes.js'

/** One encryption key, ready for use. Printing it shows no bytes of the key. */
export interface Key {
  readonly id: string
  /** Encrypts the data. */
  readonly cipher: XaesKey
  /** Hides the values of `index_keys`. */
  readonly index: KeyObject
}

/** The options that the keys come from. */
export type KeySource = Partial<Pick<Configuration, 'encryption' | 'encryptionKeys'>>

/** The shortest time from a failure of `keys()` to the next call. Milliseconds. */
const PAUSE = 1000

/** An unknown key id loads the keys again only if their last load was this long ago. Milliseconds. */
const YOUNG = 10_000

/** Keeps the index key apart from other uses of an encryption key (RFC 5869, section 3.2). */
const INDEX_INFO = 'dynamo-session-store index_keys'

/** Stores with the same option value share its keys. */
const keyrings = new WeakMap<object, Keyring>()

/** The keys of the configuration. Undefined if sessions are not encrypted. */
export function keyringOf({ encryption, encryptionKeys = [] }: KeySource): Keyring | undefined {
  const source = encryption ?? (encryptionKeys.length > 0 ? encryptionKeys : undefined)
  if (source === undefined) return undefined
  let keyring = keyrings.get(source)
  if (!keyring) {
    keyring = new Keyring(source)
    keyrings.set(source, keyring)
  }
  return keyring
}

/**
 * Loads the keys of the configuration if they have expired. Every operation on stored data begins with this call.
 *
 * @returns undefined if there is nothing to wait for; else a promise, which may reject with an EncryptionKeyError
 */
export function loadKeys(configuration: KeySource & Pick<Configuration, 'requestTimeout'>): Promise<void> | undefined {
  return keyringOf(configuration)?.load(configuration.requestTimeout)
}

/** Loads of one kind: the running one, and the failure of the last one. */
interface Loads {
  running?: Promise<void> | undefined
  failure?: { readonly cause: unknown; readonly at: number } | undefined
}

/** The keys that encrypt and decrypt sessions. The first one encrypts. */
export class Keyring {
  readonly #now: Clock
  /** Undefined if the keys are fixed. */
  readonly #encryption: Encryption | undefined
  #keys: readonly Key[] = []
  /** From this time on, the keys are loaded again. */
  #refreshAt = Number.NEGATIVE_INFINITY
  /** From this time on, the keys are no longer used. */
  #endsAt = Number.NEGATIVE_INFINITY
  #loadedAt = Number.NEGATIVE_INFINITY
  /** Loads that requests wait for. They must not depend on a load in the background, which a suspended machine delays. */
  readonly #awaited: Loads = {}
  readonly #inBackground: Loads = {}

  constructor(source: Encryption | readonly string[], now: Clock = monotonic) {
    this.#now = now
    if (isList(source)) {
      this.#keys = keysOf(source)
      this.#refreshAt = Number.POSITIVE_INFINITY
    } else this.#encryption = source
  }

  /** The key that encrypts. */
  get first(): Key {
    const [first] = this.#keys
    if (!first) throw new Error('The encryption keys were used before they were loaded.')
    return first
  }

  /** All keys, in the order of their option. */
  get all(): readonly Key[] {
    return this.#keys
  }

  /** The key with the id. An unknown id makes the next request load the keys again. */
  find(id: string): Key | undefined {
    const key = this.#keys.find((known) => known.id === id)
    const now = this.#now()
    if (!key && this.#encryption && now - this.#loadedAt >= YOUNG) this.#refreshAt = Math.min(this.#refreshAt, now)
    return key
  }

  /**
   * Loads the keys if they have expired. In the second half of their lifetime, starts to load them, and does not wait.
   * A failure then has no effect before the keys expire.
   *
   * @param timeout longest time of `keys()`, in milliseconds
   */
  load(timeout: number): Promise<void> | undefined {
    const now = this.#now()
    if (now < this.#refreshAt) return undefined
    if (now < this.#endsAt) {
      this.#load(this.#inBackground, timeout).catch(() => undefined)
      return undefined
    }
    return this.#load(this.#awaited, timeout).catch((cause) => {
      throw new EncryptionKeyError(
        `The encryption keys could not be loaded, so no session was read or written: ${messageOf(cause)}`,
        { cause },
      )
    })
  }

  #load(loads: Loads, timeout: number): Promise<void> {
    const { failure } = loads
    if (failure && this.#now() < failure.at + PAUSE) return Promise.reject(failure.cause)
    loads.running ??= this.#ask(loads, timeout).finally(() => {
      loads.running = undefined
    })
    return loads.running
  }

  async #ask(loads: Loads, timeout: number): Promise<void> {
    const started = this.#now()
    const { lifetime = KEYS_LIFETIME } = this.#encryption ?? {}
    const tooLate = () => new Error(`keys() took longer than ${timeout} ms (request_timeout)`)
    try {
      const given = await withDeadline({ milliseconds: timeout, tooLate }, async () => this.#encryption?.keys() ?? [])
      const keys = keysOf(given)
      loads.failure = undefined
      if (started < this.#loadedAt) return
      this.#keys = keys
      this.#loadedAt = started
      this.#refreshAt = started + (lifetime * 1000) / 2
      this.#endsAt = started + lifetime * 1000
    } catch (cause) {
      loads.failure = { cause, at: this.#now() }
      throw cause
    }
  }
}

function isList(source: Encryption | readonly string[]): source is readonly string[] {
  return Array.isArray(source)
}

/** @throws an error that names the key by its place, never by its text */
function keysOf(given: unknown): readonly Key[] {
  if (!Array.isArray(given) || given.length === 0)
    throw new EncryptionKeyError('keys() must return a list of at least one key')
  const keys = given.map((key: EncryptionKey, at) => {
    const { id, bytes } = bytesOf(key)
    if (bytes?.byteLength !== KEY_BYTES || !KEY_ID.test(id))
      throw new EncryptionKeyError(`key ${at + 1} of keys() ${KEY_RULE}`)
    return {
      id,
      cipher: new XaesKey(bytes),
      index: createSecretKey(Buffer.from(hkdfSync('sha256', bytes, '', INDEX_INFO, KEY_BYTES))),
    }
  })
  const twice = repeatedId(keys.map(({ id }) => id))
  if (twice !== undefined)
    throw new EncryptionKeyError(`keys() returned the id "${twice}" twice; give each key its own id`)
  return keys
}

function bytesOf(key: unknown): { readonly id: string; readonly bytes?: Uint8Array } {
  if (typeof key === 'string') {
    if (!new RegExp(KEY_PATTERN).test(key)) return { id: '' }
    const id = keyIdOf(key)
    const text = key.slice(id.length + 1)
    keepSecret(text)
    return { id, bytes: Buffer.from(text, 'base64') }
  }
  const { id, key: bytes } = (key ?? {}) as { id?: unknown; key?: unknown }
  return { id: String(id), ...(bytes instanceof Uint8Array && { bytes }) }
}
