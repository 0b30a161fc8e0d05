/** What a framework stores beside the data. */
export interface SessionExtras {
  /** When the session ends by itself, for example with its cookie: milliseconds since the epoch. */
  readonly ownEnd?: number | undefined
  /** The session's own lifetime after a touch, where it has one: milliseconds. */
  readonly ownLifetime?: number | undefined
  /** JSON of the cookie's settings. */
  readonly cookie?: string | undefined
  /** The cookie's settings changed. They are written even when no touch is due. */
  readonly changed?: boolean | undefined
  /** JSON of what the option `describe` returned. Only a new session and a change of id store it. */
  readonly client?: string | undefined
}
