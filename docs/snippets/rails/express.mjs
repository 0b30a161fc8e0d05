import { createSessionManager } from 'dynamo-session-store/fetch'
import { withSession } from 'dynamo-session-store/node-http'
import express from 'express'

const production = process.env.NODE_ENV === 'production'
const sessions = createSessionManager({ rails: true, sameSite: 'lax', secure: production, assumeSsl: production })

const app = express()
app.use((req, res, next) =>
  withSession(sessions, (_req, _res, session) => {
    res.locals.session = session
    next()
  })(req, res),
)
app.get('/', (_req, res) => res.send(`user ${res.locals.session.get('user_id') ?? 'nobody'}`))
app.post('/cart', (_req, res) => {
  res.locals.session.set('cart', ['a book'])
  res.send('in the cart')
})
app.post('/sign-out', (_req, res) => {
  res.locals.session.destroy()
  res.send('signed out')
})
app.listen(process.env.PORT ?? 3000)
