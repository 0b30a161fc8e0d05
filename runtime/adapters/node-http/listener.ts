import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '@remix-run/session'
import type { LoadedSession, SessionManager } from '../fetch/manager.js'
import type { SessionOptions } from '../fetch/rack-options.js'
import type { HeaderTarget } from '../fetch/response-headers.js'
import type { AnyShape, Shape } from '../fetch/types.js'
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
    let loaded: LoadedSession<Values, Flash> | undefined
    const fail = async (error: unknown) => {
      if (!response.headersSent) {
        for (const name of response.getHeaderNames()) response.removeHeader(name)
        // The response to an error may depend on the session too.
        if (loaded) manager.addHeaders(headersOf(response), loaded.headers())
      }
      await report(error)
      if (response.destroyed || response.writableEnded) return
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end('Internal Server Error')
    }
    try {
      loaded = await manager.load(request.headers.cookie, { secure: 'encrypted' in request.socket, request })
    } catch (error) {
      return fail(error)
    }
    const { session, options, commit, release, headers } = loaded
    onClose(response, release)
    const store = async () => {
      const setCookie = await commit()
      const added = headers()
      if (Object.keys(added).length === 0) return undefined
      return () => {
        manager.addHeaders(headersOf(response), added)
        if (setCookie !== undefined) response.appendHeader('Set-Cookie', setCookie)
      }
    }
    const hold = new ResponseHold(response, store, fail)
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

function headersOf(response: ServerResponse): HeaderTarget {
  return {
    get: (name) => [response.getHeader(name) ?? []].flat().join(', '),
    set: (name, value) => response.setHeader(name, value),
  }
}
