import type { Session } from '@remix-run/session'
import type { RouteSession } from './adapter.js'

/** A session of `@remix-run/session`, with the methods for the routes. */
export function sessionOf(session: Session): RouteSession {
  return {
    id: () => session.id,
    get: (key) => session.get(key),
    set: (key, value) => session.set(key, value),
    unset: (key) => session.unset(key),
    destroy: async () => session.destroy(),
    regenerate: async () => session.regenerateId(true),
  }
}
