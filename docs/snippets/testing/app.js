import express from 'express'
import session from 'express-session'

/**
 * Creates the application with this store, so that each test can choose a store.
 *
 * @param {session.Store} store
 */
export function createApp(store) {
  const app = express()
  app.use(session({ store, secret: 'only for tests', resave: false, saveUninitialized: false }))
  app.post('/sign-in', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error)
      Object.assign(request.session, { user: 'ada' })
      request.session.save((failure) => (failure ? next(failure) : response.send('signed in')))
    })
  })
  app.get('/', (request, response) => {
    response.send('user' in request.session ? 'hello ada' : 'hello nobody')
  })
  return app
}
