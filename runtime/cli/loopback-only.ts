import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { isIPv4 } from 'node:net'
import { fitForLine } from '../fit-for-output.js'

/**
 * Lets a server accept only programs of this machine. All other programs get 403 in DynamoDB's format. A loopback
 * address alone is not enough. A web page in a browser of this machine can send requests to it, directly or by DNS
 * rebinding.
 *
 * @param server with its request listeners
 */
export function acceptOnlyLoopback(server: Server): void {
  const listeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    const problem = problemOf(request)
    if (problem) refuse(response, problem)
    else for (const listener of listeners) listener.call(server, request, response)
  })
}

function problemOf({ headers: { host = '', origin } }: IncomingMessage): string | undefined {
  if (!isLoopback(host)) {
    return `The host of the request is ${quoted(host)}, not a loopback name. Use http://localhost:<port> or http://127.0.0.1:<port> as the endpoint.`
  }
  // Programs send no Origin. Sandboxed pages and local files send "null".
  if (origin === undefined || isLoopback(/^https?:\/\/([^/]*)$/i.exec(origin)?.[1] ?? '')) return undefined
  return `The request comes from a page of ${quoted(origin)}. Only pages of a loopback name may send requests.`
}

/** Whether `name` or `name:port` always means this machine: RFC 6761, section 6.3, RFC 1122 and RFC 4291. */
function isLoopback(authority: string): boolean {
  const name = authority.replace(/:\d{1,5}$/, '').toLowerCase()
  if (/^([\w-]+\.)*localhost$/.test(name) || name === '[::1]') return true
  return isIPv4(name) && name.startsWith('127.')
}

function refuse(response: ServerResponse, message: string): void {
  const body = JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', Message: message })
  response.writeHead(403, { 'content-type': 'application/x-amz-json-1.0', connection: 'close' }).end(body)
}

function quoted(text: string): string {
  return JSON.stringify(fitForLine(text, 100))
}
