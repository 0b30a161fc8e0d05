import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { cartPage, signInPage } from './pages.js'
import { sessions } from './session.js'

const app = new Hono().use(sessions).use(async (c, next) => {
  c.header('Cache-Control', 'no-store') // The pages are for one user. After the sign-out, "back" shows none of them.
  await next()
})

app.get('/', (c) => {
  const session = c.get('session')
  const userId = session.get('user_id')
  return c.html(userId === undefined ? signInPage() : cartPage(userId, session.get('cart') ?? []))
})

app.post('/sign-in', async (c) => {
  const { user_id } = await c.req.parseBody()
  const userId = Number(user_id)
  if (!Number.isSafeInteger(userId) || userId < 1) return c.html(signInPage('Enter your user id, a number.'), 400)
  // Check a password here: examples/express-shop shows how.
  c.get('sessionOptions').renew = true // A new id, so that nobody who knew the old one is signed in.
  c.get('session').set('user_id', userId)
  return c.redirect('/', 303)
})

app.post('/cart', async (c) => {
  const { item } = await c.req.parseBody()
  const session = c.get('session')
  if (session.has('user_id') && typeof item === 'string' && item.trim() !== '') {
    session.set('cart', [...(session.get('cart') ?? []), item.trim()])
  }
  return c.redirect('/', 303)
})

app.post('/sign-out', (c) => {
  c.get('session').destroy() // Also deletes the cookie. The gem fails on the cookie of a deleted session.
  return c.redirect('/', 303)
})

const port = Number(process.env.PORT ?? 3600)
serve({ fetch: app.fetch, port }, () => console.log(`http://localhost:${port}`))
