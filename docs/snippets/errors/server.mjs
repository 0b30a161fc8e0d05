import { DynamoSessionStore } from 'dynamo-session-store/express'
import express from 'express'
import session from 'express-session'

// #region error-handler
const store = new DynamoSessionStore({
  errorHandler(error, { operation, sessionIdHash }) {
    console.warn(JSON.stringify({ operation, session: sessionIdHash, name: error.name, message: error.message }))
  },
})
// #endregion error-handler

export const app = express()
app.use(session({ store, secret: process.env.SESSION_SECRET ?? '', resave: false, saveUninitialized: false }))

app.get('/', (_request, response) => {
  response.send('page')
})
app.post('/cart', (request, response, next) => {
  Object.assign(request.session, { cart: ['apple'] })
  request.session.save((error) => (error ? next(error) : response.send('added')))
})

app.use(busy)

// #region recognise
const REPEATABLE = ['SESSION_CONFLICT', 'SESSION_UNREAD', 'LOCK_WAIT_TIMEOUT', 'LOCK_LOST']

/** @type {express.ErrorRequestHandler} */
function busy(error, _request, response, next) {
  if (!REPEATABLE.includes(error.code) || error.maybeWritten) return next(error)
  response.set('Retry-After', '1').status(503).send('The server is busy. Please try again.')
}
// #endregion recognise
