import fastify from 'fastify'
import { dynamoSession, sessionOptions, store } from './session.js'
import { isPassword } from './users.js'

export const app = fastify({ logger: { level: 'warn' } })
await app.register(dynamoSession, sessionOptions)

app.addHook('onSend', async (_request, reply) => {
  reply.header('Cache-Control', 'no-store') // The answers are for one user. No cache may keep them.
})

app.post('/session', { schema: bodyOf('user', 'password') }, async (request, reply) => {
  const { user, password } = /** @type {{ user: string, password: string }} */ (request.body)
  if (!(await isPassword(user, password))) return reply.code(401).send({ error: 'Wrong user or password' })
  await request.session.regenerate() // A new id, so that nobody who knew the old one is signed in.
  request.session.user = user
  return reply.code(201).send({ user })
})

app.delete('/session', async (request, reply) => {
  await request.session.destroy()
  return reply.code(204).send()
})

/** The routes for users who are signed in. */
app.register(async (routes) => {
  routes.decorateRequest('user', '')
  routes.addHook('onRequest', async (request, reply) => {
    const { user } = request.session
    if (!user) return reply.code(401).send({ error: 'Sign in first: POST /session' })
    request.user = user
  })

  routes.get('/me', async ({ user }) => ({ user }))

  routes.get('/notes', async ({ session }) => session.notes ?? [])

  routes.post('/notes', { schema: bodyOf('text') }, async ({ body, session }, reply) => {
    const { text } = /** @type {{ text: string }} */ (body)
    session.notes = [...(session.notes ?? []), text]
    return reply.code(201).send(session.notes)
  })

  routes.get('/sessions', async ({ session, user }) => store.sessionsBy('user', user, { current: session.sessionId }))

  // Asks for the password again. Otherwise the thief of a session could end the sessions of its owner.
  routes.post('/sessions/:handle/end', { schema: bodyOf('password') }, async ({ body, params, user }, reply) => {
    const { password } = /** @type {{ password: string }} */ (body)
    const { handle } = /** @type {{ handle: string }} */ (params)
    if (!(await isPassword(user, password))) return reply.code(403).send({ error: 'Wrong password' })
    if (!(await store.destroyHandle('user', user, handle))) return reply.code(404).send({ error: 'No such session' })
    return reply.code(204).send()
  })
})

/**
 * The schema of a body: an object that has these texts.
 *
 * @param {string[]} names
 */
function bodyOf(...names) {
  const text = { type: 'string', minLength: 1, maxLength: 200 }
  return {
    body: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, text])), required: names },
  }
}
