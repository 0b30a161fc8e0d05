import { DynamoSessionStore } from 'dynamo-session-store/express'
import session from 'express-session'

const environment = process.env.NODE_ENV || 'development'
const production = environment === 'production'
const developing = environment === 'development' || environment === 'test'
const secret = process.env.SESSION_SECRET || (developing ? 'only for development, not for production' : '')
if (secret === '') throw new Error('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')

/** The store, also for scripts: `await store.destroy(id)`. Its options are in config/dynamo_session_store.yml. */
export const store = new DynamoSessionStore()

export const sessions = session({
  store,
  secret,
  name: production ? '__Host-session' : 'session',
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: production, maxAge: 14 * 24 * 3600 * 1000 },
})
