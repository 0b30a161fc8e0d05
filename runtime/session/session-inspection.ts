import { type Clock, wallClock } from '../async/clock.js'
import { assertSecretsReadable, type Configuration } from '../configuration/resolve.js'
import type { Connection } from '../dynamodb/connection.js'
import { ConfigurationError } from '../errors.js'
import { hasExpired } from './item/expiry.js'
import { handleOf } from './item/handle.js'
import { loadKeys } from './item/keyring.js'
import { hashSessionId } from './item/session-id.js'
import { hashIn, idOf, isOwnKey, keyOf } from './item/session-key.js'
import { type Item, successorOf, timesOf } from './item/session-record.js'
import { sizeOf } from './item/size.js'
import { milliseconds } from './item/timestamp.js'
import { CLOCK_DIFFERENCE } from './lock.js'
import { SessionItems } from './requests/session-items.js'
import type { FoundSession } from './sessions-by-value.js'
import type { ExportedSession } from './user-session.js'
import { exported, factsOf } from './user-session-of-item.js'

/** Called after each page with the number of items that were read. */
type OnRead = (items: number) => void

/** An attribute without its value. */
export interface AttributeFacts {
  readonly name: string
  /** DynamoDB's type, such as `S` or `B`. */
  readonly type: string
  /** The size of name and value. */
  readonly bytes: number
}

/** What is stored of a session. Neither its id nor its data. */
export interface InspectedSession {
  /** The hash that names the session in logs. */
  readonly session: string
  readonly handle: string
  /** The stored key. Undefined if it is the session id itself. */
  readonly key: string | undefined
  /** `moved`: the session got another id, which {@link successor} names. */
  readonly state: 'live' | 'expired' | 'moved'
  /** The hash of the session to which a forwarder leads. */
  readonly successor: string | undefined
  readonly createdAt: Date | undefined
  readonly updatedAt: Date | undefined
  /** When the session expires if nothing touches it, by the configuration of this call. */
  readonly expiresAt: Date | undefined
  readonly lock: { readonly since: Date | undefined; readonly isHeld: boolean } | undefined
  /** The size of the item in bytes. */
  readonly size: number
  readonly attributes: readonly AttributeFacts[]
}

/** Reads what is stored, for people who look after a table. Writes nothing. */
export class SessionInspection {
  readonly #configuration: Configuration
  readonly #items: SessionItems
  readonly #now: Clock

  constructor(
    configuration: Configuration,
    connection: Pick<Connection, 'transport'>,
    { now = wallClock }: { now?: Clock } = {},
  ) {
    this.#configuration = configuration
    this.#items = new SessionItems(configuration, connection)
    this.#now = now
  }

  /** All sessions that have not expired, unordered, a page at a time. Eventually consistent, which costs half. */
  async *pages(onRead: OnRead = () => {}): AsyncGenerator<readonly FoundSession[]> {
    const { tableKey, hashSessionIds } = this.#configuration
    const attributes = [tableKey, 'created_at', 'updated_at', 'expire_at']
    // A key in the form of a hash tells that an item without data is a session.
    const scan = this.#items.scan(attributes, { consistent: false, withoutData: hashSessionIds })
    for await (const items of scan) {
      onRead(items.length)
      yield items.flatMap((item) => {
        const key = item[tableKey]?.S ?? ''
        const id = idOf(key, this.#configuration)
        const times = timesOf(item)
        if (id === undefined || hasExpired(times, this.#configuration, this.#now())) return []
        return [{ id, handle: handleOf(key), ...times }]
      })
    }
  }

  /** The item of a session id; undefined when there is none. */
  async byId(id: string): Promise<Item | undefined> {
    return await this.#items.byKey.get(keyOf(id, this.#configuration))
  }

  /**
   * The item that a hash, a handle or a stored key names. For a hash and a handle, reads the keys of the whole table.
   *
   * @throws {ConfigurationError} for any other text, which may be a session id
   */
  async byName(name: string, onRead?: OnRead): Promise<Item | undefined> {
    if (hashIn(name) !== undefined && isOwnKey(name, this.#configuration)) return await this.#items.byKey.get(name)
    if (!isHash(name) && !isHandle(name)) {
      const text =
        'must be a hash, a handle or a stored key, as npx dynamo-session list prints them; give a session id on ' +
        'standard input, because arguments stay in the history of the shell'
      throw new ConfigurationError([{ place: 'session', text }])
    }
    const { tableKey } = this.#configuration
    const pages = this.#items.scan([tableKey], { consistent: false, withoutData: true, forwarders: true })
    for await (const items of pages) {
      onRead?.(items.length)
      const keys = items.flatMap((item) => item[tableKey]?.S ?? [])
      const key = keys.find((stored) => this.#hashOf(stored) === name || handleOf(stored) === name)
      if (key !== undefined) return await this.#items.byKey.get(key)
    }
    return undefined
  }

  /** What is stored, without the data. */
  inspected(item: Item): InspectedSession {
    const key = this.#keyIn(item)
    const { createdAt, lastSeenAt, expiresAt } = factsOf(key, item, this.#configuration)
    const successor = successorOf(item)
    const isExpired = hasExpired(timesOf(item), this.#configuration, this.#now())
    return {
      session: this.#hashOf(key),
      handle: handleOf(key),
      key: hashIn(key) === undefined ? undefined : key,
      state: successor === undefined ? (isExpired ? 'expired' : 'live') : 'moved',
      successor: successor && this.#hashOf(successor),
      createdAt,
      updatedAt: lastSeenAt,
      expiresAt,
      lock: this.#lockOf(item),
      size: sizeOf(item),
      attributes: Object.entries(item).map(([name, value]) => {
        return { name, type: Object.keys(value)[0] ?? '', bytes: sizeOf({ [name]: value }) }
      }),
    }
  }

  /**
   * The data, decrypted if it is encrypted.
   *
   * @throws {EncryptionKeyError} when the key of the data is unknown
   */
  async dataOf(item: Item): Promise<ExportedSession> {
    assertSecretsReadable(this.#configuration, ['encryptionKeys'])
    await loadKeys(this.#configuration)
    return exported(this.#keyIn(item), item, this.#configuration)
  }

  #keyIn(item: Item): string {
    return item[this.#configuration.tableKey]?.S ?? ''
  }

  /** The same hash for a stored key as for its session id, without `key_prefix`. */
  #hashOf(key: string): string {
    return hashSessionId(idOf(key, this.#configuration) ?? key)
  }

  #lockOf({ locked_at }: Item): InspectedSession['lock'] {
    if (!locked_at) return undefined
    const since = milliseconds(locked_at.S ?? locked_at.N)
    const end = (since ?? Number.POSITIVE_INFINITY) + this.#configuration.lockExpiryTime + CLOCK_DIFFERENCE
    return { since: since === undefined ? undefined : new Date(since), isHeld: this.#now() <= end }
  }
}

/** 16 hex digits, as logs have them. */
function isHash(name: string): boolean {
  return /^[0-9a-f]{16}$/.test(name)
}

function isHandle(name: string): boolean {
  return /^\w{43}$/.test(name)
}
