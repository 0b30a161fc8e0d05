import type { HeaderTarget, SessionHeaders } from './response-headers.js'

/**
 * The response with the session's cookie and headers. Changes the response itself, unless its headers are immutable.
 *
 * A response whose body is not sent may be a constant that the application returns for every user, such as
 * `new Response(null, { status: 204 })`. With a cookie, such a response is copied, so that no user gets another user's cookie.
 *
 * @param method of the request
 * @param setCookie the Set-Cookie header to send, if any
 * @param headers the other headers
 * @param add sets the other headers of a response
 */
export function withSessionHeaders(
  response: Response,
  method: string,
  setCookie: string | undefined,
  headers: SessionHeaders,
  add: (target: HeaderTarget, headers: SessionHeaders) => void,
): Response {
  if (Object.keys(headers).length === 0 || !isCopyable(response)) return response
  // The body is looked at last: in @hono/node-server this makes a slow Response of a quick one.
  const mayBeShared = setCookie !== undefined && (method === 'HEAD' || response.body === null)
  const changeable = mayBeShared || isImmutable(response) ? copyOf(response) : response
  add(changeable.headers, headers)
  if (setCookie !== undefined) changeable.headers.append('Set-Cookie', setCookie)
  return changeable
}

/** `Response.error()` has status 0. The constructor of Response accepts neither 0 nor 101. */
function isCopyable({ status }: Response): boolean {
  return status >= 200
}

/** Headers of `fetch` and of `Response.redirect` can't be changed. */
function isImmutable({ headers }: Response): boolean {
  try {
    // Deleting an absent name changes nothing.
    headers.delete(ABSENT)
    return false
  } catch {
    return true
  }
}

const ABSENT = 'dynamo-session-store-absent'

function copyOf(response: Response): Response {
  // Only a HEAD response can get here with a body that was read. Its body is not sent.
  return new Response(response.bodyUsed ? null : response.body, response)
}
