import { Hono } from 'hono'
import { sessions } from './session.js'

export const app = new Hono().use(sessions)

app.get('/', (c) => c.text(`hello ${c.get('session').get('user') ?? 'nobody'}`))

app.post('/sign-in', async (c) => {
  const { user } = await c.req.parseBody()
  if (typeof user !== 'string' || user.trim() === '') return c.text('Send the form field "user".', 400)
  // Check a password here: examples/express-shop shows how.
  c.get('sessionOptions').renew = true // A new id, so that nobody who knew the old one is signed in.
  c.get('session').set('user', user.trim())
  return c.text('signed in')
})

app.post('/sign-out', (c) => {
  c.get('session').destroy()
  return c.text('signed out')
})
