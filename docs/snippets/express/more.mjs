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

app.post('/sign-in/browser', (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user = 'ada'
    // #region browser
    req.session.cookie.expires = null
    // #endregion browser
    res.send('signed in until the browser is closed')
  })
})

// #region clear
app.post('/sign-out', (req, res, next) => {
  const { path, domain, secure, httpOnly, sameSite } = req.session.cookie
  req.session.destroy((error) => {
    if (error) return next(error)
    const name = process.env.NODE_ENV === 'production' ? '__Host-session' : 'session'
    res.clearCookie(name, { path, domain, secure, httpOnly, sameSite })
    res.send('signed out')
  })
})
// #endregion clear

app.post('/too-large', (req, res) => {
  req.session.user = 'ada'.repeat(200_000)
  res.send('sent before the save')
})

app.post('/too-large/save', (req, res, next) => {
  req.session.user = 'ada'.repeat(200_000)
  req.session.save((error) => {
    if (error) return next(error)
    res.send('sent after the save')
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
    accept(socket, req.session.user)
  })
})
// #endregion socket

/** In an application, your WebSocket server. */
function accept(socket, user) {
  socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${user}\r\n\r\n`)
}

server.listen(process.env.PORT ?? 3000)
