import { DynamoSessionStore } from 'dynamo-session-store/express'
import express from 'express'
import session from 'express-session'

const secret = process.env.SESSION_SECRET
if (!secret) throw new Error('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')
const store = new DynamoSessionStore()
const app = express()
app.use(express.urlencoded())

// #region remember
const HOUR = 3600 * 1000
app.use(
  session({
    store,
    secret,
    resave: false,
    saveUninitialized: false,
    rolling: true, // Each response sends the cookie again, so its lifetime starts again.
    cookie: { maxAge: HOUR, httpOnly: true, sameSite: 'lax', secure: 'auto' },
  }),
)

app.post('/sign-in', (req, res, next) => {
  // Check the password here.
  req.session.regenerate((error) => {
    if (error) return next(error)
    if (req.body.remember) req.session.cookie.maxAge = 30 * 24 * HOUR
    req.session.user = req.body.user
    res.send('signed in')
  })
})
// #endregion remember

app.get('/', (req, res) => res.send(req.session.user ?? 'nobody'))

export { app, store }
