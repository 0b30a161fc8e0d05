import type { DescribeClient, Options, SessionSearch } from '../../../runtime/index.js'

/** The session in the routes of the shared scenarios, with the same methods for every framework. */
export interface RouteSession {
  get(key: string): unknown
  set(key: string, value: unknown): void
  unset(key: string): void
  /** Logs out. */
  destroy(): Promise<void>
  /**
   * Gives the session another id, and deletes the old id. The data stays in frameworks that keep it.
   *
   * @param keys the keys that stay, in frameworks that ask for them
   */
  regenerate(keys?: string[]): Promise<void>
  /** Stores the session before the response, in frameworks that only report a failure of their own save. */
  save?(): Promise<void>
}

/** Returns the text of the response. It may throw: the framework then responds as to any error. */
export type Route = (session: RouteSession) => string | Promise<string>

export interface AdapterSettings {
  /** Options of the store: table, endpoint, locking, … */
  readonly options: Options
  /** Lifetime of the cookie in seconds. undefined: the cookie lives as long as the browser. */
  readonly cookieLifetime?: number | undefined
}

export interface RunningApp {
  readonly port: number
  /** The errors that reached the framework's error handling. */
  readonly failures: unknown[]
  /** Finds sessions by their data. */
  readonly store: SessionSearch
  stop(): Promise<void>
}

/** One of our adapters inside its real framework, served over HTTP on 127.0.0.1. */
export interface Adapter {
  readonly name: string
  /** Serves `GET <path>` for every route. New sessions without data are not stored. */
  start(routes: Readonly<Record<string, Route>>, settings: AdapterSettings): Promise<RunningApp>
  /** The session id (the partition key) in the value of the adapter's cookie, percent-decoded. */
  idOf(cookieValue: string): string
  /** The value of a cookie for any id, as the adapter would make it. */
  cookieFor(id: string): string | Promise<string>
  readonly cookieName: string
  /** An option `describe` for the framework's request. It returns the user agent. */
  readonly describe: DescribeClient
  /** Whether a lock is released when the handler throws. Remix's middleware calls nothing then, so the lock times out. */
  readonly releasesAfterThrow: boolean
  /** Whether changes of a handler that throws are stored, as with the framework's own stores. */
  readonly savesAfterThrow: boolean
  /** The status of a response whose session could not be saved. express-session sends the route's response. */
  readonly saveErrorStatus: 200 | 500
  /** Whether the data stays when the id is regenerated. */
  readonly regenerateKeepsData: boolean
}
