import { Router } from 'express'
import { signInPage } from '../pages/sign-in.js'
import { regenerate, signOut } from '../session-changes.js'
import { authenticate } from '../users.js'

export const signIn = Router()

signIn.get('/sign-in', (req, res) => {
  res.send(signInPage(req))
})

// A shop on the internet also limits how often a name and an address may try: see the package express-rate-limit.
signIn.post('/sign-in', async (req, res) => {
  const { name = '', password = '' } = req.body ?? {}
  const user = await authenticate(String(name), String(password))
  if (!user) return res.status(403).send(signInPage(req, { name, error: 'This name and password do not match.' }))
  await regenerate(req, { user_id: user.id, cart: req.session.cart })
  res.redirect(303, '/')
})

signIn.post('/sign-out', async (req, res) => {
  await signOut(req, res)
  res.redirect(303, '/sign-in')
})
