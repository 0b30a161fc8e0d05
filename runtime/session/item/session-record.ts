import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../../configuration/resolve.js'
import { SessionDataError } from '../../errors.js'
import { unpackData } from './compression.js'
import { deepestFor, isDeeperThan } from './depth.js'
import type { Times } from './expiry.js'
import { savesIn } from './saves.js'
import type { SessionData } from './serialize.js'
import { hashSessionId } from './session-id.js'

export type Item = Record<string, AttributeValue>

/** A session as the repository sees it. */
export interface SessionRecord extends Times {
  readonly id: string
  /** The data, made anew from its text: whoever gets it may change it. */
  readonly data: SessionData
  /** The text of the data as it is stored, compressed or not, as far as we know; of Marshal, its JSON. */
  readonly json: string
  /**
   * JSON of what the application was given, which its changes are measured against. It differs from `json` where the
   * framework's session object can't carry a key, and after a save that was merged with those of others.
   */
  readonly base: string
  /** `updated_at` exactly as it was found, of whatever type: the version that an optimistic save expects. */
  readonly version: AttributeValue | undefined
  /** JSON of the cookie's settings, where the writer stored them. */
  readonly cookie: string | undefined
  /** The lock's token while this request holds the lock. */
  readonly token: string | undefined
  /** Tokens of the last saves, the newest first: see saves.ts. */
  readonly saves: readonly string[]
  /** Nothing is stored as data: whatever is written to the item next must bring it. */
  readonly dataMissing: boolean
  /** The attributes of the item besides, among them those by which sessions are found (`index_keys`). */
  readonly others: Item
}

/** What a session without data amounts to. */
const EMPTY = '{}'

/** What decides how an item is read. */
type Reading = Pick<Configuration, 'sessionIdDigest'> & Partial<Pick<Configuration, 'serializer'>>

/**
 * Reads an item (docs/design/wire-format.md). Times may be missing or of another type. The text `null`, and no
 * data where nothing else is but the key and what sessions have, are an empty session: the Ruby gem leaves such items
 * behind, and can't read those without data itself.
 *
 * @param token the lock's token, if the item was read by locking it
 * @throws {SessionDataError} when `data` is not the JSON text of an object, compressed or not, or is nested too deeply.
 *   With `serializer: json_allow_marshal` `data` may also be Marshal.
 */
export function recordOf(id: string, item: Item, configuration: Reading, token?: string): SessionRecord {
  const { data, created_at: _, updated_at: version, expire_at: __, cookie, locked_at: ___, saves, ...others } = item
  const isForeign = data === undefined && Object.keys(others).length > 1
  if (isForeign) throw unusable(id, "is missing, and it has attributes that are not a session's")
  const unpacked = data ? unpackData(data, configuration.serializer) : { text: EMPTY }
  if ('problem' in unpacked) throw unusable(id, unpacked.problem)
  const json = /^\s*null\s*$/.test(unpacked.text) ? EMPTY : unpacked.text
  return {
    id,
    json,
    base: json,
    data: parseData(id, json, deepestFor(configuration)),
    ...timesOf(item),
    version,
    cookie: cookie?.S,
    token,
    saves: savesIn(saves),
    dataMissing: data === undefined,
    others,
  }
}

/**
 * The stored key of the item to which the session moved when it got another id; undefined for any item that is not a
 * forwarder. An item with this attribute is no session, whatever else is in it. A value that is not text leads nowhere.
 */
export function successorOf(item: Item | undefined): string | undefined {
  return item?.successor && (item.successor.S ?? '')
}

/** The times of an item, of whatever it is otherwise. */
export function timesOf(item: Item): Times {
  return {
    createdAt: textOf(item.created_at),
    updatedAt: textOf(item.updated_at),
    expireAt: item.expire_at?.N === undefined ? undefined : Number(item.expire_at.N),
  }
}

/** The attributes that are there. */
export function present(attributes: Readonly<Record<string, AttributeValue | undefined>>): Item {
  return Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
  )
}

function parseData(id: string, json: string, deepest: number): SessionData {
  if (isDeeperThan(deepest, json)) throw unusable(id, `has more than ${deepest} levels inside each other`)
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch {
    throw unusable(id, 'is not JSON')
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw unusable(id, 'is not a JSON object')
  return data as SessionData
}

/** The Ruby gem reads numbers as times as well. */
function textOf(value: AttributeValue | undefined): string | undefined {
  return value?.S ?? value?.N
}

function unusable(id: string, what: string): SessionDataError {
  return new SessionDataError(
    `The stored session ${hashSessionId(id)} can't be read: its attribute "data" ${what}. It counts as no session.`,
  )
}
