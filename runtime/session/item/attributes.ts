/** What the lists below need to know about an attribute. */
interface Facts {
  /** The attribute is a time. Every write of a session changes at least one of its times. */
  readonly isTime: boolean
  /** A list of all sessions reads the attribute. */
  readonly isListed: boolean
}

/**
 * THE list of the attributes of a session's item, except its key and the attributes of `index_keys`. All other lists of
 * attributes are made from this list, or their types are. docs/design/wire-format.md describes the formats.
 *
 * This module imports nothing, so every module may import it.
 */
const ATTRIBUTES = {
  /** The session data: JSON as text, or compressed as bytes. */
  data: { isTime: false, isListed: true },
  /** When the session was created. */
  created_at: { isTime: true, isListed: true },
  /** When the session was last written. A save expects the value that its request loaded. */
  updated_at: { isTime: true, isListed: true },
  /** When the session expires, for DynamoDB's Time to Live. Absent if the session never expires. */
  expire_at: { isTime: true, isListed: true },
  /**
   * When a request locked the session. The text is also the token of the lock. Absent while the session is not locked.
   */
  locked_at: { isTime: true, isListed: false },
  /** JSON of the cookie's settings. Absent if the writer stores none. */
  cookie: { isTime: false, isListed: true },
  /** JSON of what the option `describe` returned, at the creation or at the last change of id. */
  client: { isTime: false, isListed: false },
  /** The stored key to which the session moved. An item with this attribute is a forwarder, not a session. */
  successor: { isTime: false, isListed: false },
  /** Tokens of the last saves, the newest first. */
  saves: { isTime: false, isListed: false },
} as const satisfies Readonly<Record<string, Facts>>

export type AttributeName = keyof typeof ATTRIBUTES

/** All attributes. None of them can be the table's key or one of `index_keys`. */
export const ATTRIBUTE_NAMES = Object.keys(ATTRIBUTES) as readonly AttributeName[]

/** The times. `clean` compares them, because every write of a session changes one of them. */
export const TIMES = ATTRIBUTE_NAMES.filter((name) => ATTRIBUTES[name].isTime)

/** The attributes that a list of all sessions reads. */
export const LISTED = ATTRIBUTE_NAMES.filter((name) => ATTRIBUTES[name].isListed)

/** The attribute that DynamoDB's Time to Live uses. */
export const TTL_ATTRIBUTE: AttributeName = 'expire_at'

/** Whether the attribute is in this list. The key, `index_keys` and attributes of other programs are not. */
export function isOfSessions(name: string): name is AttributeName {
  return Object.hasOwn(ATTRIBUTES, name)
}
