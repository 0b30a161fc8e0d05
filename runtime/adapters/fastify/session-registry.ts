import type { FastifySessionObject } from '@fastify/session'
import type { Session } from 'fastify'
import type { SessionData } from '../../session/item/serialize.js'
import { type Answer, answer } from '../shared/callback.js'
import { isOver, parseCookie } from '../shared/cookie-settings.js'
import type { RequestSession } from '../shared/request-session.js'
import type { SessionStore } from '../shared/session-store.js'
import {
  attributesOf,
  cookieText,
  dataOf,
  extrasFor,
  handOver,
  isSessionObject,
  renewed,
  wholeOf,
} from './session-object.js'

/** A request, or what an application takes for one. */
export interface Request {
  session?: unknown
}

interface Entry {
  readonly held: RequestSession
  /** The request's cookie named this id, which had no session here, but may have one for other requests. */
  readonly hidden?: string | undefined
  /** The settings of the cookie that @fastify/session made, where the item has none (other writers). */
  made?: string | undefined
  isSaved?: boolean
  /** What could not be saved; the application knows it by the error. */
  refused?: string | undefined
  /** It was regenerated: what is held is stored under the id of another session object, until this one is saved. */
  moving?: Moving | undefined
  /** It has been regenerated, and saving it is in vain. */
  isLeft?: boolean
}

interface Moving {
  readonly from: Entry
  readonly keys: readonly string[]
}

/**
 * Knows which session object belongs to what was loaded. @fastify/session copies enumerable keys only, and its stores
 * see no request. But of what a store answers it makes a session object at once, before anything else can happen:
 * what was handed over last is therefore that of the object that the request has then.
 */
export class FastifySessions {
  /** Without its plugin nobody would say which request a session belongs to. */
  isAttached = false
  readonly #store: SessionStore
  /** Kept beside the session objects, so that neither the application nor JSON sees it. */
  readonly #entries = new WeakMap<object, Entry>()
  readonly #ofRequests = new WeakMap<Request, Set<Entry>>()
  readonly #destroyed = new WeakMap<Request, ReturnType<typeof attributesOf>>()
  #handedOver: Entry | undefined
  #reloaded: { readonly session: Session | null } | undefined
  #moving: Moving | undefined
  #locking = true

  constructor(keeper: SessionStore) {
    this.#store = keeper
  }

  /** For scripts: without a lock. */
  async find(id: string): Promise<Session | null> {
    const held = await this.#load(id, false)
    if (!held) return null
    const session = wholeOf(held)
    this.#entries.set(session, { held })
    return session
  }

  /** For @fastify/session. What no request takes over is let go. */
  get(id: string, callback: Answer<Session | null>): void {
    if (this.#reloaded) callback(null, this.#reloaded.session)
    else this.#get(id, callback)
  }

  #get(id: string, callback: Answer<Session | null>): void {
    let isHidden = false
    const onHidden = () => {
      isHidden = true
    }
    const loaded = this.#load(id, this.#locking, onHidden).then((held) => held && { held, session: handOver(held) })
    answer(loaded, (error, found) => {
      if (found) this.#handedOver = { held: found.held }
      else if (isHidden) this.#handedOver = { held: this.#store.start(), hidden: id }
      try {
        if (error) callback(unmistakable(error))
        else callback(null, found?.session ?? null)
      } finally {
        this.#handedOver?.held.release()
        this.#handedOver = undefined
      }
    })
  }

  async set(id: string, session: Session): Promise<void> {
    const data = dataOf(session)
    const known = this.#entries.get(session)
    const entry = known ?? this.#regenerated(session)
    if (entry?.isLeft) return
    if (!entry || (!entry.moving && (entry.held.record?.id ?? id) !== id)) {
      this.#store.assertPossible(id)
      return this.#store.repository.put(id, data, extrasFor(session)(undefined))
    }
    this.#entries.set(session, entry)
    const isUnused = !known && !entry.moving && Object.keys(data).length === 0
    if (!isUnused) await this.#save(id, session, data, entry)
  }

  /** While a session is regenerated with what is in it, the old one stays until the new one is stored. */
  destroy(id: string, callback?: Answer<void>): Promise<void> | undefined {
    if (!this.#moving) return answer(this.#store.destroy(id), callback)
    callback?.(null)
  }

  /** Takes note of the session object that the framework made for a request just now. */
  adopt(request: Request): { readonly isLoaded: boolean } {
    this.#locking = true
    const { session } = request
    if (!isSessionObject(session)) return { isLoaded: false }
    const entry = this.#entries.get(session) ?? this.#handedOver ?? { held: this.#store.start() }
    const isLoaded = entry === this.#handedOver && entry.hidden === undefined
    this.#handedOver = undefined
    this.#enter(request, session, entry)
    return { isLoaded }
  }

  /** Loads without a lock what no response gives back. */
  withoutLock(work: () => void): void {
    this.#locking = false
    try {
      work()
    } finally {
      this.#locking = true
    }
  }

  /** Whether there is nothing to say about the session at the end of its request, not even by a cookie. */
  isSettled({ session }: Request): boolean {
    const entry = isSessionObject(session) && this.#entries.get(session)
    if (!entry) return false
    const data = dataOf(session)
    const isUnreadAndUnused = entry.held.unread && Object.keys(data).length === 0
    return isUnreadAndUnused || (entry.refused !== undefined && entry.refused === textOf(data))
  }

  /** The attributes of the cookie of a session that the application deleted in this request, and has none since. */
  cookieToDelete(request: Request): ReturnType<typeof attributesOf> | undefined {
    return request.session ? undefined : this.#destroyed.get(request)
  }

  /**
   * The request is over: its locks are given back.
   *
   * @param renew whether to renew the session as well, if the framework said nothing of it
   */
  finish(request: Request, { renew = false } = {}): void {
    const current = isSessionObject(request.session) ? this.#entries.get(request.session) : undefined
    for (const entry of this.#ofRequests.get(request) ?? []) {
      if (renew && entry === current && !entry.isSaved && entry.refused === undefined) this.#renew(entry.held)
      entry.held.release()
    }
  }

  async #load(id: string, locking: boolean, onHidden?: () => void): Promise<RequestSession | undefined> {
    const held = await this.#store.load(id, { locking, onHidden })
    if (!isOver(parseCookie(held?.record?.cookie))) return held
    held?.release()
    onHidden?.()
  }

  /** @fastify/session stores what it regenerates before a request has it. */
  #regenerated(session: Session): Entry | undefined {
    if (!isSessionObject(session)) return undefined
    if (!this.isAttached) {
      throw new Error(
        'DynamoSessionStore works in @fastify/session only with its plugin: app.register(dynamoSession, { store, … }) ' +
          'instead of app.register(fastifySession, { store, … }).',
      )
    }
    return this.#moving ? { held: this.#moving.from.held, moving: this.#moving } : { held: this.#store.start() }
  }

  async #save(id: string, session: Session, data: SessionData, entry: Entry): Promise<void> {
    const text = textOf(data)
    try {
      if (entry.moving) await this.#move(id, session, data, entry, entry.moving)
      else await entry.held.saveOrTouch(id, data, extrasFor(session, entry.made))
      entry.isSaved = true
      entry.refused = undefined
    } catch (error) {
      entry.refused = text
      throw error
    }
  }

  async #move(id: string, session: Session, data: SessionData, entry: Entry, { from, keys }: Moving): Promise<void> {
    await entry.held.renew(id, data, extrasFor(session), false, keys)
    for (let left: Entry | undefined = from; left; left = left.moving?.from) left.isLeft = true
    if (!entry.held.gone) entry.moving = undefined
  }

  #enter(request: Request, session: FastifySessionObject, entry: Entry): void {
    this.#entries.set(session, entry)
    const { record } = entry.held
    if (record && record.cookie === undefined) entry.made = cookieText(session)
    const entries = this.#ofRequests.get(request) ?? new Set()
    this.#ofRequests.set(request, entries.add(entry))
    const hidden = (value: unknown) => ({ value, configurable: true, writable: true })
    Object.defineProperties(session, {
      reload: hidden((callback?: Answer<void>) => answer(this.#reload(request, session, entry), callback)),
      regenerate: hidden((...args: unknown[]) => {
        const callback = args.find((arg) => typeof arg === 'function') as Answer<void> | undefined
        return answer(this.#regenerate(request, session, entry, args.find(Array.isArray)), callback)
      }),
      destroy: hidden((callback?: Answer<void>) => answer(this.#destroy(request, session, entry), callback)),
    })
  }

  /**
   * A logout. The session may be stored under another id than that of its object: under its old one, after a
   * `regenerate` that failed; or under that of the cookie, although this request found no session there.
   */
  async #destroy(request: Request, session: FastifySessionObject, entry: Entry): Promise<void> {
    const others = [entry.moving && entry.held.record?.id, entry.hidden]
    for (const id of others) if (id !== undefined) await this.#store.destroy(id)
    const attributes = attributesOf(session)
    await methodsOf(session).destroy.call(session)
    this.#destroyed.set(request, attributes)
  }

  /** The framework's own `reload` would wait for the lock that this very request holds. */
  #reload(request: Request, session: FastifySessionObject, entry: Entry): Promise<void> {
    return entry.held.reload(session.sessionId, (record) => {
      const isThere = record && !isOver(parseCookie(record.cookie))
      this.#reloaded = { session: isThere ? handOver(entry.held) : null }
      try {
        methodsOf(session).reload.call(session, () => undefined)
      } finally {
        this.#reloaded = undefined
      }
      entry.refused = undefined
      if (isSessionObject(request.session)) this.#enter(request, request.session, entry)
    })
  }

  /**
   * With keys, what was in the session goes on under another id: not when it could not be read, nor when others have
   * logged out. Without, the old session is deleted, and nothing of it is in the new one.
   */
  async #regenerate(request: Request, session: FastifySessionObject, entry: Entry, keys: string[] = []): Promise<void> {
    if (keys.length > 0) entry.held.assertRead(session.sessionId)
    else if (entry.hidden !== undefined) await this.#store.destroy(entry.hidden)
    await new Promise<void>((resolve, reject) => {
      this.#moving = keys.length > 0 && entry.held.record ? { from: entry, keys } : undefined
      try {
        methodsOf(session).regenerate.call(session, keys, (error) => {
          this.adopt(request)
          if (error) reject(error)
          else resolve()
        })
      } finally {
        this.#moving = undefined
      }
    })
  }

  async #renew(held: RequestSession): Promise<void> {
    try {
      await held.touch(renewed)
    } catch (error) {
      this.#store.report(error, 'touch', held.record?.id ?? '')
    }
  }
}

interface Methods {
  destroy(): Promise<void>
  reload(callback: Answer<void>): void
  regenerate(keys: string[], callback: Answer<void>): void
}

/** The framework's own. */
function methodsOf(session: FastifySessionObject): Methods {
  return Object.getPrototypeOf(session)
}

/** What JSON can't hold is the same as long as JSON can't hold it. */
function textOf(data: SessionData): string {
  try {
    return JSON.stringify(data)
  } catch {
    return ''
  }
}

/** @fastify/session takes ENOENT for "no such session"; the SDK has it when a file with credentials is missing. */
function unmistakable(error: unknown): unknown {
  const isMistakable = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return isMistakable ? new Error(error.message, { cause: error }) : error
}
