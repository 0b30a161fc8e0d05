// Calls the handler as an HTTP API of API Gateway does (payload format 2.0), and prints requests and responses.
import { handler } from './lambda.js'

const cookies = await invoke('POST', '/sign-in', { form: 'user=ada' })
await invoke('GET', '/', { cookies })
await invoke('POST', '/sign-out', { cookies })
await invoke('GET', '/', { cookies })

/**
 * Sends one request.
 *
 * @param {string} method
 * @param {string} path
 * @param {{ form?: string, cookies?: string[] }} request
 * @returns the cookies that a browser would send next time
 */
async function invoke(method, path, { form = '', cookies = [] }) {
  /** @type {any} The parts of an event that Hono reads. */
  const event = {
    rawPath: path,
    rawQueryString: '',
    cookies,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    requestContext: { domainName: 'example.com', http: { method } },
    body: form,
    isBase64Encoded: false,
  }
  const response = await handler(event)
  console.log(`${method} ${path} -> ${response.statusCode} ${response.body}`)
  const { cookies: set = [] } = response
  for (const cookie of set) console.log(`  Set-Cookie: ${cookie}`)
  return set.map((cookie) => cookie.replace(/;.*/, ''))
}
