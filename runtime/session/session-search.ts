import type { ExportedSession, UserSession } from './user-session.js'

/** A value to search for. Numbers count as their text: 42 and '42' are the same. */
export type IndexValue = string | number | bigint | boolean

export interface IndexSearch {
  /**
   * Read the whole table, and search the data itself. Then the key needs no index. A scan also finds sessions that the
   * index lacks: those from before the option `index_keys`, and those last written by the Ruby gem.
   *
   * @default false
   */
  readonly scan?: boolean
}

export interface UserSessionsSearch extends IndexSearch {
  /** The id of the session of this request, which the list marks as `current`. */
  readonly current?: string | undefined
}

/** Finds and deletes the sessions of a user. Every store has these methods. */
export interface SessionSearch {
  /**
   * Finds the sessions in whose data `key` has the value. Includes expired sessions whose items are still there.
   *
   * @param key one of `index_keys`
   * @returns what `destroy` accepts: with `hash_session_ids` the stored keys, else the session ids, which are secret.
   *   Leaves out sessions that no request finds, because they were stored with another value of `hash_session_ids`
   * @throws {ConfigurationError} when `key` is none of them; TypeError when no session can have such a value
   * @throws {IndexMissingError}
   */
  keysBy(key: string, value: IndexValue, search?: IndexSearch): Promise<string[]>
  /**
   * Deletes the sessions in whose data `key` has the value: signs a user out everywhere. A session that gets another
   * value during the call stays. A session that appears in the index within a second is deleted too. Requests that run
   * at the same time can't bring a deleted session back.
   *
   * @param key one of `index_keys`
   * @returns how many sessions were deleted
   * @throws {ConfigurationError} when `key` is none of them; TypeError when no session can have such a value
   * @throws {IndexMissingError}
   * @throws {DestroyIncompleteError} when a request failed after sessions were deleted: repeat the call
   */
  destroyBy(key: string, value: IndexValue, search?: IndexSearch): Promise<number>
  /**
   * Lists the sessions in whose data `key` has the value, for a page "where am I signed in". The last used session comes
   * first. Leaves out expired sessions. The list contains no ids, so the user may see it.
   *
   * @typeParam Client what the option `describe` returns
   * @param key one of `index_keys`
   * @throws {ConfigurationError} when `key` is none of them; TypeError when no session can have such a value
   * @throws {IndexMissingError}
   * @example
   * ```ts
   * const sessions = await store.sessionsBy('user_id', request.session.user_id, { current: request.sessionID })
   * ```
   */
  sessionsBy<Client extends object = { readonly userAgent?: string; readonly address?: string }>(
    key: string,
    value: IndexValue,
    search?: UserSessionsSearch,
  ): Promise<UserSession<Client>[]>
  /**
   * Deletes one session of {@link sessionsBy}. The handle of a session without the value deletes nothing, so users can
   * delete only their own sessions. Let users enter their password again first (OWASP ASVS 7.5.2).
   *
   * @param key one of `index_keys`
   * @returns false when no session with the value has this handle: it was deleted, or has got another id
   * @throws the errors of {@link sessionsBy}
   */
  destroyHandle(key: string, value: IndexValue, handle: string, search?: IndexSearch): Promise<boolean>
  /**
   * Deletes the sessions in whose data `key` has the value, except one: signs a user out everywhere else. Otherwise like
   * {@link destroyBy}. Let users enter their password again first (OWASP ASVS 7.5.2).
   *
   * Call it before the session gets another id. Koa and the fetch adapters store a session under its new id only at the
   * end of the request. Until then, a call with the new id would end the session.
   *
   * @param key one of `index_keys`
   * @param currentId the id of the session that stays, even if another request gives it another id meanwhile
   * @returns how many sessions were deleted
   * @throws {InvalidSessionIdError} when `currentId` can't be an id
   * @throws the errors of {@link destroyBy}
   */
  destroyOthers(key: string, value: IndexValue, currentId: string, search?: IndexSearch): Promise<number>
  /**
   * Gives all that is stored of the sessions in whose data `key` has the value. A user may ask for this export (GDPR,
   * article 15). Includes expired sessions whose items are still there. Contains no ids.
   *
   * @param key one of `index_keys`
   * @throws the errors of {@link sessionsBy}
   */
  exportBy(key: string, value: IndexValue, search?: IndexSearch): Promise<ExportedSession[]>
}
