import { type SessionData, serialize } from '../../session/item/serialize.js'
import type { RequestSession } from './request-session.js'

/**
 * The data that the application can see. A framework's session object can't carry a key that the object or its prototype
 * uses. Such a key must not look like a key that the application deleted, so the base of the session changes too.
 *
 * @param isCarried whether the framework's object carries the key as data
 */
export function visibleData(session: RequestSession, isCarried: (key: string) => boolean): SessionData {
  const entries = Object.entries(session.record?.data ?? {})
  const carried = entries.filter(([key]) => isCarried(key))
  const data = Object.fromEntries(carried)
  if (carried.length < entries.length) session.rebase(serialize(data))
  return data
}
