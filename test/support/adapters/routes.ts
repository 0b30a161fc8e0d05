import type { Route } from './adapter.js'
import type { Gate } from './gate.js'

/** The routes of the shared scenarios. They replace values and never change within them, which every framework notices. */
export function routes(gate?: Gate): Record<string, Route> {
  return {
    '/read': (session) => String(session.get('user') ?? 'nobody'),
    '/in': (session) => {
      session.set('user', 'ada')
      return 'in'
    },
    '/eve': (session) => {
      session.set('user', 'eve')
      return 'eve'
    },
    '/same': (session) => {
      session.set('user', session.get('user'))
      return 'same'
    },
    '/count': (session) => {
      const views = Number(session.get('views') ?? 0) + 1
      session.set('views', views)
      return String(views)
    },
    '/views': (session) => String(session.get('views') ?? 0),
    '/slow-count': async (session) => {
      const views = Number(session.get('views') ?? 0) + 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      session.set('views', views)
      return String(views)
    },
    '/unset': (session) => {
      session.unset('user')
      return 'unset'
    },
    '/large': (session) => {
      session.set('large', 'x'.repeat(500_000))
      return 'large'
    },
    '/out': async (session) => {
      await session.destroy()
      return 'out'
    },
    '/regenerate': async (session) => {
      await session.regenerate()
      session.set('regenerated', true)
      return 'regenerated'
    },
    '/regenerated': (session) => `${session.get('regenerated')} ${session.get('user')}`,
    '/throw': (session) => {
      session.set('thrown', true)
      throw new Error('thrown by the route')
    },
    '/hold-read': async (session) => {
      const user = session.get('user')
      await gate?.wait()
      return String(user)
    },
    '/hold-change': async (session) => {
      const user = session.get('user')
      await gate?.wait()
      session.set('held', true)
      return String(user)
    },
  }
}
