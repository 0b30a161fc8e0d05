import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../../configuration/resolve.js'
import { SessionDataError } from '../../errors.js'
import { isOfSessions } from './attributes.js'
import { deepestFor, isDeeperThan } from './depth.js'
import type { Times } from './expiry.js'
import { indexAttributes } from './index-attributes.js'
import { keyringOf } from './keyring.js'
import { savesIn } from './saves.js'
import type { SessionData } from './serialize.js'
import { hashSessionId } from './session-id.js'
import { type KeyMaking, keyOf } from './session-key.js'
import { type DataReading, PLAIN, type ReadData, readData } from './stored-data.js'

export type Item = Record<string, AttributeValue>

/** Attributes with their values, or `undefined` for those that are absent. A write removes these. */
export type Changes = Readonly<Record<string, AttributeValue | undefined>>

/** A session as the repository sees it. */
export interface SessionRecord extends Times {
  /** The session id. If only the item is known, with `hash_session_ids`: the stored key. */
  readonly id: string
  /** The data, made anew from its text: the caller may change it. */
  readonly data: SessionData
  /** JSON of the stored data, also where the item holds it compressed or in Ruby's Marshal format. */
  readonly json: string
  /**
   * JSON of the data that the application got. Changes of the application are measured against it. It differs from
   * `json` after a save that was merged, and if the framework's session object can't carry a key.
   */
  readonly base: string
  /** `updated_at` as it was found, of whatever type: the version that an optimistic save expects. */
  readonly version: AttributeValue | undefined
  /** JSON of the cookie's settings, where the writer stored them. */
  readonly cookie: string | undefined
  /** The stored attribute `client`: see client.ts. */
  readonly client: AttributeValue | undefined
  /** The lock's token while this request holds the lock. */
  readonly token: string | undefined
  /** Tokens of the last saves, the newest first: see saves.ts. */
  readonly saves: readonly string[]
  /**
   * Corrections for the next write; undefined when there are none. An attribute of `index_keys` may not match the data:
   * the session is older than the option, or its last writer does not know the option. `data` may be missing.
   */
  readonly outdated: Changes | undefined
  /**
   * Whether the next write sends the data again even if it is unchanged, because the first key did not encrypt it. A
   * change of keys causes no writes of its own.
   */
  readonly isSealedAnew: boolean
}

/** JSON of a session without data. */
const EMPTY = '{}'

/** The options that decide how an item is read. */
type Reading = Pick<Configuration, 'sessionIdDigest'> &
  Partial<Pick<Configuration, 'indexKeys'>> &
  KeyMaking &
  DataReading

/**
 * Reads an item (docs/design/wire-format.md). Times may be missing or of another type. Two kinds of items are
 * empty sessions, because the Ruby gem leaves them behind: items with the text `null` as data, and items without data
 * that have only attributes of sessions.
 *
 * @param token the lock's token, if the item was read by locking it
 * @throws {SessionDataError} when `data` is not the JSON text of an object, compressed or not, or is nested too deeply.
 *   With `serializer: json_allow_marshal` `data` may also be Marshal. With encryption keys, `data` is encrypted.
 * @throws {EncryptionKeyError} when the key of encrypted data is unknown
 */
export function recordOf(id: string, item: Changes, configuration: Reading, token?: string): SessionRecord {
  const { updated_at: version, cookie, client, saves } = item
  const read = dataOf(item, () => keyOf(id, configuration), configuration)
  if ('problem' in read) throw unusable(id, read.problem)
  const json = /^\s*null\s*$/.test(read.text) ? EMPTY : read.text
  const parsed = parseData(id, json, deepestFor(configuration))
  return {
    id,
    json,
    base: json,
    data: parsed,
    ...timesOf(item),
    version,
    cookie: cookie?.S,
    client,
    token,
    saves: savesIn(saves),
    outdated: outdatedIn(item, parsed, configuration),
    isSealedAnew: read.isOutdated,
  }
}

/** The record of a session that was just stored. */
export function storedRecord(id: string, json: string, stored: Changes): SessionRecord {
  return {
    id,
    json,
    base: json,
    data: JSON.parse(json),
    ...timesOf(stored),
    version: stored.updated_at,
    cookie: stored.cookie?.S,
    client: stored.client,
    token: undefined,
    saves: savesIn(stored.saves),
    outdated: undefined,
    isSealedAnew: false,
  }
}

/**
 * The data of an item as JSON, or why it can't be read.
 *
 * @param key gives the stored key, which encrypted data needs
 * @throws {EncryptionKeyError} when the key of encrypted data is unknown
 */
export function dataOf(item: Changes, key: () => string, configuration: Reading): ReadData {
  if (item.data) return readData(item.data, key, configuration)
  if (isForeign(item)) return { problem: "is missing, and it has attributes that are not a session's" }
  return missingData(configuration)
}

/** An item without data is an empty session of the Ruby gem. It is not encrypted. */
function missingData(configuration: Reading): ReadData {
  if (!keyringOf(configuration)) return { text: EMPTY, isOutdated: false }
  return configuration.acceptPlainData ? { text: EMPTY, isOutdated: true } : { problem: PLAIN }
}

/** Like {@link recordOf}, but the result is undefined for an item that is no session. */
export function recordIfSession(id: string, item: Changes, configuration: Reading): SessionRecord | undefined {
  try {
    return recordOf(id, item, configuration)
  } catch (error) {
    if (error instanceof SessionDataError) return undefined
    throw error
  }
}

/** Whether the item has more attributes than its key and those of sessions. */
function isForeign(item: Changes): boolean {
  return Object.keys(item).filter((name) => !isOfSessions(name)).length > 1
}

function outdatedIn(item: Changes, data: SessionData, configuration: Reading): Changes | undefined {
  const { indexKeys = [] } = configuration
  if (item.data && indexKeys.length === 0) return undefined
  const wanted = {
    ...indexAttributes(data, indexKeys, keyringOf(configuration)),
    ...(!item.data && { data: { S: EMPTY } }),
  }
  const stored = (name: string) => (Object.hasOwn(item, name) ? item[name]?.S : undefined)
  const wrong = Object.entries(wanted).filter(([name, value]) => value?.S !== stored(name))
  return wrong.length > 0 ? Object.fromEntries(wrong) : undefined
}

/**
 * The stored key to which a forwarder leads; undefined for an item that is not a forwarder. An item with `successor` is
 * no session, even if it has other attributes of a session. A value that is not text leads nowhere.
 */
export function successorOf(item: Item | undefined): string | undefined {
  return item?.successor && (item.successor.S ?? '')
}

/** The times of an item, which may also be no session. */
export function timesOf(item: Changes): Times {
  return {
    createdAt: textOf(item.created_at),
    updatedAt: textOf(item.updated_at),
    expireAt: item.expire_at?.N === undefined ? undefined : Number(item.expire_at.N),
  }
}

function parseData(id: string, json: string, deepest: number): SessionData {
  if (isDeeperThan(deepest, json)) throw unusable(id, `has more than ${deepest} levels of nested objects and lists`)
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch {
    throw unusable(id, 'is not JSON')
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw unusable(id, 'is not a JSON object')
  return data as SessionData
}

/** A time as text. The Ruby gem also reads times of type N. */
function textOf(value: AttributeValue | undefined): string | undefined {
  return value?.S ?? value?.N
}

function unusable(id: string, what: string): SessionDataError {
  return new SessionDataError(
    `The stored session ${hashSessionId(id)} can't be read: its attribute "data" ${what}. It counts as no session.`,
  )
}
