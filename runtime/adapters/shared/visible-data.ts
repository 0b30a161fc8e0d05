import { type SessionData, serialize } from '../../session/item/serialize.js'
import type { RequestSession } from './request-session.js'

/**
 * The data that the application can see. A framework's session object can't carry a key that the object or its prototype
 * uses. Such a key must not look like a key that the application deleted, so the base of the session changes too.
 *
 * @param isCarried whether the framework's object carries the key as data
 * @returns the record's own data if the object carries all keys; callers must not change it
 */
export function visibleData(session: RequestSession, isCarried: (key: string) => boolean): SessionData {
  const all = session.record?.data ?? {}
  if (Object.keys(all).every((key) => isCarried(key))) return all
  const data = Object.fromEntries(Object.entries(all).filter(([key]) => isCarried(key)))
  session.rebase(serialize(data))
  return data
}
