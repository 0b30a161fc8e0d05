import { Session } from '@remix-run/session'
import type { FetchSession } from './session.js'

/**
 * The session of one request, as a session manager sees it. The application gets {@link session}, which begins a new
 * session at a write after `destroy()`. Remix's own object would throw an error.
 */
export class ManagedSession {
  readonly session: Session
  readonly #begin: () => FetchSession
  readonly #ended: FetchSession[] = []
  #current: FetchSession
  #used = false

  /** @param begin makes the session that follows a destroyed one */
  constructor(loaded: FetchSession, begin: () => FetchSession) {
    this.#current = loaded
    this.#begin = begin
    this.session = new SessionView(loaded.session.id, this)
  }

  /** Remix's object of the current session, for the manager itself. Its reads do not count as a use by the application. */
  get current(): Session {
    return this.#current.session
  }

  /** Whether the application read or wrote the session. */
  get used(): boolean {
    return this.#used
  }

  /** Whether a new session began after the application destroyed one. */
  get hasEnded(): boolean {
    return this.#ended.length > 0
  }

  get storedId(): string | undefined {
    return this.#current.storedId
  }

  get unread(): boolean {
    return this.#current.unread
  }

  get locked(): boolean {
    return this.#current.locked
  }

  /** Remix's object, for a read by the application. */
  use(): Session {
    this.#used = true
    return this.current
  }

  /** Remix's object, for a change by the application. */
  useForChange(): Session {
    if (this.current.destroyed) {
      this.#ended.push(this.#current)
      this.#current = this.#begin()
    }
    return this.use()
  }

  /**
   * Deletes the destroyed sessions, then stores the current one.
   *
   * @param options lifetime: the session's own lifetime from now on, in seconds
   * @returns the value for the cookie; null: do not change the cookie; '': delete the cookie
   */
  async save(options: { readonly lifetime?: number | undefined } = {}): Promise<string | null> {
    for (const ended of this.#ended) await ended.save()
    const value = await this.#current.save(options)
    const isNowhere = this.hasEnded && this.storedId === undefined && !this.unread
    return value === null && isNowhere ? '' : value
  }

  /** Unlocks the session. Never rejects. */
  async release(): Promise<void> {
    for (const session of [...this.#ended, this.#current]) await session.release()
  }
}

/** Passes every use to the current session. The base class holds no data. */
class SessionView extends Session {
  readonly #managed: ManagedSession

  constructor(id: string, managed: ManagedSession) {
    super(id)
    this.#managed = managed
  }

  override get data(): Session['data'] {
    return this.#managed.use().data
  }

  override get deleteId(): string | undefined {
    return this.#managed.use().deleteId
  }

  override get destroyed(): boolean {
    return this.#managed.use().destroyed
  }

  override get dirty(): boolean {
    return this.#managed.use().dirty
  }

  override get id(): string {
    return this.#managed.use().id
  }

  override get size(): number {
    return this.#managed.use().size
  }

  /** The declared type is that of the base class's last overload. */
  override get(key: string): undefined {
    return this.#managed.use().get(key) as undefined
  }

  override has(key: string): boolean {
    return this.#managed.use().has(key)
  }

  override destroy(): void {
    this.#managed.use().destroy()
  }

  override flash(key: string, value: unknown): void {
    this.#managed.useForChange().flash(key, value)
  }

  override regenerateId(deleteOldSession?: boolean): void {
    this.#managed.useForChange().regenerateId(deleteOldSession)
  }

  override set(key: string, value: unknown): void {
    this.#managed.useForChange().set(key, value)
  }

  override unset(key: string): void {
    this.#managed.useForChange().unset(key)
  }
}
