import type { ServerResponse } from 'node:http'
import type { SessionData } from '../../session/item/serialize.js'
import type { CookieSettings } from '../shared/cookie-settings.js'
import type { ExtrasOf, RequestSession } from '../shared/request-session.js'
import type { SessionStore } from '../shared/session-store.js'
import { BROWSER_SESSION, dataOf, extrasFor, type MaxAge, settingsOf, unpack } from './session-fields.js'

/** What is needed of Koa's context. */
export interface KoaContext {
  readonly res?: ServerResponse | undefined
  readonly session?: { readonly externalKey?: string | undefined } | null | undefined
  readonly sessionOptions?: { readonly maxAge?: MaxAge | undefined } | undefined
}

interface Entry {
  readonly held: RequestSession
  /** What koa-session did with it in this request. */
  done: 'nothing' | 'saved' | 'deleted'
}

interface Leaving {
  readonly key: string
  readonly entry: Entry
}

/** The sessions that one request works with, by their keys: one, or two when the id is made anew. */
export class KoaRequest {
  readonly #store: SessionStore
  readonly #context: KoaContext
  readonly #entries = new Map<string, Entry>()
  /** Is about to be saved under another key, and deleted only then. */
  #leaving: Leaving | undefined
  /** The request's cookie named this id, which had no session here, but may have one for other requests. */
  #hidden: string | undefined
  /** koa-session was told that the session lives as long as the browser. */
  #isBrowserSession = false

  constructor(keeper: SessionStore, context: KoaContext) {
    this.#store = keeper
    this.#context = context
    context.res?.once?.('close', () => this.#finish())
  }

  async load(key: string): Promise<SessionData | undefined> {
    // A second reading must not wait for the lock of the first, nor does it change what koa-session started from.
    const isFirst = !this.#entries.has(key)
    const onHidden = () => {
      this.#hidden = key
    }
    const held = await this.#store.load(key, { locking: isFirst, onHidden })
    const session = held && unpack(held, { bookkeeping: true })
    if (held && !session) onHidden()
    if (session && isFirst) this.#hold(key, held)
    return session
  }

  /** What was not loaded in this request is new, and may only be created. */
  async save(key: string, session: object, maxAge: MaxAge | undefined): Promise<void> {
    const settings = this.#settingsOf(session, maxAge)
    const extras = extrasFor(settings, this.#store.configuration.touchInterval)
    const known = this.#entries.get(key)
    if (!known && this.#leaving) return this.#move(this.#leaving, key, dataOf(session), extras)
    const entry = known ?? this.#start(key)
    entry.done = 'saved'
    await entry.held.save(key, dataOf(session), extras)
  }

  /**
   * At a logout, when there is no session any more, this is what it says. But with `regenerate` koa-session deletes
   * first and saves under another key then: it could neither know that others have logged out, nor what they changed.
   */
  async delete(key: string): Promise<void> {
    const entry = this.#entries.get(key)
    if (entry && entry.done !== 'deleted' && this.#context.session) {
      entry.held.assertRead(key)
      this.#leaving = { key, entry }
      return
    }
    if (this.#leaving && !this.#context.session) await this.#abandon(this.#leaving)
    await this.#store.destroy(key)
    // Another request gave the session another id first: it is not under the one that koa-session has made.
    const stored = entry?.held.record?.id
    if (stored !== undefined && stored !== key) await this.#store.destroy(stored)
    if (entry) entry.done = 'deleted'
    // koa-session deletes the id of the new session that it made in place of the one that is hidden.
    if (this.#hidden !== undefined && !this.#context.session) await this.#store.destroy(this.#hidden)
  }

  /** A logout after a `regenerate` that failed. */
  async #abandon({ key, entry }: Leaving): Promise<void> {
    await this.#store.destroy(key)
    entry.done = 'deleted'
    this.#leaving = undefined
  }

  /** When this fails, the session is still under its old key; and when it is gone there, it is not under the new one. */
  async #move(leaving: Leaving, key: string, data: SessionData, extras: ExtrasOf): Promise<void> {
    const { entry } = leaving
    this.#store.assertPossible(key)
    await entry.held.renew(key, data, extras, false)
    this.#leaving = undefined
    this.#entries.delete(leaving.key)
    this.#entries.set(key, entry)
    entry.done = 'saved'
  }

  #start(key: string): Entry {
    this.#store.assertPossible(key)
    return this.#hold(key, this.#store.start())
  }

  #hold(key: string, held: RequestSession): Entry {
    const entry: Entry = { held, done: 'nothing' }
    this.#entries.set(key, entry)
    const { res } = this.#context
    if (res?.closed || res?.destroyed) held.release()
    return entry
  }

  /** koa-session itself forgets `maxAge: 'session'` with the first save, and takes one day for the next one. */
  #settingsOf(session: object, maxAge: MaxAge | undefined): CookieSettings | undefined {
    const settings = settingsOf(session, maxAge)
    if (settings === BROWSER_SESSION) this.#isBrowserSession = true
    const isForgotten = this.#isBrowserSession && this.#context.sessionOptions?.maxAge === undefined
    return isForgotten ? BROWSER_SESSION : settings
  }

  /** With the response the request is over: what it only read is renewed, and no lock outlives it. */
  #finish(): void {
    for (const [key, { held, done }] of this.#entries) {
      if (done === 'nothing' && this.#context.session?.externalKey === key) this.#renew(key, held)
      else if (done !== 'deleted') held.release()
    }
  }

  /** koa-session says nothing of a session that did not change. Here nobody waits, so every error is reported. */
  async #renew(key: string, held: RequestSession): Promise<void> {
    try {
      await held.touch(extrasFor(undefined, this.#store.configuration.touchInterval))
    } catch (error) {
      this.#store.report(error, 'touch', key)
    }
    await held.release()
  }
}
