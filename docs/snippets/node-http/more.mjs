import { createServer } from 'node:http'
import { sessions, withSession } from './session.js'

/** @type {import('dynamo-session-store/node-http').SessionListener<{ user: string }>} */
const listener = (request, response, session, options) => {
  switch (`${request.method} ${request.url}`) {
    case 'POST /sign-in':
      options.renew = true
      session.set('user', 'ada')
      response.writeHead(303, { Location: '/' }).end()
      break
    case 'POST /too-large':
      session.set('user', 'ada'.repeat(200_000))
      response.end('not sent')
      break
    default:
      response.end(`hello ${session.get('user') ?? 'nobody'}`)
  }
}

// #region errors
const withErrorPage = withSession(sessions, listener, {
  onError(error, request, response) {
    console.error(`${request.method} ${request.url}`, error)
    if (!response.headersSent) response.writeHead(500).end('Please try again.')
  },
})
// #endregion errors

createServer(withErrorPage).listen(process.env.PORT ?? 3000)
