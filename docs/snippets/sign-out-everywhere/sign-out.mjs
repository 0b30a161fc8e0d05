import { DynamoSessionStore } from 'dynamo-session-store/express'
import express from 'express'
import session from 'express-session'

const secret = process.env.SESSION_SECRET
if (!secret) throw new Error('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')

const store = new DynamoSessionStore()
const app = express()
app.use(session({ store, secret, resave: false, saveUninitialized: false }))

// #region sign-out
app.post('/sign-in', (req, res, next) => {
  // Check the password here.
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user_id = 42
    res.send('signed in')
  })
})
app.get('/', (req, res) => res.send(`user ${req.session.user_id ?? 'nobody'}`))
app.post('/sign-out-everywhere', async (req, res) => {
  const { user_id } = req.session
  const deleted = user_id ? await store.destroyBy('user_id', user_id) : 0
  res.send(`${deleted} sessions deleted`)
})
// #endregion sign-out

app.listen(process.env.PORT ?? 3000)
