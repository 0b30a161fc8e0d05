import { DynamoSessionStore } from 'dynamo-session-store/express'
import express from 'express'
import session from 'express-session'

function application(store) {
  const app = express()
  app.use(session({ store, secret: 'only for this example', resave: false, saveUninitialized: false }))
  app.get('/sign-in', (req, res) => {
    req.session.user = 'ada'
    res.send('signed in')
  })
  const waiting = []
  app.get('/add/:key', async (req, res) => {
    // Both requests load the session before one of them saves it.
    await new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 2) for (const proceed of waiting) proceed()
    })
    req.session[req.params.key] = 'added'
    res.send('added')
  })
  app.get('/keys', (req, res) => res.json(Object.keys(req.session)))
  return app
}

/** One browser sends two requests at the same time. Each request adds another key to the session. */
async function changesKept(url) {
  const get = async (path, cookie = '') => {
    const response = await fetch(url + path, { headers: { cookie } })
    const text = await response.text() // The text is complete when the session is saved.
    return { text, cookie: response.headers.getSetCookie()[0]?.split(';')[0] }
  }
  const { cookie } = await get('/sign-in')
  await Promise.all([get('/add/cart', cookie), get('/add/language', cookie)])
  const { text } = await get('/keys', cookie)
  return ['cart', 'language'].filter((key) => JSON.parse(text).includes(key)).length
}

const port = process.env.PORT ?? 3000
const store = new DynamoSessionStore({ maxStale: 3600 })
const server = express()
  .use('/memory', application(new session.MemoryStore()))
  .use('/dynamodb', application(store))
  .listen(port)
console.log(`MemoryStore: ${await changesKept(`http://localhost:${port}/memory`)} of 2 changes kept`)
console.log(`DynamoSessionStore: ${await changesKept(`http://localhost:${port}/dynamodb`)} of 2 changes kept`)
server.closeAllConnections()
server.close()
await store.close()
