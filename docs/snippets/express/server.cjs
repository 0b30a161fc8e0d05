const express = require('express')
const { sessions } = require('./session.js')

const app = express()
app.use(sessions)
app.get('/', (req, res) => {
  res.send(`hello ${req.session.user ?? 'nobody'}`)
})
app.listen(process.env.PORT ?? 3000)
