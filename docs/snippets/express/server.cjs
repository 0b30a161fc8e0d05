const express = require('express')
// #region require
const { sessions } = require('./session.js')
// #endregion require

const app = express()
app.use(sessions)
app.get('/', (req, res) => {
  res.send(`hello ${req.session.user ?? 'nobody'}`)
})
app.listen(process.env.PORT ?? 3000)
