import express from 'express'
import { sessions } from './session.js'

const app = express()
app.use(sessions)

app.get('/sign-in', (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user = 'ada'
    res.send('signed in as ada')
  })
})
app.get('/', (req, res) => {
  res.send(req.session.user ? `hello ${req.session.user}` : 'hello nobody')
})

const port = process.env.PORT ?? 3000
app.listen(port, (error) => {
  if (error) throw error
  console.log(`Open http://localhost:${port}/sign-in`)
})
