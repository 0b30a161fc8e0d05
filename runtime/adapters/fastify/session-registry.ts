import type { FastifySessionObject } from '@fastify/session'
import type { Session } from 'fastify'
import type { SessionData } from '../../session/item/serialize.js'
import { type Callback, toCallback } from '../shared/callback.js'
import { isExpired, parseCookie } from '../shared/cookie-settings.js'
import type { RequestSession } from '../shared/request-session.js'
import type { Loaded, SessionStore } from '../shared/session-store.js'
import {
  attributesOf,
  cookieText,
  dataOf,
  extrasFor,
  extrasOfTouch,
  handOver,
  isSessionObject,
  wholeOf,
} from './session-object.js'

/** A request, or an object that an application uses as one. */
export interface Request {
  session?: unknown
}

interface Entry {
  readonly requestSession: RequestSession
  /** The id in the request's cookie, if it has no session here, but may have one for other requests. */
  readonly hidden?: string | undefined
  /** The settings of the cookie that @fastify/session made, where the item has none (other writers). */
  made?: string | undefined
  isSaved?: boolean
  /** JSON of the data that could not be saved. The application knows of it by the error. */
  refused?: string | undefined
  /** The session was regenerated: it is stored under its old id until the new session object is saved. */
  moving?: Moving | undefined
  /** The session was regenerated and saved: saving this session object is in vain. */
  isLeft?: boolean
}

interface Moving {
  readonly kind: 'moving'
  readonly from: Entry
  readonly keys: readonly string[]
}

/**
 * The reason why @fastify/session calls the store at the moment. Its calls name no request. But @fastify/session makes a
 * session object inside our callback. And its `reload`, `regenerate` and `decryptSession` call the store before they return.
 */
type Call =
  /** It makes a session object of our result, for the request that {@link FastifySessions.adopt} names next. */
  | { readonly kind: 'handing over'; readonly entry: Entry }
  /** Its `reload` loads a session that was just read. */
  | { readonly kind: 'reloading'; readonly session: Session | null }
  /** Its `regenerate` deletes the old session, which must stay until the new one is stored, and saves the new one. */
  | Moving
  /** Its `decryptSession` loads a session that no response would unlock. */
  | { readonly kind: 'loading without a lock' }

/**
 * Finds the loaded session that belongs to a session object. @fastify/session copies only enumerable keys, so the
 * object itself can't tell.
 */
export class FastifySessions {
  /** Whether the plugin is registered. Without the plugin nothing tells the request of a session. */
  isAttached = false
  readonly #store: SessionStore
  /** Kept beside the session objects, so that neither the application nor JSON sees it. */
  readonly #entries = new WeakMap<object, Entry>()
  readonly #ofRequests = new WeakMap<Request, Set<Entry>>()
  readonly #destroyed = new WeakMap<Request, ReturnType<typeof attributesOf>>()
  #call: Call | undefined

  constructor(store: SessionStore) {
    this.#store = store
  }

  /** For scripts: loads without a lock. */
  async find(id: string): Promise<Session | null> {
    const loaded = await this.#store.load(id, false)
    if (loaded.kind !== 'found') return null
    const session = wholeOf(loaded)
    this.#entries.set(session, { requestSession: loaded.session })
    return session
  }

  /** For @fastify/session. Releases a session that no request adopts. */
  get(id: string, callback: Callback<Session | null>): void {
    const call = this.#call
    if (call?.kind === 'reloading') {
      callback(null, call.session)
      return
    }
    const loading = this.#store.load(id, call?.kind !== 'loading without a lock')
    toCallback(loading, (error, loaded) => {
      this.#during(this.#handingOver(id, loaded), () => {
        if (error) callback(unmistakable(error))
        else callback(null, loaded?.kind === 'found' ? handOver(loaded) : null)
      })
    })
  }

  async set(id: string, session: Session): Promise<void> {
    const data = dataOf(session)
    const known = this.#entries.get(session)
    const entry = known ?? this.#regenerated(session)
    if (entry?.isLeft) return
    if (!entry || (!entry.moving && (entry.requestSession.record?.id ?? id) !== id)) {
      this.#store.assertPossible(id)
      return this.#store.repository.put(id, data, extrasFor(session)(undefined))
    }
    this.#entries.set(session, entry)
    const isUnused = !known && !entry.moving && Object.keys(data).length === 0
    if (!isUnused) await this.#save(id, session, data, entry)
  }

  /** Deletes a session. While a session gets another id, the old one stays until the new one is stored. */
  destroy(id: string, callback?: Callback<void>): Promise<void> | undefined {
    if (this.#call?.kind !== 'moving') return toCallback(this.#store.destroy(id), callback)
    callback?.(null)
  }

  /** Notes that the session object that the framework just made belongs to this request. */
  adopt(request: Request): { readonly isLoaded: boolean } {
    const { session } = request
    if (!isSessionObject(session)) return { isLoaded: false }
    const handedOver = this.#call?.kind === 'handing over' ? this.#call.entry : undefined
    this.#call = undefined
    const entry = this.#entries.get(session) ?? handedOver ?? { requestSession: this.#store.start() }
    this.#enter(request, session, entry)
    return { isLoaded: entry === handedOver && entry.hidden === undefined }
  }

  /** Runs the framework's `decryptSession`, which then takes no lock. */
  withoutLock(work: () => void): void {
    this.#during({ kind: 'loading without a lock' }, work)
  }

  /** Whether the end of the request has nothing to store and no cookie to send. */
  isSettled({ session }: Request): boolean {
    const entry = isSessionObject(session) && this.#entries.get(session)
    if (!entry) return false
    const data = dataOf(session)
    const isUnreadAndUnused = entry.requestSession.unread && Object.keys(data).length === 0
    return isUnreadAndUnused || (entry.refused !== undefined && entry.refused === textOf(data))
  }

  /** The attributes of the cookie to delete: the application deleted the session, and the request has no other one. */
  cookieToDelete(request: Request): ReturnType<typeof attributesOf> | undefined {
    return request.session ? undefined : this.#destroyed.get(request)
  }

  /**
   * Releases the locks of a request at its end.
   *
   * @param touch whether to touch the session as well, if the framework has not saved it
   */
  finish(request: Request, { touch = false } = {}): void {
    const current = isSessionObject(request.session) ? this.#entries.get(request.session) : undefined
    for (const entry of this.#ofRequests.get(request) ?? []) {
      if (touch && entry === current && !entry.isSaved && entry.refused === undefined)
        entry.requestSession.touchInBackground(extrasOfTouch)
      entry.requestSession.release()
    }
  }

  /** Runs a synchronous call of the framework. A session that is handed over and not adopted is released. */
  #during(call: Call | undefined, work: () => void): void {
    const outer = this.#call
    this.#call = call
    try {
      work()
    } finally {
      if (this.#call?.kind === 'handing over') this.#call.entry.requestSession.release()
      this.#call = outer
    }
  }

  #handingOver(id: string, loaded: Loaded | undefined): Call | undefined {
    if (loaded?.kind === 'found') return { kind: 'handing over', entry: { requestSession: loaded.session } }
    if (loaded?.kind !== 'hidden') return undefined
    return { kind: 'handing over', entry: { requestSession: this.#store.start(), hidden: id } }
  }

  /** The entry of a session that @fastify/session regenerates: it saves the session before a request has it. */
  #regenerated(session: Session): Entry | undefined {
    if (!isSessionObject(session)) return undefined
    if (!this.isAttached) {
      throw new Error(
        'DynamoSessionStore works in @fastify/session only with its plugin: app.register(dynamoSession, { store, … }) ' +
          'instead of app.register(fastifySession, { store, … }).',
      )
    }
    const moving = this.#call?.kind === 'moving' ? this.#call : undefined
    return moving ? { requestSession: moving.from.requestSession, moving } : { requestSession: this.#store.start() }
  }

  async #save(id: string, session: Session, data: SessionData, entry: Entry): Promise<void> {
    const text = textOf(data)
    try {
      if (entry.moving) await this.#move(id, session, data, entry, entry.moving)
      else await entry.requestSession.saveOrTouch(id, data, extrasFor(session, entry.made))
      entry.isSaved = true
      entry.refused = undefined
    } catch (error) {
      entry.refused = text
      throw error
    }
  }

  async #move(id: string, session: Session, data: SessionData, entry: Entry, { from, keys }: Moving): Promise<void> {
    await entry.requestSession.regenerate(id, data, extrasFor(session), false, keys)
    for (let left: Entry | undefined = from; left; left = left.moving?.from) left.isLeft = true
    if (!entry.requestSession.deleted) entry.moving = undefined
  }

  #enter(request: Request, session: FastifySessionObject, entry: Entry): void {
    this.#entries.set(session, entry)
    const { record } = entry.requestSession
    if (record && record.cookie === undefined) entry.made = cookieText(session)
    const entries = this.#ofRequests.get(request) ?? new Set()
    this.#ofRequests.set(request, entries.add(entry))
    const hidden = (value: unknown) => ({ value, configurable: true, writable: true })
    Object.defineProperties(session, {
      reload: hidden((callback?: Callback<void>) => toCallback(this.#reload(request, session, entry), callback)),
      regenerate: hidden((...args: unknown[]) => {
        const callback = args.find((arg) => typeof arg === 'function') as Callback<void> | undefined
        return toCallback(this.#regenerate(request, session, entry, args.find(Array.isArray)), callback)
      }),
      destroy: hidden((callback?: Callback<void>) => toCallback(this.#destroy(request, session, entry), callback)),
    })
  }

  /**
   * A logout. The session may be stored under another id than that of its object: under its old id, after a `regenerate`
   * that failed; or under the id of the cookie, although this request found no session there.
   */
  async #destroy(request: Request, session: FastifySessionObject, entry: Entry): Promise<void> {
    await this.#store.destroy(entry.moving && entry.requestSession.record?.id, entry.hidden)
    const attributes = attributesOf(session)
    await methodsOf(session).destroy.call(session)
    this.#destroyed.set(request, attributes)
  }

  /** Reads the session first: the framework's own `reload` would wait for the lock that this request holds. */
  #reload(request: Request, session: FastifySessionObject, entry: Entry): Promise<void> {
    const { requestSession } = entry
    return requestSession.reload(session.sessionId, (record) => {
      const cookie = parseCookie(record?.cookie)
      const found = record && !isExpired(cookie) ? handOver({ session: requestSession, cookie }) : null
      this.#during({ kind: 'reloading', session: found }, () => {
        methodsOf(session).reload.call(session, () => undefined)
      })
      entry.refused = undefined
      if (isSessionObject(request.session)) this.#enter(request, request.session, entry)
    })
  }

  /**
   * With keys, the session goes on under another id, unless it could not be read or another request has deleted it.
   * Without keys, the old session is deleted, and an empty one begins.
   */
  async #regenerate(request: Request, session: FastifySessionObject, entry: Entry, keys: string[] = []): Promise<void> {
    if (keys.length > 0) entry.requestSession.assertRead(session.sessionId)
    else await this.#store.destroy(entry.hidden)
    const isMoving = keys.length > 0 && entry.requestSession.record !== undefined
    await new Promise<void>((resolve, reject) => {
      this.#during(isMoving ? { kind: 'moving', from: entry, keys } : undefined, () => {
        methodsOf(session).regenerate.call(session, keys, (error) => {
          this.adopt(request)
          if (error) reject(error)
          else resolve()
        })
      })
    })
  }
}

interface Methods {
  destroy(): Promise<void>
  reload(callback: Callback<void>): void
  regenerate(keys: string[], callback: Callback<void>): void
}

/** The framework's own methods. */
function methodsOf(session: FastifySessionObject): Methods {
  return Object.getPrototypeOf(session)
}

/** JSON of the data; the same text for all data that JSON can't hold. */
function textOf(data: SessionData): string {
  try {
    return JSON.stringify(data)
  } catch {
    return ''
  }
}

/** @fastify/session takes the code ENOENT for "no such session". The SDK's errors have it when a credentials file is missing. */
function unmistakable(error: unknown): unknown {
  const isMistakable = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return isMistakable ? new Error(error.message, { cause: error }) : error
}
