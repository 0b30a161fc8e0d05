/** Two requests changed the same keys of a session at the same time, and the later save won. */
export interface SessionConflict {
  /** The top-level keys of the data that both requests changed. The values of the later save are stored. */
  readonly keys: readonly string[]
  /** First 16 hex digits of the id's SHA-256, as in error messages. It names the session without revealing the id. */
  readonly sessionIdHash: string
}

/** The argument of the events about one session. */
export interface SessionChange {
  /** First 16 hex digits of the id's SHA-256, like in error messages. It names the session without revealing the id. */
  readonly sessionIdHash: string
  /** The hash of the former id. Only `update` has it, and only if the session got another id. */
  readonly previousSessionIdHash?: string
}

/** The events of stores and storages, with the arguments of their listeners. */
export interface SessionEvents {
  /** A new session was stored. */
  create: [SessionChange]
  /** A session was stored with changed data, or under another id. */
  update: [SessionChange]
  /** An unchanged session was extended in the table. Within `touch_interval` nothing is written. */
  touch: [SessionChange]
  /** The application deleted a session, for example at a logout. Emitted also if there was no such session. */
  destroy: [SessionChange]
  /** A request came with the id of a session that has expired. */
  expired: [SessionChange]
  /** A save overwrote another request's change of the same keys. */
  conflict: [SessionConflict]
}
