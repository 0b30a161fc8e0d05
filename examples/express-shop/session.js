import { DynamoSessionStore } from 'dynamo-session-store/express'
import session from 'express-session'
import { mergeCarts } from './cart.js'

const environment = process.env.NODE_ENV || 'development'
const production = environment === 'production'
const developing = environment === 'development' || environment === 'test'
const secret = process.env.SESSION_SECRET || (developing ? 'only for development, not for production' : '')
if (secret === '') throw new Error('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')

/** The store of the sessions. Its other options are in config/dynamo_session_store.yml. */
export const store = new DynamoSessionStore({
  describe: (req) => ({ userAgent: req.get('user-agent'), address: req.ip }),
  onConflict: mergeCarts,
})

export const cookieName = production ? '__Host-session' : 'session'

export const sessions = session({
  store,
  secret,
  name: cookieName,
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: production, maxAge: 14 * 24 * 3600 * 1000 },
})
