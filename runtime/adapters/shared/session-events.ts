/** Two requests changed the same keys of a session at the same time, and the later save won. */
export interface SessionConflict {
  /** The top-level keys of the data that both requests changed. The values of the later save are stored. */
  readonly keys: readonly string[]
  /** First 16 hex digits of the id's SHA-256, as in error messages. It names the session without revealing the id. */
  readonly sessionIdHash: string
}

/** The events of stores and storages, with the arguments of their listeners. */
export interface SessionEvents {
  conflict: [SessionConflict]
}
