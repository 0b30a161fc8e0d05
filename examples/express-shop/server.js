import express from 'express'
import { sessions } from './session.js'

const app = express()
app.use(sessions)
app.get('/', (req, res) => {
  req.session.views = (req.session.views ?? 0) + 1
  res.send(`views: ${req.session.views}`)
})

const port = process.env.PORT ?? 3000
app.listen(port, (error) => {
  if (error) throw error
  console.log(`http://localhost:${port}`)
})
