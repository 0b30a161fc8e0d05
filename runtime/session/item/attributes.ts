/** What the lists of attributes need to know of one attribute. */
interface Facts {
  /** It is a time. Every write of a session changes at least one of its times. */
  readonly isTime: boolean
  /** A list of all sessions needs it. */
  readonly isListed: boolean
}

/**
 * THE list of what the item of a session holds, beside its key and the attributes by which sessions are found
 * (`index_keys`). Other lists of attributes derive from it or have a type of it. docs/design/wire-format.md describes the
 * formats.
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
  /** When the session expires, for DynamoDB's Time to Live. Absent where nothing ends the session. */
  expire_at: { isTime: true, isListed: true },
  /** When a request locked the session, and the token of this lock. Absent while the session is not locked. */
  locked_at: { isTime: true, isListed: false },
  /** JSON of the cookie's settings. Absent where the writer has none. */
  cookie: { isTime: false, isListed: true },
  /** The key under which the session went on. An item with this attribute is a forwarder and no session. */
  successor: { isTime: false, isListed: false },
  /** Tokens of the last saves, the newest first. */
  saves: { isTime: false, isListed: false },
} as const satisfies Readonly<Record<string, Facts>>

export type AttributeName = keyof typeof ATTRIBUTES

/** All attributes. None of them can be the table's key or one of `index_keys`. */
export const ATTRIBUTE_NAMES = Object.keys(ATTRIBUTES) as readonly AttributeName[]

/** What `clean` compares, because every write of a session changes one of them. */
export const TIMES = ATTRIBUTE_NAMES.filter((name) => ATTRIBUTES[name].isTime)

/** What a list of all sessions reads. */
export const LISTED = ATTRIBUTE_NAMES.filter((name) => ATTRIBUTES[name].isListed)

/** The attribute that DynamoDB's Time to Live goes by. */
export const TTL_ATTRIBUTE: AttributeName = 'expire_at'

/** Whether the attribute is in this list. It is not the key, one of `index_keys`, or one of another program. */
export function isOfSessions(name: string): name is AttributeName {
  return Object.hasOwn(ATTRIBUTES, name)
}
