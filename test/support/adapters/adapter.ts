import type { Options, SessionSearch } from '../../../runtime/index.js'

/** The session as the routes of the shared scenarios see it, whatever the framework calls it. */
export interface RouteSession {
  get(key: string): unknown
  set(key: string, value: unknown): void
  unset(key: string): void
  /** Logs out. */
  destroy(): Promise<void>
  /**
   * Gives the session another id and deletes the one under the old id; its data stays where the framework keeps it.
   *
   * @param keys what stays, where the framework asks for that
   */
  regenerate(keys?: string[]): Promise<void>
  /** Stores the session before the answer, where the framework would only report a failure of its own save. */
  save?(): Promise<void>
}

/** What a route answers is the text of the response. It may throw: the framework answers as it does with any error. */
export type Route = (session: RouteSession) => string | Promise<string>

export interface AdapterSettings {
  /** Of the store: table, endpoint, locking, … */
  readonly options: Options
  /** How long the cookie lives, in seconds; not given: as long as the browser. */
  readonly cookieLifetime?: number | undefined
}

export interface RunningApp {
  readonly port: number
  /** What reached the framework's error handling. */
  readonly failures: unknown[]
  /** By which the application finds sessions. */
  readonly store: SessionSearch
  stop(): Promise<void>
}

/** One of our adapters inside its real framework, served over HTTP on 127.0.0.1. */
export interface Adapter {
  readonly name: string
  /** Serves `GET <path>` for every route. New sessions that nothing was written to are not stored. */
  start(routes: Readonly<Record<string, Route>>, settings: AdapterSettings): Promise<RunningApp>
  /** The session id (the partition key) in the value of the adapter's cookie, percent-decoded. */
  idOf(cookieValue: string): string
  /** The cookie's value for an id, as the adapter would make it for a session that it knows nothing of. */
  cookieFor(id: string): string | Promise<string>
  readonly cookieName: string
  /** Whether a lock is given back when the handler throws; Remix's middleware calls nothing then, so the lease ends it. */
  readonly releasesAfterThrow: boolean
  /** Whether what a handler changed before it threw is stored, as the framework's own stores do. */
  readonly savesAfterThrow: boolean
  /** The status of a response whose session could not be saved; express-session sends what the route answered. */
  readonly saveErrorStatus: 200 | 500
  /** Whether the data stays when the id is regenerated. */
  readonly regenerateKeepsData: boolean
}
