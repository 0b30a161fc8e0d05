import { createRouter } from '@remix-run/fetch-router'
import { formData } from '@remix-run/form-data-middleware'
import { createRedirectResponse } from '@remix-run/response/redirect'
import { Session } from '@remix-run/session'
import { helloPage, signInPage } from './pages.js'
import { sessions } from './session.js'

export const router = createRouter({ middleware: [sessions, formData()] })

router.get('/', ({ get }) => {
  const session = get(Session)
  const user = session.get('user')
  return user ? helloPage(user, session.get('signedInAt')) : signInPage()
})

router.post('/sign-in', ({ get }) => {
  const user = String(get(FormData).get('user') ?? '').trim()
  if (user === '' || user.length > 50) return signInPage('Enter a name of at most 50 characters.')
  // Check a password here: examples/express-shop shows how.
  const session = get(Session)
  session.regenerateId(true) // A new id, so that nobody who knew the old one is signed in.
  session.set('user', user)
  session.set('signedInAt', new Date().toISOString())
  return createRedirectResponse('/', 303)
})

router.post('/sign-out', ({ get }) => {
  get(Session).destroy()
  return createRedirectResponse('/', 303)
})
