import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { manager, sessions } from './session.js'

const app = new Hono().use(sessions)

// #region errors
app.onError((error, c) => {
  console.error(error)
  return c.text('Please try again.', 500)
})
// #endregion errors

// #region lifetime
app.use(async (c, next) => {
  await next()
  if (c.get('session').get('remember')) c.get('sessionOptions').expireAfter = 90 * 24 * 3600
})
// #endregion lifetime

// #region guard
app.use('/account/*', async (c, next) => {
  if (!c.get('session').get('user')) return c.text('Please sign in.', 401)
  await next()
})
// #endregion guard

app.get('/account', (c) => c.text(`the account of ${c.get('session').get('user')}`))

app.post('/sign-in', (c) => {
  c.get('sessionOptions').renew = true
  c.get('session').set('user', 'ada')
  return c.redirect('/account')
})

app.post('/remember-me', (c) => {
  // @ts-expect-error The generated session.ts declares only the key `user`.
  c.get('session').set('remember', true)
  return c.text('this session lasts 90 days')
})

app.post('/too-large', (c) => {
  c.get('session').set('user', 'ada'.repeat(200_000))
  return c.text('not sent')
})

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) })

// #region close
process.once('SIGTERM', () => {
  server.close(() => manager.close())
})
// #endregion close
