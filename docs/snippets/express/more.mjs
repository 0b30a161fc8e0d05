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
  req.session.destroy((error) => {
    if (error) return next(error)
    const production = process.env.NODE_ENV === 'production'
    res.clearCookie(production ? '__Host-session' : 'session', { secure: production, httpOnly: true, sameSite: 'lax' })
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
app.use((error, _req, res, next) => {
  console.error(error)
  if (res.headersSent) return next(error)
  res.status(500).send('Please try again.')
})
// #endregion errors

app.listen(process.env.PORT ?? 3000)
