import { once } from 'node:events'
import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export interface Response {
  readonly status: number
  readonly setCookie: readonly string[]
}

/** Has a server's listener answer one GET request, without a connection. */
export async function answerOf(listener: RequestListener, headers: Record<string, string>): Promise<Response> {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  Object.assign(socket, { remoteAddress: '127.0.0.1' })
  const request = new IncomingMessage(socket as Socket)
  Object.assign(request, { method: 'GET', url: '/', headers: { host: 'localhost', ...headers } })
  request.push(null)
  const response = new ServerResponse(request)
  response.assignSocket(socket as Socket)
  listener(request, response)
  if (!response.writableFinished) await once(response, 'finish')
  // As the server of Node does then.
  response.detachSocket(socket as Socket)
  Object.assign(response, { _closed: true, destroyed: true })
  response.emit('close')
  const setCookie = [response.getHeader('set-cookie') ?? []].flat().map(String)
  return { status: response.statusCode, setCookie }
}
