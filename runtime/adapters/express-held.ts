import type { CookieOptions, SessionData } from 'express-session'
import { InvalidSessionIdError, SessionUnreadError } from '../errors.js'
import { serialize } from '../session/serialize.js'
import { hashSessionId } from '../session/session-id.js'
import type { SessionRecord } from '../session/session-record.js'
import type { SessionRepository } from '../session/session-repository.js'

/** What is known of one session object. */
export interface Held {
  /** As what it was loaded or last stored; or that it is new; or that it could not be read. */
  state: SessionRecord | 'new' | 'unread'
  /** What was asked for this object so far: its requests run one after another. */
  last: Promise<unknown>
  /** A request works with it: express-session made a session object of it. */
  claimed: boolean
}

type Reporter = (error: unknown, operation: string, id: string) => void

/** What a store knows of session objects, kept beside them, so that neither the application nor JSON sees it. */
export class HeldSessions {
  readonly #held = new WeakMap<object, Held>()
  readonly #repository: SessionRepository
  readonly #report: Reporter

  constructor(repository: SessionRepository, report: Reporter) {
    this.#repository = repository
    this.#report = report
  }

  of(object: object): Held | undefined {
    return this.#held.get(object)
  }

  share(object: object, held: Held): void {
    this.#held.set(object, held)
  }

  hold(object: object, state: Held['state']): Held {
    const held = { state, last: Promise.resolve(), claimed: false }
    this.#held.set(object, held)
    return held
  }

  /** A session object that is stored under another id than its own is nothing that we know. */
  inTurn<T>(id: string, session: SessionData, work: (held: Held | undefined) => Promise<T>): Promise<T> {
    const held = this.#held.get(session)
    if (!held || (typeof held.state === 'object' && held.state.id !== id)) return work(undefined)
    const result = held.last.then(() => work(held))
    held.last = result.catch(() => undefined)
    return result
  }

  /** Gives a lock back in the background; nobody waits for it. */
  release(id: string, held: Held): void {
    held.last = held.last.then(async () => {
      if (typeof held.state !== 'object' || !held.state.token) return
      try {
        held.state = await this.#repository.release(held.state)
      } catch (error) {
        held.state = withoutLock(held.state)
        this.#report(error, 'unlock', id)
      }
    })
  }
}

/** What express-session takes for a session: as with its own store, the cookie comes first. */
export function sessionOf({ data }: SessionRecord, cookie: CookieOptions | undefined): SessionData {
  const session: Record<string, unknown> = { cookie, ...data }
  session.cookie = cookie
  return session as unknown as SessionData
}

export function withoutLock(record: SessionRecord): SessionRecord {
  return { ...record, token: undefined }
}

/**
 * After a framework made a session object of a record: what the application was given, where that is not all that is
 * stored, because a key is taken by the object itself or its prototype.
 */
export function asGiven(record: SessionRecord, created: SessionData): SessionRecord {
  const dropped = Object.keys(record.data).some((key) => key === 'cookie' || !isCarried(created, key))
  return dropped ? { ...record, base: baseOf(created) } : record
}

/** Whether a session object has taken a key over: what its prototype or itself has under that name stays out. */
function isCarried(created: object, key: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(created, key)
}

function baseOf({ cookie: _, ...data }: SessionData): string {
  return serialize(data)
}

export function unread(id: string): SessionUnreadError {
  return new SessionUnreadError(
    `The session ${hashSessionId(id)} could not be read at the start of this request; saving it might overwrite what ` +
      'is stored, so nothing was written. Repeat the request.',
  )
}

export function taken(id: string): InvalidSessionIdError {
  return new InvalidSessionIdError(
    `The id made for a new session (${hashSessionId(id)}) belongs to another session already, or to this one, if an ` +
      'earlier save of it failed without an answer; nothing was written. Ids must be random: see the genid option of ' +
      'express-session.',
  )
}
