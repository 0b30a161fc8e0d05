import { type SessionData, serialize } from '../../session/item/serialize.js'
import type { SessionRecord } from '../../session/item/session-record.js'

/**
 * JSON of the data that the application can see, after a framework made a session object from a record. A framework's
 * object can't carry a key that the object or its prototype uses. Such a key must not look like a key that the
 * application deleted.
 *
 * @param own keys of the object that belong to the framework, and are not data
 * @returns undefined if the application can see all data
 */
export function visibleBase(record: SessionRecord, session: object, own: readonly string[] = []): string | undefined {
  const isCarried = (key: string) => !own.includes(key) && Object.prototype.propertyIsEnumerable.call(session, key)
  if (Object.keys(record.data).every(isCarried)) return undefined
  const visible = Object.entries(session).filter(([key]) => !own.includes(key))
  return serialize(Object.fromEntries(visible) as SessionData)
}
