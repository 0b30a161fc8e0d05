import type { MaxAge } from './session-fields.js'

/** `ctx.session` as koa-session makes it, with the data of the application. */
export type KoaSession<Data extends object> = Partial<Data> & {
  /** Nothing was stored yet when the request came. */
  readonly isNew: boolean
  /** The session id. */
  readonly externalKey: string | undefined
  /** How many keys are in it. */
  readonly length: number
  readonly populated: boolean
  /** Milliseconds; setting it gives this session a lifetime of its own. */
  maxAge: MaxAge | undefined
  /** Stores the session now, whatever is in it. */
  save(): Promise<void>
  /** Stores the session under a new id and deletes the one under the old id: call it at login. */
  regenerate(): Promise<void>
  /** With `autoCommit: false`: does what the end of the request would have done. */
  manuallyCommit(): Promise<void>
  toJSON(): Partial<Data>
}

/**
 * What koa-session adds to Koa's context; it does not declare that itself. An application says once what is in its
 * sessions:
 *
 * ```ts
 * declare module 'koa' {
 *   interface ExtendableContext extends SessionContext<{ user: string }> {}
 * }
 * ```
 */
export interface SessionContext<Data extends object> {
  get session(): KoaSession<Data>
  /** An object replaces what is in the session; null deletes the session when the request ends. */
  set session(value: Partial<Data> | null)
}
