import type { SessionData } from '../../session/item/serialize.js'
import type { CookieSettings } from '../shared/cookie-settings.js'
import type { ExtrasOf, RequestSession } from '../shared/request-session.js'
import type { SessionStore } from '../shared/session-store.js'
import { BROWSER_SESSION, dataOf, extrasFor, settingsOf, unpack } from './session-fields.js'
import type { KoaContext, MaxAge } from './types.js'

interface Entry {
  readonly requestSession: RequestSession
  /** What koa-session did with the session in this request. */
  done: 'nothing' | 'saved' | 'deleted'
}

interface Leaving {
  readonly key: string
  readonly entry: Entry
}

/** The sessions of one request, by their keys: one session, or two while the session gets another id. */
export class KoaRequest {
  readonly #store: SessionStore
  readonly #context: KoaContext
  readonly #entries = new Map<string, Entry>()
  /** The session that koa-session will next save under another key. The old key is deleted only after this save. */
  #leaving: Leaving | undefined
  /** The id in the request's cookie, if this request found no session, but other requests may find one. */
  #hidden: string | undefined
  /** Whether the session lives as long as the browser, by its settings at the first save. */
  #isBrowserSession = false

  constructor(store: SessionStore, context: KoaContext) {
    this.#store = store
    this.#context = context
    context.res?.once?.('close', () => this.#finish())
  }

  async load(key: string): Promise<SessionData | undefined> {
    // A second load must not wait for the lock of the first. The base of later saves stays that of the first load.
    const isFirst = !this.#entries.has(key)
    const loaded = await this.#store.load(key, isFirst, this.#context)
    if (loaded.kind === 'hidden') this.#hidden = key
    if (loaded.kind !== 'found') return undefined
    const session = unpack(loaded, { bookkeeping: true })
    if (isFirst) this.#add(key, loaded.session)
    return session
  }

  /** Stores a session. A session that this request did not load counts as new: it never overwrites an item. */
  async save(key: string, session: object, maxAge: MaxAge | undefined): Promise<void> {
    const settings = this.#settingsOf(session, maxAge)
    const extras = extrasFor(settings, this.#store.configuration.touchInterval)
    const known = this.#entries.get(key)
    if (!known && this.#leaving) return this.#move(this.#leaving, key, dataOf(session), extras)
    const entry = known ?? this.#start(key)
    entry.done = 'saved'
    await entry.requestSession.save(key, dataOf(session), extras)
  }

  /**
   * koa-session calls this in two cases. At a logout, the context has no session. With `regenerate`, the context still
   * has its session. Then koa-session deletes the old key first, and saves under a new key next. In this order, logouts
   * and changes of other requests would be lost. So the store delays the delete until the save.
   */
  async delete(key: string): Promise<void> {
    const entry = this.#entries.get(key)
    if (entry && entry.done !== 'deleted' && this.#context.session) {
      entry.requestSession.assertRead(key)
      this.#leaving = { key, entry }
      return
    }
    if (this.#leaving && !this.#context.session) await this.#abandon(this.#leaving)
    // If another request moved the session first, the session is not stored under the key that koa-session made.
    const stored = entry?.requestSession.record?.id
    await this.#store.destroy(key, stored === key ? undefined : stored)
    if (entry) entry.done = 'deleted'
    // `key` is the id of the new session that koa-session made instead of the hidden one.
    if (!this.#context.session) await this.#store.destroy(this.#hidden)
  }

  /** A logout after a `regenerate` that failed. */
  async #abandon({ key, entry }: Leaving): Promise<void> {
    await this.#store.destroy(key)
    entry.done = 'deleted'
    this.#leaving = undefined
  }

  /** If this fails, the session is still under its old key. If the old session was deleted, nothing is stored. */
  async #move(leaving: Leaving, key: string, data: SessionData, extras: ExtrasOf): Promise<void> {
    const { entry } = leaving
    this.#store.assertPossible(key)
    await entry.requestSession.regenerate(key, data, extras, false)
    this.#leaving = undefined
    this.#entries.delete(leaving.key)
    this.#entries.set(key, entry)
    entry.done = 'saved'
  }

  #start(key: string): Entry {
    this.#store.assertPossible(key)
    return this.#add(key, this.#store.start(this.#context))
  }

  #add(key: string, requestSession: RequestSession): Entry {
    const entry: Entry = { requestSession, done: 'nothing' }
    this.#entries.set(key, entry)
    const { res } = this.#context
    if (res?.closed || res?.destroyed) requestSession.release()
    return entry
  }

  /** koa-session forgets `maxAge: 'session'` at the first save, and passes one day at the next save. */
  #settingsOf(session: object, maxAge: MaxAge | undefined): CookieSettings | undefined {
    const settings = settingsOf(session, maxAge)
    if (settings === BROWSER_SESSION) this.#isBrowserSession = true
    const isForgotten = this.#isBrowserSession && this.#context.sessionOptions?.maxAge === undefined
    return isForgotten ? BROWSER_SESSION : settings
  }

  /** When the response closes: touches a session that the request only read, and releases all locks. */
  #finish(): void {
    for (const [key, { requestSession, done }] of this.#entries) {
      if (done === 'nothing' && this.#context.session?.externalKey === key) this.#touch(requestSession)
      else if (done !== 'deleted') requestSession.release()
    }
  }

  /** koa-session does not call stores for an unchanged session. */
  async #touch(requestSession: RequestSession): Promise<void> {
    await requestSession.touchInBackground(extrasFor(undefined, this.#store.configuration.touchInterval))
    await requestSession.release()
  }
}
