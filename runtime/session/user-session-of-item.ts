import type { ClientDescription } from '../configuration/options.js'
import type { Configuration } from '../configuration/resolve.js'
import { clientIn, unpackClient } from './item/client.js'
import { endOf } from './item/expiry.js'
import { handleOf } from './item/handle.js'
import { dataOf, type Item, timesOf } from './item/session-record.js'
import { milliseconds } from './item/timestamp.js'
import type { ExportedSession, SessionFacts, UserSession } from './user-session.js'

/** A session for the list of its user. */
export function shown<Client extends object>(
  partitionKey: string,
  item: Item,
  configuration: Configuration,
  current: boolean,
): UserSession<Client> {
  const client = clientOf(partitionKey, item, configuration)
  return { ...client, ...factsOf(partitionKey, item, configuration), current } as UserSession<Client>
}

/**
 * A session for an export.
 *
 * @throws {EncryptionKeyError} when the key of the data is unknown
 */
export function exported(partitionKey: string, item: Item, configuration: Configuration): ExportedSession {
  const read = dataOf(item, () => partitionKey, configuration)
  return {
    ...factsOf(partitionKey, item, configuration),
    // The Ruby gem writes `null` for an empty session.
    data: 'text' in read ? objectIn(read.text.trim() === 'null' ? '{}' : read.text) : undefined,
    cookie: objectIn(item.cookie?.S),
    client: clientOf(partitionKey, item, configuration),
  }
}

function clientOf(partitionKey: string, { client }: Item, configuration: Configuration): ClientDescription {
  return clientIn(unpackClient(client, () => partitionKey, configuration))
}

/** The times and the handle of an item, which may also be no session. */
export function factsOf(partitionKey: string, item: Item, configuration: Configuration): SessionFacts {
  const times = timesOf(item)
  return {
    handle: handleOf(partitionKey),
    createdAt: dateOf(milliseconds(times.createdAt)),
    lastSeenAt: dateOf(milliseconds(times.updatedAt)),
    expiresAt: dateOf(endOf(times, configuration)),
  }
}

/** Undefined for a time that no Date can have, such as infinity. */
function dateOf(time: number | undefined): Date | undefined {
  const date = new Date(time ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}

function objectIn(json: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json ?? 'null')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
