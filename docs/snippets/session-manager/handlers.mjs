import { sessions } from '../react-router/session.js'

// #region run
/** Any function that gets a Request and returns a Response. */
export const hello = (request) =>
  sessions.run(request, (session) => new Response(`hello ${session.get('user') ?? 'nobody'}`))

export const signIn = (request) =>
  sessions.run(request, (session, options) => {
    // Check the user's password first.
    options.renew = true
    session.set('user', 'ada')
    return new Response('signed in as ada')
  })

export const signOut = (request) =>
  sessions.run(request, (session) => {
    session.destroy()
    return new Response('signed out')
  })
// #endregion run

// #region use
export async function withUse(cookieHeader) {
  const { result, setCookie, headers } = await sessions.use(cookieHeader, (session) => session.get('user') ?? 'nobody')
  return { body: `hello ${result}`, headers: { ...headers, ...(setCookie && { 'Set-Cookie': setCookie }) } }
}
// #endregion use

// #region load
export async function withLoad(cookieHeader) {
  const { session, commit, release, headers } = await sessions.load(cookieHeader)
  try {
    session.set('user', 'grace')
    const setCookie = await commit()
    return { body: 'renamed', headers: { ...headers(), ...(setCookie && { 'Set-Cookie': setCookie }) } }
  } catch (error) {
    await release()
    throw error
  }
}
// #endregion load

// #region script
/** A job outside of a request. The id is the value of the session's cookie. */
export async function rename(id) {
  const session = await sessions.storage.read(id)
  if (session.id !== id) return false // The session has expired, or was deleted.
  session.set('user', 'grace')
  await sessions.storage.save(session)
  return true
}
// #endregion script
