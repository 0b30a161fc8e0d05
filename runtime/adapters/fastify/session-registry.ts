import type { FastifySessionObject } from '@fastify/session'
import type { Session } from 'fastify'
import { DynamoSessionError } from '../../errors.js'
import type { SessionData } from '../../session/item/serialize.js'
import { type Callback, toCallback } from '../shared/callback.js'
import { isExpired, parseCookie } from '../shared/cookie-settings.js'
import type { RequestSession } from '../shared/request-session.js'
import type { Loaded, SessionStore } from '../shared/session-store.js'
import { sessionStoreOf } from '../shared/store-methods.js'
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
  /** The id in the request's cookie, if this request found no session, but other requests may find one. */
  readonly hidden?: string | undefined
  /** The settings of the cookie that @fastify/session made, if the item of another writer has none. */
  made?: string | undefined
  isSaved?: boolean
  /** JSON of the data that could not be saved. The application has got the error. */
  refused?: string | undefined
  /** The session was regenerated, and stays under its old id until the new session object is saved. */
  moving?: Moving | undefined
  /** The session was regenerated and saved under its new id. A save of this old session object does nothing. */
  isLeft?: boolean
}

interface Moving {
  readonly kind: 'moving'
  readonly from: Entry
  readonly keys: readonly string[]
}

/**
 * The reason for the current call of @fastify/session. Its calls do not pass the request. But @fastify/session makes
 * the session object inside our callback. Its `reload`, `regenerate` and `decryptSession` call the store before they
 * return.
 */
type Call =
  /** @fastify/session makes a session object from our result. {@link FastifySessions.adopt} will name the request. */
  | { readonly kind: 'handing over'; readonly entry: Entry }
  /** `reload` loads the session, which was just read. */
  | { readonly kind: 'reloading'; readonly session: Session | null }
  /**
   * `regenerate` deletes the old session and saves the new one. The old session must stay until the new one is stored.
   */
  | Moving
  /** `regenerate` saves a new session in place of one that is not stored. */
  | { readonly kind: 'starting again'; readonly request: Request }
  /** `decryptSession` loads a session. No response will unlock it. */
  | { readonly kind: 'loading without a lock' }

const sessionsOfStores = new WeakMap<object, FastifySessions>()

/** The sessions of a store. The application can't see them. */
export function sessionsOf(store: object): FastifySessions {
  const known = sessionsOfStores.get(store)
  if (known) return known
  const sessions = new FastifySessions(sessionStoreOf(store))
  sessionsOfStores.set(store, sessions)
  return sessions
}

/**
 * Finds the loaded session that belongs to a session object. The object can't hold a reference to the loaded session,
 * because @fastify/session copies only enumerable keys.
 */
export class FastifySessions {
  /** Whether the plugin is registered. Without the plugin, the request of a session is unknown. */
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

  /** For @fastify/session. Releases the session if no request adopts it. */
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

  /** Deletes a session. During a `regenerate` with keys, the old session stays until the new one is stored. */
  destroy(id: string, callback?: Callback<void>): Promise<void> | undefined {
    const call = this.#call
    if (call?.kind === 'moving') {
      callback?.(null)
      return undefined
    }
    // The framework saves the new session inside its callback.
    const saveNew = call?.kind === 'starting again' ? callback : undefined
    return toCallback(this.#store.destroy(id), saveNew ? (error) => this.#during(call, () => saveNew(error)) : callback)
  }

  /** Assigns the session object that the framework just made to this request. */
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

  /** Whether there is nothing to store and no cookie to send at the end of the request. */
  isSettled({ session }: Request): boolean {
    const entry = isSessionObject(session) && this.#entries.get(session)
    if (!entry) return false
    const data = dataOf(session)
    const isUnreadAndUnused = entry.requestSession.unread && Object.keys(data).length === 0
    return isUnreadAndUnused || (entry.refused !== undefined && entry.refused === textOf(data))
  }

  /** The attributes of the cookie to delete, if the application deleted the session and the request has no other. */
  cookieToDelete(request: Request): ReturnType<typeof attributesOf> | undefined {
    return request.session ? undefined : this.#destroyed.get(request)
  }

  /**
   * Releases the locks of a request at its end.
   *
   * @param touch whether to touch the session too, if the framework has not saved it
   */
  finish(request: Request, { touch = false } = {}): void {
    const current = isSessionObject(request.session) ? this.#entries.get(request.session) : undefined
    for (const entry of this.#ofRequests.get(request) ?? []) {
      if (touch && entry === current && !entry.isSaved && entry.refused === undefined)
        entry.requestSession.touchInBackground(extrasOfTouch)
      entry.requestSession.release()
    }
  }

  /** Runs a synchronous call of the framework. Then releases a session that was handed over, but not adopted. */
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

  /** The entry of a session from `regenerate`. @fastify/session saves such a session before a request has it. */
  #regenerated(session: Session): Entry | undefined {
    if (!isSessionObject(session)) return undefined
    if (!this.isAttached) {
      throw new DynamoSessionError(
        'DynamoSessionStore works in @fastify/session only with its plugin: app.register(dynamoSession, { store, … }) ' +
          'instead of app.register(fastifySession, { store, … }).',
      )
    }
    const moving = this.#call?.kind === 'moving' ? this.#call : undefined
    if (moving) return { requestSession: moving.from.requestSession, moving }
    return { requestSession: this.#store.start(this.#call?.kind === 'starting again' ? this.#call.request : undefined) }
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
    entry.requestSession.request = request
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
   * Deletes a session at a logout. In two cases the stored id is not the id of the session object:
   *
   * - A `regenerate` failed, so the session still has its old id.
   * - This request did not find the session of its cookie, but other requests may find it.
   */
  async #destroy(request: Request, session: FastifySessionObject, entry: Entry): Promise<void> {
    await this.#store.destroy(entry.moving && entry.requestSession.record?.id, entry.hidden)
    const attributes = attributesOf(session)
    await methodsOf(session).destroy.call(session)
    this.#destroyed.set(request, attributes)
  }

  /** Reads the session first, because the framework's own `reload` would wait for the lock of its own request. */
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
   * With keys, the session gets another id. This fails if the session could not be read, and stores nothing if another
   * request has deleted it. Without keys, the old session is deleted, and an empty session begins.
   */
  async #regenerate(request: Request, session: FastifySessionObject, entry: Entry, keys: string[] = []): Promise<void> {
    if (keys.length > 0) entry.requestSession.assertRead(session.sessionId)
    else await this.#store.destroy(entry.hidden)
    const isMoving = keys.length > 0 && entry.requestSession.record !== undefined
    await new Promise<void>((resolve, reject) => {
      this.#during(isMoving ? { kind: 'moving', from: entry, keys } : { kind: 'starting again', request }, () => {
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

/** JSON of the data; an empty text if the data can't be JSON. */
function textOf(data: SessionData): string {
  try {
    return JSON.stringify(data)
  } catch {
    return ''
  }
}

/** Hides the code ENOENT, which means "no such session" to @fastify/session. The SDK uses it for a missing file. */
function unmistakable(error: unknown): unknown {
  const isMistakable = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return isMistakable ? new DynamoSessionError(error.message, { cause: error }) : error
}
