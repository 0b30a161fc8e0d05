import { createSessionManager } from 'dynamo-session-store/fetch'

const sessions = createSessionManager({ secretKey: process.env.SESSION_SECRET })

/** Ends the session of the request, and begins a session of the user. */
export function signIn(request, user) {
  return sessions.run(request, (session) => {
    // #region sign-in
    session.destroy()
    session.set('user', user.id)
    // #endregion sign-in
    return new Response('signed in')
  })
}
