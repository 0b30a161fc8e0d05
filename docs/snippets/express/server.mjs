import express from 'express'
import { sessions } from './session.js'

const app = express()
app.use(sessions)

app.get('/', (req, res) => {
  res.send(`hello ${req.session.user ?? 'nobody'}`)
})

app.post('/sign-in', (req, res, next) => {
  // Check the user's password first.
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user = 'ada'
    res.send('signed in as ada')
  })
})

app.post('/sign-out', (req, res, next) => {
  req.session.destroy((error) => {
    if (error) return next(error)
    res.send('signed out')
  })
})

app.listen(process.env.PORT ?? 3000)
