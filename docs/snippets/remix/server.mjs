import { serve } from '@hono/node-server'
import { createRouter } from '@remix-run/fetch-router'
import { Session } from '@remix-run/session'
import { session } from '@remix-run/session-middleware'
import { cookie, storage } from './session.js'

const router = createRouter({ middleware: [session(cookie, storage)] })

router.get('/', ({ get }) => new Response(`hello ${get(Session).get('user') ?? 'nobody'}`))

router.post('/sign-in', ({ get }) => {
  // Check the user's password first.
  get(Session).regenerateId(true)
  get(Session).set('user', 'ada')
  return new Response('signed in as ada')
})

router.post('/sign-out', ({ get }) => {
  get(Session).destroy()
  return new Response('signed out')
})

serve({ fetch: (request) => router.fetch(request), port: Number(process.env.PORT ?? 3000) })
