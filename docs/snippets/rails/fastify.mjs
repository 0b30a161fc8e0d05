import { dynamoSession } from 'dynamo-session-store/fastify'
import fastify from 'fastify'

const app = fastify({ trustProxy: true })
const secure = process.env.NODE_ENV === 'production'
await app.register(dynamoSession, { cookieName: '_session_id', cookie: { secure, sameSite: 'lax', path: '/' } })
app.get('/', async (request) => `user ${request.session.user_id ?? 'nobody'}`)
app.post('/cart', async (request) => {
  request.session.cart = ['a book']
  return 'in the cart'
})
app.post('/sign-out', async (request) => {
  await request.session.destroy()
  return 'signed out'
})
await app.listen({ port: Number(process.env.PORT ?? 3000) })
