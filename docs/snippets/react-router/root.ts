import type { LoadedSession } from 'dynamo-session-store/fetch'
import { createContext, type MiddlewareFunction } from 'react-router'
import { type SessionData, sessions } from './session.js'

export const sessionContext = createContext<Pick<LoadedSession<SessionData>, 'session' | 'options'>>()

export const middleware: MiddlewareFunction<Response>[] = [
  ({ request, context }, next) =>
    sessions.run(request, (session, options) => {
      context.set(sessionContext, { session, options })
      return next()
    }),
]
