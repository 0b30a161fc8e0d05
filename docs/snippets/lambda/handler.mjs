import { sessions } from './session.js'

export async function handler(event) {
  const cookieHeader = event.cookies?.join('; ')
  const { result, setCookie, headers } = await sessions.use(cookieHeader, (session, options) => {
    switch (`${event.requestContext.http.method} ${event.rawPath}`) {
      case 'POST /sign-in':
        // Check the user's password first.
        options.renew = true
        session.set('user', 'ada')
        return 'signed in as ada'
      case 'POST /sign-out':
        session.destroy()
        return 'signed out'
      default:
        return `hello ${session.get('user') ?? 'nobody'}`
    }
  })
  return { statusCode: 200, headers, body: result, cookies: setCookie ? [setCookie] : [] }
}
