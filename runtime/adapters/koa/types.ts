import type { ServerResponse } from 'node:http'

/** A lifetime in koa-session's form: milliseconds, or `session` for a cookie that ends with the browser. */
export type MaxAge = number | 'session'

/** The type of `ctx.session`: koa-session's members and the data of the application. */
export type KoaSession<Data extends object> = Partial<Data> & {
  /** Whether the session is new: it was not stored at the start of the request. */
  readonly isNew: boolean
  /** The session id. */
  readonly externalKey: string | undefined
  /** Number of keys in the session. */
  readonly length: number
  /** Whether the session has any keys. */
  readonly populated: boolean
  /** Lifetime in milliseconds. Set it to give this session its own lifetime. */
  maxAge: MaxAge | undefined
  /** Stores the session now, even if it is empty or unchanged. */
  save(): Promise<void>
  /** Moves the session to a new id. Call it at login. */
  regenerate(): Promise<void>
  /** Stores the session and sets the cookie. Call it at the end of the request, if `autoCommit` is false. */
  manuallyCommit(): Promise<void>
  toJSON(): Partial<Data>
}

/**
 * The members that koa-session adds to Koa's context, but does not declare. Declare the data of your sessions once:
 *
 * @example
 * ```ts
 * declare module 'koa' {
 *   interface ExtendableContext extends SessionContext<{ user: string }> {}
 * }
 * ```
 */
export interface SessionContext<Data extends object> {
  get session(): KoaSession<Data>
  /** An object replaces the data of the session. null deletes the session at the end of the request. */
  set session(value: Partial<Data> | null)
}

/** The part of Koa's context that the store needs. */
export interface KoaContext {
  readonly res?: ServerResponse | undefined
  readonly session?: { readonly externalKey?: string | undefined } | null | undefined
  readonly sessionOptions?: { readonly maxAge?: MaxAge | undefined } | undefined
}
