import { createSessionManager } from 'dynamo-session-store/fetch'
import { dynamoSession } from 'dynamo-session-store/hono'

const environment = process.env.NODE_ENV || 'development'
const production = environment === 'production'
const developing = environment === 'development' || environment === 'test'
const secret = process.env.SESSION_SECRET || (developing ? 'only for development, not for production' : '')
if (secret === '') throw new Error('Set SESSION_SECRET to the same secret as for Rails')

/**
 * Reads and writes what rails-app/config/initializers/session_store.rb does. Its other options are in
 * config/dynamo_session_store.yml.
 *
 * @type {import('dynamo-session-store/fetch').SessionManager<{ user_id: number, cart: string[] }>}
 */
export const manager = createSessionManager({
  rails: true, // The cookie is Rails' own: _session_id.
  secretKey: secret,
  sameSite: 'lax',
  secure: production,
  // For a proxy or load balancer that ends TLS: every request counts as https. Without a proxy, delete this line.
  assumeSsl: production,
})

export const sessions = dynamoSession(manager)
