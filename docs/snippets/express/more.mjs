import { createServer } from 'node:http'
import express from 'express'
import { sessions } from './session.js'

const app = express()
// #region proxy
app.set('trust proxy', 1)
// #endregion proxy
app.use(sessions)

app.get('/', (req, res) => {
  res.send(`hello ${req.session.user ?? 'nobody'}`)
})

// #region redirect
app.post('/sign-in', (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user = 'ada'
    req.session.save((error) => {
      if (error) return next(error)
      res.redirect('/')
    })
  })
})
// #endregion redirect

app.post('/forget-me', (req, res) => {
  // #region browser
  req.session.cookie.expires = null
  // #endregion browser
  res.send('the cookie ends with the browser')
})

app.post('/too-large', (req, res) => {
  req.session.user = 'ada'.repeat(200_000)
  res.send('not known yet')
})

app.post('/too-large/save', (req, res, next) => {
  req.session.user = 'ada'.repeat(200_000)
  req.session.save((error) => {
    if (error) return next(error)
    res.send('saved')
  })
})

// #region errors
app.use((error, req, res, next) => {
  console.error(error)
  if (res.headersSent) return next(error)
  res.status(500).send('Please try again.')
})
// #endregion errors

// #region socket
const server = createServer(app)
server.on('upgrade', (req, socket) => {
  sessions(req, {}, (error) => {
    if (error || !req.session.user) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
    // Hand the socket to your WebSocket server here.
  })
})
// #endregion socket
server.on('upgrade', (req, socket) => {
  sessions(req, {}, () => {
    if (req.session.user) socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${req.session.user}\r\nConnection: Upgrade\r\n\r\n`)
  })
})
server.listen(process.env.PORT ?? 3000)
