import { type SessionData, serialize } from '../../session/item/serialize.js'
import type { SessionRecord } from '../../session/item/session-record.js'

/**
 * JSON of what the application was given, after a framework made a session object of a record; undefined when that is
 * all that is stored. What is stored under a name that the object itself or its prototype uses stays out of it, and
 * must not look as if the application had deleted it.
 *
 * @param own keys of the object that are the framework's and not data
 */
export function visibleBase(record: SessionRecord, session: object, own: readonly string[] = []): string | undefined {
  const isCarried = (key: string) => !own.includes(key) && Object.prototype.propertyIsEnumerable.call(session, key)
  if (Object.keys(record.data).every(isCarried)) return undefined
  const given = Object.entries(session).filter(([key]) => !own.includes(key))
  return serialize(Object.fromEntries(given) as SessionData)
}
