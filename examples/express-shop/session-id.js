import { promisify } from 'node:util'
import { cookieName } from './session.js'

/** Gives the session another id, with this data. Nobody who knows the old id has the session. */
export async function regenerate(req, data) {
  await promisify(req.session.regenerate).call(req.session)
  Object.assign(req.session, data)
}

/** Deletes the session and its cookie. */
export async function signOut(req, res) {
  const { path, httpOnly, secure, sameSite } = req.session.cookie
  await promisify(req.session.destroy).call(req.session)
  res.clearCookie(cookieName, { path, httpOnly, secure, sameSite })
}
