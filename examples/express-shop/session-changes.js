import { promisify } from 'node:util'
import { cookieName } from './session.js'

/** Gives the session another id, with this data. The old id then opens no session. */
export async function regenerate(req, data) {
  await promisify(req.session.regenerate).call(req.session)
  Object.assign(req.session, data)
  await save(req)
}

/** Call this before a redirect: a browser follows the redirect while express-session still saves. */
export async function save(req) {
  await promisify(req.session.save).call(req.session)
}

/** Deletes the session and its cookie. */
export async function signOut(req, res) {
  const { path, httpOnly, secure, sameSite } = req.session.cookie
  await promisify(req.session.destroy).call(req.session)
  res.clearCookie(cookieName, { path, httpOnly, secure, sameSite })
}
