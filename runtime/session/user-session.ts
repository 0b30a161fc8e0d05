import type { ClientDescription } from '../configuration/options.js'

/** The facts of every session of a user. A time is undefined if the item has no such time. */
export interface SessionFacts {
  /** Names the session to its user. It is useless as a cookie, and changes when the session gets another id. */
  readonly handle: string
  readonly createdAt: Date | undefined
  /** When the session was last used, exact to `touch_interval`. */
  readonly lastSeenAt: Date | undefined
  /** When the session expires if it is not used again. Undefined: nothing limits its life. */
  readonly expiresAt: Date | undefined
}

/** A session in a list for its user, with what the option `describe` recorded. */
export type UserSession<Client extends object = object> = SessionFacts & {
  /** Whether this is the session of the request. */
  readonly current: boolean
} & Readonly<Partial<Omit<Client, keyof SessionFacts | 'current'>>>

/** All that is stored of a session, except its id. */
export interface ExportedSession extends SessionFacts {
  /** The data. Undefined if the stored data can't be read, so that no request can load the session. */
  readonly data: Record<string, unknown> | undefined
  /** The settings of the session's cookie, if they are stored. */
  readonly cookie: Record<string, unknown> | undefined
  /** What the option `describe` recorded. */
  readonly client: ClientDescription
}
