/** What the clients of a run were told, what was done to the servers meanwhile, and what the table held at the end. */
export interface History {
  readonly settings: HistorySettings
  readonly operations: readonly Operation[]
  /** Times in which a server process stood still. */
  readonly pauses: readonly Pause[]
  readonly cleanings: readonly Cleaning[]
  /** Saves that said that they won over another request's change of the same keys. */
  readonly conflicts: readonly ConflictNotice[]
  readonly table: readonly StoredItem[]
  /** When the table was read. */
  readonly end: number
}

/** Milliseconds. */
export interface HistorySettings {
  readonly maxStale: number
  readonly maxAge: number
}

export type Locking = 'none' | 'optimistic' | 'pessimistic'

export type Kind =
  /** Begins a session. */
  | 'login'
  | 'read'
  /** Sets a key that no other request sets. */
  | 'set'
  /** Adds one to a counter. */
  | 'increment'
  /** Sets the one key that many requests set. */
  | 'write'
  /** Gives the session another id, and deletes the one under the old id. */
  | 'regenerate'
  /** Ends a session and begins another, as `regenerate()` of Express and Fastify does. */
  | 'restart'
  | 'logout'

/** A request of a client. Times are milliseconds since the beginning of the run, of a clock that is always right. */
export interface Operation {
  readonly id: number
  /** The user; the sessions of the user carry the name. */
  readonly client: string
  /** Adapter, locking: a session is served by one group only. */
  readonly group: string
  readonly locking: Locking
  readonly process: number
  readonly kind: Kind
  /** Hash of the session id that the request sent. */
  readonly cookie: string | undefined
  /** The session that the client takes this cookie for. */
  readonly label: string | undefined
  /** The session that `login` and `restart` begin. */
  readonly newLabel?: string | undefined
  /** What `set` and `regenerate` set: key and value. */
  readonly change?: readonly [key: string, value: number] | undefined
  /** What `write` sets. */
  readonly register?: number | undefined
  readonly start: number
  readonly end: number
  /** The least and the most that the server's wall clock can have been ahead of the right one meanwhile. */
  readonly offset: readonly [least: number, most: number]
  /** `refused`: it was said that nothing was done. `unknown`: an error, or no answer. */
  readonly outcome: 'acknowledged' | 'refused' | 'unknown'
  /** What the session held when the request loaded it; null: no session; undefined: not told. */
  readonly seen: Seen | null | undefined
  /** The server said that DynamoDB could not be asked; so `seen: null` says nothing. */
  readonly unread?: boolean | undefined
  /** The counter's new value, of `increment`. */
  readonly counted?: number | undefined
  /** Hash of the session id that the answer gave the client. */
  readonly newCookie?: string | undefined
  /** HTTP status and text of an error, for the reader of a report. */
  readonly failure?: string | undefined
}

/** What a session holds. */
export interface Seen {
  readonly user: string
  readonly label: string
  readonly counter: number
  readonly register: number | undefined
  readonly changes: Readonly<Record<string, number>>
}

export interface Pause {
  readonly process: number
  readonly from: number
  readonly to: number
}

export interface Cleaning {
  readonly process: number
  readonly start: number
  readonly end: number
  readonly offset: readonly [least: number, most: number]
  /** Undefined: cleaning failed, or the server was killed before it could tell. */
  readonly deleted: number | undefined
}

export interface ConflictNotice {
  /** Hash of the session id. */
  readonly cookie: string
  readonly keys: readonly string[]
  readonly at: number
}

export interface StoredItem {
  /** Hash of the session id. */
  readonly cookie: string
  /** Undefined: no session (a forwarder, or an item without data). */
  readonly data: Seen | undefined
}
