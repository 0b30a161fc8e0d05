import { createHmac, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../../../runtime/session/item/session-record.js'
import { floatText, plainValue, type RubyHash, rubyGenerate, rubyParse, rubyValue } from './json.js'

/** The gem finds sessions by their ids. */
export const GEM_KEYS = { hashSessionIds: false } as const

/** The gem's options, with its units and defaults. */
export interface GemOptions {
  readonly tableName: string
  readonly secretKey: string
  /** Seconds. */
  readonly maxStale?: number
  readonly enableLocking?: boolean
  /** Milliseconds. */
  readonly lockExpiryTime?: number
  readonly lockRetryDelay?: number
  /** Seconds. */
  readonly lockMaxWaitTime?: number
}

/** The session in the hands of a Ruby application. */
export interface GemSession {
  get(key: string): unknown
  set(key: string, value: unknown): void
  delete(key: string): void
  clear(): void
  /** `session.destroy`: the item goes at once. */
  destroy(): Promise<void>
  /** `session.options[:renew] = true`: the content goes on under a new id. */
  renew(): void
  /** The content, as it was loaded and changed. */
  all(): Record<string, unknown>
}

export interface GemAnswer {
  /** The value of `Set-Cookie: rack.session=…`, when there was one. */
  readonly setCookie: string | undefined
}

type Updates = NonNullable<UpdateItemCommandInput['AttributeUpdates']>

/**
 * A Rack application on the Ruby gem aws-sessionstore-dynamodb 4.0.0, JSON serializer, `raise_errors: false`: the same
 * requests, conditions, texts and faults, after what was measured of the gem itself. Labels (B1, D5 …) are those of
 * the measurements. There is no Ruby where the tests run. Failed requests are thrown, as the gem throws failed conditions.
 */
export class RubyGem {
  readonly #client: DynamoDBClient
  readonly #options: Required<Omit<GemOptions, 'maxStale'>> & Pick<GemOptions, 'maxStale'>

  constructor(client: DynamoDBClient, options: GemOptions) {
    this.#client = client
    const defaults = { enableLocking: false, lockExpiryTime: 500, lockRetryDelay: 500, lockMaxWaitTime: 1 }
    this.#options = { ...defaults, ...options }
  }

  /** What the gem makes of a sid, of whatever form: HMAC-MD5 in hex, two dashes, the sid. */
  sign(sid: string): string {
    return `${createHmac('md5', this.#options.secretKey).update(sid).digest('hex')}--${sid}`
  }

  /** Only the first two parts of what is split at `--` are looked at (A15, A16). */
  verifies(cookie: string): boolean {
    const [, sid] = cookie.split('--')
    return sid !== undefined && this.sign(sid) === cookie.split('--').slice(0, 2).join('--')
  }

  /**
   * One request of a browser to an application that loads the session, and does with it what it does.
   *
   * @param cookie the value of the cookie rack.session, as it stands in the header
   * @throws what the gem lets out of its middleware
   */
  async request(
    cookie: string | undefined,
    app: (session: GemSession) => unknown = () => undefined,
  ): Promise<GemAnswer> {
    const given = cookie === undefined ? undefined : decodeURIComponent(cookie) // A19
    const state: State = { id: given && this.verifies(given) ? given : undefined, hash: new Map(), over: false }
    if (state.id !== undefined) await this.#load(state, state.id) // else empty, and no request (A5 to A10)
    const before = state.id
    await app(this.#sessionOf(state)) // when it raises, a lock stays (D10)
    const saved = !state.over && (await this.#save(state))
    return { setCookie: saved && state.id !== before ? state.id : undefined }
  }

  #sessionOf(state: State): GemSession {
    const { hash } = state
    return {
      get: (key) => plainValue(hash.get(key)),
      set: (key, value) => void hash.set(key, rubyValue(value)),
      delete: (key) => void hash.delete(key),
      clear: () => hash.clear(),
      destroy: async () => {
        state.over = true // I1: no Set-Cookie, the browser keeps the id
        if (state.id !== undefined) await this.#delete(state.id)
      },
      renew: () => {
        state.renewed = true
      },
      all: () => plainValue(hash) as Record<string, unknown>,
    }
  }

  async #load(state: State, id: string): Promise<void> {
    const item = this.#options.enableLocking ? await this.#lock(id) : await this.#read(id, 'data')
    if (this.#options.enableLocking) state.lock = item?.locked_at?.S
    else state.initial = item?.data?.S // with a lock, data counts as changed always (d)
    if (item !== undefined) state.hash = hashOf(item) // else accepted, empty, the id kept (A13)
  }

  /** The request that locks is also the one that reads, and makes an item where there is none (d, D5). */
  async #lock(id: string): Promise<Item> {
    const { lockExpiryTime, lockRetryDelay, lockMaxWaitTime } = this.#options
    const end = now() + lockMaxWaitTime
    let expires: number | undefined
    for (;;) {
      if (now() > end) throw new Error('LockWaitTimeoutError of the gem') // D6
      const locked = await this.#putLock(id, { locked_at: { Exists: false } }).catch(unlessRefused)
      if (locked) return locked
      expires ??= await this.#lockExpiry(id, lockExpiryTime) // read once, and kept (D9)
      if (expires === undefined) continue // a busy loop (D16, NULL)
      if (expires < now()) return this.#putLock(id, undefined) // expects nothing (D8)
      await sleep(lockRetryDelay)
    }
  }

  async #putLock(id: string, Expected: UpdateItemCommandInput['Expected']): Promise<Item> {
    const AttributeUpdates = { locked_at: put(floatText(now())) }
    const { Attributes = {} } = await this.#client.send(
      new UpdateItemCommand({ ...this.#key(id), AttributeUpdates, Expected, ReturnValues: 'ALL_NEW' }),
    )
    return Attributes
  }

  /** Leading digits are epoch seconds, any other text is 0 (D16). */
  async #lockExpiry(id: string, lockExpiryTime: number): Promise<number | undefined> {
    const item = await this.#read(id, 'locked_at')
    if (item === undefined) throw new TypeError('NoMethodError of the gem: nil has no locked_at') // D15
    const { locked_at } = item
    const text = locked_at?.S ?? locked_at?.N
    return text === undefined ? undefined : (Number.parseFloat(text) || 0) + lockExpiryTime / 1000
  }

  async #save(state: State): Promise<boolean> {
    for (const [key, value] of state.hash) if (value === null) state.hash.delete(key) // B6
    if (state.hash.size === 0) return false // B7, B8: nothing is written, the old data stays
    const isNew = state.id === undefined
    if (state.renewed && state.id !== undefined) {
      await this.#delete(state.id)
      state.id = undefined
    }
    state.id ??= this.sign(randomBytes(32).toString('hex'))
    const json = rubyGenerate(state.hash)
    const AttributeUpdates: Updates = {
      ...(json !== state.initial && { data: put(json) }), // also where there is no item any more (G28, I3)
      ...(isNew && { created_at: put(floatText(now())) }),
      updated_at: put(floatText(now())),
      expire_at: { Action: 'PUT', Value: { N: String(Math.floor(now() + (this.#options.maxStale ?? 0))) } },
      ...(state.lock !== undefined && { locked_at: { Action: 'DELETE' } }),
    }
    const Expected = state.lock === undefined ? undefined : { locked_at: { Value: { S: state.lock }, Exists: true } }
    await this.#client.send(
      new UpdateItemCommand({ ...this.#key(state.id), AttributeUpdates, Expected, ReturnValues: 'UPDATED_NEW' }),
    )
    return true
  }

  async #read(id: string, attribute: string): Promise<Item | undefined> {
    const command = new GetItemCommand({ ...this.#key(id), AttributesToGet: [attribute], ConsistentRead: true })
    return (await this.#client.send(command)).Item
  }

  async #delete(id: string): Promise<void> {
    await this.#client.send(new DeleteItemCommand(this.#key(id)))
  }

  #key(id: string) {
    return { TableName: this.#options.tableName, Key: { session_id: { S: id } } }
  }
}

/** A session from its loading to its saving. */
interface State {
  /** The whole value of the cookie, which is the key; undefined for a new session. */
  id: string | undefined
  hash: RubyHash
  /** The text of the data as it was read, without locking. */
  initial?: string | undefined
  /** Our own locked_at. */
  lock?: string | undefined
  renewed?: boolean
  over: boolean
}

/** Seconds. */
function now(): number {
  return (performance.timeOrigin + performance.now()) / 1000
}

function put(text: string) {
  return { Action: 'PUT' as const, Value: { S: text } }
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof ConditionalCheckFailedException)) throw error
}

/** Anything but the text of an object, or of null, raises (G10 to G23, D5). */
function hashOf(item: Item): RubyHash {
  if (item.data?.S === undefined) throw new TypeError('TypeError of the gem: data is no String')
  const value = rubyParse(item.data.S)
  if (value === null) return new Map() // G14
  if (!(value instanceof Map)) throw new TypeError('TypeError of the gem: data is no Hash')
  return value
}
