import { join } from 'node:path'
import express from 'express'
import { notFoundPage } from './pages/not-found.js'
import { cart } from './routes/cart.js'
import { catalogue } from './routes/catalogue.js'
import { devices } from './routes/devices.js'
import { signIn } from './routes/sign-in.js'
import { onlyOwnForms, securityHeaders } from './security.js'
import { sessions } from './session.js'

const app = express()
app.set('trust proxy', 'loopback')
app.use(express.static(join(import.meta.dirname, 'public'), { maxAge: '10m' }))
app.use(securityHeaders)
app.use(onlyOwnForms)
app.use(sessions)
app.use(express.urlencoded())
app.use(catalogue, cart, signIn, devices)
app.use((req, res) => res.status(404).send(notFoundPage(req)))

const port = Number(process.env.PORT ?? 3000)
// Only this machine may connect, because everybody knows the passwords.
app.listen(port, '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`server ${process.pid}: http://localhost:${port}`)
  process.send?.('ready')
})
