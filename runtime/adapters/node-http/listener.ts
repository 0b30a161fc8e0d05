import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '@remix-run/session'
import type { LoadedSession, SessionManager } from '../fetch/manager.js'
import type { SessionOptions } from '../fetch/rack-options.js'
import type { AnyShape, Shape } from '../fetch/storage.js'
import { onClose } from '../shared/on-close.js'
import { ResponseHold } from './response-hold.js'

/** A request listener of Node that gets the session as well, and Rack's options for this request. */
export type SessionListener<Values extends object = AnyShape, Flash extends object = AnyShape> = (
  request: IncomingMessage,
  response: ServerResponse,
  session: Session<Shape<Values>, Shape<Flash>>,
  options: SessionOptions,
) => unknown

export interface WithSessionOptions {
  /**
   * Told what the listener threw, or why the session could not be loaded or stored. It may answer; else the answer is
   * status 500. Default: the error handler of the configuration is told.
   */
  readonly onError?: (error: unknown, request: IncomingMessage, response: ServerResponse) => unknown
}

/**
 * Gives a listener its session, and stores it between the listener's answer and the headers going out: so answer in
 * whatever way, but change the session before. When the listener throws before it answers, the session is not stored.
 *
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
    const tell = async (error: unknown) => {
      try {
        if (onError) await onError(error, request, response)
        else manager.report(error, 'request')
      } catch (failure) {
        manager.report(failure, 'onError')
      }
    }
    const fail = async (error: unknown) => {
      if (!response.headersSent) for (const name of response.getHeaderNames()) response.removeHeader(name)
      await tell(error)
      if (response.destroyed || response.writableEnded) return
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end('Internal Server Error')
    }
    let loaded: LoadedSession<Values, Flash>
    try {
      loaded = await manager.load(request.headers.cookie, { secure: 'encrypted' in request.socket })
    } catch (error) {
      return fail(error)
    }
    const { session, options, commit, release } = loaded
    onClose(response, release)
    const hold = new ResponseHold(response, commit, fail)
    try {
      await listener(request, response, session, options)
    } catch (error) {
      if (hold.ended) return tell(error)
      hold.cancel()
      if (!hold.begun) void release()
      await fail(error)
    }
  }
}
