import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { SessionDataError } from '../errors.js'
import type { Times } from './expiry.js'
import { hashSessionId } from './session-id.js'

export type Item = Record<string, AttributeValue>
export type SessionData = Record<string, unknown>

/** A session as the repository sees it. */
export interface SessionRecord extends Times {
  readonly id: string
  readonly data: SessionData
  /** The text of `data` as it is stored. */
  readonly json: string
  /** JSON of the cookie's settings, where the writer stored them. */
  readonly cookie: string | undefined
}

/**
 * Reads an item (docs/architecture.md, wire format). Times may be missing or of another type; `data` may not.
 *
 * @throws {SessionDataError} when `data` is not the JSON text of an object
 */
export function recordOf(id: string, item: Item): SessionRecord {
  const json = item.data?.S
  if (json === undefined) throw unusable(id, item.data ? `is of type ${Object.keys(item.data)[0]}` : 'is missing')
  return {
    id,
    json,
    data: parseData(id, json),
    createdAt: textOf(item.created_at),
    updatedAt: textOf(item.updated_at),
    expireAt: item.expire_at?.N === undefined ? undefined : Number(item.expire_at.N),
    cookie: item.cookie?.S,
  }
}

function parseData(id: string, json: string): SessionData {
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

/**
 * The JSON text of session data.
 *
 * @throws {SessionDataError} for what JSON can't hold: BigInt, cycles
 */
export function serialize(data: SessionData): string {
  try {
    return JSON.stringify(data)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new SessionDataError(`The session can't be written as JSON: ${reason}`, { cause })
  }
}

/** DynamoDB's limit for an item, names and values together: "Service, account, and table quotas", 400 KB. */
export const ITEM_LIMIT = 400 * 1024
