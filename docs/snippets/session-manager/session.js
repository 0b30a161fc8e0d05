import { createSessionManager } from 'dynamo-session-store/fetch'

const production = process.env.NODE_ENV === 'production'

export const sessions = createSessionManager({
  secretKey: process.env.SESSION_SECRET,
  key: production ? '__Host-session' : 'session',
  secure: production,
  assumeSsl: production,
  expireAfter: 14 * 24 * 3600,
})
