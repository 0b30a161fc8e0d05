import { createSessionManager } from 'dynamo-session-store/fetch'

export const sessions = createSessionManager()

// #region sign-in
export function signIn(session, user) {
  session.destroy() // ends the session, with its data and its time of creation
  session.set('user', user) // begins a new session with another id
}
// #endregion sign-in
