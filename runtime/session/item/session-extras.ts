/** What a framework wants to have stored beside the data. */
export interface SessionExtras {
  /** When the session ends by itself, for example with its cookie: milliseconds since the epoch. */
  readonly ownEnd?: number | undefined
  /** How long the session lives when it is renewed, where it has a lifetime of its own: milliseconds. */
  readonly ownLifetime?: number | undefined
  /** JSON of the cookie's settings. */
  readonly cookie?: string | undefined
  /** The settings changed: a renewal must be written even when it is not due yet. */
  readonly changed?: boolean | undefined
  /** For a new item of a session that was there before, under another id: its `created_at`. */
  readonly createdAt?: string | undefined
  /** For the same: its data as JSON, whose values keep their text where the new item has the same. */
  readonly json?: string | undefined
}
