import { DynamoSessionStore } from 'dynamo-session-store/express'
import express from 'express'
import session from 'express-session'

const app = express()
// #region store
const secret = process.env.SESSION_SECRET ?? ''
const store = new DynamoSessionStore({ secretKey: secret })
app.use(session({ store, genid: store.genid, secret, resave: false, saveUninitialized: false }))
// #endregion store
app.get('/', (req, res) => {
  res.send(`hello ${req.session.user ?? 'nobody'}`)
})
app.post('/', (req, res) => {
  req.session.user = 'ada'
  res.send(req.sessionID)
})
app.listen(process.env.PORT ?? 3000)
