import { DynamoSessionStore, dynamoSession } from 'dynamo-session-store/fastify'

const environment = process.env.NODE_ENV || 'development'
const production = environment === 'production'
const developing = environment === 'development' || environment === 'test'
const secret = process.env.SESSION_SECRET || (developing ? 'only for development, not for production' : '')
if (secret === '') throw new Error('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')

/** The store, also for scripts: `await store.destroy(id)`. Its other options are in config/dynamo_session_store.yml. */
export const store = new DynamoSessionStore({
  secretKey: secret,
  // Shown to the user in the list of sessions. Browsers and addresses are personal data: record only what you need.
  describe: (request) => ({ userAgent: request.headers['user-agent'] }),
})

/** @type {import('dynamo-session-store/fastify').DynamoSessionOptions} */
export const sessionOptions = {
  store,
  cookieName: production ? '__Host-session' : 'session',
  cookie: { httpOnly: true, sameSite: 'lax', secure: production, maxAge: 14 * 24 * 3600 * 1000 },
}

export { dynamoSession }
