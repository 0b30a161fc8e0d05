import { Router } from 'express'
import { devicesPage } from '../pages/devices.js'
import { endSessionsPage } from '../pages/end-sessions.js'
import { store } from '../session.js'
import { regenerate, signOut } from '../session-changes.js'
import { authenticate } from '../users.js'

export const devices = Router()

devices.use('/devices', (req, res, next) => {
  res.locals.userId = req.session.user_id
  if (res.locals.userId) return next()
  res.redirect(303, '/sign-in')
})

devices.get('/devices', async (req, res) => {
  const sessions = await store.sessionsBy('user_id', res.locals.userId, { current: req.sessionID })
  res.send(devicesPage(req, sessions))
})

devices.get('/devices/end', (req, res) => {
  res.send(endSessionsPage(req, req.query.which))
})

devices.post('/devices/end', async (req, res) => {
  const { which, password = '' } = req.body ?? {}
  const user = await authenticate(res.locals.userId, String(password))
  if (!user) return res.status(403).send(endSessionsPage(req, which, 'This is not your password.'))
  if (which === 'everywhere') {
    await store.destroyBy('user_id', user.id)
    await signOut(req, res)
  } else if (which === 'others') {
    await store.destroyOthers('user_id', user.id, req.sessionID)
    await regenerate(req, { user_id: user.id, cart: req.session.cart })
  } else {
    await store.destroyHandle('user_id', user.id, String(which))
  }
  res.redirect(303, '/devices')
})
