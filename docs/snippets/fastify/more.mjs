import { Readable } from 'node:stream'
import fastify from 'fastify'
import { dynamoSession, sessionOptions, store } from './session.js'

// #region proxy
const app = fastify({ trustProxy: true })
// #endregion proxy
await app.register(dynamoSession, sessionOptions)
// #region close
app.addHook('onClose', () => store.close())
// #endregion close

// #region guard
app.addHook('preHandler', async (request, reply) => {
  if (request.url.startsWith('/account') && !request.session.user) return reply.code(401).send('Please sign in.')
})
// #endregion guard

app.get('/account', async (request) => `the account of ${request.session.user}`)

app.post('/sign-in', async (request, reply) => {
  await request.session.regenerate()
  request.session.user = 'ada'
  return reply.redirect('/account')
})

// #region keep
app.post('/change-password', async (request) => {
  await request.session.regenerate(['user'])
  return 'the same session under a new id'
})
// #endregion keep

// #region lifetime
app.post('/remember-me', async (request) => {
  request.session.options({ maxAge: 90 * 24 * 3600 * 1000 })
  return 'this session lasts 90 days'
})
// #endregion lifetime

app.post('/too-large', async (request) => {
  request.session.user = 'ada'.repeat(200_000)
  return 'not sent'
})

// #region errors
app.setErrorHandler((error, _request, reply) => {
  console.error(error)
  reply.code(500).send('Please try again.')
})
// #endregion errors

// #region stream
app.get('/events', async (request, reply) => {
  await request.session.save()
  reply.header('Content-Type', 'text/event-stream')
  return reply.send(Readable.from(['data: hello\n\n']))
})
// #endregion stream

await app.listen({ port: Number(process.env.PORT ?? 3000) })
