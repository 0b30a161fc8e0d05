import { Hono } from 'hono'
import { handle } from 'hono/aws-lambda'
import { sessions } from './session.js'

const app = new Hono().use(sessions)

app.get('/', (c) => c.text(`hello ${c.get('session').get('user') ?? 'nobody'}`))

app.post('/sign-in', (c) => {
  // Check the user's password first.
  c.get('sessionOptions').renew = true
  c.get('session').set('user', 'ada')
  return c.text('signed in as ada')
})

app.post('/sign-out', (c) => {
  c.get('session').destroy()
  return c.text('signed out')
})

export const handler = handle(app)
