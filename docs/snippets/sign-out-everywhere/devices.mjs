import { DynamoSessionStore } from 'dynamo-session-store/express'
import express from 'express'
import session from 'express-session'

const secret = process.env.SESSION_SECRET
if (!secret) throw new Error('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')

// #region store
const store = new DynamoSessionStore({
  indexKeys: ['user_id'],
  maxSessions: 5, // A sixth sign-in ends the oldest session.
  describe: (req) => ({ userAgent: req.get('user-agent'), address: req.ip }), // personal data of the user
})
// #endregion store

const app = express()
app.use(session({ store, secret, resave: false, saveUninitialized: false }))
app.use(express.urlencoded())

app.post('/sign-in', (req, res, next) => {
  // Check the password here.
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user_id = 42
    res.send('signed in')
  })
})

// #region routes
/** Only for users who are signed in. */
function signedIn(req, res, next) {
  res.locals.user = req.session.user_id
  if (res.locals.user) next()
  else res.status(401).send('Sign in first.')
}

/** Asks for the password again. Otherwise a thief of the session could end the sessions of its owner. */
function withPassword(req, res, next) {
  if (isPasswordOf(res.locals.user, req.body?.password)) next()
  else res.status(403).send('Enter your password.')
}

app.get('/devices', signedIn, async (req, res) => {
  res.json(await store.sessionsBy('user_id', res.locals.user, { current: req.sessionID }))
})
app.post('/devices/end', signedIn, withPassword, async (req, res) => {
  const ended = await store.destroyHandle('user_id', res.locals.user, req.body.handle)
  res.send(ended ? 'ended' : 'not found: load the list again')
})
app.post('/devices/end-others', signedIn, withPassword, async (req, res) => {
  const ended = await store.destroyOthers('user_id', res.locals.user, req.sessionID)
  res.send(`${ended} ended`)
})
app.get('/devices/export', signedIn, async (_req, res) => {
  res.json(await store.exportBy('user_id', res.locals.user))
})
// #endregion routes

// #region password
app.post('/change-password', signedIn, withPassword, async (req, res, next) => {
  const user_id = res.locals.user
  // Store the new password here.
  await store.destroyOthers('user_id', user_id, req.sessionID)
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user_id = user_id
    res.send('password changed')
  })
})
// #endregion password

/** Replace this function by a check against your database. */
function isPasswordOf(user, password) {
  return user === 42 && password === 'correct horse battery staple'
}

export { app, store }
