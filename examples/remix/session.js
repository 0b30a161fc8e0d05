import { createCookie } from '@remix-run/cookie'
import { session } from '@remix-run/session-middleware'
import { createSessionStorage } from 'dynamo-session-store/fetch'

const environment = process.env.NODE_ENV || 'development'
const production = environment === 'production'
const developing = environment === 'development' || environment === 'test'
const secret = process.env.SESSION_SECRET || (developing ? 'only for development, not for production' : '')
if (secret === '') throw new Error('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')

const cookie = createCookie(production ? '__Host-session' : 'session', {
  secrets: [secret],
  httpOnly: true,
  sameSite: 'Lax',
  secure: production,
  maxAge: 14 * 24 * 3600, // max_stale in config/dynamo_session_store.yml, which has the other options
})

/** The middleware that gives a request its session: `context.get(Session)`. */
export const sessions = session(cookie, createSessionStorage())
