import { createServer } from 'node:http'
import { sessions, withSession } from './session.js'

const listener = withSession(sessions, (request, response, session, options) => {
  switch (`${request.method} ${request.url}`) {
    case 'POST /sign-in':
      // Check the user's password first.
      options.renew = true
      session.set('user', 'ada')
      response.end('signed in as ada')
      break
    case 'POST /sign-out':
      session.destroy()
      response.end('signed out')
      break
    default:
      response.end(`hello ${session.get('user') ?? 'nobody'}`)
  }
})

createServer(listener).listen(process.env.PORT ?? 3000)
