import fastify from 'fastify'
import { dynamoSession, sessionOptions } from './session.js'

const app = fastify()
await app.register(dynamoSession, sessionOptions)

app.get('/', async (request) => `hello ${request.session.user ?? 'nobody'}`)

app.post('/sign-in', async (request) => {
  // Check the user's password first.
  await request.session.regenerate()
  request.session.user = 'ada'
  return 'signed in as ada'
})

app.post('/sign-out', async (request) => {
  await request.session.destroy()
  return 'signed out'
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
