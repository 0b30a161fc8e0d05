import { createContext } from 'react-router'
import { sessions } from './session.js'

export const sessionContext = createContext()

export const middleware = [
  ({ request, context }, next) =>
    sessions.run(request, (session, options) => {
      context.set(sessionContext, { session, options })
      return next()
    }),
]
