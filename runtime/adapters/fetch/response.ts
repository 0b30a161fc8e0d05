import type { HeaderTarget, SessionHeaders } from './response-headers.js'

/**
 * The response with the session's cookie and headers. Changes the response itself, unless its headers are immutable.
 *
 * A response without a body may be a constant that the application returns for every user, such as
 * `new Response(null, { status: 204 })`. Such a response is copied, so that no user gets another user's cookie.
 *
 * @param setCookie the Set-Cookie header to send, if any
 * @param headers the other headers
 * @param add sets the other headers of a response
 */
export function withSessionHeaders(
  response: Response,
  setCookie: string | undefined,
  headers: SessionHeaders,
  add: (target: HeaderTarget, headers: SessionHeaders) => void,
): Response {
  if (Object.keys(headers).length === 0 || !isCopyable(response)) return response
  const changeable = response.body === null || isImmutable(response) ? copyOf(response) : response
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
  return new Response(response.body, response)
}
