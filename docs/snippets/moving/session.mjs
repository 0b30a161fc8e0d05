import session from 'express-session'
import { MovingStore, newId } from './moving-store.mjs'

// #region both
/** @param {session.Store} old the store that the application has now */
export function sessionsOfBoth(old) {
  return session({
    store: new MovingStore(old),
    secret: process.env.SESSION_SECRET ?? '',
    name: 'connect.sid',
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax', maxAge: 14 * 24 * 3600 * 1000 },
    genid: process.env.NEW_SESSIONS === 'dynamodb' ? newId : undefined,
  })
}
// #endregion both
