import { createSessionManager } from 'dynamo-session-store/fetch'
import { withSession } from 'dynamo-session-store/node-http'

const environment = process.env.NODE_ENV || 'development'
const production = environment === 'production'
const developing = environment === 'development' || environment === 'test'
const secret = process.env.SESSION_SECRET || (developing ? 'only for development, not for production' : '')
if (secret === '') throw new Error('Set SESSION_SECRET, for example to the output of: openssl rand -base64 32')

/** Loads and saves sessions. Its other options are in config/dynamo_session_store.yml. */
export const sessions = createSessionManager({
  secretKey: secret,
  key: production ? '__Host-session' : 'session',
  httponly: true,
  sameSite: 'lax',
  secure: production,
  // For a proxy or load balancer that ends TLS: every request counts as https. Without a proxy, delete this line.
  assumeSsl: production,
  expireAfter: 14 * 24 * 3600,
})

export { withSession }
