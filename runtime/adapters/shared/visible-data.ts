import { type SessionData, serialize } from '../../session/item/serialize.js'
import type { SessionRecord } from '../../session/item/session-record.js'

/**
 * JSON of the data that the application can see, after a framework made a session object of a record. A framework's
 * object can't carry a key that the object or its prototype uses. A missing key must not look as if the application had
 * deleted it.
 *
 * @param own keys of the object that are the framework's and not data
 * @returns undefined when the application can see all data
 */
export function visibleBase(record: SessionRecord, session: object, own: readonly string[] = []): string | undefined {
  const isCarried = (key: string) => !own.includes(key) && Object.prototype.propertyIsEnumerable.call(session, key)
  if (Object.keys(record.data).every(isCarried)) return undefined
  const visible = Object.entries(session).filter(([key]) => !own.includes(key))
  return serialize(Object.fromEntries(visible) as SessionData)
}
