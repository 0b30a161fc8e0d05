import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '@remix-run/session'
import type { LoadedSession, SessionManager } from '../fetch/manager.js'
import type { SessionOptions } from '../fetch/rack-options.js'
import type { AnyShape, Shape } from '../fetch/storage.js'
import { onClose } from '../shared/on-close.js'
import { ResponseHold } from './response-hold.js'

/** A request listener of Node that also gets the session, and Rack's options for this request. */
export type SessionListener<Values extends object = AnyShape, Flash extends object = AnyShape> = (
  request: IncomingMessage,
  response: ServerResponse,
  session: Session<Shape<Values>, Shape<Flash>>,
  options: SessionOptions,
) => unknown

export interface WithSessionOptions {
  /**
   * Receives an error of the listener, or of loading or storing the session. The function may send a response.
   * Otherwise the response has status 500.
   *
   * @default passes the error to the error handler of the configuration
   */
  readonly onError?: (error: unknown, request: IncomingMessage, response: ServerResponse) => unknown
}

/**
 * Gives a listener its session. The first call that sends the response stores the session, and the response waits for
 * it. So change the session before this call. If the listener throws before this call, the session is not stored.
 *
 * @example
 * ```ts
 * createServer(withSession(createSessionManager(), (request, response, session) => …))
 * ```
 */
export function withSession<Values extends object = AnyShape, Flash extends object = AnyShape>(
  manager: SessionManager<Values, Flash>,
  listener: SessionListener<Values, Flash>,
  { onError }: WithSessionOptions = {},
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const report = async (error: unknown) => {
      try {
        if (onError) await onError(error, request, response)
        else manager.report(error, 'request')
      } catch (failure) {
        manager.report(failure, 'onError')
      }
    }
    const fail = async (error: unknown) => {
      if (!response.headersSent) for (const name of response.getHeaderNames()) response.removeHeader(name)
      await report(error)
      if (response.destroyed || response.writableEnded) return
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end('Internal Server Error')
    }
    let loaded: LoadedSession<Values, Flash>
    try {
      loaded = await manager.load(request.headers.cookie, { secure: 'encrypted' in request.socket, request })
    } catch (error) {
      return fail(error)
    }
    const { session, options, commit, release } = loaded
    onClose(response, release)
    const hold = new ResponseHold(response, commit, fail)
    try {
      await listener(request, response, session, options)
    } catch (error) {
      if (hold.ended) return report(error)
      hold.cancel()
      if (!hold.begun) void release()
      await fail(error)
    }
  }
}
