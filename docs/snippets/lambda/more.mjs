import { sessions } from './session.js'

// #region load
export async function loaded(event) {
  const { session, options, commit, release, headers } = await sessions.load(event.cookies?.join('; '))
  try {
    options.renew = true
    session.set('user', 'ada')
    const setCookie = await commit()
    return { statusCode: 200, headers: headers(), body: 'signed in as ada', cookies: setCookie ? [setCookie] : [] }
  } catch (error) {
    await release()
    throw error
  }
}
// #endregion load

// #region payload-1
export async function payload1(event) {
  const { result, setCookie, headers } = await sessions.use(event.headers.cookie ?? event.headers.Cookie, (session) => {
    session.set('user', 'ada')
    return 'signed in as ada'
  })
  const multiValueHeaders = setCookie ? { 'Set-Cookie': [setCookie] } : {}
  return { statusCode: 200, headers, multiValueHeaders, body: result }
}
// #endregion payload-1
